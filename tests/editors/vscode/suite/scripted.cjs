// What the extension does, with a server whose answers are written down.
const assert = require("node:assert");
const { createHash } = require("node:crypto");
const vscode = require("vscode");
const { open, place, ready, runTests, select, serverLog, servers, take, type, until } = require("./harness.cjs");

const run = vscode.commands.executeCommand;
const hash = (text) => createHash("sha256").update(text, "utf8").digest("hex");
const diffs = () =>
  vscode.window.tabGroups.all
    .flatMap((group) => group.tabs)
    .filter((tab) => tab.input instanceof vscode.TabInputTextDiff && tab.input.modified.scheme === "dg-lsp-preview");

/** The two sides of the diff, once they hold what is awaited. */
async function proposal(expected) {
  const tab = await until(() => diffs()[0], "a diff");
  const [before, after] = await Promise.all([tab.input.original, tab.input.modified].map((uri) => vscode.workspace.openTextDocument(uri)));
  await until(() => after.getText().includes(expected), `${expected} in the proposal`);
  return { before, after };
}

/** Starts a rewrite and presses Enter in its input box or list until its proposal is there. */
async function rewrite(command, expected) {
  const done = run(command);
  await until(async () => {
    if (diffs().length === 0) {
      await run("workbench.action.acceptSelectedQuickOpenItem");
    }
    return diffs().length > 0;
  }, "a proposal");
  return { done, ...(await proposal(expected)) };
}

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

