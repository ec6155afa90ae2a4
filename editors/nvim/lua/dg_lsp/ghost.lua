-- Ghost text of our own: ask, show, keep while the user types into it, take, drop what is stale.

local client = require("dg_lsp.client")
local draw = require("dg_lsp.draw")
local events = require("dg_lsp.events")
local insert = require("dg_lsp.insert")
local place_of = require("dg_lsp.place")
local status = require("dg_lsp.status")
local suggestion = require("dg_lsp.suggestion")

local api = vim.api
local M = {}

local here, same, is_inserting = place_of.here, place_of.same, place_of.is_inserting

local METHOD = "textDocument/inlineCompletion"
local KINDS = { manual = 1, automatic = 2 } -- InlineCompletionTriggerKind

local enabled = true
---@type { list: dg_lsp.Suggestion[], index: integer, place: dg_lsp.Place, manual: boolean }?
local shown
---@type { client: vim.lsp.Client, id: integer, place: dg_lsp.Place, manual: boolean, step: integer }?
local asked
---@type dg_lsp.Place?
local dismissed
local loading = false

local function cancel()
  if asked and not asked.client:is_stopped() then
    asked.client:cancel_request(asked.id)
  end
  asked = nil
end

local function clear()
  if shown then
    draw.clear(shown.place.buf)
    shown = nil
  end
end

--- Draw the current suggestion as it fits now; without one that fits, take it away.
local function refresh()
  local fit = shown and suggestion.fit(shown.list[shown.index])
  if not shown or not fit then
    clear()
    return false
  end
  local hint = shown.manual and #shown.list > 1 and ("(%d/%d)"):format(shown.index, #shown.list) or nil
  draw.show(shown.place.buf, fit, hint)
  shown.place = here()
  events.shown(shown.list[shown.index])
  return true
end

