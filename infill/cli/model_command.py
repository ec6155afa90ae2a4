"""`infill model`: the checkpoints on this machine: list, fetch, verify, convert, remove."""

from __future__ import annotations

import argparse
import importlib.util
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import msgspec

from infill.cli import console
from infill.cli.model_list import Stored, bytes_in, named, removable, stored
from infill.cli.progress import ProgressLines, byte_bar, wants_bar
from infill.cli.sizes import size
from infill.types import InputError
from model.catalog import CATALOG
from model.config import CAUSAL_TYPE, check_folder, read_model_type
from model.types import CancelToken, CheckpointError, Quant
from model.weights.formats import QUANTS


class _Arguments(argparse.Namespace):
    """What `infill model` was given; argparse fills it in."""

    run: Callable[[_Arguments], int]
    json: bool
    name: str
    names: list[str]
    out: Path | None
    revision: str | None
    progress: bool
    gguf: Path | None
    quant: Quant
    embedding: Quant
    device: str | None
    yes: bool


def model(argv: list[str]) -> int:
    """Run `infill model`; return its exit code."""
    args = _parser().parse_args(argv, namespace=_Arguments())
    return args.run(args)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="infill model",
        description="The checkpoints on this machine. Only fetch asks the network, through the Hugging Face client "
        "(HF_TOKEN, HF_ENDPOINT and HF_HUB_CACHE are its own), and where that cannot reach it, through pip.",
        epilog="exit codes: 0 done, 1 a checkpoint is not what it should be, 2 usage or set-up",
    )
    commands = parser.add_subparsers(metavar="COMMAND", required=True)

    def command(name: str, run: Callable[[_Arguments], int], summary: str) -> Callable[..., argparse.Action]:
        made = commands.add_parser(name, help=summary, description=summary)
        made.set_defaults(run=run)
        made.add_argument("--json", action="store_true", help="one JSON object per line")
        return made.add_argument

    command("list", _list, "list name, format, size and folder of every checkpoint")
    add = command("fetch", _fetch, "download a checkpoint's text weights; what is there is not fetched again")
    add("name", metavar="NAME|ID", help=f"{', '.join(CATALOG)}, or OWNER/NAME on the hub")
    add("--gguf", metavar="FILE", type=Path, help="make the model NAME from this file instead of fetching one")
    add("--revision", metavar="R", help="branch, tag or commit (main)")
    add(
        "--progress", action="store_true", help="for programs, with --json: also a line {stage, done, total} on the way"
    )
    add = command("verify", _verify, "check a checkpoint's files by their checksums, or by what their headers say")
    add("name", metavar="FOLDER|ID|NAME")
    add = command("convert", _convert, "write a checkpoint's text weights in another format; needs no GPU")
    add("name", metavar="FOLDER|ID")
    add("out", metavar="OUT", nargs="?", type=Path, help="a new folder (default: in the cache, where loading finds it)")
    add("--quant", choices=QUANTS, required=True, help="format of experts, attention and dense layers")
    add("--embedding", choices=("bf16", "int8"), default="bf16", help="format of the embedding (bf16)")
    add("--device", metavar="D", help="torch device to compute on (default: a GPU if there is one)")
    add = command("remove", _remove, "delete fetched models, or converted checkpoints, which the next load makes again")
    add("names", metavar="NAME", nargs="+", help="name as `list` shows it, or folder")
    add("--yes", action="store_true", help="do not ask")
    return parser


def _list(args: _Arguments) -> int:
    found = list(stored(lambda problem: console.say(f"infill: {problem}")))
    if args.json:
        console.write_stdout(b"".join(msgspec.json.encode(one) + b"\n" for one in found))
        return 0
    rows = [(one.name, one.format, size(one.n_bytes), one.path) for one in found]
    widths = [max(len(row[i]) for row in rows) for i in range(3)]
    lines = (f"{name:{widths[0]}}  {form:{widths[1]}}  {n:>{widths[2]}}  {path}\n" for name, form, n, path in rows)
    console.write_stdout("".join(lines).encode())
    return 0


