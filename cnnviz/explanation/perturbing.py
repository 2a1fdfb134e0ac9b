"""Images that show nothing, to put in the place of what is taken away.

What stands in for the missing part decides what a perturbation tells, so every method that
perturbs names its kind of baseline (Sturmfels, Lundberg, Lee 2020, doi 10.23915/distill.00022).
"""

from __future__ import annotations

import cv2
import numpy as np

from cnnviz.errors import BadInput

BASELINES = ("mean", "blur", "black", "grey")
"""The kinds, in the order in which options of methods count them from 0.

``mean``: the mean colour of each image; ``blur``: the image itself, blurred beyond recognition;
``black``: nothing but zeros; ``grey``: half way between black and white.
"""

_BLUR = 0.1  # standard deviation as a share of the shorter side
_GREY = 127.5


def baseline(images: np.ndarray, kind: str) -> np.ndarray:
    """An image without content for each image.

    Args:
        images: (n, h, w, c), raw 0–255, any number type.
        kind: one of ``BASELINES``.

    Returns:
        float32 (n, h, w, c), raw 0–255; an array of its own.

    Raises:
        BadInput: there is no such kind.
    """
    images = np.asarray(images, np.float32)
    if kind == "mean":
        mean = images.mean(axis=(1, 2), keepdims=True, dtype=np.float64)
        return np.broadcast_to(mean, images.shape).astype(np.float32)
    if kind == "blur":
        sigma = _BLUR * min(images.shape[1:3])
        blurred = [cv2.GaussianBlur(image, (0, 0), sigma) for image in images]
        return np.array(blurred, np.float32).reshape(images.shape)
    if kind in ("black", "grey"):
        return np.full(images.shape, 0.0 if kind == "black" else _GREY, np.float32)
    raise BadInput(
        "There is no baseline called “{kind}”. Choose one of: {known}.",
        kind=str(kind)[:40],
        known=", ".join(BASELINES),
    )
