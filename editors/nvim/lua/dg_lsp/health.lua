-- `:checkhealth dg_lsp`: is Neovim new enough, where is the server, is the model there, what is the Tab key.

local client = require("dg_lsp.client")
local config = require("dg_lsp.config")
local server = require("dg_lsp.server")

local M = {}

local WAIT_MS = 20000

local function check_neovim()
  vim.health.start("dg_lsp: Neovim")
  local version = tostring(vim.version())
  if vim.fn.has("nvim-0.11") == 0 then
    return vim.health.error("Neovim " .. version .. " is too old", { "0.11 or newer is needed" })
  end
  vim.health.ok("Neovim " .. version)
  local shows = { own = "our own ghost text", builtin = "Neovim's inline completion", off = "no ghost text" }
  vim.health.info("ghost_text: " .. shows[config.options.ghost_text])
end

local function check_server()
  vim.health.start("dg_lsp: server")
  local found ---@type dg_lsp.Server?
  server.check(function(answer)
    found = answer
  end)
  vim.wait(WAIT_MS, function()
    return found ~= nil
  end, 20)
  if not found then
    return vim.health.error("the server did not tell its version in time")
  end
  if found.problem then
    return vim.health.error(found.problem, { server.INSTALL, ":DgLspRestart looks again" })
  end
  vim.health.ok(("dg-lsp %s, from %s: %s"):format(found.version, found.source, table.concat(found.cmd, " ")))
end

local function report_state(of_client, state)
  local name = ("client %d (%s)"):format(of_client.id, of_client.root_dir or "no root")
  if state.state == "failed" then
    vim.health.error(name .. ": the model could not be opened", { tostring(state.message) })
  elseif state.fallback == "model_failed" then
    vim.health.error(name .. ": the chosen model could not be opened", { tostring(state.message) })
  elseif state.state == "ready" or state.state == "busy" then
    vim.health.ok(("%s: %s, model %s"):format(name, state.state, state.model))
  else
    vim.health.warn(name .. ": " .. state.state)
  end
  for buf in pairs(of_client.attached_buffers) do
    local language = client.language_id(buf)
    if type(state.languages) == "table" and not vim.list_contains(state.languages, language) then
      vim.health.warn(("%s does not know %s: %s"):format(state.model, language, vim.fn.bufname(buf)))
    end
  end
  if state.ignored and state.ignored ~= vim.NIL then
    local ignored = state.ignored
    vim.health.warn(("the last file is ignored: %s in %s"):format(ignored.rule, ignored.source))
  end
end

local function check_clients()
  vim.health.start("dg_lsp: clients")
  local clients = vim.lsp.get_clients({ name = client.NAME })
  if client.gave_up then
    vim.health.error(client.gave_up, { ":DgLspRestart starts it again", "see " .. vim.lsp.log.get_filename() })
  elseif #clients == 0 then
    local types = table.concat(config.options.filetypes, ", ")
    vim.health.info("no server runs: open a file of one of these types: " .. types)
  end
  for _, of_client in ipairs(clients) do
    local answer = of_client:request_sync("dgLsp/status", vim.empty_dict(), WAIT_MS, 0)
    if answer and answer.result then
      report_state(of_client, answer.result)
    else
      vim.health.error(("client %d did not answer"):format(of_client.id), { "see " .. vim.lsp.log.get_filename() })
    end
  end
end

local function check_messages()
  if client.long_message then
    vim.health.start("dg_lsp: the last message that did not fit the window")
    vim.health.info(client.long_message)
  end
end

local function check_keys()
  vim.health.start("dg_lsp: keys")
  local none = true
  for name, keys in vim.spairs(config.options.keymaps) do
    if keys then
      none = false
      local current = vim.fn.maparg(keys, "i", false, true)
      if vim.startswith(current.desc or "", "dg-lsp: ") then
        vim.health.ok(("%s: %s"):format(name, keys))
      else
        vim.health.warn(("%s: %s was mapped to something else since"):format(name, keys))
      end
    end
  end
  if none then
    vim.health.info("no keys are mapped; see :help dg-lsp-keymaps")
  end
end

--- Report.
function M.check()
  check_neovim()
  check_server()
  check_clients()
  check_messages()
  check_keys()
end

return M
