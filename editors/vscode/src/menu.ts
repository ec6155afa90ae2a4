// The status bar item's menu, and the commands in it.
import * as vscode from "vscode";
import type { GhostText } from "./ghost";
import type { Channels } from "./log";
import type { Server } from "./server";
import type { Status } from "./status";
import type { Fetchable } from "./statusText";

// A test asks the embedded model for what follows: it must be right.
const SAMPLE =
  "class Box:\n    def __init__(self, width: float, height: float) -> None:\n        self.width = width\n        self.height = ";
const SAID_MS = 8_000; // how long an answer to a command stays in the status bar
const SOON_MS = 200; // between two looks at a server that is coming up

interface Entry extends vscode.QuickPickItem {
  readonly command: string;
}

/** Registers the commands that need no editor. */
export class Menu implements vscode.Disposable {
  private readonly commands: vscode.Disposable[];

  constructor(
    private readonly server: Server,
    private readonly ghost: GhostText,
    private readonly status: Status,
    channels: Channels,
  ) {
    const register = vscode.commands.registerCommand;
    this.commands = [
      register("dg-lsp.menu", () => this.show()),
      register("dg-lsp.restart", () => server.restart()),
      register("dg-lsp.toggleAutomatic", () => toggleAutomatic()),
      register("dg-lsp.snooze", (minutes?: unknown) => this.snooze(minutes)),
      register("dg-lsp.fetchModel", () => this.fetchModel()),
      register("dg-lsp.explain", () => this.explain()),
      register("dg-lsp.whyNothing", () => this.whyNothing()),
      register("dg-lsp.showLog", () => channels.server.show()),
      register("dg-lsp.showTrace", () => channels.trace.show()),
      register("dg-lsp.tryIt", () => this.tryIt()),
    ];
  }

  dispose(): void {
    vscode.Disposable.from(...this.commands).dispose();
  }

  private async show(): Promise<void> {
    const document = vscode.window.activeTextEditor?.document;
    const automatic = vscode.workspace.getConfiguration("dg-lsp", document).get("automatic", true);
    const snoozed = this.ghost.snoozedUntil !== undefined;
    const missing = this.server.state === "missing";
    const fetchable = this.status.serverStatus?.fetchable;
    const entries: Entry[] = [
      ...(missing ? [{ label: "$(desktop-download) Install the server…", command: "dg-lsp.install" }] : []),
      ...(fetchable ? [{ label: fetchLabel(fetchable), command: "dg-lsp.fetchModel" }] : []),
      { label: "$(refresh) Restart the server", command: "dg-lsp.restart" },
      { label: snoozed ? "$(bell) End snooze" : "$(bell-slash) Snooze…", command: "dg-lsp.snooze" },
      {
        label: automatic ? "$(circle-slash) Suggest only when asked" : "$(sparkle) Suggest while typing",
        command: "dg-lsp.toggleAutomatic",
      },
      { label: "$(question) Why nothing?", command: "dg-lsp.whyNothing" },
      { label: "$(file-code) Is this file read?", command: "dg-lsp.explain" },
      { label: "$(output) Show the server's log", command: "dg-lsp.showLog" },
      { label: "$(gear) Settings", command: "workbench.action.openSettings" },
    ];
    const chosen = await vscode.window.showQuickPick(entries, { title: this.status.text.replace(/^\$\([^)]*\) /, "") });
    if (chosen !== undefined) {
      const more = chosen.command === "workbench.action.openSettings" ? ["dg-lsp"] : [];
      await vscode.commands.executeCommand(chosen.command, ...more);
    }
  }

  private async snooze(given: unknown): Promise<void> {
    if (typeof given === "number") {
      this.ghost.snooze(given);
      return;
    }
    if (this.ghost.snoozedUntil !== undefined) {
      this.ghost.snooze(0);
      return;
    }
    const choices = [5, 15, 60].map((minutes) => ({ label: `${minutes} minutes`, minutes }));
    const chosen = await vscode.window.showQuickPick(choices, { title: "No suggestions by themselves for…" });
    if (chosen !== undefined) {
      this.ghost.snooze(chosen.minutes);
    }
  }

  /** Says in one sentence why the last request got nothing. */
  private async whyNothing(): Promise<void> {
    void vscode.window.showInformationMessage(`dg-lsp: ${await this.status.whyNothing()}`);
  }

  /** Says whether the open file is read. */
  private async explain(): Promise<void> {
    const uri = vscode.window.activeTextEditor?.document.uri;
    if (uri?.scheme !== "file") {
      void vscode.window.showInformationMessage("dg-lsp: no file is open.");
      return;
    }
    try {
      const answer = (await this.server.explain(uri.fsPath)).trim();
      void vscode.window.showInformationMessage(`dg-lsp: ${answer}.`);
    } catch (error) {
      void vscode.window.showWarningMessage(`dg-lsp: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  /** The editor shows the progress; what is said at once is for a fetch that does not begin. */
  private async fetchModel(): Promise<void> {
    try {
      void vscode.window.setStatusBarMessage(`dg-lsp: ${await this.server.fetchModel()}`, SAID_MS);
    } catch (error) {
      void vscode.window.showWarningMessage(`dg-lsp: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  private async tryIt(): Promise<void> {
    const document = await vscode.workspace.openTextDocument({ language: "python", content: SAMPLE });
    const editor = await vscode.window.showTextDocument(document);
    const end = document.positionAt(SAMPLE.length);
    editor.selection = new vscode.Selection(end, end);
    while (await this.isComing()) {
      await new Promise((resolve) => setTimeout(resolve, SOON_MS));
    }
    await vscode.commands.executeCommand("editor.action.inlineSuggest.trigger");
  }

  /** Whether the model is not there yet, but will be. */
  private async isComing(): Promise<boolean> {
    const state = (await this.server.status())?.state ?? this.server.state;
    return ["looking", "starting", "loading"].includes(state);
  }
}

/** Returns the menu's line for a model that is not here: what it costs is said before it is chosen. */
function fetchLabel({ name, nBytes, license }: Fetchable): string {
  return `$(cloud-download) Fetch ${name} (${Math.round(nBytes / 1e6)} MB, ${license})`;
}

/** Turns automatic suggestions on or off where that is set already, else for this user. */
async function toggleAutomatic(): Promise<void> {
  const document = vscode.window.activeTextEditor?.document;
  const settings = vscode.workspace.getConfiguration("dg-lsp", document);
  const set = settings.inspect<boolean>("automatic");
  const target =
    set?.workspaceFolderValue !== undefined
      ? vscode.ConfigurationTarget.WorkspaceFolder
      : set?.workspaceValue !== undefined
        ? vscode.ConfigurationTarget.Workspace
        : vscode.ConfigurationTarget.Global;
  await settings.update("automatic", !settings.get("automatic", true), target);
}
