// The last instructions as plain texts: newest first, each once. Knows no editor.

export const MOST = 20;

/** Returns the texts with `text` first; a blank one is not kept. */
export function withFirst(texts: readonly string[], text: string): string[] {
  const kept = text.trim();
  return kept === "" ? [...texts] : [kept, ...texts.filter((each) => each !== kept)].slice(0, MOST);
}

/** One line of the list below the input. */
export interface Line {
  readonly kind: "typed" | "last" | "anew";
  readonly instruction: string;
}

/** Returns what can be chosen: what is typed, then the last ones; where nothing is typed, also no instruction at all. */
export function linesFor(typed: string, last: readonly string[]): Line[] {
  const text = typed.trim();
  const before = last.filter((each) => each !== text).map((instruction): Line => ({ kind: "last", instruction }));
  return text === "" ? [...before, { kind: "anew", instruction: "" }] : [{ kind: "typed", instruction: text }, ...before];
}
