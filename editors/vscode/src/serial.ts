// Runs a task one at a time: what is asked for while it runs is done once more afterwards, however often it was asked.

/** Returns a function that starts `task`, or promises the one run that follows the present one. */
export function serial(task: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined;
  let next: Promise<void> | undefined;

  const start = (): Promise<void> => {
    const run = task().finally(() => {
      if (running === run) {
        running = undefined;
      }
    });
    running = run;
    return run;
  };

  return () => {
    if (running === undefined) {
      return start();
    }
    next ??= running
      .catch(() => undefined) // whoever asked for that run has its error
      .then(() => {
        next = undefined;
        return start();
      });
    return next;
  };
}
