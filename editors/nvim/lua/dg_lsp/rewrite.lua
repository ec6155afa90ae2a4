-- One rewrite: ask the server, show its drafts and then the difference, apply it as one undo step.

local client = require("dg_lsp.client")
local config = require("dg_lsp.config")
local hunks = require("dg_lsp.hunks")
local preview = require("dg_lsp.preview")
local status = require("dg_lsp.status")

local api = vim.api
local M = {}

---@class dg_lsp.Wish
---@field command string the server's
---@field title string
---@field buf integer
---@field tick integer the buffer's, when the range was taken
---@field range lsp.Range
---@field instruction? string
---@field diagnostics? string[]
---@field strength? string
---@field now? boolean apply without a preview

---@class dg_lsp.Running
---@field wish dg_lsp.Wish
---@field client vim.lsp.Client
---@field before string[] the buffer's lines
---@field after? string[] with the server's edits
---@field edits? lsp.TextEdit[]
---@field id? integer
---@field view? dg_lsp.Preview

M.CHANGED = "The document changed meanwhile: select again."

local running = {} ---@type table<string, dg_lsp.Running> by progress token
local n_asked = 0

--- Return the lines with the edits in them.
local function changed(lines, edits, encoding)
  local scratch = api.nvim_create_buf(false, true)
  api.nvim_buf_set_lines(scratch, 0, -1, true, lines)
  vim.lsp.util.apply_text_edits(vim.deepcopy(edits), scratch, encoding)
  local after = api.nvim_buf_get_lines(scratch, 0, -1, true)
  api.nvim_buf_delete(scratch, { force = true })
  return after
end

--- Return the text edits for one document.
---@param edit lsp.WorkspaceEdit
---@param uri string
local function edits_of(edit, uri)
  local edits = vim.deepcopy(edit.changes and edit.changes[uri] or {})
  for _, change in ipairs(edit.documentChanges or {}) do
    if change.textDocument and change.textDocument.uri == uri then
      vim.list_extend(edits, change.edits)
    end
  end
  return edits
end

local function is_current(wish)
  return api.nvim_buf_is_loaded(wish.buf) and api.nvim_buf_get_changedtick(wish.buf) == wish.tick
end

--- Apply the server's edits, or only the changes that the user did not skip.
local function apply(run, chosen)
  local buf = run.wish.buf
  if not is_current(run.wish) then
    return client.tell("The document changed meanwhile: nothing was applied.", vim.log.levels.WARN)
  end
  if chosen and hunks.n_taken(chosen) < #chosen then
    return hunks.apply(buf, run.after, chosen)
  end
  vim.lsp.util.apply_text_edits(run.edits, buf, run.client.offset_encoding)
end

local function stop(token)
  local run = running[token]
  running[token] = nil
  if run and run.id and not run.client:is_stopped() then
    run.client:cancel_request(run.id)
  end
end

--- Take the server's answer; `token` is still running, or the user did not wait.
local function answered(token, err, result)
  local run = running[token]
  if not run then
    return
  end
  running[token], run.id = nil, nil
  status.ask(run.wish.buf)
  local edit = result and result.edit
  if err or not edit or edit == vim.NIL then
    if run.view then
      run.view:close(false)
    end
    local why = err and err.message or result and result.detail or "the server did not answer"
    return client.tell(why, err and vim.log.levels.ERROR or nil)
  end
  run.edits = edits_of(edit, vim.uri_from_bufnr(run.wish.buf))
  if not run.view then
    return apply(run)
  end
  run.after = changed(run.before, run.edits, run.client.offset_encoding)
  run.view:offer(run.before, run.after, ("%s, %d ms"):format(result.title, result.ms), result.detail)
end

--- Show a draft of the server in the open preview.
local function drafted(_, draft)
  local run = running[draft.token]
  if run and run.view then
    local edits = { { range = draft.range, newText = draft.text } }
    local title = ("%s, step %d of %d"):format(run.wish.title, draft.step, draft.maxSteps)
    run.view:draft(run.before, changed(run.before, edits, run.client.offset_encoding), title)
  end
end

local function send(token, run)
  local wish = run.wish
  local argument = {
    uri = vim.uri_from_bufnr(wish.buf),
    version = vim.lsp.util.buf_versions[wish.buf],
    range = wish.range,
    instruction = wish.instruction,
    diagnostics = wish.diagnostics,
    strength = wish.strength,
    apply = false,
    progressToken = token,
  }
  local params = { command = wish.command, arguments = { argument } }
  local sent, id = run.client:request("workspace/executeCommand", params, function(err, result)
    answered(token, err, result)
  end, wish.buf)
  if sent then
    run.id = id
  else
    answered(token, { message = "the server does not run" })
  end
end

--- Ask for a rewrite and show what comes of it.
---@param wish dg_lsp.Wish
function M.start(wish)
  local of_buffer = client.get(wish.buf)
  if not of_buffer then
    return client.tell("no server serves this buffer; :checkhealth dg_lsp says why", vim.log.levels.WARN)
  end
  if not vim.bo[wish.buf].modifiable then
    return client.tell("this buffer cannot be changed", vim.log.levels.WARN)
  end
  if not is_current(wish) then
    return client.tell(M.CHANGED, vim.log.levels.WARN)
  end
  vim.tbl_map(stop, vim.tbl_keys(running)) -- one at a time
  n_asked = n_asked + 1
  local token = ("dg-lsp.nvim-%d"):format(n_asked)
  ---@type dg_lsp.Running
  local run = {
    wish = wish,
    client = of_buffer,
    before = api.nvim_buf_get_lines(wish.buf, 0, -1, true),
  }
  running[token] = run
  if config.options.preview and not wish.now then
    run.view = preview.open(wish.title .. " …", function(chosen)
      stop(token)
      if chosen and hunks.n_taken(chosen) > 0 then
        apply(run, chosen)
      end
    end)
  end
  send(token, run)
end

--- Listen to drafts.
function M.enable()
  client.on("dgLsp/draft", drafted)
end

return M
