from __future__ import annotations

from typing import Any

import msgspec
import pytest

from dg_lsp.settings import Settings, read_settings


@pytest.mark.parametrize("options", [None, {}])
def test_defaults(options: Any) -> None:
    assert read_settings(options) == (Settings(), [])
    assert (Settings().automatic, Settings().deadline_ms, Settings().manual_deadline_ms) == (True, 400, 3000)


def test_every_setting_is_read_by_its_name_on_the_wire() -> None:
    options = {
        "automatic": False,
        "deadlineMs": 250,
        "manualDeadlineMs": 5000.5,
        "languages": ["go"],
        "model": "./m",
        "threads": 3,
        "niceness": 10,
        "onBattery": "manual",
    }
    settings, problems = read_settings(options)
    assert settings == Settings(False, 250, 5000.5, ("go",), "./m", 3, 10, "manual")
    assert problems == []
    assert set(options) == {field.encode_name for field in msgspec.structs.fields(Settings)}


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("automatic", "yes"),
        ("automatic", 1),
        ("threads", 0),
        ("niceness", 20),
        ("niceness", -1),
        ("onBattery", "never"),
        ("deadlineMs", 0),
        ("deadlineMs", -1),
        ("deadlineMs", float("nan")),
        ("deadlineMs", "400"),
        ("manualDeadlineMs", 10**9),
        ("languages", "python"),
        ("languages", [1]),
        ("model", ["m"]),
        ("deadline_ms", 400),
        ("modell", "m"),
    ],
)
def test_a_bad_key_keeps_its_default_is_named_and_spoils_no_other(key: str, value: Any) -> None:
    settings, problems = read_settings({key: value, "languages" if key != "languages" else "model": None})
    assert settings == Settings()
    (problem,) = problems
    assert repr(key) in problem


@pytest.mark.parametrize("options", [[], "x", 5, True])
def test_options_of_the_wrong_kind_are_one_problem(options: Any) -> None:
    settings, problems = read_settings(options)
    assert settings == Settings() and len(problems) == 1


def test_settings_are_frozen() -> None:
    with pytest.raises(AttributeError):
        Settings().model = "x"  # type: ignore[misc]
