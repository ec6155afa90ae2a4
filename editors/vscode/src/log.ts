// The two output channels: what the server logs, and the protocol's messages.
import * as vscode from "vscode";

const LINE = /^\d{4}-\d\d-\d\d [\d:,]+ (DEBUG|INFO|WARNING|ERROR|CRITICAL) (.*)$/;

/** Both channels. The second stays empty until its level is set to trace. */
export class Channels implements vscode.Disposable {
  readonly server = vscode.window.createOutputChannel("dg-lsp", { log: true });
  readonly trace = vscode.window.createOutputChannel("dg-lsp trace", { log: true });

  /** Writes a line of the server's standard error, at its own level. */
  logLine(line: string): void {
    const [, level, text] = LINE.exec(line) ?? [undefined, "ERROR", line];
    if (level === "DEBUG") {
      this.server.debug(text ?? "");
    } else if (level === "INFO") {
      this.server.info(text ?? "");
    } else if (level === "WARNING") {
      this.server.warn(text ?? "");
    } else {
      this.server.error(text ?? "");
    }
  }

  dispose(): void {
    this.server.dispose();
    this.trace.dispose();
  }
}
