// A workspace that nobody trusts: it may choose nothing, and ghost text works all the same.
const assert = require("node:assert");
const { existsSync } = require("node:fs");
const { join } = require("node:path");
const vscode = require("vscode");
const { open, ready, runTests, servers, take, until } = require("./harness.cjs");

exports.run = () =>
  runTests({
    "the workspace is not trusted": () => assert.equal(vscode.workspace.isTrusted, false),

    "its settings for server and model are not taken": async () => {
      await ready();
      const settings = vscode.workspace.getConfiguration("dg-lsp");
      assert.equal(settings.inspect("automatic").workspaceValue, true, "the workspace's settings are read");
      assert.equal(settings.get("model"), null);
      assert.ok(!settings.get("server.command")[0].includes("trap"));
      await until(() => servers().length === 1, "the user's own server");
    },

    "nothing of it was run": async () => {
      await ready();
      await vscode.commands.executeCommand("dg-lsp.restart");
      await ready();
      assert.equal(existsSync(join(vscode.workspace.workspaceFolders[0].uri.fsPath, "trapped")), false);
    },

    "ghost text works": async () => {
      await ready();
      const editor = await open("emoji.py", 'x = "😋👩‍👧 é" + ');
      await take(editor, '"after"');
    },
  });
