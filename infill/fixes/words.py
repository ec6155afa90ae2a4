"""Words of other languages that people write out of habit, and those of this one."""

from __future__ import annotations

_NOTHING = ("null", "nil", "None", "NULL", "undefined", "nullptr")
_OR_ELSE = ("elif", "elsif", "elseif", "else if", "elsif")
_FUNCTION = ("function", "func", "fn", "def", "fun")
_LOGIC_AS_SIGNS = {"and": "&&", "or": "||", "not": "!", "not ": "!"}
_BOOLEANS = {"True": "true", "False": "false", "TRUE": "true", "FALSE": "false"}


def _all(words: tuple[str, ...], right: str) -> dict[str, str]:
    return {word: right for word in words if word != right}


_SCRIPT = {
    **_all(_NOTHING[:4] + _NOTHING[5:], "null"), **_all(_OR_ELSE, "else if"), **_all(_FUNCTION, "function"),
    **_LOGIC_AS_SIGNS, **_BOOLEANS, "raise": "throw", "except": "catch", "self": "this", "final": "const",
    "val": "const", "match": "switch", "foreach": "for", "print": "console.log", "del": "delete",
}  # fmt: skip
_TYPESCRIPT = {**_SCRIPT, "str": "string", "bool": "boolean", "int": "number", "float": "number"}
OTHER_WORDS: dict[str, dict[str, str]] = {
    "python": {
        **_all(_NOTHING, "None"), **_all(_OR_ELSE, "elif"), **_all(_FUNCTION, "def"), "true": "True",
        "false": "False", "TRUE": "True", "FALSE": "False", "&&": "and", "||": "or", "!": "not ", "throw": "raise",
        "catch": "except", "this": "self", "switch": "match", "===": "==", "!==": "!=", "string": "str",
        "boolean": "bool", "foreach": "for", "delete": "del", "async function": "async def",
    },
    "javascript": _SCRIPT,
    "typescript": _TYPESCRIPT,
    "tsx": _TYPESCRIPT,
    "go": {
        **_all(_NOTHING, "nil"), **_all(_OR_ELSE, "else if"), **_all(_FUNCTION, "func"), **_LOGIC_AS_SIGNS,
        **_BOOLEANS, "in": "range", "of": "range", "while": "for", "foreach": "for", "let": "var", "===": "==",
        "!==": "!=", "boolean": "bool", "String": "string", "match": "switch",
    },
    "rust": {
        **_all(_OR_ELSE, "else if"), **_all(_FUNCTION, "fn"), **_LOGIC_AS_SIGNS, **_BOOLEANS,
        **_all(_NOTHING, "None"), "var": "let", "const": "let", "switch": "match", "this": "self",
        "import": "use", "string": "String", "boolean": "bool", "interface": "trait", "===": "==", "!==": "!=",
    },
    "java": {
        **_all(_NOTHING, "null"), **_all(_OR_ELSE, "else if"), **_LOGIC_AS_SIGNS, **_BOOLEANS, "raise": "throw",
        "except": "catch", "self": "this", "const": "final", "string": "String", "bool": "boolean", "===": "==",
    },
    "c": {**_all(("null", "nil", "None"), "NULL"), **_all(_OR_ELSE, "else if"), **_LOGIC_AS_SIGNS, **_BOOLEANS},
    "cpp": {**_all(("null", "nil", "None"), "nullptr"), **_all(_OR_ELSE, "else if"), **_BOOLEANS, "self": "this"},
}  # fmt: skip
