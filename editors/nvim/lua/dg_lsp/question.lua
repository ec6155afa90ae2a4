-- A question of the server's waits for a pause in Normal mode: Neovim asks where the next key would answer.

local client = require("dg_lsp.client")

local M = {}

local METHOD = "window/showMessageRequest"

--- Have the server's questions wait, then be asked as Neovim asks those of every server.
function M.enable()
  client.on(METHOD, function(problem, params, context)
    local asking, is_main = coroutine.running()
    if asking and not is_main then
      vim.api.nvim_create_autocmd("CursorHold", {
        once = true,
        callback = vim.schedule_wrap(function()
          coroutine.resume(asking)
        end),
      })
      coroutine.yield()
    end
    return vim.lsp.handlers[METHOD](problem, params, context)
  end)
end

return M
