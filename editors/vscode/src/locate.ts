// Where the server may be: the setting, the Python environments, the PATH. Nothing of a workspace is run before it is trusted.
import { homedir } from "node:os";
import * as path from "node:path";
import * as vscode from "vscode";
import { type Candidate, expanded, moduleOf, onPath, pythonOf } from "./launch";

const PYTHON_EXTENSION = "ms-python.python";

/** The part of that extension's interface that is used here. */
interface PythonExtension {
  readonly environments: {
    getActiveEnvironmentPath(resource?: vscode.Uri): { readonly path: string };
    resolveEnvironment(environment: {
      readonly path: string;
    }): Promise<{ readonly executable: { readonly uri?: vscode.Uri } } | undefined>;
    readonly onDidChangeActiveEnvironmentPath: vscode.Event<unknown>;
  };
}

/** Returns the candidates in the order in which they are tried. */
export async function candidates(): Promise<Candidate[]> {
  const chosen = fromSetting();
  if (chosen !== undefined) {
    return [chosen];
  }
  const found: Candidate[] = [];
  if (vscode.workspace.isTrusted) {
    const python = await selectedPython();
    if (python !== undefined) {
      found.push(moduleOf(python, "the selected Python environment"));
    }
    for (const [environment, origin] of environments()) {
      const program = pythonOf(environment);
      if (program !== undefined && program !== python) {
        found.push(moduleOf(program, origin));
      }
    }
  }
  const program = onPath("dg-lsp", process.env, vscode.workspace.isTrusted ? [] : folders());
  if (program !== undefined) {
    found.push({ program, args: [], origin: "the PATH" });
  }
  return found;
}

/** Returns the Python that a server should be installed into, if one is known. */
export async function pythonToInstallInto(): Promise<string | undefined> {
  if (!vscode.workspace.isTrusted) {
    return undefined;
  }
  const ours = environments().map(([environment]) => pythonOf(environment));
  return (await selectedPython()) ?? ours.find((program) => program !== undefined);
}

/** Calls back when another Python environment is selected, and the server may be in it. */
export async function onDidSelectPython(changed: () => void): Promise<vscode.Disposable> {
  const python = await pythonExtension();
  const listener = python?.environments.onDidChangeActiveEnvironmentPath(() => {
    if (vscode.workspace.isTrusted && fromSetting() === undefined) {
      changed();
    }
  });
  return listener ?? new vscode.Disposable(() => undefined);
}

function fromSetting(): Candidate | undefined {
  const words = vscode.workspace.getConfiguration("dg-lsp").get<string[]>("server.command", []);
  const [program, ...args] = words.map((word) => expanded(word, homedir(), folders()[0]));
  if (program === undefined || program === "") {
    return undefined;
  }
  return { program, args: args.filter((word) => word !== "--stdio"), origin: "the setting dg-lsp.server.command" };
}

function environments(): [string, string][] {
  const active = process.env["VIRTUAL_ENV"];
  const found: [string, string][] = active ? [[active, "the active virtual environment"]] : [];
  return [...found, ...folders().map((folder): [string, string] => [path.join(folder, ".venv"), ".venv of the workspace"])];
}

async function selectedPython(): Promise<string | undefined> {
  const python = await pythonExtension();
  if (python === undefined) {
    return undefined;
  }
  const selected = python.environments.getActiveEnvironmentPath(vscode.workspace.workspaceFolders?.[0]?.uri);
  const resolved = await python.environments.resolveEnvironment(selected);
  return resolved?.executable.uri?.fsPath;
}

async function pythonExtension(): Promise<PythonExtension | undefined> {
  const extension = vscode.extensions.getExtension<PythonExtension>(PYTHON_EXTENSION);
  try {
    const api = await extension?.activate();
    return api?.environments === undefined ? undefined : api;
  } catch {
    return undefined; // it could not start: then it has nothing to say
  }
}

function folders(): string[] {
  return (vscode.workspace.workspaceFolders ?? []).map((folder) => folder.uri.fsPath);
}
