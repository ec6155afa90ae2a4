// Tells the server where the cursor rests, so that a slow model reads the code there before it is asked.
import * as vscode from "vscode";
import type { Server } from "./server";

const RESTS_MS = 200;

/** Follows the active editor's cursor. */
export class RestingCursor implements vscode.Disposable {
  private timer: NodeJS.Timeout | undefined;
  private readonly listeners: vscode.Disposable[];

  constructor(private readonly server: Server) {
    this.listeners = [
      vscode.window.onDidChangeTextEditorSelection(({ textEditor }) => textEditor === vscode.window.activeTextEditor && this.moved()),
      vscode.window.onDidChangeActiveTextEditor(() => this.moved()),
      server.onDidChange(() => this.moved()),
    ];
  }

  dispose(): void {
    clearTimeout(this.timer);
    vscode.Disposable.from(...this.listeners).dispose();
  }

  private moved(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.tell(), RESTS_MS);
  }

  private async tell(): Promise<void> {
    const client = this.server.running;
    const editor = vscode.window.activeTextEditor;
    if (client === undefined || editor === undefined || !editor.selection.isEmpty) {
      return;
    }
    const place = client.code2ProtocolConverter.asTextDocumentPositionParams(editor.document, editor.selection.active);
    await client.sendNotification("dgLsp/didMoveCursor", place).catch(() => undefined); // it has stopped, and says so
  }
}
