// What the status bar says, as plain text. Its form is stable: "dg-lsp: STATE", then milliseconds, then the model.

/** A model that the server could fetch and would use. */
export interface Fetchable {
  readonly name: string;
  readonly nBytes: number;
  readonly license: string;
}

/** The answer to `dgLsp/status`. */
export interface ServerStatus {
  readonly state: "starting" | "loading" | "ready" | "busy" | "failed";
  readonly model: string | null;
  readonly lastModel?: string | null; // the one that answered last
  readonly lastReason: string | null;
  readonly lastWhy?: string | null; // a sentence
  readonly lastMs: number | null;
  readonly message: string | null;
  readonly ignored: { readonly rule: string; readonly source: string } | null;
  readonly shared?: boolean;
  readonly engineClients?: number | null;
  readonly takesInstructions?: boolean;
  readonly fallback?: string | null;
  readonly fetchable?: Fetchable | null;
  readonly languages?: readonly string[] | null; // ids that the model knows; null for all
}

/** What the editor knows without the server. */
export interface EditorStatus {
  readonly server: "looking" | "missing" | "starting" | "running" | "stopped";
  readonly automatic: boolean;
  readonly snoozedUntil: number | undefined; // milliseconds since the epoch
  readonly shown: number;
  readonly accepted: number;
  readonly language?: string | undefined; // id, of the open file
}

/** Returns the item's text, with its icon. */
export function statusText(editor: EditorStatus, server: ServerStatus | undefined): string {
  const state = stateOf(editor, server);
  const facts = [`dg-lsp: ${state}`];
  if (server !== undefined && (state === "ready" || state === "manual")) {
    if (server.lastMs !== null) {
      facts.push(`${Math.round(server.lastMs)} ms`);
    }
    if (server.model !== null) {
      facts.push(server.model);
    }
  }
  return `${ICONS[state] ?? "$(sparkle)"} ${facts.join(" · ")}`;
}

/** Returns the tool tip, one fact a line. */
export function toolTip(editor: EditorStatus, server: ServerStatus | undefined): string {
  const lines = [`State: ${stateOf(editor, server)}`];
  if (server?.model) {
    lines.push(`Model: ${server.model}${sharing(server)}`);
  }
  if (server?.lastReason) {
    const by = server.lastModel && server.lastModel !== server.model ? `, by ${server.lastModel}` : "";
    lines.push(`Last answer: ${server.lastReason}, ${Math.round(server.lastMs ?? 0)} ms${by}`);
  }
  if (server?.ignored) {
    lines.push(`Ignored by ${server.ignored.rule} (${server.ignored.source})`);
  }
  if (server?.message) {
    lines.push(server.message);
  }
  const trouble = troubleOf(editor, server);
  if (trouble !== undefined) {
    lines.push(trouble);
  }
  if (editor.snoozedUntil !== undefined) {
    lines.push(`Snoozed until ${new Date(editor.snoozedUntil).toLocaleTimeString()}`);
  }
  lines.push(`This session: ${editor.shown} shown, ${editor.accepted} accepted`, "Click for the menu");
  return lines.join("\n");
}

/** Returns why suggestions are not what the user expects, in a few words. */
export function troubleOf(editor: EditorStatus, server: ServerStatus | undefined): string | undefined {
  if (server?.state === "failed") {
    return "the model could not be opened";
  }
  if (server?.fallback === "model_failed") {
    return "the chosen model could not be opened";
  }
  const language = unknownLanguage(editor, server);
  return language === undefined || standsIn(server) ? undefined : `the model does not know ${language}`;
}

/** The open file's language, where the model that answers now does not know it. */
function unknownLanguage(editor: EditorStatus, server: ServerStatus | undefined): string | undefined {
  const language = editor.language?.split(".")[0];
  return language === undefined || CODELESS.has(language) || (server?.languages?.includes(language) ?? true) ? undefined : language;
}

/** Whether the small model answers while the chosen one loads. */
export function standsIn(server: ServerStatus | undefined): boolean {
  return server?.fallback === "model_loading";
}

/** Returns what is said where the user asked for a suggestion and there is none. */
export function nothingToSuggest(why: string): string {
  return `nothing to suggest here: ${why.charAt(0).toLowerCase()}${why.slice(1)}`;
}

/** Returns in one sentence why the last request got nothing, or why none was made. */
export function whyNothing(editor: EditorStatus, server: ServerStatus | undefined): string {
  if (editor.server !== "running" || server === undefined) {
    return `The server is ${editor.server === "missing" ? "not installed" : editor.server === "running" ? "starting" : editor.server}.`;
  }
  const trouble = troubleOf(editor, server);
  if (trouble !== undefined) {
    return sentence(trouble);
  }
  if (server.lastWhy) {
    return server.lastWhy;
  }
  if (editor.snoozedUntil !== undefined) {
    return `Suggestions are snoozed until ${new Date(editor.snoozedUntil).toLocaleTimeString()}.`;
  }
  return editor.automatic ? "The last request got an answer." : "Suggestions come only when asked for.";
}

function sentence(words: string): string {
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}.`;
}

const CODELESS = new Set(["plaintext", "log", "Log", "code-text-binary"]); // nobody expects code there

const ICONS: Record<string, string> = {
  looking: "$(sync~spin)",
  starting: "$(sync~spin)",
  loading: "$(sync~spin)",
  "not installed": "$(warning)",
  failed: "$(error)",
  "model failed": "$(warning)",
  "language unknown": "$(circle-slash)",
  stopped: "$(circle-slash)",
  snoozed: "$(bell-slash)",
};

/** Busy is shown as ready: it lasts a moment, and a text that jumps about is a nuisance. */
function stateOf(editor: EditorStatus, server: ServerStatus | undefined): string {
  if (editor.server === "missing") {
    return "not installed";
  }
  if (editor.server !== "running") {
    return editor.server;
  }
  if (server === undefined) {
    return "starting";
  }
  if (server.state === "ready" || server.state === "busy") {
    const trouble = troubleOf(editor, server);
    if (trouble !== undefined) {
      return server.fallback === "model_failed" ? "model failed" : "language unknown";
    }
    if (standsIn(server) && unknownLanguage(editor, server) !== undefined) {
      return "loading"; // the chosen one may know the language
    }
    return editor.snoozedUntil !== undefined ? "snoozed" : editor.automatic ? "ready" : "manual";
  }
  return server.state;
}

function sharing(server: ServerStatus): string {
  const windows = server.engineClients ?? 0;
  return server.shared && windows > 1 ? `, shared by ${windows} windows` : "";
}
