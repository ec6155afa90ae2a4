// Which program is the server: asks each candidate for its version, takes the first that will do. Knows nothing of the editor.
import { execFile } from "node:child_process";
import { accessSync, constants, statSync } from "node:fs";
import { homedir } from "node:os";
import * as path from "node:path";

/** How the server could be run; `origin` says to a person where that comes from. */
export interface Candidate {
  readonly program: string;
  readonly args: readonly string[];
  readonly origin: string;
}

/** A candidate that answered. */
export interface Found {
  readonly candidate: Candidate;
  readonly version: string;
}

/** A candidate that will not do. */
export interface Missed {
  readonly candidate: Candidate;
  readonly why: string;
}

/** The oldest server that knows the requests of this extension. */
export const OLDEST = "0.1.0";

const PATIENCE_MS = 20_000; // a cold disk; the usual answer comes in a tenth of a second

/** Returns the first candidate that is a server of a version that will do, and what was wrong with those before it. */
export async function firstUsable(
  candidates: readonly Candidate[],
  ask: (candidate: Candidate) => Promise<string> = askVersion,
): Promise<{ readonly found: Found | undefined; readonly missed: readonly Missed[] }> {
  const missed: Missed[] = [];
  for (const candidate of candidates) {
    try {
      const version = readVersion(await ask(candidate));
      if (version === undefined) {
        missed.push({ candidate, why: "it did not say that it is dg-lsp" });
      } else if (isOlder(version, OLDEST)) {
        missed.push({ candidate, why: `its version is ${version}, ${OLDEST} or newer is needed` });
      } else {
        return { found: { candidate, version }, missed };
      }
    } catch (error) {
      missed.push({ candidate, why: error instanceof Error ? firstLine(error.message) : String(error) });
    }
  }
  return { found: undefined, missed };
}

/** Returns what the program prints about its version; rejects with a reason for a person. */
export function askVersion(candidate: Candidate): Promise<string> {
  return run(candidate, ["--version"]);
}

/** Runs the program to its end and returns its standard output. It does not start in the workspace. */
export function run(candidate: Candidate, more: readonly string[]): Promise<string> {
  const options = { timeout: PATIENCE_MS, windowsHide: true, cwd: homedir() };
  return new Promise((resolve, reject) => {
    execFile(candidate.program, [...candidate.args, ...more], options, (error, stdout, stderr) => {
      if (error === null || (stdout !== "" && error.killed !== true)) {
        resolve(stdout);
      } else if (error.code === "ENOENT" || error.code === "EACCES") {
        reject(new Error("there is no such program"));
      } else {
        reject(new Error(lastLine(stderr) || (error.killed ? "it did not answer" : `it ended with ${error.code}`)));
      }
    });
  });
}

/** Returns the version in the output of `dg-lsp --version`. */
export function readVersion(output: string): string | undefined {
  return /^dg-lsp (\d+(?:\.\d+)*)/m.exec(output)?.[1];
}

/** Whether one version is older than another; only the numbers count. */
export function isOlder(version: string, than: string): boolean {
  const [a, b] = [version, than].map((text) => text.split(".").map(Number)) as [number[], number[]];
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) {
      return difference < 0;
    }
  }
  return false;
}

/**
 * Returns the program's full path from the PATH. Entries that are not absolute are passed over, and so are those
 * inside `avoided` folders: a workspace that nobody trusts must not bring the server.
 */
export function onPath(
  name: string,
  env: NodeJS.ProcessEnv,
  avoided: readonly string[] = [],
  platform: NodeJS.Platform = process.platform,
): string | undefined {
  const key = Object.keys(env).find((k) => k.toUpperCase() === "PATH");
  const entries = (key === undefined ? "" : (env[key] ?? "")).split(path.delimiter);
  const file = platform === "win32" ? `${name}.exe` : name;
  return entries
    .filter((entry) => path.isAbsolute(entry) && !avoided.some((folder) => isInside(entry, folder)))
    .map((entry) => path.join(entry, file))
    .find(isProgram);
}

/** Returns the Python of a virtual environment, if there is one. */
export function pythonOf(environment: string, platform: NodeJS.Platform = process.platform): string | undefined {
  const parts = platform === "win32" ? ["Scripts", "python.exe"] : ["bin", "python"];
  const program = path.join(environment, ...parts);
  return isProgram(program) ? program : undefined;
}

/** The server as a module of a Python; `-P` keeps the folder it starts in out of Python's search path. */
export function moduleOf(python: string, origin: string): Candidate {
  return { program: python, args: ["-P", "-m", "dg_lsp"], origin };
}

/** Returns a setting's word with `~` and `${workspaceFolder}` replaced. */
export function expanded(word: string, home: string, folder: string | undefined): string {
  const atHome = word === "~" || word.startsWith("~/") ? home + word.slice(1) : word;
  return folder === undefined ? atHome : atHome.replaceAll("${workspaceFolder}", folder);
}

/** Stands for the folder of a clone, or a wheel, until somebody names it. */
export const SOURCE = "PATH";

/** Returns the line that installs the server from a clone's folder or a wheel, for the usual shell of the platform. */
export function installCommand(
  python: string | undefined,
  source: string = SOURCE,
  platform: NodeJS.Platform = process.platform,
): string {
  const program = quoted(python ?? (platform === "win32" ? "py" : "python3"), platform);
  const call = platform === "win32" && program.startsWith('"') ? "& " : "";
  return `${call}${program} -m pip install ${quoted(source, platform)}`;
}

function quoted(word: string, platform: NodeJS.Platform): string {
  if (!/[^\w./\\:~+-]/.test(word)) {
    return word;
  }
  return platform === "win32" ? `"${word}"` : `'${word.replaceAll("'", "'\\''")}'`;
}

function isInside(file: string, folder: string): boolean {
  const relative = path.relative(folder, file);
  return relative === "" || (!relative.startsWith("..") && !path.isAbsolute(relative));
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

function firstLine(text: string): string {
  return text.split("\n", 1)[0] ?? "";
}

function lastLine(text: string): string {
  return text.trim().split("\n").at(-1) ?? "";
}
