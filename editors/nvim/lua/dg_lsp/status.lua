-- What the server is doing, for a statusline: asked for after each answer, shown without waiting.

local client = require("dg_lsp.client")

local api = vim.api
local M = {}

local METHOD = "dgLsp/status"
local POLL_MS = 300 -- while the model is being loaded

local last = {} ---@type table<integer, table> by client
local polled = {} ---@type table<integer, true>

---@param of_client vim.lsp.Client
---@param done? fun(state: table)
local function request(of_client, done)
  of_client:request(METHOD, vim.empty_dict(), function(err, result)
    if err or not result then
      return
    end
    last[of_client.id] = result
    api.nvim_exec_autocmds("User", { pattern = "DgLspStatus", data = result, modeline = false })
    vim.cmd.redrawstatus({ bang = true })
    if done then
      done(result)
    end
  end)
end

--- Ask the server of a buffer how it is.
---@param buf integer
---@param done? fun(state: table)
function M.ask(buf, done)
  local of_buffer = client.get(buf)
  if of_buffer then
    request(of_buffer, done)
  end
end

--- Ask again and again until the model is there, or is known not to come.
---@param of_client vim.lsp.Client
function M.follow(of_client)
  if polled[of_client.id] then
    return
  end
  polled[of_client.id] = true
  local function again()
    if of_client:is_stopped() then
      return
    end
    request(of_client, function(state)
      if state.state == "starting" or state.state == "loading" then
        vim.defer_fn(again, POLL_MS)
      end
    end)
  end
  again()
end

--- Say why there was nothing to suggest.
---@param buf integer
function M.tell_why(buf)
  M.ask(buf, function(state)
    local why = state.lastWhy or state.lastReason
    client.tell(("nothing to suggest here: %s"):format(tostring(why):gsub("^%u", string.lower)))
  end)
end

--- Say in one sentence why the last request got nothing.
---@param buf integer
function M.why_nothing(buf)
  if not client.get(buf) then
    return client.tell("no server runs here; :checkhealth dg_lsp", vim.log.levels.WARN)
  end
  M.ask(buf, function(state)
    local trouble = M.trouble(state, client.language_id(buf))
    local why = type(state.lastWhy) == "string" and state.lastWhy or "The last request got an answer."
    client.tell(trouble and trouble:gsub("^%l", string.upper) .. "." or why)
  end)
end

--- Return why suggestions are not what the user expects, in a few words; nil where all is well or not known yet.
---@param state table the server's answer
---@param language string id
---@return string?
function M.trouble(state, language)
  if state.state == "failed" then
    return "the model could not be opened"
  elseif state.fallback == "model_failed" then
    return "the chosen model could not be opened"
  elseif type(state.languages) == "table" and not vim.list_contains(state.languages, language) then
    return "the model does not know " .. language
  end
end

--- Return the last known answer of the buffer's server, nil without one.
---@param buf? integer
---@return table?
function M.info(buf)
  local of_buffer = client.get(buf)
  return of_buffer and last[of_buffer.id]
end

--- Return a short text for a statusline, empty for a buffer that is not served.
---@param buf? integer
---@return string
function M.text(buf)
  local found = client.found
  if found and found.problem then
    return "dg-lsp: not found"
  end
  if client.gave_up then
    return "dg-lsp: ended"
  end
  local of_buffer = client.get(buf)
  if not of_buffer then
    return ""
  end
  local state = last[of_buffer.id] or { state = "starting" }
  local trouble = M.trouble(state, client.language_id(buf or 0))
  if trouble then
    return "dg-lsp: " .. trouble
  end
  if state.state == "ready" and type(state.lastMs) == "number" then
    return ("dg-lsp: ready, %d ms"):format(math.floor(state.lastMs + 0.5))
  end
  return "dg-lsp: " .. state.state
end

return M
