// A proposal beside what stands there: a diff of two virtual documents, which grows with each draft and is then applied or not.
import * as path from "node:path";
import * as vscode from "vscode";
import { type Choice, type Proposal, Question } from "./choose";
import { applied } from "./edits";
import type { Hunk } from "./hunks";

export const SCHEME = "dg-lsp-preview";

interface Shown {
  readonly original: vscode.Uri;
  readonly proposal: vscode.Uri;
  readonly before: string;
  after: string;
  opened: Promise<void> | undefined;
}

/** Holds at most one proposal; a new one takes the place of the last. */
export class Preview implements vscode.TextDocumentContentProvider, vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<vscode.Uri>();
  readonly onDidChange = this.changed.event;
  private readonly dismissed = new vscode.EventEmitter<void>();
  /** Fires when the user closes the diff. */
  readonly onDidDismiss = this.dismissed.event;
  private readonly listeners: vscode.Disposable[];
  private shown: Shown | undefined;
  private question: Question | undefined;
  private count = 0;

  constructor() {
    this.listeners = [
      vscode.workspace.registerTextDocumentContentProvider(SCHEME, this),
      vscode.commands.registerCommand("dg-lsp.applyPreview", () => this.question?.apply()),
      vscode.commands.registerCommand("dg-lsp.discardPreview", () => this.question?.discard()),
      vscode.window.tabGroups.onDidChangeTabs(({ closed }) => {
        if (closed.some((tab) => this.isOurs(tab))) {
          this.question?.discard();
          this.dismissed.fire();
        }
      }),
    ];
  }

  provideTextDocumentContent(uri: vscode.Uri): string {
    const shown = this.shown;
    if (shown === undefined) {
      return "";
    }
    return uri.toString() === shown.proposal.toString() ? shown.after : shown.before;
  }

  /** Begins with a document as it is; nothing is shown before `propose`. */
  async begin(document: vscode.TextDocument): Promise<void> {
    await this.end();
    this.count += 1;
    const side = (name: string) =>
      vscode.Uri.from({ scheme: SCHEME, path: `/${path.posix.basename(document.uri.path)}`, query: `${name}-${this.count}` });
    const before = document.getText();
    this.shown = { original: side("original"), proposal: side("proposal"), before, after: before, opened: undefined };
  }

  /** Shows a text as the proposal, in an editor that takes no focus. */
  async propose(text: string, title: string, document: vscode.TextDocument): Promise<void> {
    const shown = this.shown;
    if (shown === undefined) {
      return;
    }
    shown.after = text;
    shown.opened ??= this.open(shown, title, document);
    await shown.opened;
    if (this.shown === shown) {
      this.changed.fire(shown.proposal); // only now: what changes while a document opens, the editor does not hear
    }
  }

  /** Asks what to do with the proposal, which shows what is ticked meanwhile. */
  async choose(proposal: Proposal): Promise<Choice> {
    const shown = this.shown;
    if (shown === undefined) {
      return "discard";
    }
    const show = (hunks: readonly Hunk[]) => {
      shown.after = applied(
        shown.before,
        hunks.flatMap((hunk) => hunk.edits),
      );
      this.changed.fire(shown.proposal);
    };
    const question = (this.question = new Question(proposal, { show, reveal: (hunk) => reveal(shown.original, hunk) }));
    try {
      await vscode.commands.executeCommand("setContext", "dg-lsp.previewing", true);
      return await question.ask();
    } finally {
      this.question = undefined;
      await vscode.commands.executeCommand("setContext", "dg-lsp.previewing", false);
    }
  }

  /** Closes the diff. */
  async end(): Promise<void> {
    this.question?.discard();
    const shown = this.shown;
    if (shown === undefined) {
      return;
    }
    await shown.opened?.catch(() => undefined);
    const tabs = vscode.window.tabGroups.all.flatMap((group) => group.tabs).filter((tab) => this.isOurs(tab));
    this.shown = undefined;
    await vscode.window.tabGroups.close(tabs, true);
  }

  dispose(): void {
    this.question?.discard();
    vscode.Disposable.from(...this.listeners, this.changed, this.dismissed).dispose();
  }

  private async open(shown: Shown, title: string, document: vscode.TextDocument): Promise<void> {
    for (const uri of [shown.original, shown.proposal]) {
      const side = await vscode.workspace.openTextDocument(uri);
      if (side.languageId !== document.languageId) {
        await vscode.languages.setTextDocumentLanguage(side, document.languageId);
      }
    }
    const name = path.posix.basename(document.uri.path);
    const options: vscode.TextDocumentShowOptions = { preview: true, preserveFocus: true };
    const { original, proposal } = shown;
    const opening = vscode.commands.executeCommand("vscode.diff", original, proposal, `${title}: ${name}`, options);
    let listener: vscode.Disposable | undefined;
    const dismissed = new Promise<void>((resolve) => (listener = this.onDidDismiss(resolve)));
    try {
      await Promise.race([opening, dismissed]); // an editor that is closed while it opens may never say that it has opened
    } finally {
      listener?.dispose();
    }
  }

  private isOurs(tab: vscode.Tab): boolean {
    const { input } = tab;
    return input instanceof vscode.TabInputTextDiff && input.modified.toString() === this.shown?.proposal.toString();
  }
}

/** Scrolls the diff, whose sides move together, to a change. */
function reveal(original: vscode.Uri, hunk: Hunk): void {
  const side = vscode.window.visibleTextEditors.find(({ document }) => document.uri.toString() === original.toString());
  const line = Math.min(hunk.line, (side?.document.lineCount ?? 1) - 1);
  side?.revealRange(new vscode.Range(line, 0, line, 0), vscode.TextEditorRevealType.InCenterIfOutsideViewport);
}
