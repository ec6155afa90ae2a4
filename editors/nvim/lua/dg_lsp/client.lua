-- Starts the language client and attaches it to buffers. One client for each root folder.

local config = require("dg_lsp.config")
local server = require("dg_lsp.server")

local M = {}

M.NAME = "dg_lsp"

-- Neovim's filetypes whose LSP language id has another name.
local LANGUAGE_IDS = { sh = "shellscript", bash = "shellscript" }

--- Return the language of a filetype: `python` of `python.django`.
local function language_of(filetype)
  return vim.split(filetype, ".", { plain = true })[1]
end

---@type dg_lsp.Server?
M.found = nil
local checking = false
local waiting = {} ---@type table<integer, true> buffers to attach once the server is known
local handlers = {} ---@type table<string, function>
local commands = {} ---@type table<string, function>
local told = false
local stopping = {} ---@type table<integer, true> clients that end because they were told to
local ended_at = {} ---@type integer[] when servers ended by themselves (ms)

local MOST_RESTARTS, WITHIN_MS = 4, 180000 -- as VS Code has it

---@type string? why no server is started any more
M.gave_up = nil

--- Have notifications of the server with this method handled.
---@param method string
---@param handler function
function M.on(method, handler)
  handlers[method] = handler
end

--- Have commands of this name run here that the server's code actions name.
---@param name string
---@param run fun(command: lsp.Command, context: table)
function M.on_command(name, run)
  commands[name] = run
end

--- Return our client of a buffer.
---@param buf? integer
---@return vim.lsp.Client?
function M.get(buf)
  for _, client in ipairs(vim.lsp.get_clients({ name = M.NAME, bufnr = vim._resolve_bufnr(buf) })) do
    if client.initialized and not client:is_stopped() then
      return client
    end
  end
end

local MORE = "… :checkhealth dg_lsp"

---@type string? the last line that did not fit the window
M.long_message = nil

--- Return the beginning of a line that fits the window; the report on our health then has the whole line.
local function fitting(line)
  local room = vim.v.echospace
  if vim.fn.strdisplaywidth(line) <= room then
    return line
  end
  M.long_message = line
  return vim.fn.printf("%." .. math.max(room - vim.fn.strdisplaywidth(MORE), 10) .. "S", line) .. MORE
end

--- Tell the user, soon: within an autocommand a message of an error would become an error. One line that fits.
---@type fun(message: string, level?: integer)
M.tell = vim.schedule_wrap(function(message, level)
  vim.notify(fitting("dg-lsp: " .. message:gsub("%s*\n%s*", " ")), level or vim.log.levels.INFO)
end)

--- Return the language id of a buffer, as the server knows it.
---@param buf integer
---@return string
function M.language_id(buf)
  local language = language_of(vim.bo[vim._resolve_bufnr(buf)].filetype)
  return LANGUAGE_IDS[language] or language
end

local function is_wanted(buf)
  return vim.api.nvim_buf_is_loaded(buf)
    and vim.bo[buf].buftype == ""
    and vim.api.nvim_buf_get_name(buf) ~= ""
    and (
      vim.list_contains(config.options.filetypes, vim.bo[buf].filetype)
      or vim.list_contains(config.options.filetypes, language_of(vim.bo[buf].filetype))
    )
end

local function root_of(buf)
  local folder = vim.fs.dirname(vim.api.nvim_buf_get_name(buf))
  return vim.fs.root(buf, config.options.root_markers) or folder
end

local function is_trusted(root)
  local trusted = config.options.trusted
  if type(trusted) == "function" then
    return trusted(root) == true
  end
  return trusted
end

--- Tell whoever shows something of a client's that it is gone.
local function gone(client_id)
  vim.api.nvim_exec_autocmds("User", { pattern = "DgLspGone", data = { client_id = client_id }, modeline = false })
end

