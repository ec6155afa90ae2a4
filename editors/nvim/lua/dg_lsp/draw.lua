-- Draws what is left of a suggestion as one extmark. Decides nothing about what to show.

local api = vim.api

local M = {}

M.NAMESPACE = api.nvim_create_namespace("dg_lsp.ghost")
local MARK = 1 -- always the same mark, so that it is moved and never gone between two frames

--- Define the highlight groups, each linked unless the user or the colour scheme has its own.
function M.define_highlights()
  api.nvim_set_hl(0, "DgLspGhost", { default = true, link = "Comment" })
  api.nvim_set_hl(0, "DgLspGhostMore", { default = true, link = "NonText" })
  api.nvim_set_hl(0, "DgLspSkipped", { default = true, link = "Comment" })
end

--- Return the text with tabs as spaces: virtual text would show them as ^I.
local function expanded(text, column)
  if not text:find("\t", 1, true) then
    return text
  end
  local pieces = {}
  for piece, tab in text:gmatch("([^\t]*)(\t?)") do
    pieces[#pieces + 1] = piece
    column = column + api.nvim_strwidth(piece)
    if tab ~= "" then
      local width = vim.fn.strdisplaywidth("\t", column)
      pieces[#pieces + 1] = (" "):rep(width)
      column = column + width
    end
  end
  return table.concat(pieces)
end

--- Show `fit` at its cursor, in place of what is shown.
---@param buf integer
---@param fit dg_lsp.Fit
---@param hint? string such as (1/3)
function M.show(buf, fit, hint)
  local line = api.nvim_buf_get_lines(buf, fit.row, fit.row + 1, true)[1]
  local column = vim.fn.strdisplaywidth(line:sub(1, fit.col))
  local lines = vim.split(fit.rest, "\n", { plain = true })
  local first = { { expanded(lines[1], column), "DgLspGhost" } }
  local below = {} ---@type [string, string][][]
  for i = 2, #lines do
    below[#below + 1] = { { expanded(lines[i], 0), "DgLspGhost" } }
  end
  -- Text that stays behind the cursor belongs behind the last line of the suggestion: then the row is covered.
  local covers = fit.tail ~= "" or (#below > 0 and fit.suffix ~= "")
  if covers then
    local last = below[#below] or first
    local start = #below > 0 and 0 or column
    local suffix = expanded(fit.suffix, start + api.nvim_strwidth(last[1][1]))
    last[#last + 1] = { suffix, "Normal" }
    local shown = 0
    for _, chunk in ipairs(first) do
      shown = shown + api.nvim_strwidth(chunk[1])
    end
    local hidden = vim.fn.strdisplaywidth(fit.tail .. fit.suffix, column)
    first[#first + 1] = { (" "):rep(math.max(0, hidden - shown)), "Normal" }
  end
  if hint then
    first[#first + 1] = { " " .. hint, "DgLspGhostMore" }
  end
  api.nvim_buf_set_extmark(buf, M.NAMESPACE, fit.row, fit.col, {
    id = MARK,
    virt_text = first,
    virt_text_pos = covers and "overlay" or "inline",
    virt_lines = #below > 0 and below or nil,
    hl_mode = covers and "replace" or "combine",
    undo_restore = false,
  })
end

--- Take away what is shown.
---@param buf integer
function M.clear(buf)
  if api.nvim_buf_is_valid(buf) then
    api.nvim_buf_del_extmark(buf, M.NAMESPACE, MARK)
  end
end

return M
