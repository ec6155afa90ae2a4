// What to do when no server is there: say so once, with the line that installs it.
import * as vscode from "vscode";
import { installCommand, SOURCE } from "./launch";
import { pythonToInstallInto } from "./locate";
import type { Server } from "./server";

const TERMINAL = "Install dg-lsp";

/** Offers to install the server, when it is missing and when the user asks. */
export class Install implements vscode.Disposable {
  private readonly listeners: vscode.Disposable[];
  private told = false;

  constructor(
    private readonly server: Server,
    private readonly showLog: () => void,
  ) {
    this.listeners = [
      server.onDidMiss((reasons) => {
        if (!this.told) {
          this.told = true;
          void this.offer(reasons.at(-1));
        }
      }),
      vscode.commands.registerCommand("dg-lsp.install", () => this.offer(undefined)),
      vscode.window.onDidCloseTerminal((terminal) => {
        if (terminal.name === TERMINAL && server.state === "missing") {
          void server.restart();
        }
      }),
    ];
  }

  dispose(): void {
    vscode.Disposable.from(...this.listeners).dispose();
  }

  /** Shows the line that installs the server and does what the user chooses. */
  private async offer(reason: string | undefined): Promise<void> {
    const python = await pythonToInstallInto();
    const line = installCommand(python);
    const missing = this.server.state === "missing" ? "dg-lsp: the server was not found" : "dg-lsp: the server";
    const why = reason === undefined ? "" : ` (${reason})`;
    const choices = ["Copy command", "Run in terminal", "Look again", "Show log"] as const;
    const where = `where ${SOURCE} is your clone of dg-lsp or its wheel (dg_lsp-*.whl)`;
    const told = `${missing}${why}. It is installed with: ${line}, ${where}`;
    const choice = await vscode.window.showWarningMessage(told, ...choices);
    if (choice === "Copy command") {
      await vscode.env.clipboard.writeText(line);
    } else if (choice === "Run in terminal") {
      await this.run(python);
    } else if (choice === "Look again") {
      this.told = false;
      await this.server.restart();
    } else if (choice === "Show log") {
      this.showLog();
    }
  }

  /** Asks where the server is and installs it from there. */
  private async run(python: string | undefined): Promise<void> {
    const prompt = "Folder of your clone of dg-lsp, or its wheel (dg_lsp-*.whl)";
    const source = (await vscode.window.showInputBox({ title: "Install the dg-lsp server", prompt, ignoreFocusOut: true }))?.trim();
    if (!source) {
      return;
    }
    const terminal = vscode.window.createTerminal(TERMINAL);
    terminal.show();
    terminal.sendText(installCommand(python, source), vscode.workspace.isTrusted); // not trusted: the user presses Enter
  }
}
