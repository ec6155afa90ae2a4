// Decides whether the editor may ask for ghost text, and counts what was shown and accepted. The counts stay in memory.
import * as vscode from "vscode";
import type { Middleware } from "vscode-languageclient/node";
import { happened } from "./happened";
import { continues, type Suggestion, suggestion } from "./shown";
import { Unasked } from "./unasked";

const ACCEPTED = "dg-lsp.accepted";

/** How often suggestions were shown and taken in this session. */
export interface Counts {
  readonly shown: number;
  readonly accepted: number;
}

/** Where the user typed, and the version of the document that made. */
interface Typed {
  readonly document: vscode.TextDocument;
  readonly version: number;
  readonly end: vscode.Position;
}

/** The switch for automatic suggestions, snoozing, and the counts. */
export class GhostText implements vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<void>();
  readonly onDidChange = this.changed.event;
  private readonly answered = new vscode.EventEmitter<void>();
  /** Fires after each question to the server. */
  readonly onDidAnswer = this.answered.event;
  private readonly silent = new vscode.EventEmitter<void>();
  /** Fires when the user asked and there is nothing to suggest. */
  readonly onDidFindNothing = this.silent.event;
  private readonly showed = new vscode.EventEmitter<Counts>();
  readonly onDidShow = this.showed.event;
  private readonly took = new vscode.EventEmitter<Counts>();
  readonly onDidAccept = this.took.event;

  private shown = 0;
  private accepted = 0;
  private last: Suggestion | undefined;
  private typed: Typed | undefined; // last, until something was suggested for it
  private readonly unasked = new Unasked();
  private wakes: NodeJS.Timeout | undefined;
  private until: number | undefined;

  get counts(): Counts {
    return { shown: this.shown, accepted: this.accepted };
  }

  /** When snoozing ends, in milliseconds since the epoch. */
  get snoozedUntil(): number | undefined {
    return this.until;
  }

  /** Suggests nothing by itself for so long; zero ends it. */
  snooze(minutes: number): void {
    clearTimeout(this.wakes);
    this.until = minutes > 0 ? Date.now() + minutes * 60_000 : undefined;
    if (minutes > 0) {
      this.wakes = setTimeout(() => this.snooze(0), minutes * 60_000);
    }
    this.changed.fire();
  }

  /** Asks for what was typed before anything could be suggested, if the user is still there. */
  async askAgain(): Promise<void> {
    const editor = vscode.window.activeTextEditor;
    const { typed } = this;
    if (typed === undefined || editor?.document !== typed.document || typed.document.version !== typed.version) {
      return;
    }
    if (!editor.selection.isEqual(new vscode.Selection(typed.end, typed.end))) {
      return;
    }
    await this.unasked.ask(() => vscode.commands.executeCommand("editor.action.inlineSuggest.trigger"));
  }

  /** What stands between the editor and the server. */
  readonly middleware: Middleware = {
    provideInlineCompletionItems: async (document, position, asked, token, next) => {
      const automatic = this.unasked.includes(asked.triggerKind === vscode.InlineCompletionTriggerKind.Invoke);
      if (automatic && !this.mayAsk(document)) {
        return undefined;
      }
      const context = automatic ? { ...asked, triggerKind: vscode.InlineCompletionTriggerKind.Automatic } : asked;
      const answer = await next(document, position, context, token);
      this.answered.fire();
      const items = Array.isArray(answer) ? answer : answer?.items;
      if (!token.isCancellationRequested && items?.[0] !== undefined) {
        this.typed = undefined;
        this.count(document, position, items[0]);
      } else if (!automatic && !token.isCancellationRequested) {
        this.silent.fire();
      }
      return answer;
    },
    executeCommand: (command, args, next) => {
      if (command === ACCEPTED) {
        this.accepted += 1;
        this.last = undefined;
        void happened(ACCEPTED);
        this.took.fire(this.counts);
        this.changed.fire();
      }
      return next(command, args);
    },
  };

  private readonly typing = vscode.workspace.onDidChangeTextDocument(({ document, contentChanges: [change] }) => {
    if (document === vscode.window.activeTextEditor?.document && change?.text) {
      const end = document.positionAt(change.rangeOffset + change.text.length);
      this.typed = { document, version: document.version, end };
    }
  });

  dispose(): void {
    clearTimeout(this.wakes);
    this.typing.dispose();
    for (const emitter of [this.changed, this.answered, this.silent, this.showed, this.took]) {
      emitter.dispose();
    }
  }

  private mayAsk(document: vscode.TextDocument): boolean {
    return this.until === undefined && vscode.workspace.getConfiguration("dg-lsp", document).get("automatic", true);
  }

  private count(document: vscode.TextDocument, position: vscode.Position, item: vscode.InlineCompletionItem): void {
    const start = item.range?.start ?? position;
    const text = typeof item.insertText === "string" ? item.insertText : item.insertText.value;
    const before = document.lineAt(start.line).text.slice(0, start.character);
    const found = suggestion(document.uri.toString(), start.line, before, text);
    if (!continues(this.last, found)) {
      this.shown += 1;
      this.showed.fire(this.counts);
    }
    this.last = found;
  }
}
