"""The few rules of style that the theme file cannot say."""

from __future__ import annotations

import streamlit as st

_CSS = """<style>
/* One column of thought: readable line length for text, full width for pictures. */
[data-testid="stMarkdownContainer"] > p { max-width: 62rem; }
.st-key-next { margin-top: 2.5rem; padding-top: 1.25rem;
               border-top: 1px solid var(--st-border-color, rgba(128,128,128,.3)); }
.st-key-next a { font-size: 1.1rem; }
/* Live views draw themselves again several times a second: Streamlit's running sign would blink. */
[data-testid="stStatusWidget"] { display: none; }
[class*="st-key-training-"] [data-stale="true"] { opacity: 1 !important; }
.st-key-unseen-chart { display: none; }
/* On a phone the slider over a training's moments has a row of its own above its two buttons. */
@media (max-width: 640px) {
  .st-key-moment-row > :has([data-testid="stSlider"]) { order: -1; flex: 1 0 100%; }
}
/* Small images are data here: enlarge them as squares, never blurred. */
.crisp img, [class*="st-key-crisp"] img { image-rendering: pixelated; }
</style>"""


def apply_style() -> None:
    """Add the rules to the page."""
    st.html(_CSS)
