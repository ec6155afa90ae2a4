// The server's life: found, started, restarted one at a time, stopped. Completion itself is the client library's.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { homedir } from "node:os";
import * as readline from "node:readline";
import * as vscode from "vscode";
import { LanguageClient, type LanguageClientOptions, type Middleware, RevealOutputChannelOn, State, type StaticFeature } from "vscode-languageclient/node";
import { happened } from "./happened";
import { type Found, firstUsable, run } from "./launch";
import { candidates } from "./locate";
import type { Channels } from "./log";
import { initializationOptions, SENT, STARTS_WITH } from "./options";
import { serial } from "./serial";
import { Settled } from "./settled";
import type { EditorStatus, ServerStatus } from "./statusText";

const SCHEMES = ["file", "untitled", "vscode-notebook-cell"];
const STOP_MS = 2_000; // for a server that was asked to end, then as long again for its process
const START_MS = 60_000; // for `initialize`, which waits for nothing heavy; a server that is later than that hangs

const STARTING = [...SENT, ...STARTS_WITH];

/** All that a server is started with, as one text. */
function startSettings(): string {
  const settings = vscode.workspace.getConfiguration("dg-lsp");
  return JSON.stringify(STARTING.map((key) => settings.get(key)));
}

/** One server process and its client; `restart` also starts. */
export class Server implements vscode.Disposable {
  /** Starts the server anew; calls while it does so are one more restart together. */
  readonly restart = serial(() => this.startAnew());

  private readonly settings = new Settled(startSettings, () => void this.restart());
  private readonly changed = new vscode.EventEmitter<void>();
  readonly onDidChange = this.changed.event;
  private readonly refreshed = new vscode.EventEmitter<void>();
  /** Fires when a question that got no answer in time would get one now. */
  readonly onDidRefresh = this.refreshed.event;
  private readonly missing = new vscode.EventEmitter<readonly string[]>();
  /** Fires with a line for each place that was looked at in vain. */
  readonly onDidMiss = this.missing.event;

  private client: LanguageClient | undefined;
  private process: ChildProcess | undefined;
  private found: Found | undefined;
  private phase: EditorStatus["server"] = "looking";

  constructor(
    private readonly channels: Channels,
    private readonly middleware: Middleware,
  ) {}

  get state(): EditorStatus["server"] {
    return this.phase;
  }

  /** The client, while there is a server that answers. */
  get running(): LanguageClient | undefined {
    return this.phase === "running" ? this.client : undefined;
  }

  /** Returns what the server says about itself; undefined when there is none to ask. */
  async status(): Promise<ServerStatus | undefined> {
    try {
      return await this.running?.sendRequest<ServerStatus>("dgLsp/status");
    } catch {
      return undefined; // it stopped meanwhile, and its state says so
    }
  }

  /** Has the server fetch the default model; returns what it says to that. */
  async fetchModel(): Promise<string> {
    if (this.running === undefined) {
      throw new Error("no server runs that could fetch it; the command Restart Server starts one");
    }
    const answer = await this.running.sendRequest<{ detail: string }>("workspace/executeCommand", { command: "dg-lsp.fetch" });
    return answer.detail;
  }

  /** Returns what the server's command line says about a file being ignored. */
  async explain(file: string): Promise<string> {
    if (this.found === undefined) {
      throw new Error("the server was not found");
    }
    return run(this.found.candidate, ["explain", file]);
  }

  /** Ends the server; `restart` starts another. */
  async stop(): Promise<void> {
    const { client, process } = this;
    this.client = this.process = undefined;
    if (client !== undefined) {
      await client.dispose(STOP_MS).catch(() => undefined); // it was starting, or had died: only its process is left
    }
    await end(process);
  }

  /** Starts the server anew if a setting is another than what it was started with. */
  settingsChanged(event: vscode.ConfigurationChangeEvent): void {
    if (STARTING.some((key) => event.affectsConfiguration(`dg-lsp.${key}`))) {
      this.settings.changed();
    }
  }

  dispose(): void {
    void this.stop();
    this.settings.dispose();
    this.changed.dispose();
    this.refreshed.dispose();
    this.missing.dispose();
  }

