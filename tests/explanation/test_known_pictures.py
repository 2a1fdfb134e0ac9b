"""Heatmaps on photos of which we know where the thing is.

The boxes were drawn by hand on the shipped photos: left, top, right and bottom as shares of the
whole photo. The class is the word of ImageNet for the thing, or the closest that there is.
"""

import numpy as np
import pytest

from cnnviz.datasets.image_references import open_image
from cnnviz.explanation.explain import explain
from cnnviz.models.model import load_model

BOXES = {
    # of the cat's head, without the ears' tips
    "chelsea": ("Egyptian cat", (0.02, 0.0, 0.83, 0.98)),
    # the cup with what is in it, without the saucer
    "coffee": ("espresso", (0.28, 0.03, 0.71, 0.62)),
    # the rocket, without its platform
    "rocket": ("missile", (0.475, 0.30, 0.535, 0.95)),
    # the model beside the astronaut
    "astronaut": ("space shuttle", (0.69, 0.0, 0.94, 0.56)),
    # the tower, down to the trees
    "china": ("palace", (0.10, 0.06, 0.58, 0.93)),
    # the flower in the middle
    "flower": ("daisy", (0.26, 0.19, 0.70, 0.85)),
}


@pytest.fixture(scope="module")
def model():
    return load_model("imagenet_efficientnet_lite0")


def peak_of(model, photo, name):
    """Where the heatmap of a class is hottest, and how large a cell of its map is: shares of the
    photo, (x, y) each. The network sees the middle square of a photo."""
    image = open_image(f"photo:{photo}").image
    height, width = image.shape[:2]
    target = model.card.class_names.index(name)
    found = explain(model, model.prepare([image]), target=target)
    heat, side = found.heatmaps[0], min(height, width)
    row, column = np.unravel_index(heat.argmax(), heat.shape)
    x = ((width - side) / 2 + (column + 0.5) / heat.shape[1] * side) / width
    y = ((height - side) / 2 + (row + 0.5) / heat.shape[0] * side) / height
    cells = found.raw.shape[1:]
    return (x, y), (side / cells[1] / width, side / cells[0] / height)


@pytest.mark.parametrize("photo", BOXES)
def test_the_peak_of_grad_cam_lies_on_the_thing(model, photo):
    """What is narrower than a cell of the map may be missed by the next cell."""
    name, (left, top, right, bottom) = BOXES[photo]
    (x, y), (cell_width, cell_height) = peak_of(model, photo, name)
    across = cell_width if right - left < cell_width else 0
    down = cell_height if bottom - top < cell_height else 0
    assert left - across <= x <= right + across
    assert top - down <= y <= bottom + down


def test_two_things_in_one_photo_have_peaks_of_their_own(model):
    (shuttle, _), _ = peak_of(model, "astronaut", "space shuttle")
    (suit, _), _ = peak_of(model, "astronaut", "football helmet")
    assert suit < 0.65 < shuttle
