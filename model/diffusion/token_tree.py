"""Continuations of one prompt as a tree, so that one pass reads them all and what they share once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from model.diffusion.sampler import Flags


class TokenTree:
    """Continuations as a tree: what several begin with is one node; the last token of each needs none.

    `parents` holds the node before each, -1 for none, and `paths`, for each continuation, the nodes of all its tokens
    but the last.
    """

    def __init__(self, continuations: Sequence[Sequence[int]]) -> None:
        self.token_ids: list[int] = []
        self.depths: list[int] = []
        self.parents: list[int] = []
        self.paths: list[list[int]] = []
        nodes: dict[tuple[int, int], int] = {}
        for continuation in continuations:
            path: list[int] = []
            for depth, token_id in enumerate(continuation[:-1]):
                parent = path[-1] if path else -1
                node = nodes.setdefault((parent, token_id), len(self.token_ids))
                if node == len(self.token_ids):
                    self.token_ids.append(token_id)
                    self.depths.append(depth)
                    self.parents.append(parent)
                path.append(node)
            self.paths.append(path)

    def visible(self) -> Flags:
        """Which of the T nodes each one sees [T, T]: those on the way to it, and itself."""
        seen = np.eye(len(self.token_ids), dtype=np.bool_)
        for node, parent in enumerate(self.parents):  # parents come first
            if parent >= 0:
                seen[node] |= seen[parent]
        return seen