  private async startAnew(): Promise<void> {
    this.settings.use();
    await this.stop();
    this.become("looking");
    const { found, missed } = await firstUsable(await candidates());
    const reasons = missed.map(({ candidate, why }) => `${candidate.origin}: ${candidate.program}: ${why}`);
    for (const reason of reasons) {
      this.channels.server.info(`not used: ${reason}`);
    }
    this.found = found;
    await vscode.commands.executeCommand("setContext", "dg-lsp.serverFound", found !== undefined);
    if (found === undefined) {
      this.become("missing");
      this.missing.fire(reasons);
      return;
    }
    const { program, args, origin } = found.candidate;
    this.channels.server.info(`server ${found.version}: ${[program, ...args].join(" ")} (${origin})`);
    this.become("starting");
    await this.connect(found);
  }

  private async connect(found: Found): Promise<void> {
    const settings = vscode.workspace.getConfiguration("dg-lsp");
    const level = settings.get("logLevel", "info");
    const more = ["--stdio", "--log-level", level, ...settings.get<string[]>("server.args", [])];
    const { program, args } = found.candidate;
    const launch = async (): Promise<ChildProcess> => {
      await end(this.process); // the client library starts a server that died again
      const started = spawn(program, [...args, ...more], { cwd: homedir(), windowsHide: true });
      started.on("error", (error) => this.channels.server.error(`the server could not be run: ${error.message}`));
      return (this.process = started);
    };
    const client = new LanguageClient("dg-lsp", "dg-lsp", launch, this.clientOptions(settings));
    client.onDidChangeState(({ newState }) => {
      if (this.client === client) {
        this.become(newState === State.Running ? "running" : newState === State.Starting ? "starting" : "stopped");
      }
    });
    client.registerFeature(announced);
    client.onNotification("dgLsp/refresh", () => this.refreshed.fire());
    this.client = client;
    const late = setTimeout(() => void end(this.process), START_MS);
    try {
      await client.start();
      void happened("dg-lsp.started");
    } catch (error) {
      this.become("stopped");
      this.channels.server.error(`the server could not be started: ${String(error)}`);
    } finally {
      clearTimeout(late);
    }
  }

  private clientOptions(settings: vscode.WorkspaceConfiguration): LanguageClientOptions {
    const read = (key: string) => ({ value: settings.get<unknown>(key), standard: settings.inspect(key)?.defaultValue });
    const languages = settings.get<string[] | null>("languages", null);
    const selector = SCHEMES.flatMap((scheme) => languages?.map((language) => ({ scheme, language })) ?? [{ scheme }]);
    const log = (input: NodeJS.ReadableStream): void => this.readLog(input);
    return {
      documentSelector: selector,
      initializationOptions: initializationOptions(read, vscode.workspace.isTrusted),
      initializationFailedHandler: () => false,
      outputChannel: this.channels.server,
      traceOutputChannel: this.channels.trace,
      revealOutputChannelOn: RevealOutputChannelOn.Never,
      stdioOptions: { stdout: log, stderr: log },
      middleware: this.middleware,
    };
  }

  /** The server's lines have a time and a level of their own; the channel writes both itself. */
  private readLog(input: NodeJS.ReadableStream): void {
    readline.createInterface({ input, crlfDelay: Infinity }).on("line", (line) => this.channels.logLine(line));
  }

  private become(phase: EditorStatus["server"]): void {
    this.phase = phase;
    this.changed.fire();
  }
}

/** Says that the client asks again when it is told to, and that it asks the user for instructions. */
const announced: StaticFeature = {
  fillClientCapabilities: (capabilities) => {
    capabilities.experimental = { ...capabilities.experimental, dgLsp: { refresh: true, rewriteSelection: true } };
  },
  initialize: () => undefined,
  getState: () => ({ kind: "static" }),
  clear: () => undefined,
};

/** Waits a little for a process to end by itself, then ends it. */
async function end(process: ChildProcess | undefined): Promise<void> {
  if (process?.pid === undefined || process.exitCode !== null || process.signalCode !== null) {
    return;
  }
  const ended = once(process, "exit");
  const kill = setTimeout(() => process.kill("SIGKILL"), STOP_MS);
  await ended;
  clearTimeout(kill);
}
