-- Changes the text from insert mode as one undo step of its own, from any kind of mapping.

local api = vim.api

local M = {}

local queue = {} ---@type fun()[]

--- Run `change` before the next key, between two breaks of the undo sequence.
---@param change fun()
function M.later(change)
  table.insert(queue, change)
  api.nvim_feedkeys(vim.keycode("<C-g>u<Cmd>lua require('dg_lsp.insert').run()<CR><C-g>u"), "ni", false)
end

--- For the keys above only.
function M.run()
  local change = table.remove(queue, 1)
  if change then
    change()
  end
end

--- Put text into the buffer of the current window and the cursor behind it.
---@param buf integer
---@param row integer from 0
---@param first integer byte where the replaced text begins
---@param last integer byte where it ends
---@param text string lines end with \n
function M.put(buf, row, first, last, text)
  local lines = vim.split(text, "\n", { plain = true })
  api.nvim_buf_set_text(buf, row, first, row, last, lines)
  local col = #lines[#lines] + (#lines == 1 and first or 0)
  api.nvim_win_set_cursor(0, { row + #lines, col })
end

return M
