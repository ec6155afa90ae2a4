-- The last instructions: in a file of Neovim's state folder, newest first, unless the option says not to keep them.

local config = require("dg_lsp.config")

local M = {}

local MOST = 20
local PRIVATE = 384 -- 0600

local function path()
  return vim.fs.joinpath(vim.fn.stdpath("state") --[[@as string]], "dg_lsp", "instructions.json")
end

--- Return the last instructions; none where they are not kept or cannot be read.
---@return string[]
function M.last()
  local file = config.options.remember_instructions and io.open(path(), "r")
  if not file then
    return {}
  end
  local read, texts = pcall(vim.json.decode, file:read("*a"))
  file:close()
  return vim.tbl_filter(function(text)
    return type(text) == "string"
  end, read and type(texts) == "table" and texts or {})
end

--- Keep an instruction as the newest.
---@param instruction string
function M.keep(instruction)
  if not config.options.remember_instructions or vim.trim(instruction) == "" then
    return
  end
  local texts = vim.tbl_filter(function(text)
    return text ~= instruction
  end, M.last())
  table.insert(texts, 1, instruction)
  vim.fn.mkdir(vim.fs.dirname(path()), "p", "0700")
  local file = vim.uv.fs_open(path(), "w", PRIVATE)
  if file then
    vim.uv.fs_write(file, vim.json.encode(vim.list_slice(texts, 1, MOST)))
    vim.uv.fs_close(file)
  end
end

--- Forget what was kept, where nothing is to be kept any more.
function M.enable()
  if not config.options.remember_instructions then
    os.remove(path())
  end
end

--- Return the last instructions that begin so, for the command line.
---@param beginning string
---@return string[]
function M.complete(beginning)
  return vim.tbl_filter(function(text)
    return vim.startswith(text, beginning)
  end, M.last())
end

local offered = false

--- Put the last ones where the arrow keys of the input find them, once.
local function offer()
  if not offered then
    offered = true
    vim.iter(M.last()):rev():each(function(text)
      vim.fn.histadd("input", text)
    end)
  end
end

--- Ask the user; `done` gets nil when they give up.
---@param done fun(instruction: string?)
function M.ask(done)
  offer()
  local options = {
    prompt = "Rewrite how (empty: refill): ",
    completion = "customlist,v:lua.require'dg_lsp.instructions'.complete",
  }
  vim.ui.input(options, function(instruction)
    if instruction and instruction ~= "" and not config.options.remember_instructions then
      if vim.fn.histget("input", -1) == instruction then -- Neovim would keep it in its ShaDa file
        vim.fn.histdel("input", -1)
      end
    end
    M.keep(instruction or "")
    done(instruction)
  end)
end

return M
