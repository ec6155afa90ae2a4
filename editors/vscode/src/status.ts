// The status bar item. It asks the server after each answer, and keeps asking only while the state is about to change.
import * as vscode from "vscode";
import type { GhostText } from "./ghost";
import type { Server } from "./server";
import { type EditorStatus, nothingToSuggest, type ServerStatus, standsIn, statusText, toolTip, troubleOf, whyNothing } from "./statusText";

const SAID_MS = 8000; // how long a line stays in the status bar
const SOON_MS = 400; // between two looks at a server that is loading

/** The item, kept up to date. */
export class Status implements vscode.Disposable {
  private readonly item = vscode.window.createStatusBarItem("dg-lsp.status", vscode.StatusBarAlignment.Right, 100);
  private readonly listeners: vscode.Disposable[];
  private readonly loaded = new vscode.EventEmitter<void>();
  /** Fires when there is a model to ask, where there was none. */
  readonly onDidLoad = this.loaded.event;
  private last: ServerStatus | undefined;
  private timer: NodeJS.Timeout | undefined;
  private asking = false;
  private askAgain = false;

  constructor(
    private readonly server: Server,
    private readonly ghost: GhostText,
  ) {
    this.item.name = "dg-lsp";
    this.item.command = "dg-lsp.menu";
    this.listeners = [
      server.onDidChange(() => this.serverChanged()),
      ghost.onDidAnswer(() => void this.refresh()),
      ghost.onDidFindNothing(() => void this.sayWhy()),
      ghost.onDidChange(() => this.draw()),
      vscode.window.onDidChangeActiveTextEditor(() => this.draw()),
      vscode.window.onDidChangeWindowState((window) => window.focused && void this.refresh()),
      vscode.workspace.onDidChangeConfiguration((event) => event.affectsConfiguration("dg-lsp.automatic") && this.draw()),
    ];
    this.draw();
    this.item.show();
  }

  /** What the server said last. */
  get serverStatus(): ServerStatus | undefined {
    return this.last;
  }

  get text(): string {
    return this.item.text;
  }

  /** Asks the server and draws the answer; one question at a time. */
  async refresh(): Promise<void> {
    if (this.asking) {
      this.askAgain = true;
      return;
    }
    this.asking = true;
    clearTimeout(this.timer);
    try {
      do {
        this.askAgain = false;
        const before = this.last;
        this.last = await this.server.status();
        this.draw();
        const had = before?.state === "ready" || before?.state === "busy";
        if (this.last?.state === "ready" && (!had || (standsIn(before) && !standsIn(this.last)))) {
          this.loaded.fire();
        }
      } while (this.askAgain);
    } finally {
      this.asking = false;
    }
    const state = this.last?.state;
    if (state === "starting" || state === "loading" || state === "busy" || standsIn(this.last)) {
      this.timer = setTimeout(() => void this.refresh(), SOON_MS);
    }
  }

  /** Says in one line why there is nothing to suggest where the user asked. */
  private async sayWhy(): Promise<void> {
    const why = (await this.server.status())?.lastWhy;
    if (why) {
      vscode.window.setStatusBarMessage(`dg-lsp: ${nothingToSuggest(why)}`, SAID_MS);
    }
  }

  /** Returns in one sentence why the last request got nothing. */
  async whyNothing(): Promise<string> {
    return whyNothing(this.editorStatus(), await this.server.status());
  }

  dispose(): void {
    clearTimeout(this.timer);
    vscode.Disposable.from(...this.listeners, this.loaded, this.item).dispose();
  }

  private serverChanged(): void {
    if (this.server.running === undefined) {
      this.last = undefined;
      this.draw();
    } else {
      void this.refresh();
    }
  }

  private editorStatus(): EditorStatus {
    const { shown, accepted } = this.ghost.counts;
    const document = vscode.window.activeTextEditor?.document;
    return {
      server: this.server.state,
      automatic: vscode.workspace.getConfiguration("dg-lsp", document).get("automatic", true),
      snoozedUntil: this.ghost.snoozedUntil,
      shown,
      accepted,
      language: document?.languageId,
    };
  }

  private draw(): void {
    const editor = this.editorStatus();
    this.item.text = statusText(editor, this.last);
    this.item.tooltip = toolTip(editor, this.last);
    const failed = editor.server === "missing" || editor.server === "stopped" || troubleOf(editor, this.last) !== undefined;
    this.item.backgroundColor = failed ? new vscode.ThemeColor("statusBarItem.warningBackground") : undefined;
  }
}
