"""The embedded model answers while the chosen one cannot."""

from __future__ import annotations

import threading

import pytest

from dg_lsp.backend.fallback_filler import StandIn
from infill.types import Filled, FillRequest, Trigger
from model.types import CancelToken, CheckpointError
from tests.dg_lsp.server_fakes import WAIT_S, FakeFiller


class Named(FakeFiller):
    def __init__(self, name: str) -> None:
        super().__init__()
        self.model_name = name


class Opening:
    """The chosen model opens once `may` is set, or fails with `error`."""

    def __init__(self, error: Exception | None = None) -> None:
        self.may = threading.Event()
        self.error = error
        self.filler = Named("chosen")

    def __call__(self) -> Named:
        assert self.may.wait(WAIT_S)
        if self.error is not None:
            raise self.error
        return self.filler


class Embedded:
    """Opens the embedded model, and counts how often."""

    def __init__(self) -> None:
        self.opened: list[Named] = []

    def __call__(self) -> Named:
        self.opened.append(Named("embedded"))
        return self.opened[-1]


def settled(filler: StandIn, opening: Opening) -> None:
    """Let the chosen model open, or fail, and wait for it."""
    told = threading.Event()
    filler.watch(told.set)
    opening.may.set()
    assert told.wait(WAIT_S)


def ask(filler: StandIn, trigger: Trigger) -> None:
    assert isinstance(filler.fill(FillRequest("a", "python", 0, trigger=trigger), CancelToken()), Filled)


def test_the_embedded_model_answers_until_the_chosen_one_is_open() -> None:
    opening, embedded = Opening(), Embedded()
    filler = StandIn(opening, embedded, patience_s=0)
    ask(filler, "manual")
    assert (filler.loading, filler.failure, filler.model_name) == (True, None, "embedded")
    settled(filler, opening)
    ask(filler, "manual")
    assert (filler.loading, filler.failure, filler.model_name) == (False, None, "chosen")
    assert [len(made.asked) for made in (embedded.opened[0], opening.filler)] == [1, 1]


def test_one_that_opens_at_once_needs_nobody_in_its_place() -> None:
    opening, embedded = Opening(), Embedded()
    opening.may.set()
    assert StandIn(opening, embedded, WAIT_S).model_name == "chosen"
    assert embedded.opened == []


def test_of_one_that_does_not_open_the_reason_is_told_and_the_embedded_model_answers() -> None:
    opening, embedded = Opening(CheckpointError("no such folder")), Embedded()
    opening.may.set()
    filler = StandIn(opening, embedded, WAIT_S)
    ask(filler, "automatic")
    assert (filler.failure, filler.model_name, filler.chosen_is_open) == ("no such folder", "embedded", False)


def test_when_neither_opens_the_reason_is_that_of_the_chosen_one() -> None:
    def fail() -> Named:
        raise RuntimeError("embedded")

    opening = Opening(CheckpointError("chosen"))
    opening.may.set()
    with pytest.raises(CheckpointError, match="chosen"):
        StandIn(opening, fail, WAIT_S)


def test_while_the_chosen_one_is_too_slow_only_automatic_requests_go_to_the_embedded_one() -> None:
    opening, embedded = Opening(), Embedded()
    opening.may.set()
    filler = StandIn(opening, embedded, WAIT_S)
    filler.smaller = True
    ask(filler, "manual")
    assert embedded.opened == [] and filler.model_name == "chosen"
    ask(filler, "automatic")
    ask(filler, "automatic")
    assert filler.model_name == "embedded"
    filler.smaller = False
    ask(filler, "automatic")
    assert [len(opening.filler.asked), len(embedded.opened), len(embedded.opened[0].asked)] == [2, 1, 2]
