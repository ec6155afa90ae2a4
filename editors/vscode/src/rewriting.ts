// One rewrite from the command to the applied edit: ask the server, show drafts, show the proposal, apply it if it still fits.
import { randomUUID } from "node:crypto";
import * as vscode from "vscode";
import { ExecuteCommandRequest, type LanguageClient, type Range, type WorkspaceEdit } from "vscode-languageclient/node";
import { applied, type Edit, withLineEnds } from "./edits";
import { hunksOf } from "./hunks";
import type { Instructions } from "./instructions";
import { type Preview, SCHEME } from "./preview";
import { showProgress, unlessCancelled } from "./progress";
import { REWRITES, type Rewrite, type Wish } from "./rewrites";
import type { Server } from "./server";

/** What the server answers to a command. */
interface Outcome {
  readonly edit: WorkspaceEdit | null;
  readonly reason: string;
  readonly detail: string;
  readonly title: string;
  readonly ms: number;
}

/** The notification `dgLsp/draft`: what the range would hold as of this step. */
interface Draft {
  readonly token: string;
  readonly text: string;
  readonly range: Range;
}

/** Where a code action of the server's says that its command should work. */
interface Place {
  readonly uri: string;
  readonly version: number;
  readonly range: Range;
}

/** A wish, and the version of the document that its range is of. */
type Dated = Wish & { readonly version: number };

/** The rewrite commands; a new rewrite ends the one before it. */
export class Rewriting implements vscode.Disposable {
  private readonly listeners: vscode.Disposable[];
  private current: vscode.CancellationTokenSource | undefined;

  constructor(
    private readonly server: Server,
    private readonly preview: Preview,
    private readonly instructions: Instructions,
    private readonly done: () => void,
  ) {
    this.listeners = [
      ...REWRITES.map((rewrite) => vscode.commands.registerCommand(rewrite.command, (place?: Place) => this.run(rewrite, place))),
      preview.onDidDismiss(() => this.current?.cancel()),
    ];
  }

  dispose(): void {
    this.current?.cancel();
    vscode.Disposable.from(...this.listeners).dispose();
  }

  private async run(rewrite: Rewrite, place?: Place): Promise<void> {
    const editor = editorOf(place);
    if (editor === undefined) {
      void vscode.window.showInformationMessage("dg-lsp: open a file first.");
      return;
    }
    if (editor.document.uri.scheme === SCHEME) {
      void vscode.window.showInformationMessage("dg-lsp: apply or discard this proposal first.");
      return;
    }
    const ask = async (before?: Wish): Promise<Dated | undefined> => {
      const takesInstructions = (await this.server.status())?.takesInstructions ?? true;
      const version = place?.version ?? editor.document.version; // now: it may change while the user thinks
      const range = place && this.server.running?.protocol2CodeConverter.asRange(place.range);
      const wish = await rewrite.wish({ editor, range, takesInstructions, instructions: this.instructions, before });
      return wish && { ...wish, version };
    };
    let wish = await ask();
    if (wish === undefined) {
      return;
    }
    this.current?.cancel();
    const own = (this.current = new vscode.CancellationTokenSource());
    await this.preview.begin(editor.document);
    try {
      while (wish !== undefined && !own.token.isCancellationRequested) {
        const again: boolean = await this.once(rewrite, wish, editor, own);
        wish = again ? await ask(wish) : undefined;
      }
    } finally {
      if (this.current === own) {
        this.current = undefined;
        await this.preview.end();
      }
      own.dispose();
    }
  }

  /** Asks once; whether the user wants it asked again. */
  private async once(rewrite: Rewrite, wish: Dated, editor: vscode.TextEditor, own: vscode.CancellationTokenSource): Promise<boolean> {
    const { document } = editor;
    const client = this.server.running;
    if (client === undefined) {
      void vscode.window.showWarningMessage("dg-lsp: the server is not running.");
      return false;
    }
    const outcome = await this.ask(client, rewrite, wish, document, own);
    this.done();
    if (outcome === undefined || own.token.isCancellationRequested) {
      return false;
    }
    if (outcome.edit === null) {
      void vscode.window.showInformationMessage(`dg-lsp: ${outcome.detail || outcome.reason}`);
      return false;
    }
    let edits: readonly Edit[] = editsOf(document, await client.protocol2CodeConverter.asWorkspaceEdit(outcome.edit));
    if (isPreviewed() && document.version === wish.version) {
      await this.preview.propose(applied(document.getText(), edits), rewrite.title, document);
      if (own.token.isCancellationRequested) {
        return false; // another rewrite began while the diff was opening
      }
      const words = wish.instruction === undefined ? "" : `: ${wish.instruction}`;
      const title = `${outcome.title}${words} (${Math.round(outcome.ms)} ms)`;
      const hunks = hunksOf(document.getText(), edits);
      const choice = await this.preview.choose({ title, hint: outcome.detail, canAskAgain: wish.asked === true, hunks });
      if (typeof choice === "string") {
        return choice === "again";
      }
      edits = choice.flatMap((hunk) => hunk.edits);
      await this.preview.end();
    }
    await apply(edits, document, wish.version, editor);
    return false;
  }

