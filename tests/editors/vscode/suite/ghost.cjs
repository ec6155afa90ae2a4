// Ghost text in the editor: shown, taken whole and in parts, and no character of the document ever shifts.
const assert = require("node:assert");
const { createHash } = require("node:crypto");
const vscode = require("vscode");
const { open, place, ready, serverLog, take, type, until } = require("./harness.cjs");

const run = vscode.commands.executeCommand;
const hash = (text) => createHash("sha256").update(text, "utf8").digest("hex");

/** The server's text of the document is the editor's: it answers with a hash of what it has. */
async function sameText(editor) {
  const text = editor.document.getText();
  const at = editor.document.offsetAt(editor.selection.active);
  const expected = hash(text);
  await take(editor, expected);
  const lineEnd = editor.document.eol === vscode.EndOfLine.CRLF ? "\r\n" : "\n";
  assert.equal(editor.document.getText(), text.slice(0, at) + expected + text.slice(at));
  assert.equal(editor.document.getText().replaceAll(lineEnd, "").search(/[\r\n]/), -1, "one kind of line end");
}

module.exports = {
  "a suggestion is shown, taken, counted and undone in one step": async () => {
    const own = await ready();
    const editor = await open("plain.py");
    const [before, counts] = [editor.document.getText(), own.counts()];
    let taken;
    const listener = own.onDidAccept((now) => (taken = now));
    await type("def fib(n):");
    const typed = editor.document.getText();
    await take(editor, "fib(n - 2)");
    assert.equal(editor.document.getText(), `${before}def fib(n):\n    if n < 2:\n        return n\n    return fib(n - 1) + fib(n - 2)`);
    await until(() => taken !== undefined, "the event of acceptance");
    listener.dispose();
    assert.equal(taken.accepted, counts.accepted + 1);
    assert.ok(own.counts().shown > counts.shown);
    await until(() => /accepted chars=\d+ lines=4/.test(serverLog()), "the server to know of it");
    await run("undo");
    assert.equal(editor.document.getText(), typed);
    await until(() => / · \d+ ms · /.test(own.statusText()), "milliseconds in the status");
  },

  "a word, a line, the rest, by the editor's own commands": async () => {
    await ready();
    const editor = await open("plain.py");
    await type("def fib(n):");
    const typed = editor.document.getText();
    const taken = () => editor.document.getText().slice(typed.length);
    const parts = [];
    for (const what of ["acceptNextWord", "acceptNextLine", "commit"]) {
      const before = taken();
      await until(async () => {
        await run("editor.action.inlineSuggest.trigger");
        await new Promise((resolve) => setTimeout(resolve, 150));
        await run(`editor.action.inlineSuggest.${what}`);
        return taken() !== before;
      }, what);
      parts.push(taken());
    }
    const whole = "\n    if n < 2:\n        return n\n    return fib(n - 1) + fib(n - 2)";
    assert.equal(parts[2], whole);
    assert.ok(parts[0].length < parts[1].length && parts[1].length < whole.length && parts.every((part) => whole.startsWith(part)), parts);
  },

  "the next suggestion, by the editor's own command": async () => {
    await ready();
    const editor = await open("plain.py");
    const before = editor.document.getText();
    await until(async () => {
      await type("x = alt");
      await run("editor.action.inlineSuggest.trigger");
      await new Promise((resolve) => setTimeout(resolve, 150));
      await type("er ");
      for (const what of ["trigger", "showNext", "commit"]) {
        await run(`editor.action.inlineSuggest.${what}`);
        await new Promise((resolve) => setTimeout(resolve, 150));
      }
      const now = editor.document.getText().slice(before.length);
      if (now !== "x = alter b") {
        await editor.edit((edit) => edit.delete(new vscode.Range(editor.document.positionAt(before.length), editor.selection.active)));
      }
      return now === "x = alter b";
    }, "the second suggestion");
  },

  "CRLF stays CRLF, and no character shifts": async () => {
    await ready();
    const editor = await open("crlf.py", "def area(w, h):");
    assert.equal(editor.document.eol, vscode.EndOfLine.CRLF);
    await take(editor, "return w * h");
    assert.ok(editor.document.getText().includes('def area(w, h):\r\n    """Emoji 😋."""\r\n    return w * h\r\n'));
    place(editor);
    await type("# 😋 #hash");
    await sameText(editor);
  },

  "an emoji before the cursor": async () => {
    await ready();
    const editor = await open("emoji.py", 'x = "😋👩‍👧 é" + ');
    await take(editor, '"after"');
    assert.ok(editor.document.getText().startsWith('x = "😋👩‍👧 é" + "after"\n'));
    place(editor, "y = '😋'  #");
    await type("hash");
    await sameText(editor);
  },

  "tabs stay tabs": async () => {
    await ready();
    const editor = await open("tabs.py", "\tif n:");
    await take(editor, "return n");
    assert.ok(editor.document.getText().includes("\tif n:\n\t\treturn n\n"));
  },

  "a file of five thousand lines": async () => {
    await ready();
    const editor = await open("long.py", "value_2500 = 2500  #");
    assert.ok(editor.document.lineCount >= 5000);
    await type("hash");
    await sameText(editor);
  },

  "a file without a name": async () => {
    await ready();
    const document = await vscode.workspace.openTextDocument({ language: "python", content: "def fib(n):" });
    const editor = await vscode.window.showTextDocument(document);
    place(editor);
    await take(editor, "fib(n - 2)");
  },
};
