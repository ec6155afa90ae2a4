-- Tells the server where the cursor rests, so that a slow model reads the code there before it is asked.

local client = require("dg_lsp.client")

local api = vim.api
local M = {}

local METHOD = "dgLsp/didMoveCursor"
local RESTS_MS = 200

local n_moves = 0

local function tell()
  local of_buffer = client.get(api.nvim_get_current_buf())
  if of_buffer then
    of_buffer:notify(METHOD, vim.lsp.util.make_position_params(0, of_buffer.offset_encoding))
  end
end

local function moved()
  n_moves = n_moves + 1
  local move = n_moves
  vim.defer_fn(function()
    if move == n_moves then
      tell()
    end
  end, RESTS_MS)
end

--- Follow the cursor in a buffer. What is typed, the server knows.
---@param buf integer
function M.attach(buf)
  api.nvim_create_autocmd({ "CursorMoved", "BufEnter" }, {
    group = api.nvim_create_augroup("dg_lsp.cursor." .. buf, {}),
    buffer = buf,
    callback = moved,
  })
  moved()
end

return M
