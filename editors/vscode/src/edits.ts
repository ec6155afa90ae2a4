// Texts with edits applied, as plain strings and offsets in UTF-16 units. Knows nothing of documents.

/** `text` in place of the units from `start` up to `end`. */
export interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** Returns `source` with all edits applied at once; they must not overlap, and may come in any order. */
export function applied(source: string, edits: readonly Edit[]): string {
  const ordered = [...edits].sort((a, b) => a.start - b.start || a.end - b.end);
  let result = "";
  let done = 0;
  for (const edit of ordered) {
    if (edit.start < done) {
      throw new Error("edits overlap");
    }
    result += source.slice(done, edit.start) + edit.text;
    done = edit.end;
  }
  return result + source.slice(done);
}

/** Returns the text with every line end as the document has them. */
export function withLineEnds(text: string, lineEnd: string): string {
  return text.replace(/\r\n|\r|\n/g, lineEnd);
}
