// Without a server: the message with the line that installs it; then an environment appears in the workspace, and is found.
import assert from "node:assert";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { tell } from "./window.mjs";

await tell("missing", async (screen, workspace) => {
  await screen.openFile("inventory.py");
  await screen.status(/dg-lsp: not installed/);
  const message = screen.page.locator('.notification-toast:has-text("the server was not found")');
  await message.waitFor();
  assert.match(await message.textContent(), /python3 -m pip install PATH, where PATH is your clone of dg-lsp or its wheel/);
  await screen.picture("missing");
  const python = join(workspace, ".venv", "bin", "python");
  mkdirSync(join(python, ".."), { recursive: true });
  writeFileSync(python, `#!/bin/sh\nexec ${process.env.DG_LSP_PYTHON} "$@"\n`);
  chmodSync(python, 0o755);
  await message.locator('.monaco-button:has-text("Look again")').click();
  await screen.status(/dg-lsp: ready/);
});
