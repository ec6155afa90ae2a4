-- One suggestion as data: where it belongs, whether it still fits what was typed, and its parts. Draws nothing.

local api = vim.api

local M = {}

---@class dg_lsp.Suggestion
---@field buf integer
---@field row integer first row of the replaced text, from 0
---@field col integer first byte of the replaced text in that row
---@field prefix string what stands before it in its row
---@field suffix string what stands after it
---@field tail string what it replaces behind the cursor
---@field n_lines integer lines of the buffer when it was made
---@field text string the new text; lines end with \n
---@field item lsp.InlineCompletionItem as the server sent it
---@field client_id integer
---@field told? boolean the server knows that it was shown

---@class dg_lsp.Fit
---@field row integer the cursor, from 0
---@field col integer the cursor in bytes
---@field rest string what is left of the suggestion
---@field tail string what it replaces behind the cursor
---@field suffix string what stays behind that

--- Make one from an item of the server; nil for a range that is not around the cursor in its line.
---@param buf integer
---@param item lsp.InlineCompletionItem
---@param client vim.lsp.Client
---@param cursor [integer, integer] row from 1, byte
---@return dg_lsp.Suggestion?
function M.of(buf, item, client, cursor)
  local row, at = cursor[1] - 1, cursor[2]
  local line = api.nvim_buf_get_lines(buf, row, row + 1, true)[1]
  local first, last = at, at
  if item.range then
    if item.range.start.line ~= row or item.range["end"].line ~= row then
      return nil
    end
    first = vim.str_byteindex(line, client.offset_encoding, item.range.start.character, false)
    last = vim.str_byteindex(line, client.offset_encoding, item.range["end"].character, false)
  end
  local text = item.insertText
  text = (type(text) == "string" and text or text.value):gsub("\r\n?", "\n")
  if text == "" or first > at or last < at then
    return nil
  end
  return {
    buf = buf,
    row = row,
    col = first,
    prefix = line:sub(1, first),
    suffix = line:sub(last + 1),
    tail = line:sub(at + 1, last),
    n_lines = api.nvim_buf_line_count(buf),
    text = text,
    item = item,
    client_id = client.id,
  }
end

--- Whether all characters of `part` come in `whole` in that order: brackets that the editor closed by itself.
local function in_order(part, whole)
  local at = 1
  for character in part:gmatch(".") do
    at = whole:find(character, at, true)
    if not at then
      return false
    end
    at = at + 1
  end
  return true
end

--- Return what is left to show at the cursor of the current window, nil where the suggestion does not fit (any more).
---@param made dg_lsp.Suggestion
---@return dg_lsp.Fit?
function M.fit(made)
  local cursor = api.nvim_win_get_cursor(0)
  local row, col = cursor[1] - 1, cursor[2]
  if api.nvim_get_current_buf() ~= made.buf or row < made.row then
    return nil
  end
  if api.nvim_buf_line_count(made.buf) - made.n_lines ~= row - made.row then
    return nil
  end
  local lines = api.nvim_buf_get_lines(made.buf, made.row, row + 1, true)
  local after = lines[#lines]:sub(col + 1)
  lines[#lines] = lines[#lines]:sub(1, col)
  local before = table.concat(lines, "\n")
  if before:sub(1, made.col) ~= made.prefix or not vim.endswith(after, made.suffix) then
    return nil
  end
  local typed, tail = before:sub(made.col + 1), after:sub(1, #after - #made.suffix)
  if not vim.startswith(made.text, typed) or #typed >= #made.text then
    return nil
  end
  local rest = made.text:sub(#typed + 1)
  if tail ~= made.tail and not in_order(tail, rest) then
    return nil
  end
  return { row = row, col = col, rest = rest, tail = tail, suffix = made.suffix }
end

--- Return how much of the item's text stands before its end `rest`, in UTF-16 units as the protocol counts.
---@param made dg_lsp.Suggestion
---@param rest string
---@return integer
function M.taken(made, rest)
  return vim.str_utfindex(made.text:sub(1, #made.text - #rest), "utf-16")
end

--- Return the first part of `rest`: all of it, its next word, or what is left of its line.
---@param rest string
---@param what 'all'|'word'|'line'
---@return string
function M.part(rest, what)
  if what == "line" then
    return rest:match("^\n*[^\n]*")
  elseif what == "word" then
    local _, space = rest:find("^%s*")
    local _, last = rest:find("^[%w_\128-\255]+", space + 1)
    if not last then
      _, last = rest:find("^[^%w_%s\128-\255]+", space + 1)
    end
    return rest:sub(1, last or space)
  end
  return rest
end

return M
