// Tells settings that have changed from those that only seemed to for a moment: a value while it is typed, a file that is
// read while it is being written.

const SETTLE_MS = 250;

/** Acts on what is read once it has stopped changing, and only if it is not what is in use. */
export class Settled {
  private inUse: string | undefined;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly read: () => string,
    private readonly act: () => void,
    private readonly waitMs = SETTLE_MS,
  ) {}

  /** Takes what is read now into use. */
  use(): void {
    this.inUse = this.read();
  }

  /** Is told of every change. */
  changed(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      if (this.read() !== this.inUse) {
        this.act();
      }
    }, this.waitMs);
  }

  dispose(): void {
    clearTimeout(this.timer);
  }
}
