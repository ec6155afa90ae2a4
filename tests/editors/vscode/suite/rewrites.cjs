// Rewrites in the editor: asked for, shown as a diff while they grow, applied or not.
const assert = require("node:assert");
const vscode = require("vscode");
const { open, place, ready, select, until } = require("./harness.cjs");

const run = vscode.commands.executeCommand;
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
  }, "a diff");
  return { done, ...(await proposal(expected)) };
}

/** Discards the proposal, whose list may still be coming. */
const discard = () =>
  until(async () => {
    await run("dg-lsp.discardPreview");
    return diffs().length === 0;
  }, "the diff to close");

module.exports = {
  "a rewrite is shown as it grows, then as a diff, then applied": async () => {
    await ready();
    const editor = await open("rewrite.py");
    const [document, before] = [editor.document, editor.document.getText()];
    select(editor, "return a + b + c");
    const seen = new Set();
    const see = (shown) => shown.uri.query.startsWith("proposal") && seen.add(shown.getText());
    const listener = vscode.Disposable.from(
      vscode.workspace.onDidOpenTextDocument(see),
      vscode.workspace.onDidChangeTextDocument((event) => see(event.document)),
    );
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

  "what comes while the diff opens is shown too": async () => {
    await ready();
    for (let i = 0; i < 14; i++) {
      const editor = await open("soon.py");
      select(editor, `value_${i}_`);
      const { done } = await rewrite("dg-lsp.rewriteSelection", `another_value_${i}`);
      await discard();
      await done;
    }
  },

  "a diff that is closed while it opens or grows ends its rewrite": async () => {
    await ready();
    const editor = await open("holes.py");
    const before = editor.document.getText();
    const close = () => vscode.window.tabGroups.close(diffs());
    for (const atOnce of [...Array(6).fill(true), false]) {
      place(editor, "def closed");
      const listener = vscode.window.tabGroups.onDidChangeTabs(() => atOnce && close());
      let isDone = false;
      void run("dg-lsp.fillThisBody").then(() => (isDone = true));
      if (!atOnce) {
        await until(() => diffs().length > 0, "a diff");
        await close();
      }
      await until(() => isDone, `the end of the rewrite${atOnce ? " whose diff was opening" : ""}`);
      listener.dispose();
      assert.equal(diffs().length, 0);
      assert.equal(editor.document.getText(), before);
    }
  },

  "a rewrite that begins while the diff of another opens ends that one": async () => {
    await ready();
    const editor = await open("holes.py");
    const before = editor.document.getText();
    place(editor, "def total");
    const listener = vscode.workspace.onDidOpenTextDocument((shown) => {
      if (shown.uri.scheme === "dg-lsp-preview") {
        listener.dispose();
        place(editor, "def slow");
        second = run("dg-lsp.fillThisBody");
      }
    });
    let second;
    const first = run("dg-lsp.fillAllHoles");
    await until(() => second !== undefined, "the first one's diff");
    let isDone = false;
    void first.then(() => (isDone = true));
    await until(async () => {
      await run("dg-lsp.applyPreview"); // of what: the second is still asked for
      return isDone;
    }, "the end of the first one");
    assert.equal(editor.document.getText(), before);
    await until(() => diffs().length === 0, "the first one's diff to close");
    await proposal("return b - a");
    await discard();
    await second;
    assert.equal(editor.document.getText(), before);
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
    await discard();
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

  "a selection of a text that changes while the user is asked is not rewritten": async () => {
    await ready();
    const editor = await open("holes.py");
    select(editor, "start=0");
    const done = run("dg-lsp.refineSelection");
    await new Promise((resolve) => setTimeout(resolve, 500)); // the list is open, and nobody has chosen yet
    const edit = new vscode.WorkspaceEdit();
    edit.insert(editor.document.uri, new vscode.Position(0, 0), "# new\n");
    await vscode.workspace.applyEdit(edit);
    const now = editor.document.getText();
    let isDone = false;
    void done.then(() => (isDone = true));
    await until(async () => {
      await run("workbench.action.acceptSelectedQuickOpenItem");
      return isDone;
    }, "the end of the rewrite");
    assert.equal(diffs().length, 0);
    assert.equal(editor.document.getText(), now);
    await run("undo");
  },

  "refine, fill all holes, fill this body, docstring, type hints": async () => {
    await ready();
    const cases = [
      ["dg-lsp.refineSelection", (editor) => select(editor, "start=0"), "start=1"],
      ["dg-lsp.fillAllHoles", (editor) => place(editor, "def total"), "result += 1"],
      ["dg-lsp.fillThisBody", (editor) => place(editor, "def later"), "return a - b"],
      ["dg-lsp.completeDocstring", (editor) => place(editor, "def total"), '"""Add up."""'],
      ["dg-lsp.completeTypeHints", (editor) => place(editor, "def total"), "def total(boxes: list, start: int = 0) -> int:"],
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
};
