"""What pyright and ruff, tsc and eslint, gopls and rustc say of each kind of fault, in their words."""

from __future__ import annotations

from typing import Literal

Kind = Literal[
    "missing bracket",
    "extra bracket",
    "missing comma",
    "missing quote",
    "missing colon",
    "missing brace",
    "wrong keyword",
    "wrong indentation",
    "= for ==",
    "missing return",
    "misspelt name",
    "undefined name",
    "missing import",
]
# Where the message is put: at the changed text, at what comes after it, or at the bracket that was opened.
Place = Literal["here", "next", "opening"]

# {name}: the name in question; {right}: the right one; {found}: the text there; {mark}: the bracket.
_PYTHON: dict[Kind, tuple[str, Place]] = {
    "missing bracket": ('"{opening}" was not closed', "opening"),
    "extra bracket": ("Expected expression", "here"),
    "missing comma": ('"{opening}" was not closed', "opening"),
    "missing quote": ("String literal is unterminated", "here"),
    "missing colon": ('Expected ":"', "here"),
    "wrong keyword": ("Expected expression", "here"),
    "wrong indentation": ("Unexpected indentation", "here"),
    "= for ==": ("Cannot assign to expression here. Maybe you meant '==' instead of '='?", "here"),
    "missing return": ("Expression value is unused", "here"),
    "misspelt name": ('"{name}" is not defined', "here"),
    "undefined name": ('"{name}" is not defined', "here"),
    "missing import": ('"{name}" is not defined', "here"),
}
_TYPESCRIPT: dict[Kind, tuple[str, Place]] = {
    "missing bracket": ("'{mark}' expected.", "next"),
    "extra bracket": ("';' expected.", "here"),
    "missing comma": ("',' expected.", "next"),
    "missing quote": ("Unterminated string literal.", "here"),
    "missing brace": ("'{{' expected.", "next"),
    "wrong keyword": ("Cannot find name '{name}'.", "here"),
    "= for ==": ("Expected a conditional expression and instead saw an assignment.", "here"),
    "missing return": ("Expected an assignment or function call and instead saw an expression.", "here"),
    "misspelt name": ("Cannot find name '{name}'. Did you mean '{right}'?", "here"),
    "undefined name": ("Cannot find name '{name}'. Did you mean the instance member 'this.{name}'?", "here"),
    "missing import": ("Cannot find name '{name}'.", "here"),
}
_GO: dict[Kind, tuple[str, Place]] = {
    "missing bracket": ("expected '{mark}', found newline", "here"),
    "extra bracket": ("expected statement, found '{mark}'", "here"),
    "missing comma": ("missing ',' in argument list", "next"),
    "missing quote": ("string literal not terminated", "here"),
    "missing brace": ("expected '{{', found newline", "here"),
    "wrong keyword": ("undefined: {name}", "here"),
    "= for ==": ("expected boolean expression, found assignment", "here"),
    "missing return": ("{name} (value) is not used", "here"),
    "misspelt name": ("undefined: {name}", "here"),
    "undefined name": ("undefined: {name}", "here"),
    "missing import": ("undefined: {name}", "here"),
}
_RUST: dict[Kind, tuple[str, Place]] = {
    "missing bracket": ("this file contains an unclosed delimiter", "opening"),
    "extra bracket": ("unexpected closing delimiter: `{mark}`", "here"),
    "missing comma": ("expected one of `)`, `,`, `.`, `?`, or an operator, found `{found}`", "next"),
    "missing quote": ("unterminated double quote string", "here"),
    "missing brace": ("expected `{{`, found `{found}`", "next"),
    "wrong keyword": ("expected one of `!` or `::`, found `{found}`", "here"),
    "= for ==": ("mismatched types: expected `bool`, found `()`", "here"),
    "misspelt name": ("cannot find value `{name}` in this scope", "here"),
    "undefined name": ("cannot find value `{name}` in this scope", "here"),
    "missing import": ("use of undeclared type `{name}`", "here"),
}
MESSAGES: dict[str, dict[Kind, tuple[str, Place]]] = {
    "python": _PYTHON,
    "typescript": _TYPESCRIPT,
    "go": _GO,
    "rust": _RUST,
}
_OTHER_WORDS = {"&&": "and", "||": "or"}
# Words of another language that people write, for those of this one.
WRONG_WORDS: dict[str, dict[str, str]] = {
    "python": {"None": "null", "True": "true", "False": "false", "elif": "else if", "and": "&&", "not": "!",
               "raise": "throw"},
    "typescript": {"null": "None", "true": "True", "false": "False", "const": "final", "function": "def",
                   "throw": "raise", **_OTHER_WORDS},
    "go": {"nil": "null", "func": "function", "range": "in", **_OTHER_WORDS},
    "rust": {"fn": "func", "let": "var", "true": "True", "false": "False", "match": "switch", **_OTHER_WORDS},
}  # fmt: skip