--- Start a server that ended by itself again, unless it does so all the time.
local on_end = vim.schedule_wrap(function(client_id, code, signal)
  gone(client_id)
  if stopping[client_id] or vim.v.exiting ~= vim.NIL then
    stopping[client_id] = nil
    return
  end
  local now = vim.uv.now()
  ended_at = vim.tbl_filter(function(at)
    return now - at < WITHIN_MS
  end, ended_at)
  table.insert(ended_at, now)
  local how = signal ~= 0 and ("signal %d"):format(signal) or ("exit code %d"):format(code)
  if #ended_at <= MOST_RESTARTS then
    M.tell(("the server ended (%s) and is started again"):format(how), vim.log.levels.WARN)
    return vim.iter(vim.api.nvim_list_bufs()):each(M.attach)
  end
  M.gave_up = ("the server ended %d times in 3 minutes (%s)"):format(#ended_at, how)
  M.tell(M.gave_up .. "; :DgLspRestart starts it", vim.log.levels.ERROR)
  vim.cmd.redrawstatus({ bang = true })
end)

--- Return the function that starts the server. Neovim itself hears of no failure: its message asks for Enter.
local function command(ended)
  return function(dispatchers)
    local own = vim.tbl_extend("force", dispatchers, {
      on_exit = function(code, signal)
        ended.code, ended.signal = code, signal
        dispatchers.on_exit(0, 0)
      end,
    })
    return vim.lsp.rpc.start(server.argv(M.found), own)
  end
end

local function start(buf)
  local ended = { code = 0, signal = 0 }
  local root = root_of(buf)
  local capabilities = vim.lsp.protocol.make_client_capabilities()
  -- Neovim 0.11 does not name what this plugin does; without it the server would add to the completion list.
  capabilities.textDocument.inlineCompletion = capabilities.textDocument.inlineCompletion or vim.empty_dict()
  local ours = { refresh = config.options.ghost_text == "own", rewriteSelection = true }
  capabilities.experimental = vim.tbl_extend("force", capabilities.experimental or {}, { dgLsp = ours })
  local options = vim.tbl_extend("force", config.options.settings, { trusted = is_trusted(root) })
  vim.lsp.start({
    name = M.NAME,
    cmd = command(ended),
    root_dir = root,
    init_options = options,
    capabilities = capabilities,
    handlers = handlers,
    commands = commands,
    on_exit = function(_, _, client_id)
      on_end(client_id, ended.code, ended.signal)
    end,
    get_language_id = function(_, filetype)
      return LANGUAGE_IDS[language_of(filetype)] or filetype
    end,
  }, { bufnr = buf })
end

local function attach_waiting()
  local buffers = waiting
  waiting = {}
  for buf in pairs(buffers) do
    if is_wanted(buf) then
      start(buf)
    end
  end
end

local function on_found(found)
  checking, M.found = false, found
  if not found.problem then
    return attach_waiting()
  end
  if not told then
    told = true
    M.tell(found.problem .. "; :checkhealth dg_lsp", vim.log.levels.ERROR)
  end
end

--- Attach the server to a buffer of a served file type; looks for the server the first time.
---@param buf integer
function M.attach(buf)
  if M.gave_up or not is_wanted(buf) then
    return
  end
  waiting[buf] = true
  if M.found and not M.found.problem then
    attach_waiting()
  elseif not M.found and not checking then
    checking = true
    server.check(on_found)
  end
end

--- Say that the document of this name is closed; `:file` and `:saveas` give the buffer another one.
local function before_rename(event)
  local of_buffer = M.get(event.buf)
  if of_buffer then
    gone(of_buffer.id)
    vim.lsp.buf_detach_client(event.buf, of_buffer.id)
  end
end

--- Attach to every loaded buffer, and to those to come.
function M.enable()
  local group = vim.api.nvim_create_augroup("dg_lsp.attach", {})
  vim.api.nvim_create_autocmd({ "FileType", "BufFilePost" }, {
    group = group,
    callback = function(event)
      M.attach(event.buf)
    end,
  })
  vim.api.nvim_create_autocmd("BufFilePre", { group = group, callback = before_rename })
  M.on("window/showMessage", function(_, message)
    local levels = { vim.log.levels.ERROR, vim.log.levels.WARN, vim.log.levels.INFO }
    M.tell((message.message:gsub("^dg%-lsp: ", "")), levels[message.type] or vim.log.levels.INFO)
    return vim.NIL
  end)
  vim.iter(vim.api.nvim_list_bufs()):each(M.attach)
end

--- End every server of ours, look for it anew and attach again.
function M.restart()
  local clients = vim.lsp.get_clients({ name = M.NAME })
  M.found, told = nil, false
  M.gave_up, ended_at = nil, {}
  vim.iter(clients):each(function(client)
    stopping[client.id] = true
    client:stop()
  end)
  local function again()
    for _, client in ipairs(clients) do
      if vim.lsp.get_client_by_id(client.id) then
        return vim.defer_fn(again, 50)
      end
    end
    vim.iter(vim.api.nvim_list_bufs()):each(M.attach)
  end
  again()
end

return M
