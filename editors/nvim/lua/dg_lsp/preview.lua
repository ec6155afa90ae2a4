-- A floating window with the difference that a rewrite would make: y takes it, x leaves a change of it out, n drops it.

local hunks = require("dg_lsp.hunks")

local api = vim.api
local M = {}

local NAMESPACE = api.nvim_create_namespace("dg_lsp.preview")
local MAX_WIDTH, MAX_HEIGHT = 100, 30

---@class dg_lsp.Preview
---@field private buf integer
---@field private window integer
---@field private origin integer
---@field private answer fun(chosen: dg_lsp.Hunk[]?)?
---@field private hunks dg_lsp.Hunk[]? nil while there is nothing to apply
---@field private of_row table<integer, integer> the number of the change that a row is of
---@field private n_rows integer
---@field private rows string[]
---@field private title string
local Preview = {}
Preview.__index = Preview

local function size_of(lines)
  local width = 40
  for _, line in ipairs(lines) do
    width = math.max(width, vim.fn.strdisplaywidth(line) + 1)
  end
  return math.min(width, MAX_WIDTH, vim.o.columns - 4), math.max(1, math.min(#lines, MAX_HEIGHT, vim.o.lines - 6))
end

local function layout(lines, title, footer)
  local _, height = size_of(lines)
  local width = size_of({ footer .. "   ", unpack(lines) })
  return {
    relative = "editor",
    row = math.max(0, math.floor((vim.o.lines - height) / 2) - 2),
    col = math.max(0, math.floor((vim.o.columns - width) / 2)),
    width = width,
    height = height,
    border = "rounded",
    title = (" %s "):format(title),
    footer = (" %s "):format(footer),
  }
end

--- Open the window; `answer` is called once: with the changes, some of them skipped, or with nil for none at all.
---@param title string
---@param answer fun(chosen: dg_lsp.Hunk[]?)
---@return dg_lsp.Preview
function M.open(title, answer)
  local self = setmetatable({ answer = answer, origin = api.nvim_get_current_win() }, Preview)
  self.buf = api.nvim_create_buf(false, true)
  vim.bo[self.buf].bufhidden = "wipe"
  vim.bo[self.buf].filetype = "diff"
  vim.bo[self.buf].modifiable = false
  self.window = api.nvim_open_win(self.buf, true, layout({ "" }, title, "n cancels"))
  vim.wo[self.window].wrap = false
  self:map()
  api.nvim_create_autocmd({ "WinLeave", "BufWipeout" }, {
    buffer = self.buf,
    once = true,
    callback = vim.schedule_wrap(function()
      self:close()
    end),
  })
  return self
end

---@private
function Preview:map()
  local function map(keys, run)
    for _, key in ipairs(keys) do
      vim.keymap.set("n", key, run, { buffer = self.buf, nowait = true })
    end
  end
  map({ "y", "<CR>" }, function()
    if self.hunks then
      self:close(self.hunks)
    end
  end)
  map({ "n", "q", "<Esc>" }, function()
    self:close()
  end)
  map({ "x", "<Space>" }, function()
    self:skip()
  end)
  map({ "]c" }, function()
    self:jump(1)
  end)
  map({ "[c" }, function()
    self:jump(-1)
  end)
end

--- Show how far the text is.
---@param before string[]
---@param after string[]
---@param title string
function Preview:draft(before, after, title)
  self:show(hunks.rows(before, after, hunks.of(before, after)), title, "n cancels")
end

--- Show the difference that may be applied; `detail` is what the server has to say about it.
---@param before string[]
---@param after string[]
---@param title string
---@param detail string
function Preview:offer(before, after, title, detail)
  self.title, self.hunks = title, hunks.of(before, after)
  local rows, of_row = hunks.rows(before, after, self.hunks)
  self.of_row, self.n_rows = of_row, #rows
  if detail ~= "" then
    table.insert(rows, 1, "# " .. detail)
    self.of_row, self.n_rows = {}, #rows
    for row, number in pairs(of_row) do
      self.of_row[row + 1] = number
    end
  end
  self:show(rows, title, self:footer())
  if #self.hunks > 1 then
    self:jump(1)
  end
end

---@private
function Preview:footer()
  if #self.hunks < 2 then
    return "y applies, n does not"
  end
  local form = "y applies %d of %d changes, x skips the one here, ]c goes on, n applies none"
  return form:format(hunks.n_taken(self.hunks), #self.hunks)
end

---@private
---@param rows string[]
---@param title string
---@param footer string
function Preview:show(rows, title, footer)
  if not api.nvim_win_is_valid(self.window) then
    return
  end
  self.rows = rows
  vim.bo[self.buf].modifiable = true
  api.nvim_buf_set_lines(self.buf, 0, -1, false, rows)
  vim.bo[self.buf].modifiable = false
  api.nvim_win_set_config(self.window, layout(rows, title, footer))
end

--- Skip the change at the cursor, or the next one below it; a skipped one is taken again.
---@private
function Preview:skip()
  if not self.hunks or #self.hunks < 2 then
    return
  end
  local row = api.nvim_win_get_cursor(self.window)[1]
  while row < self.n_rows and not self.of_row[row] do
    row = row + 1
  end
  local hunk = self.hunks[self.of_row[row] or #self.hunks]
  hunk.skipped = not hunk.skipped
  api.nvim_buf_clear_namespace(self.buf, NAMESPACE, 0, -1)
  for at, number in pairs(self.of_row) do
    if self.hunks[number].skipped then
      local first = self.of_row[at - 1] ~= number
      api.nvim_buf_set_extmark(self.buf, NAMESPACE, at - 1, 0, {
        end_row = at,
        hl_group = "DgLspSkipped",
        priority = 200,
        virt_text = first and { { "skipped", "DgLspGhostMore" } } or nil,
        virt_text_pos = first and "right_align" or nil,
      })
    end
  end
  api.nvim_win_set_config(self.window, layout(self.rows, self.title, self:footer()))
end

--- Go to the first row of the next change, or of the one before.
---@private
---@param step 1|-1
function Preview:jump(step)
  if not self.hunks then
    return
  end
  local here = api.nvim_win_get_cursor(self.window)[1]
  local row = here + step
  while row >= 1 and row <= self.n_rows do
    local number = self.of_row[row]
    if number and number ~= self.of_row[row - 1] then
      return api.nvim_win_set_cursor(self.window, { row, 0 })
    end
    row = row + step
  end
end

--- Close the window and give the answer, the first time.
---@param chosen? dg_lsp.Hunk[]
function Preview:close(chosen)
  local answer = self.answer
  self.answer = nil
  if api.nvim_win_is_valid(self.window) then
    api.nvim_win_close(self.window, true)
  end
  if answer and api.nvim_win_is_valid(self.origin) then
    api.nvim_set_current_win(self.origin)
  end
  if answer then
    answer(chosen)
  end
end

return M
