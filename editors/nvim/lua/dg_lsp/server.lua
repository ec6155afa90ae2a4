-- Finds the server and asks it for its version: the option, then $VIRTUAL_ENV, then PATH.

local config = require("dg_lsp.config")

local M = {}

M.MIN_VERSION = "0.1.0"

local IS_WINDOWS = vim.fn.has("win32") == 1
local PROGRAM = IS_WINDOWS and "dg-lsp.exe" or "dg-lsp"
local VERSION_MS = 15000 -- a cold start of Python on a busy machine

--- The line that installs the server.
M.INSTALL = "python3 -m pip install PATH, where PATH is your clone of dg-lsp or its wheel (dg_lsp-*.whl)"

---@class dg_lsp.Server
---@field cmd string[]
---@field source string where it was found
---@field version? string
---@field problem? string why it cannot be used, with the remedy

local function in_environment()
  local environment = vim.env.VIRTUAL_ENV
  if not environment or environment == "" then
    return nil
  end
  local path = vim.fs.joinpath(environment, IS_WINDOWS and "Scripts" or "bin", PROGRAM)
  return vim.fn.executable(path) == 1 and path or nil
end

--- Return where the server is; `problem` is set when it is nowhere.
---@return dg_lsp.Server
function M.find()
  local cmd = config.options.cmd
  if cmd then
    local server = { cmd = vim.deepcopy(cmd), source = "the option cmd" }
    if not cmd[1] or vim.fn.executable(cmd[1]) == 0 then
      server.problem = ("the option cmd names %s, which cannot be run"):format(cmd[1] or "nothing")
    end
    return server
  end
  local path = in_environment()
  if path then
    return { cmd = { path }, source = "$VIRTUAL_ENV" }
  end
  path = vim.fn.exepath(PROGRAM)
  if path ~= "" then
    return { cmd = { path }, source = "PATH" }
  end
  return { cmd = {}, source = "nowhere", problem = "no server found ($VIRTUAL_ENV, PATH)" }
end

---@param server dg_lsp.Server
---@param code integer
---@param output string
local function read_version(server, code, output)
  server.version = output:match("dg%-lsp%s+(%d+%.%d+%.%d+)")
  local shown = table.concat(server.cmd, " ")
  if not server.version then
    server.problem = ("`%s --version` did not name a version (exit code %d)"):format(shown, code)
  elseif vim.version.lt(server.version, M.MIN_VERSION) then
    local older = "the server from %s is %s, older than %s"
    server.problem = older:format(server.source, server.version, M.MIN_VERSION)
  end
end

--- Call `done` with the server, its version known or its problem named; does not block.
---@param done fun(server: dg_lsp.Server)
function M.check(done)
  local server = M.find()
  if server.problem then
    return done(server)
  end
  local argv = vim.list_extend(vim.deepcopy(server.cmd), { "--version" })
  local started, problem = pcall(vim.system, argv, { text = true, timeout = VERSION_MS }, function(result)
    vim.schedule(function()
      read_version(server, result.code, result.stdout or "")
      done(server)
    end)
  end)
  if not started then
    server.problem = ("%s cannot be run: %s"):format(server.cmd[1], problem)
    done(server)
  end
end

--- Return the command that serves over standard input and output.
---@param server dg_lsp.Server
---@return string[]
function M.argv(server)
  local argv = vim.deepcopy(server.cmd)
  if not vim.list_contains(argv, "--stdio") then
    table.insert(argv, "--stdio")
  end
  return argv
end

return M
