-- Places in a buffer as ranges of the protocol: the cursor, lines, an exact selection, a diagnostic.

local api = vim.api
local M = {}

---@param buf integer
---@param row integer from 0
---@param col integer bytes; beyond the line's end means its end
---@param encoding string
local function position(buf, row, col, encoding)
  local line = api.nvim_buf_get_lines(buf, row, row + 1, false)[1] or ""
  return { line = row, character = vim.str_utfindex(line, encoding, math.min(col, #line), false) }
end

--- Return the range between two places, each a row from 0 and a byte.
---@param buf integer
---@param encoding string
---@return lsp.Range
function M.range(buf, encoding, row, col, end_row, end_col)
  return {
    start = position(buf, row, col, encoding),
    ["end"] = position(buf, end_row, end_col, encoding),
  }
end

--- Return the cursor as an empty range.
---@param buf integer
---@param encoding string
function M.cursor(buf, encoding)
  local cursor = api.nvim_win_get_cursor(0)
  return M.range(buf, encoding, cursor[1] - 1, cursor[2], cursor[1] - 1, cursor[2])
end

--- Return the lines of a command, or the selection it was typed on where that was made by character.
---@param buf integer
---@param encoding string
---@param line1 integer from 1
---@param line2 integer
function M.selected(buf, encoding, line1, line2)
  local first, last = vim.fn.getpos("'<"), vim.fn.getpos("'>")
  if vim.fn.visualmode() == "v" and first[2] == line1 and last[2] == line2 then
    local options = { type = "v", exclusive = vim.o.selection == "exclusive" }
    local rows = vim.fn.getregionpos(first, last, options)
    local from, to = rows[1][1], rows[#rows][2]
    local end_line = api.nvim_buf_get_lines(buf, to[2] - 1, to[2], true)[1]
    local end_col = math.min(to[3], #end_line)
    if end_col > 0 then -- the end is the last byte's, of the last character's
      end_col = end_col + vim.str_utf_end(end_line, end_col)
    end
    return M.range(buf, encoding, from[2] - 1, from[3] - 1, to[2] - 1, end_col)
  end
  return M.range(buf, encoding, line1 - 1, 0, line2 - 1, math.huge)
end

--- Return the range of a diagnostic.
---@param buf integer
---@param encoding string
---@param diagnostic vim.Diagnostic
function M.of_diagnostic(buf, encoding, diagnostic)
  local row, col = diagnostic.lnum, diagnostic.col
  return M.range(buf, encoding, row, col, diagnostic.end_lnum or row, diagnostic.end_col or col)
end

--- Return the diagnostics at the cursor, or else those of its line.
---@param buf integer
---@return vim.Diagnostic[]
function M.diagnostics(buf)
  local cursor = api.nvim_win_get_cursor(0)
  local row, col = cursor[1] - 1, cursor[2]
  local of_line = vim.diagnostic.get(buf, { lnum = row })
  local at_cursor = vim.tbl_filter(function(found)
    return found.col <= col and (found.end_lnum > row or found.end_col > col)
  end, of_line)
  return #at_cursor > 0 and at_cursor or of_line
end

return M
