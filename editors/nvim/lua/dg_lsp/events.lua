-- Tells the server what became of its suggestions: shown, taken in part. That one was taken whole says the item's command.

local suggestion = require("dg_lsp.suggestion")

local M = {}

local function notify(made, method, params)
  local client = vim.lsp.get_client_by_id(made.client_id)
  if client then
    client:notify(method, params)
  end
end

--- Say that a suggestion is on the screen, once; the server knows one that it has sent again.
---@param made dg_lsp.Suggestion
function M.shown(made)
  if not made.told then
    made.told = true
    notify(made, "textDocument/didShowCompletion", { item = made.item })
  end
end

--- Say how much of a suggestion was taken until now.
---@param made dg_lsp.Suggestion
---@param rest string what is left of it
function M.taken_in_part(made, rest)
  local params = { item = made.item, acceptedLength = suggestion.taken(made, rest) }
  notify(made, "textDocument/didPartiallyAcceptCompletion", params)
end

return M
