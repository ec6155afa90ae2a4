// What the rewrite commands ask of the user: where, how strong, with which words. The asking of the server is in `rewriting`.
import * as vscode from "vscode";

/** One argument object of the server's commands, as far as the user chooses it. */
export interface Wish {
  readonly range: vscode.Range;
  readonly instruction?: string;
  readonly strength?: string;
}

/** A command of the palette, the server's command behind it, and how to learn what is wanted. */
export interface Rewrite {
  readonly command: string;
  readonly server: string;
  readonly title: string;
  readonly asks: boolean; // the user says how, and can say it otherwise after a look at the proposal
  readonly wish: (editor: vscode.TextEditor) => Promise<Wish | undefined>;
}

/** All rewrites. The server's command names are taken by the client library, hence the others. */
export const REWRITES: readonly Rewrite[] = [
  { command: "dg-lsp.rewriteSelection", server: "dg-lsp.rewrite", title: "Rewrite selection", asks: true, wish: instructed },
  { command: "dg-lsp.refineSelection", server: "dg-lsp.refine", title: "Refine selection", asks: true, wish: strengthened },
  { command: "dg-lsp.fillAllHoles", server: "dg-lsp.fillHoles", title: "Fill all holes", asks: false, wish: atCursor },
  { command: "dg-lsp.fillThisBody", server: "dg-lsp.fillBody", title: "Fill this body", asks: false, wish: atCursor },
  { command: "dg-lsp.completeDocstring", server: "dg-lsp.docstring", title: "Complete docstring", asks: false, wish: atCursor },
  { command: "dg-lsp.completeTypeHints", server: "dg-lsp.typeHints", title: "Complete type hints", asks: false, wish: atCursor },
  { command: "dg-lsp.fixProblem", server: "dg-lsp.fix", title: "Fix the problem", asks: false, wish: problem },
];

function atCursor(editor: vscode.TextEditor): Promise<Wish | undefined> {
  return Promise.resolve({ range: editor.selection });
}

async function instructed(editor: vscode.TextEditor): Promise<Wish | undefined> {
  const range = selected(editor);
  if (range === undefined) {
    return undefined;
  }
  const instruction = await vscode.window.showInputBox({
    title: "Rewrite selection",
    prompt: "What should change? Empty: fill the selection anew. The embedded model takes no instructions.",
    placeHolder: "for example: use a dictionary",
  });
  if (instruction === undefined) {
    return undefined;
  }
  return instruction.trim() === "" ? { range } : { range, instruction: instruction.trim() };
}

async function strengthened(editor: vscode.TextEditor): Promise<Wish | undefined> {
  const range = selected(editor);
  if (range === undefined) {
    return undefined;
  }
  const strengths = [
    { label: "low", description: "a little of it is written anew" },
    { label: "medium", description: "about half" },
    { label: "high", description: "most of it" },
  ];
  const chosen = await vscode.window.showQuickPick(strengths, { title: "Refine selection: how much may change?" });
  return chosen === undefined ? undefined : { range, strength: chosen.label };
}

async function problem(editor: vscode.TextEditor): Promise<Wish | undefined> {
  const here = vscode.languages
    .getDiagnostics(editor.document.uri)
    .filter((diagnostic) => diagnostic.range.intersection(editor.selection) !== undefined);
  if (here.length < 2) {
    if (here[0] === undefined) {
      void vscode.window.showInformationMessage("dg-lsp: no problem is reported at the cursor.");
    }
    return here[0] && { range: here[0].range, instruction: here[0].message };
  }
  const choices = here.map((diagnostic) => ({ label: diagnostic.message, diagnostic }));
  const chosen = await vscode.window.showQuickPick(choices, { title: "Fix which problem?" });
  return chosen && { range: chosen.diagnostic.range, instruction: chosen.diagnostic.message };
}

/** The selection, or the text of the cursor's line. */
function selected(editor: vscode.TextEditor): vscode.Range | undefined {
  if (!editor.selection.isEmpty) {
    return editor.selection;
  }
  const line = editor.document.lineAt(editor.selection.active.line);
  if (line.isEmptyOrWhitespace) {
    void vscode.window.showInformationMessage("dg-lsp: select what should be rewritten.");
    return undefined;
  }
  return new vscode.Range(line.range.start.translate(0, line.firstNonWhitespaceCharacterIndex), line.range.end);
}
