// A small runner for suites inside the extension host: named tests, one after the other, and what they share.
const assert = require("node:assert");
const { execFileSync } = require("node:child_process");
const { readFileSync } = require("node:fs");
const vscode = require("vscode");

const LIMIT_MS = 30_000;
const PICTURE_MS = 1_000; // that whoever drives the window has for one, when a test has failed

/** Waits for a value that is not false; polls, since the editor tells nobody when ghost text is drawn. */
async function until(isTrue, what, limitMs = LIMIT_MS) {
  const end = Date.now() + limitMs;
  for (;;) {
    const value = await isTrue();
    if (value) {
      return value;
    }
    if (Date.now() > end) {
      throw new Error(`waited in vain for ${what}; ${await situation()}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** What the editor shows, for whoever reads of a failure. */
async function situation() {
  const { activeTextEditor: editor, tabGroups } = vscode.window;
  const tabs = tabGroups.all.flatMap((group) => group.tabs.map((tab) => `${tab.isActive ? "*" : ""}${tab.label}`));
  const { line, character } = editor?.selection.active ?? {};
  const where = editor && `${editor.document.fileName} (${editor.document.languageId}) ${line}:${character}`;
  return `editor: ${where}; tabs: ${tabs.join(", ")}; status: ${(await api()).statusText()}; servers: ${servers().join(", ")}`;
}

/** Runs the tests and prints how many passed; throws when one failed. */
async function runTests(tests) {
  const only = process.env.DG_LSP_TEST;
  let failed = 0;
  let passed = 0;
  for (const [name, test] of Object.entries(tests)) {
    if (only !== undefined && !name.includes(only)) {
      continue;
    }
    const started = Date.now();
    try {
      await test();
      passed += 1;
      console.log(`ok ${name} (${Date.now() - started} ms)`);
    } catch (error) {
      failed += 1;
      console.log(`not ok ${name}: ${error.stack}`);
      await new Promise((resolve) => setTimeout(resolve, PICTURE_MS));
    }
    await vscode.commands.executeCommand("workbench.action.closeQuickOpen");
    await vscode.commands.executeCommand("workbench.action.closeAllEditors");
  }
  console.log(`${passed} passed, ${failed} failed`);
  assert.equal(failed, 0);
}

async function api() {
  const extension = vscode.extensions.getExtension("dg-lsp.dg-lsp");
  assert.ok(extension, "the extension is there");
  return extension.activate();
}

/** The extension's interface once the status bar says that the model is ready. */
async function ready() {
  const own = await api();
  await until(() => /dg-lsp: (ready|manual|snoozed)/.test(own.statusText()), `a ready server, not ${own.statusText()}`);
  return own;
}

/** Opens a file of the workspace with the cursor at a text's end, or at the end of the file. */
async function open(name, after) {
  const uri = vscode.Uri.joinPath(vscode.workspace.workspaceFolders[0].uri, name);
  const document = await vscode.workspace.openTextDocument(uri);
  const editor = await vscode.window.showTextDocument(document, { preview: false });
  place(editor, after);
  return editor;
}

function place(editor, after) {
  const text = editor.document.getText();
  const offset = after === undefined ? text.length : text.indexOf(after) + after.length;
  const at = editor.document.positionAt(offset);
  editor.selection = new vscode.Selection(at, at);
  editor.revealRange(new vscode.Range(at, at));
}

function select(editor, text) {
  const start = editor.document.getText().indexOf(text);
  assert.ok(start >= 0, `${text} is in the document`);
  editor.selection = new vscode.Selection(editor.document.positionAt(start), editor.document.positionAt(start + text.length));
}

/** Types as the keyboard does, one key after the other. */
async function type(text) {
  for (const key of text) {
    await vscode.commands.executeCommand("type", { text: key });
  }
}

/** Asks for ghost text and takes it, until the document holds the text. */
async function take(editor, expected) {
  await until(async () => {
    await vscode.commands.executeCommand("editor.action.inlineSuggest.trigger");
    await new Promise((resolve) => setTimeout(resolve, 150));
    await vscode.commands.executeCommand("editor.action.inlineSuggest.commit");
    return editor.document.getText().includes(expected);
  }, `${JSON.stringify(expected)} in ${JSON.stringify(editor.document.getText().slice(-200))}`);
}

const serverLog = () => readFileSync(process.env.DG_LSP_LOG, "utf8");

/** Ids of the server processes of this run. */
function servers() {
  const lines = execFileSync("ps", ["-eo", "pid=,args="], { encoding: "utf8" }).split("\n");
  return lines.filter((line) => line.includes("--stdio") && line.includes(process.env.DG_LSP_LOG)).map((line) => parseInt(line, 10));
}

module.exports = { api, open, place, ready, runTests, select, serverLog, servers, take, type, until };
