"""The targets of type hints in JavaScript: the types that the tags of a JSDoc comment lack, and the missing tags."""

from __future__ import annotations

import re
from bisect import insort

import msgspec
import tree_sitter

from infill.holes.target import Frame, Target, all_but, with_inserted
from infill.syntax.doc_comments import DOC_SYNTAX, outermost
from infill.syntax.indentation import BLANK
from infill.syntax.javascript_code import results_of
from infill.syntax.jsdoc import (
    LANGUAGE,
    PLACEHOLDER,
    Tag,
    function_of,
    is_jsdoc,
    jsdoc_above,
    name_of,
    parameters_of,
    tags_in,
)
from infill.syntax.jsdoc_types import decided_type
from infill.syntax.line_breaks import line_break_at
from infill.syntax.tree import Syntax, node_text
from infill.types import NoFill, Span

_MARK = "{" + PLACEHOLDER + "}"
_TYPED_OTHERWISE = re.compile(
    r"@(?:type|satisfies|overload|inherit[dD]oc|override|callback|template|typedef|implements|extends)\b"
)
_TYPED = re.compile(rf"@(?:param|arg|argument|returns?)\b|{_TYPED_OTHERWISE.pattern}")
_INLINE = re.compile(r"/\*(?:\*|\s*::?)|.*@type\b", re.DOTALL)  # JSDoc or Flow beside a name
_ROW = DOC_SYNTAX[LANGUAGE]

_Insertion = tuple[int, str]


class _Missing(msgspec.Struct, frozen=True):
    """Tags without a type, and what has no tag: parameters in the order of the signature, and the result."""

    untyped: list[Tag]
    params: list[tree_sitter.Node]
    returns: bool


class _Place(msgspec.Struct, frozen=True):
    """Where types go: insertions in the order of the text, and what stands around those at one offset."""

    insertions: list[_Insertion]
    frame: Frame | None = None


def jsdoc_target(syntax: Syntax, definition: tree_sitter.Node) -> Target | NoFill:
    """Return a target for the types that the comment of a definition lacks; the rest is clamped."""
    function = function_of(definition)
    if function is None or function.has_error:
        return NoFill("no_target", "nothing there can have type hints")
    comment = jsdoc_above(syntax, definition)
    if _is_typed_otherwise(syntax, definition, function, comment):
        return NoFill("no_target", "its types, or a comment beside it, are there in another form")
    tags = [] if comment is None else tags_in(syntax.text, syntax.span_of(comment))
    if tags is None:
        return NoFill("no_target", "its comment has tags that are not plain")
    missing = _missing(function, tags)
    if not (missing.untyped or missing.params or missing.returns):
        return NoFill("no_target", "every type is there")
    place = (
        _above(syntax, definition, missing) if comment is None else _inside(syntax, comment, tags, function, missing)
    )
    if not place.insertions:
        return NoFill("no_target", "there is no line for its tags")
    return _target(syntax.text, place)


def decides_any(syntax: Syntax, definition: tree_sitter.Node) -> bool:
    """Whether the code decides at least one type that the comment of a definition lacks."""
    function, comment = function_of(definition), jsdoc_above(syntax, definition)
    tags = [] if comment is None else tags_in(syntax.text, syntax.span_of(comment))
    if function is None or tags is None:
        return False
    missing = _missing(function, tags)
    names = {tag.name for tag in missing.untyped if tag.kind == "param"}
    wanted = [*missing.params, *(one for one in parameters_of(function) if name_of(one) in names)]
    result = missing.returns or any(tag.kind == "returns" for tag in missing.untyped)
    return any(decided_type(syntax, function, one) for one in [*wanted, *([None] if result else [])])


def _is_typed_otherwise(
    syntax: Syntax, definition: tree_sitter.Node, function: tree_sitter.Node, comment: tree_sitter.Node | None
) -> bool:
    """Whether types stand elsewhere, or a comment that is no JSDoc is right above: it may be for a tool."""
    outer, body = outermost(definition, _ROW), function.child_by_field_name("body")
    if len([c for c in outer.named_children if c.type == "variable_declarator"]) > 1:
        return True
    above = outer.prev_sibling
    if comment is not None:
        if _TYPED_OTHERWISE.search(node_text(comment)):
            return True
    elif above is not None and above.type in syntax.language.comment_types:
        adjoins = above.end_point.row >= outer.start_point.row - 1
        if adjoins or (is_jsdoc(above) and _TYPED.search(node_text(above))):
            return True
    stack = [outer]
    while stack:
        node = stack.pop()
        if node.type in syntax.language.comment_types and _INLINE.match(node_text(node)):
            return True
        stack.extend(c for c in node.children if body is None or c.start_byte < body.start_byte)
    return False


