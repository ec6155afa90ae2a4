"""The import that an undefined name needs: as other files of the project have it, else of the standard library."""

from __future__ import annotations

import os.path
import posixpath
import re
import sys
from collections import Counter
from collections.abc import Iterator

import tree_sitter

from infill.fixes.edit import Edit
from infill.fixes.standard_names import standard_import
from infill.syntax.tree import Syntax
from infill.types import Context, Span

# One import of one language in one line, as other files have it: group 1 is what may be copied.
_LINES = {
    "python": r"^((?:from[ \t]+[\w.]+[ \t]+)?import[ \t]+[^#\n(]*?)[ \t]*(?:#.*)?$",
    "typescript": r"^(import\s+[^;'\"]*?from\s*(['\"])[^'\"\n]+\2;?)",
    "go": r"^\s*(?:import\s+)?((?:[\w.]+\s+)?\"[^\"\n]+\")\s*$",
    "rust": r"^((?:pub\s+)?use\s+[^;\n]*;)",
    "java": r"^(import\s+[^;\n]*;)",
}
_LINES["javascript"] = _LINES["tsx"] = _LINES["typescript"]
_SCRIPTS = frozenset({"javascript", "typescript", "tsx"})
_DEFINES = r"^(?:class\s+{0}\b|(?:async\s+)?def\s+{0}\b|{0}\s*(?::[^=\n]+)?=)"
_EXPORTS = r"^export\s+(?:abstract\s+|async\s+)*(?:class|function\*?|const|let|interface|type|enum)\s+{0}\b"
_MOST = 3
_HEADS = {
    "python": r"(?:from\s+[\w.]+\s+)?import\b",
    "go": r"import\b",
    "rust": r"use\b",
    "java": r"import\b",
}


def import_edits(syntax: Syntax, name: str, context: Context) -> Iterator[Edit]:
    """Yield imports that give the name a meaning, each a new line, the most usual first."""
    if not name.isidentifier() or syntax.language.id not in _LINES:
        return
    counts = Counter(_of_others(syntax, name, context))
    found = [statement for statement, _ in counts.most_common(_MOST)]
    if not found:
        found = list(_of_definitions(syntax, name, context))[:1]
    if not found:
        standard = standard_import(syntax, name)
        found = [standard] if standard else []
    for i, statement in enumerate(found):
        at, text = _line_for(syntax, statement)
        yield Edit(Span(at, at), text, "name", float(i))


def _of_others(syntax: Syntax, name: str, context: Context) -> Iterator[str]:
    """Yield the import of the name in each other file that has one, as it must be here."""
    pattern = re.compile(_LINES[syntax.language.id], re.MULTILINE)
    for i, text in enumerate(context.texts):
        if name not in text:
            continue
        path = context.text_paths[i] if i < len(context.text_paths) else ""
        for found in pattern.finditer(text):
            statement = _alone(syntax.language.id, found[1], name)
            moved = statement and _moved(syntax.language.id, statement, path, context.path)
            if moved:
                yield moved


def _alone(language: str, statement: str, name: str) -> str:
    """Return the import of this name only; empty where the statement does not give it a meaning."""
    if language == "go":
        module = re.search(r"([\w-]+)\"$", statement)
        given = statement.split()[0] if " " in statement else ""
        return statement if (given or (module[1] if module else "")) == name else ""
    if language == "python":
        head, _, names = statement.rpartition("import")
        own = [n.strip() for n in names.split(",")]
        kept = [n for n in own if n.split()[-1:] == [name] and "\\" not in n]
        return f"{head}import {kept[0]}" if kept else ""
    if language in ("rust", "java"):
        simple = re.fullmatch(rf"(?:pub\s+)?((?:use|import)\s+[\w:.]*?\b{name};)", statement)
        if simple:
            return simple[1]
        group = re.fullmatch(rf"(?:pub\s+)?use\s+([\w:]+::)\{{[^{{}}]*\b{name}\b(?!\s+as|::)[^{{}}]*\}};", statement)
        return f"use {group[1]}{name};" if group else ""
    return _script_alone(statement, name)


def _script_alone(statement: str, name: str) -> str:
    source = statement[statement.rindex("from") :]
    clause = statement[len("import") : statement.rindex("from")]
    types = "type " if re.match(r"\s+type\b", clause) else ""
    if re.match(rf"\s*(?:type\s+)?\*\s*as\s+{name}\s*$", clause):
        return f"import {types}* as {name} {source}"
    named = re.search(rf"\{{[^}}]*?((?:type\s+)?(?:\w+\s+as\s+)?)\b{name}\s*[,}}]", clause)
    if named:
        return f"import {types}{{ {named[1].strip()}{' ' if named[1] else ''}{name} }} {source}"
    return f"import {types}{name} {source}" if re.match(rf"\s*(?:type\s+)?{name}\s*(?:,|$)", clause) else ""


