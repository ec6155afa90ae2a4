// The edits of a proposal as changes that can be taken one by one: those that share a line belong together. Knows no document.
import type { Edit } from "./edits";

/** One change: its edits, the first of its lines (from 0), and these lines before and after, without the last line end. */
export interface Hunk {
  readonly edits: readonly Edit[];
  readonly line: number;
  readonly before: string;
  readonly after: string;
}

interface Lines {
  start: number;
  end: number;
  edits: Edit[];
}

/** Returns the changes in the order of the text; the edits must not overlap, and may come in any order. */
export function hunksOf(source: string, edits: readonly Edit[]): Hunk[] {
  const groups: Lines[] = [];
  for (const edit of [...edits].sort((a, b) => a.start - b.start || a.end - b.end)) {
    const { start, end } = linesOf(source, edit);
    const last = groups.at(-1);
    if (last !== undefined && start < last.end) {
      last.edits.push(edit);
      last.end = Math.max(last.end, end);
    } else {
      groups.push({ start, end, edits: [edit] });
    }
  }
  return groups.map((group) => hunk(source, group));
}

/** Returns what a list says of a change: its first line that is new, else the first that goes. */
export function labelOf({ before, after }: Hunk): { readonly sign: "added" | "removed" | "modified"; readonly text: string } {
  const old = before.split(/\r?\n/);
  const first = after.split(/\r?\n/).find((line) => line.trim() !== "" && !old.includes(line));
  if (first === undefined) {
    return { sign: "removed", text: (old.find((line) => line.trim() !== "") ?? "").trim() };
  }
  return { sign: before === "" ? "added" : "modified", text: first.trim() };
}

/** Where the lines begin and end that an edit changes; whole lines that are put in or taken out touch no others. */
function linesOf(source: string, { start, end, text }: Edit): { start: number; end: number } {
  const begins = (at: number) => at === 0 || source[at - 1] === "\n";
  if (begins(start) && begins(end) && (text === "" || text.endsWith("\n"))) {
    return { start, end };
  }
  const next = source.indexOf("\n", end);
  return { start: source.lastIndexOf("\n", start - 1) + 1, end: next === -1 ? source.length : next + 1 };
}

function hunk(source: string, { start, end, edits }: Lines): Hunk {
  let after = "";
  let at = start;
  for (const edit of edits) {
    after += source.slice(at, edit.start) + edit.text;
    at = edit.end;
  }
  after += source.slice(at, end);
  const line = source.slice(0, start).split("\n").length - 1;
  const trimmed = (text: string) => text.replace(/\r?\n$/, "");
  return { edits, line, before: trimmed(source.slice(start, end)), after: trimmed(after) };
}
