"""The process that fetches: what is read of it, and how it ends."""

from __future__ import annotations

import asyncio
import sys

import pytest

from dg_lsp.fetching.default_model import COMMAND, DefaultModel
from dg_lsp.fetching.process import Failure, FetchProcess, Progress

pytestmark = pytest.mark.usefixtures("runtime_folder")


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


async def outcome(code: str) -> tuple[Failure | None, list[Progress]]:
    told: list[Progress] = []
    return await FetchProcess(python(code), told.append).run(), told


async def test_its_lines_are_its_progress_and_others_are_passed_over() -> None:
    code = """print('{"stage": "downloading", "done": 1, "total": 2}', 'nonsense', '{"path": "there"}', sep="\\n")"""
    assert await outcome(code) == (None, [Progress("downloading", 1, 2)])


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("import sys; sys.exit('a warning\\ninfill: no room')", "no room"),
        ("raise SystemExit(3)", "the command ended with code 3"),
        ("print('x' * 2_000_000); raise SystemExit('infill: late')", "late"),
    ],
)
async def test_its_last_words_are_the_reason(code: str, reason: str) -> None:
    failure, told = await outcome(code)
    assert failure == Failure(reason) and not told


async def test_a_command_that_is_not_there_is_a_reason() -> None:
    failure = await FetchProcess(["/nowhere/python"], lambda _: None).run()
    assert failure is not None and "cannot be run" in failure.reason


async def test_a_cancel_before_it_has_started_ends_it_too() -> None:
    process = FetchProcess(python("import time; time.sleep(60)"), lambda _: None)
    running = asyncio.create_task(process.run())
    await asyncio.sleep(0)
    process.cancel()
    async with asyncio.timeout(30):
        failure = await running
    assert failure is not None and failure.cancelled


async def test_the_real_command_takes_its_arguments() -> None:
    """It stops at the name of a model that no hub has: nothing is fetched."""
    assert COMMAND[-3:] == ("qwen-0.5b", "--json", "--progress")
    failure = await FetchProcess([*COMMAND[:-3], "no name", *COMMAND[-2:], "--gguf", "x"], lambda _: None).run()
    assert failure is not None and failure.reason == (
        "no name: is no name for a model; letters, digits, dots, dashes and underscores make one"
    )


async def test_without_a_command_nothing_is_missing() -> None:
    assert not DefaultModel(None).is_missing
