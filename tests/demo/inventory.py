"""Boxes on shelves: the file that `make demo` fills a hole in."""

from __future__ import annotations

import json
from pathlib import Path


class Shelf:
    """Named boxes and how many things are in each."""

    def __init__(self, name: str, boxes: dict[str, int] | None = None) -> None:
        self.name = 
        self.boxes = boxes or {}

    def put(self, box: str, count: int) -> None:
        if count < 0:
            raise ValueError("count must not be negative")
        self.boxes[box] = self.boxes.get(box, 0) + count

    def take(self, box: str, count: int) -> None:
        if count < 0:
            raise ValueError("count must not be negative")
        self.boxes[box] = self.boxes.get(box, 0) - count

    def total(self) -> int:
        return sum(self.boxes.values())

    def save(self, path: Path) -> None:
        path.write_text(json.dumps(self.boxes))