  /** Returns the server's answer; undefined when it was cancelled or could not be had. */
  private async ask(
    client: LanguageClient,
    rewrite: Rewrite,
    wish: Dated,
    document: vscode.TextDocument,
    own: vscode.CancellationTokenSource,
  ): Promise<Outcome | undefined> {
    const progressToken = `dg-lsp-vscode-${randomUUID()}`;
    const argument = {
      uri: client.code2ProtocolConverter.asUri(document.uri),
      version: wish.version,
      range: client.code2ProtocolConverter.asRange(wish.range),
      instruction: wish.instruction,
      diagnostics: wish.diagnostics,
      strength: wish.strength,
      apply: false,
      progressToken,
    };
    const drafts = client.onNotification("dgLsp/draft", (draft: Draft) => {
      const isOf = draft.token === progressToken && document.version === wish.version;
      if (isOf && isPreviewed() && !own.token.isCancellationRequested) {
        void this.preview.propose(withDraft(document, draft), rewrite.title, document);
      }
    });
    const params = { command: rewrite.server, arguments: [argument] };
    const asked = client.sendRequest(ExecuteCommandRequest.type, params, own.token) as Promise<Outcome>;
    const steps = showProgress(client, progressToken, rewrite.title, asked, own);
    try {
      return await unlessCancelled(asked, own.token);
    } catch (error) {
      if (!own.token.isCancellationRequested) {
        void vscode.window.showErrorMessage(`dg-lsp: ${error instanceof Error ? error.message : String(error)}`);
      }
      return undefined;
    } finally {
      vscode.Disposable.from(steps, drafts).dispose();
    }
  }
}

function isPreviewed(): boolean {
  return vscode.workspace.getConfiguration("dg-lsp").get("preview", true);
}

/** The editor that is meant: the active one, or that of the place of a code action. */
function editorOf(place: Place | undefined): vscode.TextEditor | undefined {
  const { activeTextEditor, visibleTextEditors } = vscode.window;
  if (place === undefined) {
    return activeTextEditor;
  }
  const uri = vscode.Uri.parse(place.uri).toString();
  return [activeTextEditor, ...visibleTextEditors].find((editor) => editor?.document.uri.toString() === uri);
}

/** The document's edits, in offsets. */
function editsOf(document: vscode.TextDocument, edit: vscode.WorkspaceEdit): Edit[] {
  return edit.get(document.uri).map(({ range, newText }) => ({
    start: document.offsetAt(range.start),
    end: document.offsetAt(range.end),
    text: newText,
  }));
}

/** The document's text with a draft in it. */
function withDraft(document: vscode.TextDocument, draft: Draft): string {
  const [start, end] = [draft.range.start, draft.range.end].map(({ line, character }) =>
    document.offsetAt(new vscode.Position(line, character)),
  ) as [number, number];
  const lineEnd = document.eol === vscode.EndOfLine.CRLF ? "\r\n" : "\n";
  return applied(document.getText(), [{ start, end, text: withLineEnds(draft.text, lineEnd) }]);
}

/** Applies the edits in one step of undo, to the version that they were made for. */
async function apply(edits: readonly Edit[], document: vscode.TextDocument, version: number, editor: vscode.TextEditor): Promise<void> {
  const whole = new vscode.WorkspaceEdit();
  for (const { start, end, text } of edits) {
    whole.replace(document.uri, new vscode.Range(document.positionAt(start), document.positionAt(end)), text);
  }
  const isCurrent = !document.isClosed && document.version === version;
  if (!isCurrent || !(await vscode.workspace.applyEdit(whole))) {
    void vscode.window.showInformationMessage("dg-lsp: the document changed meanwhile; ask again.");
    return;
  }
  const column = editor.viewColumn;
  await vscode.window.showTextDocument(document, column === undefined ? {} : { viewColumn: column });
}
