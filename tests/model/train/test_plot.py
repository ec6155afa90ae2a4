"""The pictures of the model card, drawn from small data."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytest.importorskip("matplotlib", reason="pictures need `make setup-dev`")

from model.train.plot import main

LOG = [
    {"step": 20 * i, "minutes": float(i), "causal": 9 - i, "hole": 7 - i, "rate": 1.0, "heldout_hole": 7.5 - i}
    for i in range(1, 6)
]
FILLS = [
    {"fill": "x" if i else None, "confidence": i / 40, "exact": i > 20, "variant": variant}
    for i in range(40)
    for variant in ("all", "with context")
]


def test_the_same_data_draws_the_same_pictures(tmp_path: Path) -> None:
    for name, rows in (("log", LOG), ("fills", FILLS)):
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    drawn: list[bytes] = []
    for out in (tmp_path / "one", tmp_path / "two"):
        out.mkdir()
        main(["--log", f"{tmp_path}/log.jsonl", "--fills", f"{tmp_path}/fills.jsonl", "--out", str(out)])
        drawn += [(out / name).read_bytes() for name in ("loss.svg", "reliability.svg")]
    assert drawn[:2] == drawn[2:]
    assert b"hole, held out" in drawn[0] and b"39 fills in 8 groups" in drawn[1]
