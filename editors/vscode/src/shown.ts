// Tells a suggestion that is new from one that the user is typing into, so that each counts as shown once.

/** Where a suggestion would leave the document: the line it ends on, and what stands there from its first line on. */
export interface Suggestion {
  readonly uri: string;
  readonly lastLine: number;
  readonly text: string;
}

/** Makes one from the line that holds the cursor up to the suggestion's range, and the suggested text. */
export function suggestion(uri: string, line: number, before: string, inserted: string): Suggestion {
  const text = before + inserted;
  return { uri, lastLine: line + text.split("\n").length - 1, text };
}

/** Whether the second is what is left of the first after some of it was typed. */
export function continues(first: Suggestion | undefined, second: Suggestion): boolean {
  return (
    first !== undefined &&
    first.uri === second.uri &&
    first.lastLine === second.lastLine &&
    first.text.endsWith(second.text)
  );
}
