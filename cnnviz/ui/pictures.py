"""Show a picture as it is: PNG bytes, no recompression, data pixels as crisp squares."""

from __future__ import annotations

import streamlit as st


def show_png(
    data: bytes, *, alt: str, width: int | str = "stretch", key: str | None = None
) -> None:
    """A PNG at its own colours. ``alt`` says what is to be seen, for readers who cannot see it."""
    with st.container(key=f"crisp-{key}" if key else None):
        st.image(data, width=width, output_format="PNG", alt=alt)


def is_dark() -> bool:
    """Whether the page is shown on a dark background."""
    return st.context.theme.type == "dark"


def chart(figure: object, *, key: str, alt: str) -> None:
    """A Plotly figure in the house style, without the floating tool bar."""
    st.plotly_chart(
        figure, key=key, width="stretch", theme=None, alt=alt, config={"displayModeBar": False}
    )


def show_svg(svg: str, *, alt: str) -> None:
    """An SVG text of ours at its natural size, such as a colour scale (``st.html`` drops SVG)."""
    st.image(svg, alt=alt)
