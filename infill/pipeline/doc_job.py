"""What is to be documented, in which style, and what the model reads around it; nothing here asks the model."""

from __future__ import annotations

import msgspec
from msgspec.structs import replace

from infill.candidates.doc_layout import DocLayout, layout, summary_only
from infill.holes.doc_target import described_at
from infill.pipeline.job import Job
from infill.prompt.context import NOTHING, Preamble, PromptContext, lf, prompt_context
from infill.syntax.described import Described, described
from infill.syntax.doc_comments import doc_syntax
from infill.syntax.doc_style import DocStyle, style_of, summaries_in
from infill.syntax.indentation import indent_of
from infill.syntax.tree import parse
from infill.types import Hole, RewriteRequest, Span
from model.types import Engine

SUFFIX_TOKENS = 320  # of the definition, which is what the text is about
MAX_OTHERS = 3  # files of the project that are read for a style
WIDTHS = (79, 88, 100, 120)  # columns that files usually have at most
AFTER_CHARS = 40


class DocJob(msgspec.Struct, frozen=True):
    """Documentation that is to be written: of what, where, and in which layout.

    `only_summary` is the layout for when parts of the other cannot be told. `after` is the text that follows. `others`
    are summaries of other definitions. Columns count from 0.
    """

    hole: Span
    of: Described
    style: DocStyle
    layout: DocLayout
    only_summary: DocLayout
    prompt: PromptContext
    after: str
    others: frozenset[str]
    first_column: int
    width: int
    begins_inside: bool  # a name stands before the summary


def doc_hole(request: RewriteRequest) -> Hole:
    """Return what is free in a request for documentation."""
    frozen = [span for span in request.frozen if span.start < span.end]
    start = frozen[0].end if frozen and frozen[0].start == request.selection.start else request.selection.start
    end = frozen[-1].start if frozen and frozen[-1].start >= start else request.selection.end
    return Hole(Span(start, end), "line_end", "", multiline=True)


def doc_job(engine: Engine, job: Job[RewriteRequest], is_short: bool) -> DocJob | None:
    """Return what is to be written; None where it does not parse. `is_short`: no more than a summary."""
    request, syntax, hole = job.request, job.syntax, job.hole.span
    row, found = doc_syntax(syntax), described_at(syntax, hole)
    if row is None or found is None:
        return None
    node, owner = found
    others = (parse(syntax.language, text) for text in request.context.texts[:MAX_OTHERS])
    style = style_of(syntax, others, but=node.start_byte)
    line = syntax.line(hole.start)
    before, indent = syntax.text[line.start : hole.start], indent_of(syntax.text[line.start : line.end])
    style = replace(style, line_comments=before.lstrip().startswith("///")) if row.closing else style
    of, is_string = described(syntax, owner, row), node.type not in syntax.language.comment_types
    short = layout(of, summary_only(style), row, indent, is_string)
    end = max(syntax.span_of(owner).end, hole.end)
    info = replace(engine.info, far_suffix_tokens=max(SUFFIX_TOKENS, engine.info.far_suffix_tokens))
    preamble = Preamble(asked=replace(NOTHING, path=request.context.path))
    return DocJob(
        hole=hole,
        of=of,
        style=style,
        layout=short if is_short else layout(of, style, row, indent, is_string),
        only_summary=short,
        prompt=prompt_context(request.text[:end], job.hole, info, engine.tokenizer, preamble),
        after=lf(request.text[hole.end :][:AFTER_CHARS]),
        others=frozenset(summaries_in(syntax, node.start_byte)),
        first_column=len(before.expandtabs(4)),
        width=_width(request.text),
        begins_inside=row.begins_with_name,
    )


def _width(text: str) -> int:
    """Return the columns that the file's lines have at most, as its author may have set it."""
    longest = max((len(line) for line in text.splitlines()), default=0)
    return next((width for width in WIDTHS if longest <= width), WIDTHS[-1])
