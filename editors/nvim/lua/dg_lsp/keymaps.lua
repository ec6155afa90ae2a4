-- Insert-mode keys that fall through: to the mapping that was there before, else to the key itself.

local api = vim.api
local M = {}

local before = {} ---@type table<string, table> by keys, the mapping of ours took the place of

local function run_later(keys)
  return ("<Cmd>lua require('dg_lsp.keymaps').run(%q)<CR>"):format(keys:gsub("<", "<lt>"))
end

--- For the mapping above only: run a Lua mapping that is no expression.
---@param keys string
function M.run(keys)
  before[keys].callback()
end

--- Return the keys that do what `keys` did before ours.
local function fall_through(keys)
  local old = before[keys]
  if not old then
    return keys
  end
  if old.callback then
    if old.expr ~= 1 then
      return run_later(keys)
    end
    local typed = old.callback() or ""
    return old.replace_keycodes == 1 and typed or vim.fn.keytrans(typed)
  end
  local typed = old.expr == 1 and vim.fn.eval(old.rhs) or vim.keycode(old.rhs)
  if old.noremap == 1 then
    return vim.fn.keytrans(typed)
  end
  api.nvim_feedkeys(typed, "mi", false)
  return ""
end

--- Map `keys` in insert mode to `action`; where it returns false the keys do what they did before.
---@param keys string
---@param action fun(): boolean?
---@param description string
function M.install(keys, action, description)
  local old = vim.fn.maparg(keys, "i", false, true)
  if not vim.tbl_isempty(old) and not vim.startswith(old.desc or "", "dg-lsp: ") then
    before[keys] = old
  end
  vim.keymap.set("i", keys, function()
    return action() == false and fall_through(keys) or ""
  end, { expr = true, replace_keycodes = true, desc = "dg-lsp: " .. description })
end

return M
