"""How many images go through a network at once, told from its card.

Not the size of the input decides but the widest place inside: a network that enlarges small photos
to 224 pixels needs a thousand times the memory that its input would suggest.
"""

from __future__ import annotations

from math import prod

from cnnviz.models.cards import Card

_INPUT_VALUES = 32 * 224 * 224 * 3  # of all images that were read
_WIDEST_VALUES = 32 * 2 * 112 * 112 * 96  # of all images at the widest place: 0.3 GB in float32


def images_at_once(card: Card, share: float = 1.0, most: int | None = 256) -> int:
    """How many images fit: at least 1, at most ``most``.

    With a ``share`` of 1 they take about 0.3 GB beyond the network when they go through it once,
    or more where a single image does. A way back to the pixels keeps every layer's output and gets
    less.
    """
    fit = min(_INPUT_VALUES / prod(card.input_shape), _WIDEST_VALUES / max(card.widest, 1))
    return max(1, int(min(share * fit, most or float("inf"))))
