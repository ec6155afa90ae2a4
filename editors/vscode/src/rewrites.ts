// What the rewrite commands ask of the user: where, how strong, with which words. The asking of the server is in `rewriting`.
import * as vscode from "vscode";
import type { Instructions } from "./instructions";

/** What the user wants changed, and how. */
export interface Wish {
  readonly range: vscode.Range;
  readonly instruction?: string | undefined;
  readonly strength?: string;
  readonly diagnostics?: readonly string[];
  readonly asked?: true; // the user was asked how, and can say it otherwise after a look at the proposal
}

/** What a rewrite is wanted of: an editor, and perhaps a range of it that was chosen before. */
export interface Asked {
  readonly editor: vscode.TextEditor;
  readonly range: vscode.Range | undefined;
  readonly takesInstructions: boolean;
  readonly instructions: Instructions;
  readonly before: Wish | undefined; // what was wanted last, when it is asked for differently
}

/** A command of the palette, the server's command behind it, and how to learn what is wanted. */
export interface Rewrite {
  readonly command: string;
  readonly server: string;
  readonly title: string;
  readonly wish: (asked: Asked) => Promise<Wish | undefined>;
}

/** All rewrites. The server's command names are taken by the client library, hence the others. */
export const REWRITES: readonly Rewrite[] = [
  { command: "dg-lsp.rewriteSelection", server: "dg-lsp.rewrite", title: "Rewrite selection", wish: instructed },
  { command: "dg-lsp.refineSelection", server: "dg-lsp.refine", title: "Refine selection", wish: strengthened },
  { command: "dg-lsp.fillAllHoles", server: "dg-lsp.fillHoles", title: "Fill all holes", wish: atCursor },
  { command: "dg-lsp.fillThisBody", server: "dg-lsp.fillBody", title: "Fill this body", wish: atCursor },
  { command: "dg-lsp.completeDocstring", server: "dg-lsp.docstring", title: "Complete docstring", wish: atCursor },
  { command: "dg-lsp.completeTypeHints", server: "dg-lsp.typeHints", title: "Complete type hints", wish: atCursor },
  { command: "dg-lsp.fixProblem", server: "dg-lsp.fix", title: "Fix the problem", wish: problem },
];

function atCursor({ editor }: Asked): Promise<Wish | undefined> {
  return Promise.resolve({ range: editor.selection });
}

async function instructed({ editor, range: given, takesInstructions, instructions, before }: Asked): Promise<Wish | undefined> {
  const range = given ?? selected(editor);
  if (range === undefined || !takesInstructions) {
    return range && { range };
  }
  const instruction = await instructions.ask(before?.instruction);
  return instruction === undefined ? undefined : { range, instruction: instruction || undefined, asked: true };
}

async function strengthened({ editor }: Asked): Promise<Wish | undefined> {
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
  return chosen === undefined ? undefined : { range, strength: chosen.label, asked: true };
}

async function problem({ editor }: Asked): Promise<Wish | undefined> {
  const here = vscode.languages
    .getDiagnostics(editor.document.uri)
    .filter((diagnostic) => diagnostic.range.intersection(editor.selection) !== undefined);
  if (here.length < 2) {
    if (here[0] === undefined) {
      void vscode.window.showInformationMessage("dg-lsp: no problem is reported at the cursor.");
    }
    return here[0] && toFix(here[0]);
  }
  const choices = here.map((diagnostic) => ({ label: diagnostic.message, diagnostic }));
  const chosen = await vscode.window.showQuickPick(choices, { title: "Fix which problem?" });
  return chosen && toFix(chosen.diagnostic);
}

function toFix({ range, message }: vscode.Diagnostic): Wish {
  return { range, diagnostics: [message] };
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
