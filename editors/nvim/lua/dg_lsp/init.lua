-- dg-lsp for Neovim: what the user calls. `:help dg-lsp` says what there is.

local M = {}

local OWN_NEEDS = "nvim-0.11"

--- The part that shows ghost text: ours, or Neovim's own.
local function shower()
  local config = require("dg_lsp.config")
  return config.options.ghost_text == "builtin" and require("dg_lsp.builtin") or require("dg_lsp.ghost")
end

--- Take the whole suggestion; false where none is shown.
---@return boolean
function M.accept()
  return shower().accept("all")
end

--- Take the next word of the suggestion; false where none is shown.
---@return boolean
function M.accept_word()
  return shower().accept("word")
end

--- Take what is left of the suggestion's line; false where none is shown.
---@return boolean
function M.accept_line()
  return shower().accept("line")
end

--- Show the next suggestion; asks for others where there is one.
function M.next()
  shower().cycle(1)
end

--- Show the suggestion before.
function M.prev()
  shower().cycle(-1)
end

--- Take the suggestion away until the text changes; false where none is shown.
---@return boolean
function M.dismiss()
  return require("dg_lsp.ghost").dismiss()
end

--- Ask for suggestions at the cursor.
function M.trigger()
  require("dg_lsp.ghost").trigger()
end

--- Whether a suggestion of ours is shown.
---@return boolean
function M.visible()
  return require("dg_lsp.ghost").visible()
end

--- Ghost text while typing: on, off, or nil for the other. Returns how it is now.
---@param on? boolean
---@return boolean
function M.toggle(on)
  return require("dg_lsp.ghost").toggle(on)
end

--- A short text for a statusline.
---@return string
function M.status()
  return require("dg_lsp.status").text(0)
end

--- The server's last answer about its state, nil before the first.
---@return table?
function M.status_info()
  return require("dg_lsp.status").info(0)
end

local KEYS = {
  accept = "take the suggestion",
  accept_word = "take the suggestion's next word",
  accept_line = "take the suggestion's line",
  next = "next suggestion",
  prev = "suggestion before",
  dismiss = "take the suggestion away",
  trigger = "ask for suggestions",
}

local function install_keymaps(keymaps)
  for name, description in pairs(KEYS) do
    if keymaps[name] then
      require("dg_lsp.keymaps").install(keymaps[name], M[name], description)
    end
  end
end

local function on_attach(event)
  local config, client = require("dg_lsp.config"), vim.lsp.get_client_by_id(event.data.client_id)
  if not client or client.name ~= require("dg_lsp.client").NAME then
    return
  end
  require("dg_lsp.status").follow(client)
  require("dg_lsp.cursor").attach(event.buf)
  if config.options.ghost_text == "builtin" then
    require("dg_lsp.builtin").enable(client.id)
  elseif config.options.ghost_text == "own" then
    require("dg_lsp.ghost").attach(event.buf)
  end
end

--- Start: `:help dg-lsp-options` has the options.
---@param options? table
function M.setup(options)
  if vim.fn.has(OWN_NEEDS) == 0 then
    error("dg_lsp: Neovim 0.11 or newer is needed", 0)
  end
  local config = require("dg_lsp.config")
  config.set(options)
  require("dg_lsp.draw").define_highlights()
  require("dg_lsp.ghost").enable()
  require("dg_lsp.rewrite").enable()
  require("dg_lsp.instructions").enable()
  require("dg_lsp.question").enable()
  require("dg_lsp.commands").define()
  install_keymaps(config.options.keymaps)
  local group = vim.api.nvim_create_augroup("dg_lsp", {})
  vim.api.nvim_create_autocmd("LspAttach", { group = group, callback = on_attach })
  require("dg_lsp.client").enable()
end

return M
