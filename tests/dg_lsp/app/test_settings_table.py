"""What the docs and the plugins say of the settings is what the code says."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

from dg_lsp.app.settings_table import with_table
from dg_lsp.settings import FIELDS, MEANINGS, NO_VALUE, Settings

ROOT = Path(__file__).resolve().parents[3]
DOCUMENT = ROOT / "docs" / "settings.md"
EDITORS = ROOT / "editors"
OF_VSCODE = {
    "rememberInstructions",
    "preview",
    "server.command",
    "server.args",
    "logLevel",
    "trace.server",
}  # the extension's own
NOT_IN_VSCODE = {"trusted", "statusNotification"}  # the extension says the first, and asks in place of the second
BOUNDS = ("minimum", "maximum", "exclusiveMinimum", "enum")


def test_the_document_has_the_table_as_it_is_now() -> None:
    text = DOCUMENT.read_text("utf-8")
    assert with_table(text) == text, "run `make docs`"


def test_every_setting_has_a_meaning_and_a_default_to_show() -> None:
    assert set(MEANINGS) == set(FIELDS)
    assert set(NO_VALUE) == {key for key, field in FIELDS.items() if field.default is None}


@pytest.mark.parametrize("text", ["", "<!-- settings, written by `make docs` -->", "<!-- end of settings -->"])
def test_a_document_without_markers_is_left_alone(text: str) -> None:
    with pytest.raises(ValueError, match="no <!-- settings"):
        with_table(text)


def test_vscode_offers_every_setting_with_its_default_and_bounds() -> None:
    package = json.loads((EDITORS / "vscode" / "package.json").read_text("utf-8"))
    offered = {
        key.removeprefix("dg-lsp."): rule for key, rule in package["contributes"]["configuration"]["properties"].items()
    }
    ours = {key: field for key, field in FIELDS.items() if key not in NOT_IN_VSCODE}
    assert set(offered) == set(ours) | OF_VSCODE
    schema = msgspec.json.schema(Settings)["$defs"]["Settings"]["properties"]
    for key, field in ours.items():
        assert offered[key]["default"] == field.default, key
        assert bounds(offered[key]) == bounds(schema[key]), key


def test_vscode_sends_every_setting_that_needs_the_server() -> None:
    source = (EDITORS / "vscode" / "src" / "options.ts").read_text("utf-8")
    listed = re.search(r"SENT = \[(.*?)\]", source, re.DOTALL)
    assert listed is not None
    assert set(re.findall(r'"(\w+)"', listed[1])) == set(FIELDS) - NOT_IN_VSCODE - {"automatic"}


@pytest.mark.parametrize(
    ("document", "key"),
    [
        ("vscode/README.md", r"`dg-lsp\.(\w+)`"),
        ("nvim/doc/dg-lsp.txt", r"initializationOptions.*?`{ (\w+) = \w+, (\w+) = \w+ }`"),
        ("emacs/README.md", r"'\(:(\w+) "),
    ],
)
def test_the_plugins_docs_name_no_other_settings(document: str, key: str) -> None:
    found = re.findall(key, (EDITORS / document).read_text("utf-8"), re.DOTALL)
    named = {name for match in found for name in ([match] if isinstance(match, str) else match)}
    assert named
    assert named <= set(FIELDS) | OF_VSCODE
    if document.startswith("vscode"):
        assert named >= set(FIELDS) - NOT_IN_VSCODE


def bounds(rule: dict[str, Any]) -> dict[str, Any]:
    """What a JSON schema says of a value, whether it may be null or not."""
    flat = rule | next((one for one in rule.get("anyOf", []) if one.get("type") != "null"), {})
    return {name: sorted(flat[name]) if name == "enum" else flat[name] for name in BOUNDS if name in flat}
