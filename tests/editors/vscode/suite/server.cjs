// The server's life, its settings and the switches, seen from the editor.
const assert = require("node:assert");
const vscode = require("vscode");
const { open, ready, serverLog, servers, take, type, until } = require("./harness.cjs");

const run = vscode.commands.executeCommand;

/**
 * Changes a setting that restarts the server, and waits until another has said that it is ready. The status alone does
 * not tell: it says "ready" until the old server is asked to end. And VS Code keeps the empty answer of a question that
 * found no server, so a test that goes on too early waits in vain.
 */
async function restartWith(change) {
  const starts = () => serverLog().match(/model ready/g)?.length ?? 0;
  const before = starts();
  await change();
  await until(() => starts() > before, "another server's model");
  await until(() => servers().length === 1, "one server");
  await ready();
}

module.exports = {
  "the status has state and model": async () => {
    const own = await ready();
    assert.match(own.statusText(), /^\$\(sparkle\) dg-lsp: ready( · \d+ ms)? · script:script\.jsonl$/);
  },

  "snoozed or switched off, nothing is asked unasked": async () => {
    const own = await ready();
    const editor = await open("plain.py");
    const switches = [
      [() => run("dg-lsp.snooze", 5), () => run("dg-lsp.snooze", 0), "snoozed"],
      [() => run("dg-lsp.toggleAutomatic"), () => run("dg-lsp.toggleAutomatic"), "manual"],
    ];
    for (const [off, on, state] of switches) {
      await off();
      await until(() => own.statusText().includes(`dg-lsp: ${state}`), state);
      const asked = serverLog().match(/trigger=automatic/g)?.length ?? 0;
      await type("\ndef fib(n):");
      await take(editor, "fib(n - 2)"); // asked for, it still answers; automatic questions would have come before
      assert.equal(serverLog().match(/trigger=automatic/g)?.length ?? 0, asked);
      await on();
      await until(() => own.statusText().includes("dg-lsp: ready"), "ready again");
      await run("undo");
    }
  },

  "many restarts end with one server that works": async () => {
    const own = await ready();
    await Promise.all([1, 2, 3, 4, 5].map(() => run("dg-lsp.restart")));
    await ready();
    await until(() => servers().length === 1, "one server");
    const editor = await open("emoji.py", 'x = "😋👩‍👧 é" + ');
    await take(editor, '"after"');
    assert.match(own.statusText(), /dg-lsp: ready/);
  },

  "a setting for the server restarts it, and languages narrow it": async () => {
    await ready();
    const settings = vscode.workspace.getConfiguration("dg-lsp");
    await restartWith(() => settings.update("languages", ["javascript"], vscode.ConfigurationTarget.Global));
    const python = await open("plain.py");
    await type("\ndef fib(n):");
    const before = python.document.getText();
    await run("editor.action.inlineSuggest.trigger");
    const script = await open("script.js");
    await take(script, "a + b"); // the later question is answered, the earlier was not even asked
    assert.equal(python.document.getText(), before);
    await restartWith(() => settings.update("languages", undefined, vscode.ConfigurationTarget.Global));
  },

  "no key is rebound": () => {
    const { contributes } = vscode.extensions.getExtension("dg-lsp.dg-lsp").packageJSON;
    assert.equal(contributes.keybindings, undefined);
  },
};