--- Take the answer to `question`; one that comes late, or for another text or place, is dropped.
local function answered(question, err, result)
  if asked ~= question then
    return
  end
  asked = nil
  status.ask(question.place.buf)
  if err or not is_inserting() or not same(question.place, here()) then
    return
  end
  local list = {}
  for _, item in ipairs(result and (result.items or result) or {}) do
    local at = { question.place.row, question.place.col }
    list[#list + 1] = suggestion.of(question.place.buf, item, question.client, at)
  end
  if #list == 0 then
    clear()
    if question.manual then
      status.tell_why(question.place.buf)
    end
    return
  end
  local index = question.step % #list + 1
  shown = { list = list, index = index, place = question.place, manual = question.manual }
  refresh()
end

--- Ask for the cursor's place, unless that was asked already.
---@param manual boolean
---@param step? integer candidates to go on from the first
local function ask(manual, step)
  local place = here()
  local of_buffer = client.get(place.buf)
  if not of_buffer or not is_inserting() then
    return
  end
  if asked and same(asked.place, place) and (asked.manual or not manual) then
    return
  end
  cancel()
  local params = vim.lsp.util.make_position_params(0, of_buffer.offset_encoding)
  params.context = { triggerKind = manual and KINDS.manual or KINDS.automatic }
  local question = { client = of_buffer, place = place, manual = manual, step = step or 0 }
  asked = question
  local sent, id = of_buffer:request(METHOD, params, function(err, result)
    answered(question, err, result)
  end, place.buf)
  if sent and id then
    question.id = id
  else
    asked = nil
  end
end

local function ask_unasked()
  if enabled and not same(dismissed, here()) then
    ask(false)
  end
end

local function on_text()
  refresh()
  ask_unasked()
end

local function on_cursor()
  local place = here()
  if shown and shown.place.tick ~= place.tick then
    return -- the change of the text is reported next
  end
  if not (shown and same(shown.place, place)) then
    clear()
    ask_unasked()
  end
end

local function on_leave()
  cancel()
  clear()
  dismissed = nil
end

--- Ask again for what was asked while the model was loading, when it is there.
local function on_status(state)
  local was_loading = loading
  loading = state.state == "starting" or state.state == "loading"
  if was_loading and not loading and not shown then
    ask_unasked()
  end
end

--- Follow a buffer.
---@param buf integer
function M.attach(buf)
  local group = api.nvim_create_augroup("dg_lsp.ghost." .. buf, {})
  local function on(events, callback)
    api.nvim_create_autocmd(events, { group = group, buffer = buf, callback = callback })
  end
  on({ "TextChangedI", "TextChangedP" }, on_text)
  on("CursorMovedI", on_cursor)
  on({ "InsertLeave", "BufLeave", "WinLeave", "BufUnload" }, on_leave)
  on("InsertEnter", vim.schedule_wrap(ask_unasked)) -- the cursor is not in its place yet
end

--- Ask again for what the server could not answer in time: it says that it could now.
local function on_refresh(_, told)
  if told.uri == vim.uri_from_bufnr(api.nvim_get_current_buf()) and not shown then
    ask_unasked()
  end
end

--- Follow what is not one buffer's: CTRL-C ends insert mode without InsertLeave.
function M.enable()
  api.nvim_create_autocmd("ModeChanged", {
    group = api.nvim_create_augroup("dg_lsp.ghost", {}),
    pattern = "i*:n*",
    callback = on_leave,
  })
  client.on("dgLsp/refresh", on_refresh)
  api.nvim_create_autocmd("User", { group = "dg_lsp.ghost", pattern = "DgLspGone", callback = on_leave })
  api.nvim_create_autocmd("User", {
    group = "dg_lsp.ghost",
    pattern = "DgLspStatus",
    callback = function(event)
      on_status(event.data)
    end,
  })
end

--- Whether a suggestion is shown that the user could take.
function M.visible()
  if not shown or not is_inserting() then
    return false
  end
  local chooses = vim.fn.pumvisible() == 1 and vim.fn.complete_info({ "selected" }).selected >= 0
  return not chooses and suggestion.fit(shown.list[shown.index]) ~= nil
end

local function take(what)
  local current = shown and shown.list[shown.index]
  local fit = current and suggestion.fit(current)
  if not current or not fit then
    return
  end
  local part = suggestion.part(fit.rest, what)
  local is_all = part == fit.rest
  insert.put(current.buf, fit.row, fit.col, fit.col + (is_all and #fit.tail or 0), part)
  if not is_all then
    events.taken_in_part(current, fit.rest:sub(#part + 1))
    refresh()
    return
  end
  clear()
  local made_by = vim.lsp.get_client_by_id(current.client_id)
  if made_by and current.item.command then
    made_by:exec_cmd(current.item.command, { bufnr = current.buf })
  end
end

--- Take the suggestion, its next word or the rest of its line; false where none is shown.
---@param what 'all'|'word'|'line'
---@return boolean
function M.accept(what)
  if not M.visible() then
    return false
  end
  insert.later(function()
    take(what)
  end)
  return true
end

--- Show the next suggestion (1) or the one before (-1); asks for more where there is only one.
---@param step integer
function M.cycle(step)
  if shown and #shown.list > 1 then
    shown.index = (shown.index - 1 + step) % #shown.list + 1
    shown.manual = true
    refresh()
  else
    ask(true, shown and step or 0)
  end
end

--- Ask at the cursor, whatever the settings say about asking unasked.
function M.trigger()
  dismissed = nil
  ask(true)
end

--- Take the suggestion away until the text changes; false where none is shown.
---@return boolean
function M.dismiss()
  local was_visible = M.visible()
  cancel()
  clear()
  dismissed = here()
  return was_visible
end

--- Switch asking unasked on or off; nil flips it. Returns how it is now.
---@param on? boolean
---@return boolean
function M.toggle(on)
  enabled = on == nil and not enabled or on == true
  if not enabled then
    on_leave()
  end
  return enabled
end

return M
