-- The user's commands: each turns what is selected, or the cursor, into one wish.

local client = require("dg_lsp.client")
local ghost = require("dg_lsp.ghost")
local instructions = require("dg_lsp.instructions")
local places = require("dg_lsp.places")
local rewrite = require("dg_lsp.rewrite")
local status = require("dg_lsp.status")

local api = vim.api
local M = {}

local STRENGTHS = { "low", "medium", "high" }

--- Return the encoding of the buffer's server; the rewrite itself says when there is none.
local function encoding()
  local of_buffer = client.get(0)
  return of_buffer and of_buffer.offset_encoding or "utf-8"
end

--- Return the selection or the lines of a command, its own line where none were given.
local function selection(given)
  return places.selected(api.nvim_get_current_buf(), encoding(), given.line1, given.line2)
end

--- Return the selection of a command that had one, else the cursor.
local function selection_or_cursor(given)
  return given.range > 0 and selection(given) or places.cursor(api.nvim_get_current_buf(), encoding())
end

--- Return a function that starts a wish about the text as it is now, even if the user is asked first.
local function starter(given)
  local buf = api.nvim_get_current_buf()
  local tick = api.nvim_buf_get_changedtick(buf)
  return function(wish)
    wish.buf, wish.tick, wish.now = buf, tick, given.bang
    rewrite.start(wish)
  end
end

local function start(given, wish)
  starter(given)(wish)
end

--- Whether the model reads instructions; a server that does not say may have one.
local function takes_instructions()
  local state = status.info(0)
  return not state or state.takesInstructions ~= false
end

--- Return a function that starts a rewrite of a range as told; nil: the user gave up.
local function rewriter(given, range)
  local go = starter(given)
  return function(instruction)
    if instruction then
      instruction = instruction ~= "" and instruction or nil
      go({ command = "dg-lsp.rewrite", title = "Rewrite", range = range, instruction = instruction })
    end
  end
end

--- Rewrite the selection; without an instruction in the command it is asked for, if the model reads it.
local function rewrite_selection(given)
  local go = rewriter(given, selection(given))
  if given.args ~= "" or given.bang or not takes_instructions() then
    instructions.keep(given.args)
    go(given.args)
  else
    instructions.ask(go)
  end
end

--- The same for a code action of the server's, which names the place.
local function rewrite_place(command, context)
  local place = command.arguments[1]
  if vim.lsp.util.buf_versions[context.bufnr] ~= place.version then
    return client.tell(rewrite.CHANGED, vim.log.levels.WARN)
  end
  instructions.ask(rewriter({}, place.range))
end

local function refine_selection(given)
  local strength = given.args ~= "" and given.args or "medium"
  if not vim.list_contains(STRENGTHS, strength) then
    return client.tell(("%s is none of %s"):format(strength, table.concat(STRENGTHS, ", ")), vim.log.levels.ERROR)
  end
  start(given, { command = "dg-lsp.refine", title = "Refine", range = selection(given), strength = strength })
end

local function fix(given)
  local buf = api.nvim_get_current_buf()
  local begin = starter(given)
  local function go(diagnostic)
    if diagnostic then
      local range = places.of_diagnostic(buf, encoding(), diagnostic)
      begin({ command = "dg-lsp.fix", title = "Fix", range = range, diagnostics = { diagnostic.message } })
    end
  end
  if given.range > 0 then
    return start(given, { command = "dg-lsp.fix", title = "Fix", range = selection(given) })
  end
  local found = places.diagnostics(buf)
  if #found > 1 then
    local function format_item(diagnostic)
      return diagnostic.message
    end
    vim.ui.select(found, { prompt = "Fix which:", format_item = format_item }, go)
  elseif found[1] then
    go(found[1])
  else
    client.tell("no diagnostic on this line, and nothing selected")
  end
end

local function at_cursor(command, title)
  return function(given)
    start(given, { command = command, title = title, range = selection_or_cursor(given) })
  end
end

--- Have the server fetch the default model, and say what it says to that.
local function fetch()
  local of_buffer = client.get(0)
  if not of_buffer then
    return client.tell("no server runs here; :checkhealth dg_lsp", vim.log.levels.WARN)
  end
  of_buffer:request("workspace/executeCommand", { command = "dg-lsp.fetch" }, function(problem, answer)
    client.tell(problem and problem.message or answer.detail)
  end)
end

local function beginnings(_, line)
  return instructions.complete(line:match("DgLspRewrite!?%s+(.*)$") or "")
end

local function strengths(beginning)
  return vim.tbl_filter(function(name)
    return vim.startswith(name, beginning)
  end, STRENGTHS)
end

--- Define the commands.
function M.define()
  local function define(name, run, description, more)
    local options = vim.tbl_extend("force", { desc = "dg-lsp: " .. description }, more or {})
    api.nvim_create_user_command(name, run, options)
  end
  local ranged = { range = true, bang = true }
  local asked = { range = true, bang = true, nargs = "*", complete = beginnings }
  local refine = { range = true, bang = true, nargs = "?", complete = strengths }
  define("DgLspRewrite", rewrite_selection, "rewrite the selection as told", asked)
  define("DgLspRefine", refine_selection, "refine the selection a little, more or much", refine)
  define("DgLspFillHoles", at_cursor("dg-lsp.fillHoles", "Fill holes"), "fill all holes in this function", ranged)
  define("DgLspFillBody", at_cursor("dg-lsp.fillBody", "Fill body"), "fill this body", ranged)
  define("DgLspDocstring", at_cursor("dg-lsp.docstring", "Docstring"), "complete the docstring", ranged)
  define("DgLspTypeHints", at_cursor("dg-lsp.typeHints", "Type hints"), "complete the type hints", ranged)
  define("DgLspFix", fix, "mend what a diagnostic is about", ranged)
  define("DgLspWhy", function()
    status.why_nothing(api.nvim_get_current_buf())
  end, "say why there was nothing")
  client.on_command("dg-lsp.rewriteSelection", rewrite_place)
  define("DgLspRestart", client.restart, "start the server anew")
  define("DgLspFetch", fetch, "fetch the default model")
  define("DgLspToggle", function()
    client.tell("ghost text while typing is " .. (ghost.toggle() and "on" or "off"))
  end, "ghost text while typing, on or off")
end

return M
