-- Where the user is: buffer, text and cursor. An answer belongs to the place of its question and to no other.

local api = vim.api
local M = {}

---@class dg_lsp.Place
---@field buf integer
---@field tick integer the buffer's b:changedtick
---@field row integer from 1
---@field col integer bytes

---@return dg_lsp.Place
function M.here()
  local buf, cursor = api.nvim_get_current_buf(), api.nvim_win_get_cursor(0)
  return { buf = buf, tick = api.nvim_buf_get_changedtick(buf), row = cursor[1], col = cursor[2] }
end

---@param a dg_lsp.Place?
---@param b dg_lsp.Place?
function M.same(a, b)
  return a ~= nil and b ~= nil and a.buf == b.buf and a.tick == b.tick and a.row == b.row and a.col == b.col
end

--- Whether the user types in insert mode, and no macro does.
function M.is_inserting()
  return vim.startswith(api.nvim_get_mode().mode, "i") and vim.fn.reg_executing() == ""
end

return M
