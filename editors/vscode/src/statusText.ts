// What the status bar says, as plain text. Its form is stable: "dg-lsp: STATE", then milliseconds, then the model.

/** The answer to `dgLsp/status`. */
export interface ServerStatus {
  readonly state: "starting" | "loading" | "ready" | "busy" | "failed";
  readonly model: string | null;
  readonly lastReason: string | null;
  readonly lastMs: number | null;
  readonly message: string | null;
  readonly ignored: { readonly rule: string; readonly source: string } | null;
  readonly shared?: boolean;
  readonly engineClients?: number | null;
  readonly takesInstructions?: boolean;
}

/** What the editor knows without the server. */
export interface EditorStatus {
  readonly server: "looking" | "missing" | "starting" | "running" | "stopped";
  readonly automatic: boolean;
  readonly snoozedUntil: number | undefined; // milliseconds since the epoch
  readonly shown: number;
  readonly accepted: number;
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
    lines.push(`Last answer: ${server.lastReason}, ${Math.round(server.lastMs ?? 0)} ms`);
  }
  if (server?.ignored) {
    lines.push(`Ignored by ${server.ignored.rule} (${server.ignored.source})`);
  }
  if (server?.message) {
    lines.push(server.message);
  }
  if (editor.snoozedUntil !== undefined) {
    lines.push(`Snoozed until ${new Date(editor.snoozedUntil).toLocaleTimeString()}`);
  }
  lines.push(`This session: ${editor.shown} shown, ${editor.accepted} accepted`, "Click for the menu");
  return lines.join("\n");
}

const ICONS: Record<string, string> = {
  looking: "$(sync~spin)",
  starting: "$(sync~spin)",
  loading: "$(sync~spin)",
  "not installed": "$(warning)",
  failed: "$(error)",
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
    return editor.snoozedUntil !== undefined ? "snoozed" : editor.automatic ? "ready" : "manual";
  }
  return server.state;
}

function sharing(server: ServerStatus): string {
  const windows = server.engineClients ?? 0;
  return server.shared && windows > 1 ? `, shared by ${windows} windows` : "";
}