def _fetch(args: _Arguments) -> int:
    if args.gguf is not None or args.name in CATALOG:
        return _fetch_named(args)
    from model.hub.fetch import Plan, fetch  # half a second, and the only network there is

    def tell(plan: Plan) -> None:
        there = f", {size(plan.n_bytes - plan.left_bytes)} are here already" if plan.left_bytes < plan.n_bytes else ""
        vision = (
            "files with nothing but the vision part are left out"
            if plan.left_out
            else "the vision part is in the same files"
        )
        if not args.json:
            console.say(f"{args.name}: {plan.n_files} files, {size(plan.n_bytes)}{there}; {vision}")

    folder = fetch(args.name, args.revision, tell, wants_bar(args.json), _cancelled_by_ctrl_c())
    _say_where(args, folder)
    return 0


def _fetch_named(args: _Arguments) -> int:
    """Fetch a model of the catalog, or take the given file, and convert it into the user's folder of models."""
    from model.hub.named import Stage, fetch_named  # half a second, and the only network there is

    def tell(line: str) -> None:
        if not args.json:
            console.say(line)

    with byte_bar("converting", wants_bar(args.json)) as on_part:

        def on_progress(stage: Stage, done: int, total: int) -> None:
            if on_part is not None and stage == "converting":  # the hub's client has a bar of its own
                on_part(done, total)
            if args.json and args.progress:
                lines.write(stage, done, total)

        lines = ProgressLines()
        folder = fetch_named(args.name, args.gguf, tell, on_progress, _cancelled_by_ctrl_c())
    _say_where(args, folder)
    return 0


def _cancelled_by_ctrl_c() -> CancelToken:
    """A token that Ctrl-C cancels; else the client's threads finish their files first."""
    cancel = CancelToken()

    def interrupt(*_: object) -> NoReturn:
        cancel.cancel()
        raise KeyboardInterrupt

    signal.signal(signal.SIGINT, interrupt)
    return cancel


def _verify(args: _Arguments) -> int:
    from model.causal.verify import verify as verify_causal
    from model.weights.verify import verify as verify_checkpoint  # imports numpy

    folder = named(args.name)
    check_folder(folder)
    verify = verify_causal if read_model_type(folder) == CAUSAL_TYPE else verify_checkpoint
    try:
        with byte_bar("verifying", wants_bar(args.json)) as on_bytes:
            for file in verify(folder, on_bytes):
                line = f"ok    {file.file}  {size(file.n_bytes)}  by its {file.by}\n".encode()
                console.write_stdout(msgspec.json.encode(file) + b"\n" if args.json else line)
    except CheckpointError as error:
        wrong = msgspec.json.encode({"error": str(error)}) + b"\n"
        console.write_stdout(wrong if args.json else f"fail  {error}\n".encode())
        return 1
    return 0


def _convert(args: _Arguments) -> int:
    folder = named(args.name)
    check_folder(folder)
    if importlib.util.find_spec("torch") is None:
        raise InputError("convert needs torch, not installed here; pip install 'dg-lsp[gpu]'")
    from model.hardware.devices import device_of, usual_device
    from model.weights.stream import convert

    device = args.device or usual_device()
    device_of(device)  # in time, where there is none of that name
    with byte_bar("converting", wants_bar(args.json)) as on_bytes:
        converted = convert(folder, args.out, device, args.quant, args.embedding, on_bytes)
    _say_where(args, converted)
    return 0


def _remove(args: _Arguments) -> int:
    folders = list(dict.fromkeys(map(removable, args.names)))
    if not args.yes:
        if not (sys.stdin and sys.stdin.isatty()):
            raise InputError("cannot ask here; --yes removes without asking")
        for folder in folders:
            console.say(f"{folder}  {size(bytes_in(folder))}")
        if input("remove? [y/N] ").strip().lower() not in ("y", "yes"):
            return 1
    for folder in folders:
        removed = Stored(folder.name, "converted", "removed", bytes_in(folder), str(folder))
        try:
            shutil.rmtree(folder)
        except OSError as error:
            raise InputError(f"{folder}: cannot be removed ({error.strerror})") from None
        line = f"removed {folder.name}, {size(removed.n_bytes)}\n".encode()
        console.write_stdout(msgspec.json.encode(removed) + b"\n" if args.json else line)
    return 0


def _say_where(args: _Arguments, folder: Path) -> None:
    """The folder on stdout, for the next command."""
    found = {"path": str(folder), "n_bytes": bytes_in(folder)}
    console.write_stdout(msgspec.json.encode(found) + b"\n" if args.json else f"{folder}\n".encode())
