// One rewrite from the command to the applied edit: ask the server, show drafts, show the proposal, apply it if it still fits.
import { randomUUID } from "node:crypto";
import * as vscode from "vscode";
import { ExecuteCommandRequest, type LanguageClient, type Range, WorkDoneProgress, type WorkspaceEdit } from "vscode-languageclient/node";
import { applied, withLineEnds } from "./edits";
import { type Preview, SCHEME } from "./preview";
import { REWRITES, type Rewrite, type Wish } from "./rewrites";
import type { Server } from "./server";

const PATIENCE_MS = 1_000; // before a notification comes up, with its button to cancel

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

/** The rewrite commands; a new rewrite ends the one before it. */
export class Rewriting implements vscode.Disposable {
  private readonly listeners: vscode.Disposable[];
  private current: vscode.CancellationTokenSource | undefined;

  constructor(
    private readonly server: Server,
    private readonly preview: Preview,
    private readonly done: () => void,
  ) {
    this.listeners = [
      ...REWRITES.map((rewrite) => vscode.commands.registerCommand(rewrite.command, () => this.run(rewrite))),
      preview.onDidDismiss(() => this.current?.cancel()),
    ];
  }

  dispose(): void {
    this.current?.cancel();
    vscode.Disposable.from(...this.listeners).dispose();
  }

  private async run(rewrite: Rewrite): Promise<void> {
    const editor = vscode.window.activeTextEditor;
    if (editor === undefined) {
      void vscode.window.showInformationMessage("dg-lsp: open a file first.");
      return;
    }
    if (editor.document.uri.scheme === SCHEME) {
      void vscode.window.showInformationMessage("dg-lsp: apply or discard this proposal first.");
      return;
    }
    const ask = async () => rewrite.wish(editor, (await this.server.status())?.takesInstructions ?? true);
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
        wish = again ? await ask() : undefined;
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
  private async once(rewrite: Rewrite, wish: Wish, editor: vscode.TextEditor, own: vscode.CancellationTokenSource): Promise<boolean> {
    const { document } = editor;
    const version = document.version;
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
    const edit = await client.protocol2CodeConverter.asWorkspaceEdit(outcome.edit);
    if (isPreviewed()) {
      await this.preview.propose(proposed(document, edit), rewrite.title, document);
      if (own.token.isCancellationRequested) {
        return false; // another rewrite began while the diff was opening
      }
      const title = `${outcome.title} (${Math.round(outcome.ms)} ms)`;
      const choice = await this.preview.choose(title, outcome.detail, wish.asked === true);
      if (choice !== "apply") {
        return choice === "again";
      }
      await this.preview.end();
    }
    await apply(edit, document, version, editor);
    return false;
  }

  /** Returns the server's answer; undefined when it was cancelled or could not be had. */
  private async ask(
    client: LanguageClient,
    rewrite: Rewrite,
    wish: Wish,
    document: vscode.TextDocument,
    own: vscode.CancellationTokenSource,
  ): Promise<Outcome | undefined> {
    const progressToken = `dg-lsp-vscode-${randomUUID()}`;
    const argument = {
      uri: client.code2ProtocolConverter.asUri(document.uri),
      version: document.version,
      range: client.code2ProtocolConverter.asRange(wish.range),
      instruction: wish.instruction,
      strength: wish.strength,
      apply: false,
      progressToken,
    };
    const drafts = client.onNotification("dgLsp/draft", (draft: Draft) => {
      if (draft.token === progressToken && isPreviewed() && !own.token.isCancellationRequested) {
        void this.preview.propose(withDraft(document, draft), rewrite.title, document);
      }
    });
    const params = { command: rewrite.server, arguments: [argument] };
    const asked = client.sendRequest(ExecuteCommandRequest.type, params, own.token) as Promise<Outcome>;
    const steps = showProgress(client, progressToken, rewrite.title, asked, own);
    try {
      return await asked;
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

/** Shows the steps, with a button that cancels, if the answer takes long; most are there before anyone looks. */
function showProgress(
  client: LanguageClient,
  token: string,
  title: string,
  asked: Promise<unknown>,
  own: vscode.CancellationTokenSource,
): vscode.Disposable {
  let tell: (message: string) => void = () => undefined;
  const options = { location: vscode.ProgressLocation.Notification, title: `dg-lsp: ${title}`, cancellable: true };
  const timer = setTimeout(() => {
    void vscode.window.withProgress(options, async (progress, cancelled) => {
      tell = (message) => progress.report({ message });
      cancelled.onCancellationRequested(() => own.cancel());
      await asked.catch(() => undefined); // whoever asked says so
    });
  }, PATIENCE_MS);
  const steps = client.onProgress(WorkDoneProgress.type, token, (value) => {
    if (value.kind === "report" && value.message !== undefined) {
      tell(value.message);
    }
  });
  return vscode.Disposable.from(steps, new vscode.Disposable(() => clearTimeout(timer)));
}

function isPreviewed(): boolean {
  return vscode.workspace.getConfiguration("dg-lsp").get("preview", true);
}

/** The document's text with the edit in it. */
function proposed(document: vscode.TextDocument, edit: vscode.WorkspaceEdit): string {
  const edits = edit.get(document.uri).map(({ range, newText }) => ({
    start: document.offsetAt(range.start),
    end: document.offsetAt(range.end),
    text: newText,
  }));
  return applied(document.getText(), edits);
}

/** The document's text with a draft in it. */
function withDraft(document: vscode.TextDocument, draft: Draft): string {
  const [start, end] = [draft.range.start, draft.range.end].map(({ line, character }) =>
    document.offsetAt(new vscode.Position(line, character)),
  ) as [number, number];
  const lineEnd = document.eol === vscode.EndOfLine.CRLF ? "\r\n" : "\n";
  return applied(document.getText(), [{ start, end, text: withLineEnds(draft.text, lineEnd) }]);
}

/** Applies the edit in one step of undo, to the version that it was made for. */
async function apply(edit: vscode.WorkspaceEdit, document: vscode.TextDocument, version: number, editor: vscode.TextEditor): Promise<void> {
  if (document.isClosed || document.version !== version) {
    void vscode.window.showInformationMessage("dg-lsp: the document changed meanwhile; ask again.");
    return;
  }
  await vscode.workspace.applyEdit(edit);
  const column = editor.viewColumn;
  await vscode.window.showTextDocument(document, column === undefined ? {} : { viewColumn: column });
}
