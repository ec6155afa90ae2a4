-- The options of setup(): defaults, and an error that names what cannot be used. Knows nothing of the server.

local M = {}

---@class dg_lsp.Keymaps
---@field accept string|false
---@field accept_word string|false
---@field accept_line string|false
---@field next string|false
---@field prev string|false
---@field dismiss string|false
---@field trigger string|false

---@class dg_lsp.Options
---@field cmd? string[] the server and its arguments; nil: looked for in $VIRTUAL_ENV, then on PATH
---@field filetypes string[]
---@field root_markers string[]
---@field settings table<string, any> sent as initializationOptions
---@field trusted boolean|fun(root: string): boolean whether settings may name files to open
---@field ghost_text 'own'|'builtin'|'off'
---@field preview boolean whether a rewrite is shown before it is applied
---@field remember_instructions boolean whether the last instructions are kept, in Neovim's state folder
---@field keymaps dg_lsp.Keymaps none is installed unless named
M.defaults = {
  cmd = nil,
  filetypes = {
    "python", "javascript", "javascriptreact", "typescript", "typescriptreact", "rust", "go", "c", "cpp",
    "java", "sh", "bash", "html", "css", "json", "jsonc",
  },
  root_markers = { ".git", "pyproject.toml", "setup.py", "package.json", "Cargo.toml", "go.mod" },
  settings = {},
  trusted = true,
  ghost_text = "own",
  preview = true,
  remember_instructions = true,
  keymaps = {
    accept = false,
    accept_word = false,
    accept_line = false,
    next = false,
    prev = false,
    dismiss = false,
    trigger = false,
  },
}

---@type dg_lsp.Options
M.options = vim.deepcopy(M.defaults)

local GHOST_TEXT = { own = true, builtin = true, off = true }

local function names_of(known)
  local names = vim.tbl_keys(known)
  table.sort(names)
  return table.concat(names, ", ")
end

local function refuse_unknown(given, known, where)
  for key in pairs(given) do
    if known[key] == nil and key ~= "cmd" then
      error(("dg_lsp: unknown option %s%s (known: %s)"):format(where, key, names_of(known)), 0)
    end
  end
end

---@param options dg_lsp.Options
local function check(options)
  vim.validate("cmd", options.cmd, "table", true)
  vim.validate("filetypes", options.filetypes, "table")
  vim.validate("root_markers", options.root_markers, "table")
  vim.validate("settings", options.settings, "table")
  vim.validate("trusted", options.trusted, { "boolean", "function" })
  vim.validate("ghost_text", options.ghost_text, function(value)
    return GHOST_TEXT[value] == true
  end, "one of " .. names_of(GHOST_TEXT))
  vim.validate("preview", options.preview, "boolean")
  vim.validate("remember_instructions", options.remember_instructions, "boolean")
  for name, keys in pairs(options.keymaps) do
    vim.validate("keymaps." .. name, keys, function(value)
      return value == false or (type(value) == "string" and value ~= "")
    end, "keys, or false")
  end
  if options.ghost_text == "builtin" and not vim.lsp.inline_completion then
    error('dg_lsp: ghost_text = "builtin" needs Neovim 0.12; leave it out for our own ghost text', 0)
  end
end

--- Take the options of setup(); raises an error that names what cannot be used.
---@param given? table
function M.set(given)
  given = given or {}
  refuse_unknown(given, M.defaults, "")
  refuse_unknown(given.keymaps or {}, M.defaults.keymaps, "keymaps.")
  local options = vim.tbl_extend("force", M.defaults, given)
  options.keymaps = vim.tbl_extend("force", M.defaults.keymaps, given.keymaps or {})
  check(options)
  M.options = options
end

return M
