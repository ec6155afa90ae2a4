"""What a job has found so far, on disk, so that a run that was killed goes on. Knows bytes and keys, no holes."""
