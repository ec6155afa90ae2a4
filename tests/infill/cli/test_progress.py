"""The bar that people see while something loads, and nobody else."""

from __future__ import annotations

import io
import sys

import pytest

from infill.cli import progress
from infill.cli.progress import byte_bar, wants_bar
from infill.cli.sizes import part_of_size, size


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def on_terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Not a fixture: pytest puts its own stream there when a test begins."""
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setattr(sys, "stderr", stream := Terminal())
    return stream


def load(wanted: bool) -> None:
    with byte_bar("loading", wanted) as on_bytes:
        for done in (2_000_000, 4_000_000):
            if on_bytes is not None:
                on_bytes(done, 4_000_000)


def test_a_terminal_sees_the_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = on_terminal(monkeypatch)
    monkeypatch.setattr(progress, "_SHORT_S", 0)
    load(wants_bar(as_json=False))
    assert "loading" in terminal.getvalue() and "4.00M" in terminal.getvalue()


def test_what_takes_less_than_a_second_shows_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = on_terminal(monkeypatch)
    load(wants_bar(as_json=False))
    assert "loading" not in terminal.getvalue()


def test_programs_and_their_logs_see_none(monkeypatch: pytest.MonkeyPatch) -> None:
    on_terminal(monkeypatch)
    assert wants_bar(as_json=False) and not wants_bar(as_json=True)
    monkeypatch.setenv("CI", "true")
    assert not wants_bar(as_json=False)
    monkeypatch.delenv("CI")
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    assert not wants_bar(as_json=False)


@pytest.mark.parametrize(
    ("n_bytes", "said"), [(14.46e9, "14.5 GB"), (157_400_000, "157 MB"), (999, "1 kB"), (0, "0 kB")]
)
def test_sizes(n_bytes: float, said: str) -> None:
    assert size(n_bytes) == said


def test_a_part_has_the_unit_of_the_whole() -> None:
    assert part_of_size(3.1e9, 14.5e9) == "3.1 of 14.5 GB"
    assert part_of_size(0.4e9, 14.5e9) == "0.4 of 14.5 GB"
