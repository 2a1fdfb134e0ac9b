"""Image references: the strings that name an image in links, pages and questions.

``photo:<name>`` is a bundled photo, ``data:<dataset>/<split>/<index>`` an image of a data set,
``upload:<id>`` one that a person brought.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from cnnviz import images, uploads
from cnnviz.datasets import bundled
from cnnviz.datasets.loading import load_dataset
from cnnviz.errors import BadInput, NotFound
from cnnviz.texts import N_

FOLDER = Path(__file__).parent / "photos"
_INDEX = re.compile(r"[0-9]{1,9}")


@dataclass(frozen=True)
class Photo:
    """A bundled photo; ``licence`` names the author too."""

    title: str
    licence: str


PHOTOS: dict[str, Photo] = {
    "chelsea": Photo(N_("Cat"), "CC0, Stéfan van der Walt"),
    "coffee": Photo(N_("Coffee"), "CC0, Rachel Michetti"),
    "rocket": Photo(N_("Rocket"), "public domain, SpaceX"),
    "astronaut": Photo(N_("Astronaut"), "public domain, NASA"),
    "china": Photo(N_("Summer Palace"), "CC BY 2.0, danielbuechele (flickr)"),
    "flower": Photo(N_("Dahlia"), "CC BY 2.0, vultilion (flickr)"),
}


@dataclass(frozen=True)
class Picture:
    """An opened image: (h, w, 1 or 3) uint8, a title, and its true class where it is known."""

    reference: str
    image: np.ndarray
    title: str
    label: str | None = None


def open_image(reference: str) -> Picture:
    """The image behind a reference.

    Raises:
        BadInput: the reference has none of the three forms.
        NotFound: nothing is kept under it (any more).
    """
    kind, _colon, rest = str(reference).partition(":")
    if kind == "photo" and rest in PHOTOS:
        return Picture(reference, _photo(rest), PHOTOS[rest].title)
    if kind == "upload":
        return Picture(reference, uploads.load_image(rest), N_("Your image"))
    if kind == "data":
        return _of_dataset(reference, rest)
    if kind == "photo":
        raise NotFound("There is no photo called “{name}”.", name=rest[:40])
    raise BadInput("“{reference}” does not name an image.", reference=str(reference)[:60])


@lru_cache(maxsize=len(PHOTOS))
def _photo(name: str) -> np.ndarray:
    image = images.decode((FOLDER / f"{name}.jpg").read_bytes())
    image.flags.writeable = False
    return image


def _of_dataset(reference: str, rest: str) -> Picture:
    parts = rest.rsplit("/", 2)
    if len(parts) != 3 or not _INDEX.fullmatch(parts[2]):
        raise BadInput("“{reference}” does not name an image.", reference=reference[:60])
    name, split, index = parts[0], parts[1], int(parts[2])
    if name in bundled.DATASETS:
        image, label = bundled.image_at(name, split, index)
        known = bundled.DATASETS[name]
        return Picture(reference, image, known.title, known.class_names[label])
    if not name.startswith("upload:"):
        raise NotFound("There is no data set called “{name}”.", name=name[:40])
    dataset = load_dataset(name, split)
    if index >= len(dataset):
        raise NotFound("This data set has no image number {index}.", index=index)
    label = dataset.class_names[int(dataset.labels[index])]
    return Picture(reference, dataset.images[index], dataset.name, label)