def _moved(language: str, statement: str, there: str, here: str) -> str:
    """Return an import of the file `there` as it must be in the file `here`; empty where that is not known."""
    if language == "python":
        return "" if re.match(r"from\s+\.", statement) and _folder(there) != _folder(here) else statement
    source = re.search(r"(['\"])(\.[^'\"]*)\1", statement) if language in _SCRIPTS else None
    if source is None:
        return "" if language == "rust" and re.match(r"use\s+(super|self)::", statement) else statement
    if not there or not here:
        return ""
    target = posixpath.normpath(posixpath.join(_folder(there), source[2]))
    return statement[: source.start(2)] + _relative(target, here) + statement[source.end(2) :]


def _of_definitions(syntax: Syntax, name: str, context: Context) -> Iterator[str]:
    """Yield an import from each file that defines the name at its top level."""
    pattern = _DEFINES if syntax.language.id == "python" else _EXPORTS if syntax.language.id in _SCRIPTS else ""
    if not pattern or not context.path:
        return
    for path, text in zip(context.text_paths, context.texts, strict=False):
        if path != context.path and re.search(pattern.format(re.escape(name)), text, re.MULTILINE):
            if syntax.language.id == "python":
                yield f"from {_python_module(syntax, path, context.path)} import {name}"
            else:
                quote = '"' if syntax.text.count('"') >= syntax.text.count("'") else "'"
                end = ";" if re.search(r";\s*$", syntax.text, re.MULTILINE) else ""
                source = _relative(re.sub(r"\.[cm]?[jt]sx?$", "", path), context.path)
                yield f"import {{ {name} }} from {quote}{source}{quote}{end}"


def _python_module(syntax: Syntax, path: str, here: str) -> str:
    """Return how the file `here` names a module: with dots where it does so itself."""
    parts = os.path.splitext(path)[0].removesuffix("/__init__").split("/")
    own = here.split("/")[:-1]
    if re.search(r"^from\s+\.", syntax.text, re.MULTILINE) and parts[:1] == own[:1]:
        n_shared = len(posixpath.commonprefix([parts[:-1], own]))
        return "." * (len(own) - n_shared + 1) + ".".join(parts[n_shared:])
    return ".".join(parts[1:] if parts[0] == "src" else parts)


def _relative(target: str, here: str) -> str:
    path = posixpath.relpath(target, _folder(here) or ".")
    return path if path.startswith(".") else f"./{path}"


def _folder(path: str) -> str:
    return posixpath.dirname(path.replace("\\", "/"))


def _line_for(syntax: Syntax, statement: str) -> tuple[int, str]:
    """Return where an import goes, and its line: below the last import, or at the top."""
    text = syntax.text
    line_break = "\r\n" if "\r\n" in text else "\n"
    imports = [n for n in syntax.root.named_children if re.search(r"import|use_declaration", n.type)]
    if syntax.language.id == "go":
        return _go_line(syntax, statement, line_break)
    future = [n for n in imports if n.type == "future_import_statement"]
    own = [n for n in imports if n not in future]
    if imports:
        head, key = re.match(_HEADS.get(syntax.language.id, "import"), statement), _key(syntax, statement)
        before = [n for n in own if head and _sort_key(syntax, n) <= key]
        if before or not own:
            last = (before or future)[-1]
            end = syntax.line(syntax.span_of(last).end - 1).end
            apart = line_break if _sort_key(syntax, last)[0] != key[0] else ""
            return _below(text, end, apart + statement, line_break)
        start = syntax.line(syntax.span_of(own[0]).start).start
        apart = line_break if _sort_key(syntax, own[0])[0] != key[0] else ""
        return start, statement + line_break + apart
    at = 0
    for node in syntax.root.named_children:
        is_doc = node.type == "expression_statement" and [n.type for n in node.named_children] == ["string"]
        if node.type not in syntax.language.comment_types and not is_doc:
            break
        at = syntax.span_of(node).end
    return _below(text, syntax.line(at).end, statement, line_break) if at else (0, statement + line_break)


def _go_line(syntax: Syntax, statement: str, line_break: str) -> tuple[int, str]:
    opened = re.search(r"^import\s*\(\s*\n([ \t]*)", syntax.text, re.MULTILINE)
    if opened:
        return opened.start(1), f"{opened[1] or chr(9)}{statement}{line_break}"
    package = re.search(r"^package\s+\w+[^\n]*$", syntax.text, re.MULTILINE)
    end = package.end() if package else 0
    return _below(syntax.text, end, f"import {statement}", line_break)


def _below(text: str, end: int, statement: str, line_break: str) -> tuple[int, str]:
    if text.startswith(("\n", "\r\n"), end):
        return end + (2 if text.startswith("\r\n", end) else 1), statement + line_break
    return end, line_break + statement


def _sort_key(syntax: Syntax, node: tree_sitter.Node) -> tuple[int, int, str]:
    span = syntax.span_of(node)
    return _key(syntax, syntax.text[span.start : span.end])


def _key(syntax: Syntax, statement: str) -> tuple[int, int, str]:
    """Sort as usual: in Python the standard library's first, relative ones last, and in each part plain ones first."""
    if syntax.language.id != "python":
        return 0, 0, statement
    module = re.match(r"\s*(?:from|import)\s+([\w.]+)", statement)
    name = module[1] if module else ""
    section = 3 if name.startswith(".") else 1 if name.partition(".")[0] in sys.stdlib_module_names else 2
    section = 0 if name == "__future__" else section
    return section, int(statement.lstrip().startswith("from")), statement
