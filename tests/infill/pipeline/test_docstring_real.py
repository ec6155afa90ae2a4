"""Documentation by the real model, where it is on this machine."""

from __future__ import annotations

import pytest

from infill.holes.find_target import find_target
from infill.holes.target import applied
from infill.pipeline.action_request import Asking, action_request
from infill.pipeline.filler import open_filler
from infill.syntax.languages import by_id
from infill.syntax.tree import parse
from infill.types import Filled, FillRequest, NoFill, Span
from model.types import CancelToken, ModelSpec
from tests.real_model import real_folder

GOOGLE = '''def load(path):
    """Load a drawing from a file.

    Args:
        path: Path of the drawing.

    Returns:
        The shapes in the drawing.
    """
    return read_shapes(open(path).read())


'''
AREA = (
    "def largest(shapes, least_area):\n    found = [s for s in shapes if s.area >= least_area]\n    return max(found)\n"
)


@pytest.fixture(scope="module")
def spec() -> ModelSpec:
    return ModelSpec(str(real_folder()))


def test_it_writes_sections_with_the_names_of_the_code_and_a_summary_where_one_is_opened(spec: ModelSpec) -> None:
    filler, python, text = open_filler(spec), by_id("python"), GOOGLE + AREA
    assert python is not None
    at = text.index("def largest")
    target = find_target(parse(python, text), "docstring", Span(at, at))
    assert not isinstance(target, NoFill)
    answer = filler.fill(action_request(target, "python", Asking("docstring"), False), CancelToken())
    assert isinstance(answer, Filled)
    new = applied(text, target.changes(answer.completions[0]))[at:]
    assert "    Args:\n        shapes: " in new and "\n        least_area: " in new and "\n    Returns:\n" in new
    compile(new, "new", "exec")
    opened = text.replace("least_area):\n", 'least_area):\n    """\n')
    offset = opened.rindex('"""') + 3
    shown = filler.fill(FillRequest(opened, "python", offset=offset), CancelToken())
    assert isinstance(shown, Filled) and shown.completions[0].text.endswith('"""')
    assert "\n" not in shown.completions[0].text
