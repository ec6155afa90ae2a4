from __future__ import annotations

from typing import Any

import msgspec
import pytest

from dg_lsp.settings import ONLY_TRUSTED, Settings, read_settings


@pytest.mark.parametrize("options", [None, {}])
def test_defaults(options: Any) -> None:
    assert read_settings(options) == (Settings(), [])
    assert (Settings().automatic, Settings().deadline_ms, Settings().manual_deadline_ms) == (True, 800, 3000)


def test_every_setting_is_read_by_its_name_on_the_wire() -> None:
    options = {
        "automatic": False,
        "deadlineMs": 250,
        "debounceMs": 50,
        "lookAhead": False,
        "manualDeadlineMs": 5000.5,
        "languages": ["go"],
        "model": "./m",
        "engine": "http",
        "url": "http://127.0.0.1:8000/v1",
        "quant": "int4",
        "device": "cuda",
        "threads": 3,
        "niceness": 10,
        "onBattery": "manual",
        "sharedEngine": False,
        "unloadAfterMinutes": 0.5,
        "context": False,
        "offerModel": False,
        "stats": False,
        "statusNotification": True,
        "trusted": True,
    }
    settings, problems = read_settings(options)
    values = {field.name: options[field.encode_name] for field in msgspec.structs.fields(Settings)}
    assert settings == Settings(**values | {"languages": ("go",)})
    assert all(value != getattr(Settings(), name) for name, value in values.items() if name != "trusted")
    assert problems == []
    assert set(options) == {field.encode_name for field in msgspec.structs.fields(Settings)}


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("automatic", "yes"),
        ("automatic", 1),
        ("threads", 0),
        ("quant", "int3"),
        ("device", 0),
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
        ("engine", "vllm"),
        ("url", 8000),
        ("sharedEngine", "yes"),
        ("unloadAfterMinutes", -1),
        ("unloadAfterMinutes", 100_000),
        ("deadline_ms", 400),
        ("modell", "m"),
    ],
)
def test_a_bad_key_keeps_its_default_is_named_and_spoils_no_other(key: str, value: Any) -> None:
    settings, problems = read_settings({key: value, "languages" if key != "languages" else "model": None})
    assert settings == Settings()
    (problem,) = problems
    assert repr(key) in problem


@pytest.mark.reports
@pytest.mark.parametrize(
    ("key", "value", "told"),
    [
        ("deadlineMs", "soon", "it must be a number, not text"),
        ("deadlineMs", -1, "it must be a number, more than 0"),
        ("unloadAfterMinutes", 100_000, "it must be a number, at most 10080"),
        ("engine", "vllm", "there is no such choice: 'vllm'"),
        ("languages", "python", "it must be a list or null, not text"),
        ("languages", [1], "[0] must be text, not a whole number"),
        ("sharedEngine", "yes", "it must be true or false, not text"),
        ("url", 8000, "it must be text or null, not a whole number"),
    ],
)
def test_a_bad_value_is_told_in_words(key: str, value: Any, told: str) -> None:
    _, (problem,) = read_settings({key: value})
    assert problem == f"setting {key!r}: {told}"


@pytest.mark.parametrize("options", [[], "x", 5, True])
def test_options_of_the_wrong_kind_are_one_problem(options: Any) -> None:
    settings, problems = read_settings(options)
    assert settings == Settings() and len(problems) == 1


def test_the_configuration_wins_key_by_key_and_null_is_the_default() -> None:
    options = {"deadlineMs": 250, "threads": 2, "niceness": 5}
    configured = {"deadlineMs": 300, "threads": None, "lookAhead": None}
    assert read_settings(options, configured) == (Settings(deadline_ms=300, niceness=5), [])
    assert read_settings({"deadlineMs": None}) == (Settings(), [])


def test_a_bad_value_of_the_configuration_leaves_what_the_options_say() -> None:
    settings, problems = read_settings({"deadlineMs": 250}, {"deadlineMs": "soon", "colour": 1})
    assert settings == Settings(deadline_ms=250)
    assert len(problems) == 2


@pytest.mark.parametrize("said", [True, False, None])
def test_trust_is_not_for_the_configuration_to_say(said: Any) -> None:
    for trusted in (True, False):
        settings, problems = read_settings({"trusted": trusted}, {"trusted": said})
        assert settings == Settings(trusted=trusted)
        assert problems == ["setting 'trusted' is taken from initializationOptions only"]


def test_no_source_chooses_the_model_of_an_untrusted_workspace() -> None:
    settings, problems = read_settings({"trusted": False}, {"model": "./evil"})
    assert settings == Settings(trusted=False)
    assert problems == ["setting 'model' is not taken from a workspace that is not trusted"]
    assert read_settings({"trusted": True}, {"model": "./m"}) == (Settings(model="./m"), [])


@pytest.mark.parametrize("first", ["model", "trusted"])
def test_an_untrusted_workspace_cannot_choose_the_model(first: str) -> None:
    options = {"model": "./evil", "trusted": False, "deadlineMs": 250}
    settings, problems = read_settings({first: options[first]} | options)
    assert settings == Settings(deadline_ms=250, trusted=False)
    assert problems == ["setting 'model' is not taken from a workspace that is not trusted"]


def test_an_untrusted_workspace_cannot_say_where_code_is_sent() -> None:
    settings, problems = read_settings({"trusted": False, "engine": "http"}, {"url": "http://evil/v1"})
    assert settings == Settings(trusted=False)
    assert len(problems) == 2


def test_an_untrusted_workspace_may_say_how_engines_are_used_but_not_which() -> None:
    options = {"trusted": False, "sharedEngine": False, "unloadAfterMinutes": 0, "model": "./evil"}
    settings, problems = read_settings(options)
    assert settings == Settings(trusted=False, shared_engine=False, unload_after_minutes=0)
    assert len(problems) == 1


@pytest.mark.parametrize("value", [None, "true", "yes", 1, [], {}])
def test_trust_that_is_not_plainly_said_is_none(value: Any) -> None:
    settings, problems = read_settings({"model": "./evil", "trusted": value})
    assert settings == Settings(trusted=False)
    assert len(problems) == 2 and "'trusted'" in problems[0]


def test_an_untrusted_workspace_that_chooses_no_model_is_no_problem() -> None:
    assert read_settings({"trusted": False, "model": None}) == (Settings(trusted=False), [])


def test_every_setting_with_free_text_needs_trust() -> None:
    """A new setting that can name a file, a folder or a command must be put on the list, or here with a reason."""
    harmless = {"languages", "device"}  # compared with the ids of documents; refused where torch knows no such device
    free = {
        field.name
        for field in msgspec.structs.fields(Settings)
        if any(isinstance(part, msgspec.inspect.StrType) for part in parts(msgspec.inspect.type_info(field.type)))
    }
    assert free - harmless == ONLY_TRUSTED - {"engine"}  # which chooses where code is sent, without free text


def parts(info: msgspec.inspect.Type) -> list[msgspec.inspect.Type]:
    """A type and all that it is made of."""
    if isinstance(info, msgspec.inspect.Metadata):
        return parts(info.type)
    inner = [*getattr(info, "types", ()), *getattr(info, "item_types", ())]
    inner += [getattr(info, name) for name in ("item_type", "key_type", "value_type") if hasattr(info, name)]
    return [info, *(part for one in inner for part in parts(one))]


def test_settings_are_frozen() -> None:
    with pytest.raises(AttributeError):
        Settings().model = "x"  # type: ignore[misc]
