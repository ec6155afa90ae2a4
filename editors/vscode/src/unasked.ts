// Tells what the user asked for from what the extension asks in the user's place, by the same command of the editor.

/** Questions that nobody asked in person. */
export class Unasked {
  private asking = false;

  /** Runs a command that makes the editor ask as the user would. */
  async ask(command: () => PromiseLike<unknown>): Promise<void> {
    this.asking = true;
    try {
      await command();
    } finally {
      this.asking = false;
    }
  }

  /** Whether a question is one of them. What typing causes meanwhile is, but is not the one that was announced. */
  includes(invoked: boolean): boolean {
    if (!invoked) {
      return true;
    }
    const { asking } = this;
    this.asking = false;
    return asking;
  }
}
