// Puts the extension together. Completion is the client library's; what is here is finding, showing, asking and settings.
import * as vscode from "vscode";
import { RestingCursor } from "./cursor";
import { type Counts, GhostText } from "./ghost";
import { Install } from "./install";
import { Instructions } from "./instructions";
import { onDidSelectPython } from "./locate";
import { Channels } from "./log";
import { Menu } from "./menu";
import { Preview } from "./preview";
import { Rewriting } from "./rewriting";
import { Server } from "./server";
import { Status } from "./status";

/** What other extensions may use. */
export interface Api {
  readonly counts: () => Counts;
  readonly onDidShow: vscode.Event<Counts>;
  readonly onDidAccept: vscode.Event<Counts>;
  readonly statusText: () => string;
}

let server: Server | undefined;

/** Starts the server without waiting for it. */
export function activate(context: vscode.ExtensionContext): Api {
  const channels = new Channels();
  const ghost = new GhostText();
  const own = (server = new Server(channels, ghost.middleware));
  const status = new Status(own, ghost);
  const preview = new Preview();
  const instructions = new Instructions(context.globalState);
  context.subscriptions.push(
    channels,
    ghost,
    own,
    status,
    preview,
    instructions,
    new Rewriting(own, preview, instructions, () => void status.refresh()),
    new Menu(own, ghost, status, channels),
    new Install(own, () => channels.server.show()),
    new RestingCursor(own),
    status.onDidLoad(() => void ghost.askAgain()),
    own.onDidRefresh(() => void ghost.askAgain()),
    vscode.workspace.onDidGrantWorkspaceTrust(() => own.restart()),
    vscode.workspace.onDidChangeConfiguration((event) => own.settingsChanged(event)),
  );
  void onDidSelectPython(() => void own.restart()).then((listener) => context.subscriptions.push(listener));
  void own.restart();
  return {
    counts: () => ghost.counts,
    onDidShow: ghost.onDidShow,
    onDidAccept: ghost.onDidAccept,
    statusText: () => status.text,
  };
}

/** Ends the server before the window goes. */
export async function deactivate(): Promise<void> {
  await server?.stop();
}
