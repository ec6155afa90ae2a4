// The editor's settings as the server's `initializationOptions`. What is left at its default is not sent.

/** Settings whose change needs a new server, without the section's name. */
export const SENT = [
  "languages",
  "deadlineMs",
  "manualDeadlineMs",
  "debounceMs",
  "lookAhead",
  "onBattery",
  "context",
  "model",
  "engine",
  "url",
  "quant",
  "device",
  "threads",
  "niceness",
  "sharedEngine",
  "unloadAfterMinutes",
  "offerModel",
  "stats",
] as const;

/** Other settings that are read when the server starts. */
export const STARTS_WITH = ["server.command", "server.args", "logLevel"] as const;

/** A setting's value and its default. */
export type Read = (key: string) => { readonly value: unknown; readonly standard: unknown };

/** Returns the options. `automatic` is not among them: the editor asks or does not ask, without a restart. */
export function initializationOptions(read: Read, trusted: boolean): Record<string, unknown> {
  const options: Record<string, unknown> = { trusted };
  for (const key of SENT) {
    const { value, standard } = read(key);
    if (value !== undefined && value !== null && JSON.stringify(value) !== JSON.stringify(standard)) {
      options[key] = value;
    }
  }
  return options;
}
