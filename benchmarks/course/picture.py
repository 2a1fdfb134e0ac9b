"""Waiting against the number of students, as an SVG that needs nothing to be drawn."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape

_WIDTH, _HEIGHT = 860, 440
_LEFT, _RIGHT, _TOP, _BOTTOM = 84, 190, 24, 52
_COLOURS = ("#3f90da", "#ffa90e", "#bd1f01", "#832db6", "#656a70")  # Petroff, arXiv 2107.02270
_DASHES = ("", "8 4", "2 3", "10 3 2 3", "4 4")  # never by colour alone
_LEAST_S = 0.01
_NEAR = 15  # pixels between two names


def lines_svg(
    lines: Mapping[str, Sequence[float]], places: Sequence[int], across: str, up: str
) -> str:
    """Lines over two logarithmic axes; ``lines`` are seconds at ``places`` by name."""
    top = 10 ** math.ceil(math.log10(max(max(values) for values in lines.values()) * 1.01))

    def x(place: float) -> float:
        share = math.log(place / places[0]) / math.log(places[-1] / places[0])
        return _LEFT + share * (_WIDTH - _LEFT - _RIGHT)

    def y(seconds: float) -> float:
        share = math.log(max(seconds, _LEAST_S) / _LEAST_S) / math.log(top / _LEAST_S)
        return _HEIGHT - _BOTTOM - share * (_HEIGHT - _TOP - _BOTTOM)

    right, bottom = _WIDTH - _RIGHT, _HEIGHT - _BOTTOM
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" '
        f'font-family="sans-serif" font-size="13" fill="#1f2233" '
        f'role="img" aria-label="{escape(up)}">',
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#ffffff"/>',
    ]
    for power in range(round(math.log10(_LEAST_S)), round(math.log10(top)) + 1):
        at = y(10.0**power)
        parts.append(
            f'<path d="M{_LEFT} {at:.1f}H{right}" stroke="#dcdfea"/>'
            f'<text x="{_LEFT - 8}" y="{at + 4:.1f}" text-anchor="end">{10.0**power:g} s</text>'
        )
    parts += [
        f'<path d="M{x(place):.1f} {_TOP}V{bottom}" stroke="#eef0f6"/>'
        f'<text x="{x(place):.1f}" y="{bottom + 18}" text-anchor="middle">{place:,}</text>'
        for place in places
    ]
    parts.append(
        f'<text x="{(_LEFT + right) / 2:.0f}" y="{_HEIGHT - 10}" text-anchor="middle">'
        f"{escape(across)}</text>"
        f'<text transform="translate(16 {(_TOP + bottom) / 2:.0f}) rotate(-90)" '
        f'text-anchor="middle">{escape(up)}</text>'
    )
    lowest = float("inf")
    by_end = sorted(enumerate(lines.items()), key=lambda one: -one[1][1][-1])
    names = {}
    for number, (_name, values) in reversed(by_end):  # from the bottom up, none over another
        names[number] = lowest = min(y(values[-1]), lowest - _NEAR)
    for number, (name, values) in enumerate(lines.items()):
        path = "L".join(f"{x(p):.1f} {y(v):.1f}" for p, v in zip(places, values, strict=True))
        colour, dash = _COLOURS[number % 5], _DASHES[number % 5]
        pen = f'fill="none" stroke="{colour}" stroke-width="2.5" stroke-dasharray="{dash}"'
        parts.append(
            f'<path d="M{path}" {pen}/><path d="M{right + 8} {names[number]:.1f}h26" {pen}/>'
            f'<text x="{right + 40}" y="{names[number] + 4:.1f}">{escape(name)}</text>'
        )
    return "\n".join([*parts, "</svg>"]) + "\n"
