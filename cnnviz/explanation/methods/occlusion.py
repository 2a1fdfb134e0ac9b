"""Occlusion (Zeiler, Fergus 2013, arXiv 1311.2901, section 4.2)."""

from __future__ import annotations

import numpy as np

from cnnviz.explanation.methods.many_passes import ManyPasses, OneImage, baseline_option
from cnnviz.explanation.methods.masking import compiled_masked
from cnnviz.explanation.task import Option


class Occlusion(ManyPasses):
    """How much the score falls while a patch covers a pixel.

    A square patch (``patch``: its side as a share of the shorter side) is moved over the image in
    steps of ``stride`` (a share of the patch), showing the ``baseline`` (a place in
    ``perturbing.BASELINES``). A pixel's value is the mean fall of the score under all patches that
    cover it. Signed. It is the score before the softmax, as in the other methods: where the class
    has nearly all of the vote, its share hardly moves. ``score`` is that of the whole image, which
    the map is to be compared with.
    """

    name = "occlusion"
    together = True
    options = {
        "patch": Option(1 / 7, 0.05, 1.0),
        "stride": Option(0.5, 0.25, 1.0),
        "baseline": baseline_option("mean"),
    }

    def explain_one(self, one: OneImage) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        shape = one.image.shape[:2]
        across, down = positions(shape, one.options["patch"], one.options["stride"])
        run, plain = compiled_masked(one.keras_model), one.plain
        falls, covers = np.zeros((len(one.targets), *shape)), np.zeros(shape)

        def so_far() -> np.ndarray:
            return falls / np.maximum(covers, 1)

        for part in one.batches(len(across)):
            visible = 1 - across[part, :, None] * down[part, None, :]
            scores, _ = run(one.image, plain, visible, one.targets, one.against)
            fall = one.scores[:, None] - scores.numpy().astype(np.float64)
            falls += (fall[:, None] * across[part].T) @ down[part]
            covers += across[part].T @ down[part]
            one.step(part.stop / len(across), so_far)
        return so_far(), {"score": one.scores}


def positions(shape: tuple[int, int], patch: float, stride: float) -> tuple[np.ndarray, np.ndarray]:
    """All places of a patch: the rows (k, h) and the columns (k, w) it covers, float32 1 or 0."""
    length = max(1, round(patch * min(shape)))
    rows, columns = (_covered(side, length, stride) for side in shape)
    return np.repeat(rows, len(columns), axis=0), np.tile(columns, (len(rows), 1))


def _covered(side: int, patch: int, stride: float) -> np.ndarray:
    """(places, side) float32, 1 where a patch lies: from edge to edge, evenly spread."""
    steps = int(np.ceil((side - patch) / max(1.0, stride * patch)))
    starts = np.rint(np.linspace(0, side - patch, steps + 1)).astype(int)[:, None]
    pixels = np.arange(side)
    return ((pixels >= starts) & (pixels < starts + patch)).astype(np.float32)
