-- Neovim 0.12's own inline completion in place of ours, with our way of taking a suggestion.

local insert = require("dg_lsp.insert")
local suggestion = require("dg_lsp.suggestion")

local api = vim.api
local M = {}

--- Switch it on for one client.
---@param id integer
function M.enable(id)
  vim.lsp.inline_completion.enable(true, { client_id = id })
end

--- Take `item` ourselves: one undo step, and as much of it as is wanted. The item's range holds the cursor.
local function take(item, what)
  local cursor = api.nvim_win_get_cursor(0)
  local row, first, last = cursor[1] - 1, cursor[2], cursor[2]
  local text = type(item.insert_text) == "string" and item.insert_text or item.insert_text.value
  if item.range then
    local start_row, start_col, end_row, end_col = item.range:to_extmark()
    local typed = api.nvim_buf_get_text(0, start_row, start_col, row, cursor[2], {})
    local before = table.concat(typed, "\n")
    if start_row == end_row and start_row == row and vim.startswith(text, before) then
      text = text:sub(#before + 1) -- what is typed already stays, so that only the rest is cut in parts
    else
      row, first = start_row, start_col
    end
    last = end_row == row and math.max(end_col, first) or last
  end
  local part = suggestion.part(text, what)
  local is_all = part == text
  insert.put(api.nvim_get_current_buf(), row, first, is_all and last or cursor[2], part)
  local client = is_all and item.command and vim.lsp.get_client_by_id(item.client_id)
  if client then
    client:exec_cmd(item.command, { bufnr = api.nvim_get_current_buf() })
  end
end

--- Take the suggestion, its next word or the rest of its line; false where none is shown.
---@param what 'all'|'word'|'line'
---@return boolean
function M.accept(what)
  return vim.lsp.inline_completion.get({
    on_accept = function(item)
      insert.later(function()
        take(item, what)
      end)
    end,
  })
end

--- Show the next suggestion (1) or the one before (-1).
---@param step integer
function M.cycle(step)
  vim.lsp.inline_completion.select({ count = step })
end

return M
