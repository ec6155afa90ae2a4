"""The result of a job as one page for a reviewer: each hole with its candidates, and how sure each token is.

The page needs nothing but itself: no script, no network. The drafts of a denoised hole are shown one after another.
"""

from __future__ import annotations

from html import escape

from infill.files.diff import unified_diff
from infill.holes.target import applied
from infill.jobs.ask import Answer, Candidate
from infill.jobs.result import HoleResult, JobResult
from infill.reports.html_style import STYLE, animation

_FRAME_S = 0.5  # how long a draft is shown
_UNSURE = 2.0  # nats of entropy at which a token is as red as it gets


def html(result: JobResult) -> str:
    """Return the page."""
    spec = result.spec
    n_done = sum(done.candidate is not None for done in result.holes)
    told = f"<p>{_text(spec.instruct.text)}</p>" if spec.instruct.text else ""
    lengths = {len(done.answer.drafts) for done in result.holes if len(done.answer.drafts) > 1}
    title = f"infill {spec.action}: {n_done} of {len(result.holes)} holes"
    verified = f"; <code>{_text(spec.verify.command)}</code> judged them" if spec.verify.command else ""
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f'<meta name="viewport" content="width=device-width"><title>{_text(title)}</title>'
        f"<style>{STYLE}{''.join(animation(n, _FRAME_S) for n in sorted(lengths))}</style></head><body>\n"
        f"<h1>{_text(title)}</h1>{told}<p>{len(result.changed)} of {result.plan.n_files} files changed; selector "
        f"<code>{_text(spec.select.selector)}</code>, model {_text(result.model)}, seed {spec.seed}{verified}. "
        '<span class="key">sure</span><span class="key unsure">unsure</span></p>\n'
        f"{''.join(_hole(done) for done in result.holes)}</body></html>\n"
    )


def _hole(done: HoleResult) -> str:
    hole, candidate = done.hole, done.candidate
    state = "left" if candidate is None else f"changed, confidence {candidate.confidence:.2f}"
    why = f'<p class="why">{_text(done.why)}</p>' if done.why else ""
    answers = "".join(_candidate(done, i, each) for i, each in enumerate(done.answer.candidates))
    kind = "left" if candidate is None else "changed"
    return (
        f'<section class="{kind}"><h2>{_text(hole.file.path)}:{hole.first}-{hole.last} <small>{state}</small></h2>'
        f"{why}{answers}{_drafts(done.answer)}</section>\n"
    )


def _candidate(done: HoleResult, index: int, candidate: Candidate) -> str:
    """Return one candidate: what it changes in the file, and its tokens, coloured where they are known."""
    source = done.hole.file.source
    diff = unified_diff(done.hole.file.path, source.text, applied(source.text, candidate.changes))
    lines = "".join(_line(line) for line in diff.splitlines()[2:])
    chosen = " chosen" if index == done.chosen else ""
    tokens = "".join(_token(text, entropy) for text, entropy in candidate.tokens)
    shown = f'<pre class="tokens">{tokens}</pre>' if tokens else ""
    label = f"candidate {index + 1}: {candidate.source}, confidence {candidate.confidence:.2f}"
    opened = " open" if chosen or (done.chosen is None and index == 0) else ""
    return (
        f'<details class="candidate{chosen}"{opened}><summary>{_text(label)}{", taken" if chosen else ""}</summary>'
        f'<pre class="diff">{lines}</pre>{shown}</details>'
    )


def _drafts(answer: Answer) -> str:
    """Return the drafts on the way to the first candidate, one over the other; nothing where there was one step."""
    n = len(answer.drafts)
    if n < 2:
        return ""
    frames = "".join(
        f'<pre style="animation:frames{n} {n * _FRAME_S:g}s -{(n - i) * _FRAME_S:g}s infinite both"'
        f' aria-label="draft {i + 1}">{_text(text)}</pre>'
        for i, text in enumerate(answer.drafts)
    )
    return f'<details open><summary>{n} denoising steps</summary><div class="frames">{frames}</div></details>'


def _line(line: str) -> str:
    kind = {"+": "plus", "-": "minus", "@": "at"}.get(line[:1], "same")
    return f'<span class="{kind}">{_text(line)}</span>'


def _token(text: str, entropy: float) -> str:
    unsure = min(max(entropy, 0.0) / _UNSURE, 1.0)
    return f'<span style="--u:{unsure:.2f}" title="{entropy:.2f} nats">{_text(text)}</span>'


def _text(text: str) -> str:
    """Return a text as HTML shows it, without what no file may hold."""
    return escape(text.encode("utf-8", "surrogateescape").decode("utf-8", "replace"))
