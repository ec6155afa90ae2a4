// A rewrite on its way: a notification with its steps and a button that ends it.
import * as vscode from "vscode";
import { type LanguageClient, WorkDoneProgress } from "vscode-languageclient/node";

const PATIENCE_MS = 400; // before the notification comes up; what is there sooner needs none

/** Shows the steps that the server reports under a token, until `asked` is settled. */
export function showProgress(
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

/** Returns what `asked` comes to, or undefined as soon as it is cancelled: the user does not wait for the server's yes. */
export async function unlessCancelled<T>(asked: Promise<T>, token: vscode.CancellationToken): Promise<T | undefined> {
  let listener: vscode.Disposable | undefined;
  const cancelled = new Promise<undefined>((resolve) => {
    listener = token.onCancellationRequested(() => resolve(undefined));
  });
  try {
    return await Promise.race([asked, cancelled]);
  } finally {
    listener?.dispose();
  }
}
