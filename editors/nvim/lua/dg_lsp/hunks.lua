-- The difference of two texts as changes of whole lines that are taken or skipped one by one. Knows no window.

local M = {}

local CONTEXT = 3

---@class dg_lsp.Hunk
---@field at integer the line of the old text (from 1) where the new ones go
---@field n_old integer lines that go
---@field new_at integer the first of the new lines in the new text
---@field n_new integer lines that come
---@field skipped boolean

--- Return the changes from one text to another, in order.
---@param old string[]
---@param new string[]
---@return dg_lsp.Hunk[]
function M.of(old, new)
  local diff = vim.text and vim.text.diff or vim.diff
  local function text(lines)
    return table.concat(lines, "\n") .. "\n"
  end
  local found = diff(text(old), text(new), { result_type = "indices" }) --[[@as integer[][] ]]
  return vim.tbl_map(function(hunk)
    local at, n_old, new_at, n_new = unpack(hunk)
    -- Of no lines, the line before is named.
    at, new_at = n_old == 0 and at + 1 or at, n_new == 0 and new_at + 1 or new_at
    return { at = at, n_old = n_old, new_at = new_at, n_new = n_new, skipped = false }
  end, found)
end

--- Return the rows of a unified difference, and for each of its changed rows the number of its change.
---@param old string[]
---@param new string[]
---@param hunks dg_lsp.Hunk[]
---@return string[] rows, table<integer, integer> of_row
function M.rows(old, new, hunks)
  local rows, of_row = {}, {}
  local done = 0 -- the last line of the old text that is shown or gone
  local function add(sign, lines, first, last, number)
    for i = first, last do
      rows[#rows + 1] = sign .. lines[i]
      of_row[#rows] = number
    end
  end
  for number, hunk in ipairs(hunks) do
    local behind = number > 1 and math.min(done + CONTEXT, hunk.at - 1) or done
    add(" ", old, done + 1, behind)
    local first = math.max(behind + 1, hunk.at - CONTEXT)
    if number == 1 or first > behind + 1 then
      rows[#rows + 1] = ("@@ line %d @@"):format(hunk.at)
    end
    add(" ", old, first, hunk.at - 1)
    add("-", old, hunk.at, hunk.at + hunk.n_old - 1, number)
    add("+", new, hunk.new_at, hunk.new_at + hunk.n_new - 1, number)
    done = hunk.at + hunk.n_old - 1
  end
  add(" ", old, done + 1, math.min(done + CONTEXT, #hunks > 0 and #old or 0))
  return rows, of_row
end

--- Return how many changes are not skipped.
---@param hunks dg_lsp.Hunk[]
function M.n_taken(hunks)
  return #vim.tbl_filter(function(hunk)
    return not hunk.skipped
  end, hunks)
end

--- Make the changes that are not skipped in a buffer that holds the old text.
---@param buf integer
---@param new string[]
---@param hunks dg_lsp.Hunk[]
function M.apply(buf, new, hunks)
  for number = #hunks, 1, -1 do
    local hunk = hunks[number]
    if not hunk.skipped then
      local lines = vim.list_slice(new, hunk.new_at, hunk.new_at + hunk.n_new - 1)
      vim.api.nvim_buf_set_lines(buf, hunk.at - 1, hunk.at - 1 + hunk.n_old, true, lines)
    end
  end
end

return M
