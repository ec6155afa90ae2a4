// Tells the walkthrough's steps that they are done. A step sees a context become true, not one that was true before the
// walkthrough came up, so each event is one anew.
import * as vscode from "vscode";

/** Marks the steps that wait for `onContext:` of this key. */
export async function happened(key: string): Promise<void> {
  await vscode.commands.executeCommand("setContext", key, true);
  await vscode.commands.executeCommand("setContext", key, false);
}
