"""How the page looks, for light and dark screens, and the animation of drafts."""

from __future__ import annotations

STYLE = """
:root{color-scheme:light dark;--line:#8884;--plus:#2a82;--minus:#d332}
body{font:15px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.4rem}h2{font:600 1rem ui-monospace,monospace;margin:0 0 .4rem}
h2 small{font:400 .85rem system-ui,sans-serif;opacity:.75}
section{border:1px solid var(--line);border-left:4px solid #2a8;border-radius:6px;padding:.8rem 1rem;margin:1rem 0}
section.left{border-left-color:#d83}
pre{margin:.4rem 0;padding:.4rem .6rem;overflow:auto;background:#8881;border-radius:4px}
pre,code{font:13px/1.45 ui-monospace,monospace}
.diff span{display:block;min-height:1em}.plus{background:var(--plus)}.minus{background:var(--minus)}.at{opacity:.6}
.tokens span{background:rgb(220 60 40/calc(var(--u)*.55));border-radius:2px}
.key{padding:0 .5em;margin-right:.3em;border:1px solid var(--line);border-radius:3px}
.key.unsure{background:rgb(220 60 40/.55)}
summary{cursor:pointer;font-size:.9rem}.chosen summary{font-weight:600}
.why{margin:.2rem 0;color:#b60}
.frames{display:grid}.frames pre{grid-area:1/1}
@media (prefers-reduced-motion:reduce){.frames{display:block}.frames pre{animation:none!important;opacity:1}}
"""


def animation(n: int, seconds: float) -> str:
    """Return the rule that shows one of `n` drafts for its share of the time; each lasts so many seconds."""
    share = 100 / n
    return f"@keyframes frames{n}{{0%,{share - 0.01:.3f}%{{opacity:1}}{share:.3f}%,100%{{opacity:0}}}}\n"