exports.run = () =>
  runTests({
    "the status has state and model": async () => {
      const own = await ready();
      assert.match(own.statusText(), /^\$\(sparkle\) dg-lsp: ready( · \d+ ms)? · script:script\.jsonl$/);
    },

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

    "a rewrite is shown as it grows, then as a diff, then applied": async () => {
      await ready();
      const editor = await open("rewrite.py");
      const [document, before] = [editor.document, editor.document.getText()];
      select(editor, "return a + b + c");
      const seen = new Set();
      const listener = vscode.workspace.onDidChangeTextDocument((event) => {
        if (event.document.uri.scheme === "dg-lsp-preview") {
          seen.add(event.document.getText());
        }
      });
      const { done, before: left, after: right } = await rewrite("dg-lsp.rewriteSelection", "return sum((a, b, c))");
      assert.equal(left.getText(), before);
      assert.equal(right.getText(), before.replace("return a + b + c", "return sum((a, b, c))"));
      assert.equal(right.languageId, "python");
      assert.equal(document.getText(), before, "nothing is applied yet");
      await until(() => seen.size >= 2, "a draft before the proposal");
      listener.dispose();
      await until(async () => {
        await run("dg-lsp.applyPreview");
        return document.getText() !== before;
      }, "the edit");
      await done;
      assert.equal(document.getText(), before.replace("return a + b + c", "return sum((a, b, c))"));
      assert.equal(diffs().length, 0, "the diff is closed");
      await run("undo");
      assert.equal(document.getText(), before);
    },

    "a rewrite in CRLF beside an emoji": async () => {
      await ready();
      const editor = await open("crlf_rewrite.py");
      const before = editor.document.getText();
      select(editor, '"😋", 1');
      const { done, after } = await rewrite("dg-lsp.rewriteSelection", '"😋😋",');
      assert.equal(after.getText(), before.replace('"😋", 1', '"😋😋",\r\n    2'));
      await until(async () => {
        await run("dg-lsp.applyPreview");
        return editor.document.getText() !== before;
      }, "the edit");
      await done;
      assert.equal(editor.document.getText(), before.replace('"😋", 1', '"😋😋",\r\n    2'));
    },

    "a discarded proposal changes nothing": async () => {
      await ready();
      const editor = await open("rewrite.py");
      const before = editor.document.getText();
      select(editor, "return a + b + c");
      const { done } = await rewrite("dg-lsp.rewriteSelection", "return sum((a, b, c))");
      await until(async () => {
        await run("dg-lsp.discardPreview");
        return diffs().length === 0;
      }, "the diff to close");
      await done;
      assert.equal(editor.document.getText(), before);
    },

    "a proposal for a text that has changed is not applied": async () => {
      await ready();
      const editor = await open("rewrite.py");
      select(editor, "a + b + c");
      const { done } = await rewrite("dg-lsp.rewriteSelection", "return sum((a, b, c))");
      const edit = new vscode.WorkspaceEdit();
      edit.insert(editor.document.uri, new vscode.Position(0, 0), "# new\n");
      await vscode.workspace.applyEdit(edit);
      const now = editor.document.getText();
      await until(async () => {
        await run("dg-lsp.applyPreview");
        return diffs().length === 0;
      }, "the diff to close");
      await done;
      assert.equal(editor.document.getText(), now);
      await run("undo");
    },

    "refine, fill all holes, fill this body, docstring": async () => {
      await ready();
      const cases = [
        ["dg-lsp.refineSelection", (editor) => select(editor, "start=0"), "start=1"],
        ["dg-lsp.fillAllHoles", (editor) => place(editor, "def total"), "result += box"],
        ["dg-lsp.fillThisBody", (editor) => place(editor, "def later"), "return a - b"],
        ["dg-lsp.completeDocstring", (editor) => place(editor, "def total"), '"""Add up."""'],
      ];
      for (const [command, prepare, expected] of cases) {
        const editor = await open("holes.py");
        const before = editor.document.getText();
        prepare(editor);
        const { done } = await rewrite(command, expected);
        await until(async () => {
          await run("dg-lsp.applyPreview");
          return editor.document.getText() !== before;
        }, `the edit of ${command}`);
        await done;
        assert.ok(editor.document.getText().includes(expected), command);
        await run("undo");
        assert.equal(editor.document.getText(), before, command);
      }
    },

    "a reported problem is fixed": async () => {
      await ready();
      const editor = await open("rewrite.py", "return a +");
      const before = editor.document.getText();
      const problems = vscode.languages.createDiagnosticCollection("test");
      const at = editor.document.positionAt(before.indexOf("a + b"));
      problems.set(editor.document.uri, [new vscode.Diagnostic(new vscode.Range(at, at.translate(0, 5)), "use sum")]);
      try {
        const { done } = await rewrite("dg-lsp.fixProblem", "return sum((a, b, c))");
        await until(async () => {
          await run("dg-lsp.applyPreview");
          return editor.document.getText() !== before;
        }, "the edit");
        await done;
        assert.equal(editor.document.getText(), before.replace("return a + b + c", "return sum((a, b, c))"));
        await run("undo");
      } finally {
        problems.dispose();
      }
    },

    "without the preview a rewrite is applied at once": async () => {
      await ready();
      const settings = vscode.workspace.getConfiguration("dg-lsp");
      await settings.update("preview", false, vscode.ConfigurationTarget.Global);
      try {
        const editor = await open("holes.py", "def later");
        await run("dg-lsp.fillThisBody");
        assert.ok(editor.document.getText().includes("return a - b"));
        assert.equal(diffs().length, 0);
        await run("undo");
      } finally {
        await settings.update("preview", undefined, vscode.ConfigurationTarget.Global);
      }
    },

    "code actions come with their edits": async () => {
      await ready();
      const editor = await open("rewrite.py");
      select(editor, "return a + b + c");
      const kind = "refactor.rewrite.dg-lsp.rewrite";
      const actions = await run("vscode.executeCodeActionProvider", editor.document.uri, editor.selection, kind, 1);
      assert.deepEqual(actions.map((action) => action.title), ["Refill selection"]);
      await vscode.workspace.applyEdit(actions[0].edit);
      assert.ok(editor.document.getText().includes("return sum((a, b, c))"));
      await run("undo");
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
      const [first] = servers();
      const settings = vscode.workspace.getConfiguration("dg-lsp");
      await settings.update("languages", ["javascript"], vscode.ConfigurationTarget.Global);
      await until(() => servers().length === 1 && servers()[0] !== first, "another server");
      await ready();
      const python = await open("plain.py");
      await type("\ndef fib(n):");
      const before = python.document.getText();
      await run("editor.action.inlineSuggest.trigger");
      const script = await open("script.js");
      await take(script, "a + b"); // the later question is answered, the earlier was not even asked
      assert.equal(python.document.getText(), before);
      const [second] = servers();
      await settings.update("languages", undefined, vscode.ConfigurationTarget.Global);
      await until(() => servers().length === 1 && servers()[0] !== second, "the first settings again");
      await ready();
    },

    "no key is rebound": () => {
      const { contributes } = vscode.extensions.getExtension("dg-lsp.dg-lsp").packageJSON;
      assert.equal(contributes.keybindings, undefined);
    },
  });