def _missing(function: tree_sitter.Node, tags: list[Tag]) -> _Missing:
    named = [one for one in parameters_of(function) if name_of(one)]
    known = {tag.name for tag in tags if tag.kind == "param"}
    names = {name_of(one) for one in named}
    untyped = [t for t in tags if t.type_at is None and (t.kind == "returns" or t.name in names)]
    has_returns = any(tag.kind == "returns" for tag in tags)
    is_accessor = any(child.type in ("get", "set") for child in function.children)
    name = function.child_by_field_name("name")
    silent = is_accessor or (name is not None and node_text(name) == "constructor")
    params = [one for one in named if name_of(one) not in known]
    return _Missing(untyped, params, not has_returns and not silent and bool(results_of(function)))


def _tag(parameter: tree_sitter.Node | None) -> str:
    """Return the tag of a parameter (None: of the result) with a placeholder as its type."""
    if parameter is None:
        return f"* @returns {_MARK}"
    name = name_of(parameter)
    return f"* @param {_MARK} " + (f"[{name}]" if parameter.type == "assignment_pattern" else name)


def _new_tags(missing: _Missing) -> list[str]:
    return [*(_tag(one) for one in missing.params), *([_tag(None)] if missing.returns else [])]


def _above(syntax: Syntax, definition: tree_sitter.Node, missing: _Missing) -> _Place:
    """Return a whole comment above a definition that has none; it is there where any of its types is."""
    at = syntax.char_offset(outermost(definition, _ROW).start_byte)
    indent, end = syntax.text[syntax.line(at).start : at], line_break_at(syntax.text, at)
    if indent.strip(BLANK):
        return _Place([])
    frame = Frame(at, f"/**{end}", f"{indent} */{end}{indent}")
    return _Place([(at, f"{indent} {tag}{end}") for tag in _new_tags(missing)], frame)


def _inside(
    syntax: Syntax, comment: tree_sitter.Node, tags: list[Tag], function: tree_sitter.Node, missing: _Missing
) -> _Place:
    """Return types for the tags of a comment, and the tags that it lacks where they have lines of their own."""
    text, span = syntax.text, syntax.span_of(comment)
    typed = [(tag.at, _typed(text, tag)) for tag in missing.untyped]
    end, last = line_break_at(text, span.start), syntax.line(span.end)
    if last.start <= span.start:
        indent = text[last.start : span.start]
        if tags or indent.strip(BLANK):
            return _Place(typed)
        at = span.end - len("*/") - (text[span.end - 3] in BLANK)
        after = f"{end}{indent}" + ("" if text[at] in BLANK else " ")
        return _Place([(at, f"{end}{indent} {tag}") for tag in _new_tags(missing)], Frame(at, "", after))
    before = text[last.start : span.end - len("*/")]
    if before.strip(BLANK):
        return _Place(typed)
    order = [name_of(one) for one in parameters_of(function)]
    every = list(typed)
    for parameter in missing.params:
        later = order[order.index(name_of(parameter)) + 1 :]
        at = _line_for(syntax, tags, later, last.start)
        if at > span.start:  # not in front of the comment, where a tag is on its first line
            insort(every, (at, f"{before}{_tag(parameter)}{end}"), key=lambda one: one[0])
    if missing.returns:
        every.append((last.start, f"{before}{_tag(None)}{end}"))
    return _Place(every)


def _line_for(syntax: Syntax, tags: list[Tag], later: list[str], last: int) -> int:
    """Return where the line of a parameter's tag goes: before the next parameter's, or else behind the others'."""
    following = next((tag for tag in tags if tag.kind == "param" and tag.name in later), None)
    if following is None:
        params = [tag.start for tag in tags if tag.kind == "param"]
        behind = params[-1] if params else 0
        following = next((tag for tag in tags if tag.kind == "returns" and tag.start > behind), None)
    return last if following is None else syntax.line(following.start).start


def _typed(text: str, tag: Tag) -> str:
    """Return the type of a tag that has none, with the blanks around it."""
    before = "" if text[tag.at - 1] in BLANK else " "
    after = "" if text[tag.at] in "\r\n" else " "
    return f"{before}{_MARK}{after}"


def _target(text: str, place: _Place) -> Target:
    insertions, frame = place.insertions, place.frame
    if frame is not None:
        insertions = [(frame.at, frame.before), *insertions, (frame.at, frame.after)]
    whole, inserted = with_inserted(text, [one for one in insertions if one[1]])
    holes: list[Span] = []
    for one in inserted:
        found = whole.find(_MARK, one.span.start, one.span.end)
        if found >= 0:
            holes.append(Span(found + 1, found + 1 + len(PLACEHOLDER)))
    target = all_but(whole, Span(inserted[0].span.start, holes[-1].end), holes, inserted)
    return target if frame is None else msgspec.structs.replace(target, frames=(frame,))
