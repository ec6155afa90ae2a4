"""One loaded model for all editor windows: a local engine process, and the filler that asks it."""
