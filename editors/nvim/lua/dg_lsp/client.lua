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
local told = false

--- Have notifications of the server with this method handled.
---@param method string
---@param handler function
function M.on(method, handler)
  handlers[method] = handler
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

--- Tell the user, soon: within an autocommand a message of an error would become an error.
---@type fun(message: string, level?: integer)
M.tell = vim.schedule_wrap(function(message, level)
  vim.notify("dg-lsp: " .. message, level or vim.log.levels.INFO)
end)

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

local function start(buf)
  local root = root_of(buf)
  local capabilities = vim.lsp.protocol.make_client_capabilities()
  -- Neovim 0.11 does not name what this plugin does; without it the server would add to the completion list.
  capabilities.textDocument.inlineCompletion = capabilities.textDocument.inlineCompletion or vim.empty_dict()
  local options = vim.tbl_extend("force", config.options.settings, { trusted = is_trusted(root) })
  vim.lsp.start({
    name = M.NAME,
    cmd = server.argv(M.found),
    root_dir = root,
    init_options = options,
    capabilities = capabilities,
    handlers = handlers,
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
  if not is_wanted(buf) then
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

--- Attach to every loaded buffer, and to those to come.
function M.enable()
  vim.api.nvim_create_autocmd("FileType", {
    group = vim.api.nvim_create_augroup("dg_lsp.attach", {}),
    callback = function(event)
      M.attach(event.buf)
    end,
  })
  vim.iter(vim.api.nvim_list_bufs()):each(M.attach)
end

--- End every server of ours, look for it anew and attach again.
function M.restart()
  local clients = vim.lsp.get_clients({ name = M.NAME })
  M.found, told = nil, false
  vim.iter(clients):each(function(client)
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
