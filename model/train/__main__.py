"""`python -m model.train`: the training loop, or with `--rehearse` every stage of the model's making, small."""

import os
import sys

# glibc gives every large buffer back to the system and faults it in again at the next step: keeping it
# doubled the training speed here (1,500 to 2,700 positions/s). Must be set before the process starts.
ALLOCATOR = {
    "MALLOC_MMAP_THRESHOLD_": "8589934592",
    "MALLOC_TRIM_THRESHOLD_": "8589934592",
    "MALLOC_TOP_PAD_": "268435456",
    "OMP_WAIT_POLICY": "PASSIVE",
}


def main() -> None:
    if sys.platform == "linux" and any(k not in os.environ for k in ALLOCATOR):
        os.execve(sys.executable, [sys.executable, "-m", "model.train", *sys.argv[1:]], ALLOCATOR | os.environ)
    from model.train.arguments import arguments
    from model.train.loop import main as train
    from model.train.rehearsal import rehearse

    if arguments().rehearse:
        rehearse()
    else:
        train()


if __name__ == "__main__":
    main()
