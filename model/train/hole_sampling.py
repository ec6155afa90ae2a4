"""Where holes are cut out of a text: what a cursor, a selection or a missing piece of syntax looks like."""

from __future__ import annotations

import ast
import random
import re
import warnings

import numpy as np

WORD = re.compile(r"\w+|[^\w\s]")
CLOSING = {"(": ")", "[": "]", "{": "}"}
NODE_CHARS = (3, 400)  # shorter nodes are cut by the other ways already, longer ones fit no canvas

Cut = tuple[int, int]  # character span of a hole


def cut_line_end(text: str, at: int, rng: random.Random) -> Cut:
    """From somewhere in the line to its end; seven times in ten from a word's edge."""
    start, end = line_around(text, at)
    indent = len(text[start:end]) - len(text[start:end].lstrip())
    if end - start - indent < 2:
        return at, at
    if rng.random() < 0.7:
        edges = [m.start() for m in WORD.finditer(text, start + indent, end)]
        return (rng.choice(edges) if edges else start + indent), end
    return rng.randrange(start + indent, end), end


def cut_expression(text: str, at: int, rng: random.Random) -> Cut:
    """Some words inside a line, or all that stands between two brackets."""
    start, end = line_around(text, at)
    edges = [m.start() for m in WORD.finditer(text, start, end)] + [end]
    if len(edges) < 3:
        return at, at
    first = rng.randrange(len(edges) - 1)
    opening = text[edges[first]]
    if opening in CLOSING and rng.random() < 0.7:
        close = text.find(CLOSING[opening], edges[first], end)
        if close > edges[first] + 1:
            return edges[first] + 1, close
    last = min(first + 1 + int(rng.expovariate(0.3)), len(edges) - 1)
    return edges[first], len(text[: edges[last]].rstrip())


def cut_lines(text: str, at: int, rng: random.Random) -> Cut:
    """One to four whole lines, the first one's indentation already typed or not."""
    start, end = line_around(text, at)
    for _ in range(min(3, int(rng.expovariate(0.8)))):
        following = text.find("\n", end + 1)
        end = following if following > 0 else end
    if rng.random() < 0.5 and start > 0:
        return start - 1, end  # the cursor stands at the end of the line before
    return start + len(text[start:end]) - len(text[start:end].lstrip()), end


def cut_body(text: str, at: int, rng: random.Random) -> Cut:
    """All lines of the block that a line before or at `at` opens, from their first word."""
    opener = text.rfind(":\n", 0, line_around(text, at)[1] + 1)
    if opener < 0:
        return at, at
    start, _ = line_around(text, opener)
    depth = len(text[start:]) - len(text[start:].lstrip(" "))
    first = end = opener + 2
    while end < len(text):
        line_end = line_around(text, end)[1]
        line = text[end:line_end]
        if line.strip() and len(line) - len(line.lstrip(" ")) <= depth:
            break
        end = min(len(text), line_end + 1)
    body = text[first:end]
    return first + len(body) - len(body.lstrip()), first + len(body.rstrip())


def cut_random(text: str, at: int, rng: random.Random) -> Cut:
    """Any characters."""
    return at, min(len(text), at + 1 + int(rng.expovariate(1 / 25)))


CUTS = ((cut_line_end, 0.5), (cut_expression, 0.1), (cut_lines, 0.2), (cut_body, 0.08), (cut_random, 0.12))


def line_around(text: str, at: int) -> Cut:
    """Start and end (before the line break) of the line that holds offset `at`."""
    end = text.find("\n", at)
    return text.rfind("\n", 0, at) + 1, len(text) if end < 0 else end


def node_spans(text: str) -> np.ndarray:
    """Character spans [n, 2] of the statements and expressions of a Python text, in order of their start."""
    if not text.isascii():  # the parser counts bytes
        return np.zeros((0, 2), np.int32)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return np.zeros((0, 2), np.int32)
    starts = np.cumsum([0, *(len(line) + 1 for line in text.split("\n"))]).tolist()
    shortest, longest = NODE_CHARS
    spans: set[Cut] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.expr | ast.stmt) and node.end_lineno is not None and node.end_col_offset is not None:
            span = starts[node.lineno - 1] + node.col_offset, starts[node.end_lineno - 1] + node.end_col_offset
            if shortest <= span[1] - span[0] <= longest:
                spans.add(span)
    return np.array(sorted(spans), np.int32).reshape(-1, 2)
