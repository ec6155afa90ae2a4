"""The licence and the notice of a converted folder: whose model it is, under which terms, and what was changed."""

from __future__ import annotations

from pathlib import Path

from model.causal.config import LICENCE, Manifest
from model.causal.sources import Source

NOTICE = "NOTICE"
TEXTS = {"Apache-2.0": Path(__file__).parent / "APACHE-2.0.txt"}  # by SPDX identifier
_NOTICE = """\
The model in this folder was made by dg-lsp from {name}
(SHA-256 {sha256}).
It is the work of those who published that file{terms}

Changed by dg-lsp: the weights were read from the file's format and rounded anew, the output
layer was cut to the tokens that code needs, and the tokenizer was written as tokenizer.json.
The weights were not trained any further.
"""


def write_licence(folder: Path, source: Source, name: str, sha256: str, stated: str | None) -> None:
    """Write both; `stated` is the SPDX identifier under which the source is known to be published.

    Without a text of the source's own and without `stated` there is only the notice: nothing is claimed.
    """
    _write(folder, source.licence(), name, sha256, stated)


def complete(folder: Path, manifest: Manifest, stated: str) -> None:
    """Write what a folder lacks of both that was converted before there was a notice, without converting it again."""
    if not (folder / NOTICE).is_file() or not (folder / LICENCE).is_file():
        _write(folder, None, manifest.source, manifest.source_sha256, stated)


def _write(folder: Path, text: str | None, name: str, sha256: str, stated: str | None) -> None:
    if text is None and stated in TEXTS:
        text = TEXTS[stated].read_text("utf-8")
    if text is not None:
        (folder / LICENCE).write_text(text, "utf-8")
    terms = f", under the licence\n{stated}; its text is in {LICENCE}." if stated else ".\nTheir licence holds for it."
    (folder / NOTICE).write_text(_NOTICE.format(name=name, sha256=sha256, terms=terms), "utf-8")
