-- A floating window with the difference that a rewrite would make. It asks one question: y or n.

local api = vim.api
local M = {}

local CONTEXT_LINES = 3
local MAX_WIDTH, MAX_HEIGHT = 100, 30

---@class dg_lsp.Preview
---@field private buf integer
---@field private window integer
---@field private origin integer
---@field private answer fun(yes: boolean)?
---@field private has_edit boolean
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
  local width, height = size_of(lines)
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

--- Return the difference of two texts as lines of a unified diff, without the names of files.
---@param old string[]
---@param new string[]
---@return string[]
function M.difference(old, new)
  local diff = vim.text and vim.text.diff or vim.diff
  local text = diff(table.concat(old, "\n") .. "\n", table.concat(new, "\n") .. "\n", { ctxlen = CONTEXT_LINES })
  return vim.split(vim.trim(text --[[@as string]]) == "" and "" or (text --[[@as string]]):gsub("\n$", ""), "\n")
end

--- Open the window; `answer` is called once, with false when it is closed in any other way.
---@param title string
---@param answer fun(yes: boolean)
---@return dg_lsp.Preview
function M.open(title, answer)
  local self = setmetatable({ answer = answer, has_edit = false, origin = api.nvim_get_current_win() }, Preview)
  self.buf = api.nvim_create_buf(false, true)
  vim.bo[self.buf].bufhidden = "wipe"
  vim.bo[self.buf].filetype = "diff"
  vim.bo[self.buf].modifiable = false
  self.window = api.nvim_open_win(self.buf, true, layout({ "" }, title, "n cancels"))
  vim.wo[self.window].wrap = false
  local function map(keys, yes)
    vim.keymap.set("n", keys, function()
      if self.has_edit or not yes then
        self:close(yes)
      end
    end, { buffer = self.buf, nowait = true })
  end
  map("y", true)
  map("<CR>", true)
  map("n", false)
  map("q", false)
  map("<Esc>", false)
  api.nvim_create_autocmd({ "WinLeave", "BufWipeout" }, {
    buffer = self.buf,
    once = true,
    callback = vim.schedule_wrap(function()
      self:close(false)
    end),
  })
  return self
end

--- Show lines of a diff; with `has_edit` they may be applied.
---@param lines string[]
---@param title string
---@param has_edit boolean
---@param footer string
function Preview:show(lines, title, has_edit, footer)
  if not api.nvim_win_is_valid(self.window) then
    return
  end
  self.has_edit = has_edit
  vim.bo[self.buf].modifiable = true
  api.nvim_buf_set_lines(self.buf, 0, -1, false, lines)
  vim.bo[self.buf].modifiable = false
  api.nvim_win_set_config(self.window, layout(lines, title, footer))
end

--- Close the window and give the answer, the first time.
---@param yes boolean
function Preview:close(yes)
  local answer = self.answer
  self.answer = nil
  if api.nvim_win_is_valid(self.window) then
    api.nvim_win_close(self.window, true)
  end
  if answer and api.nvim_win_is_valid(self.origin) then
    api.nvim_set_current_win(self.origin)
  end
  if answer then
    answer(yes)
  end
end

return M
