"""Mistakes to take away: a table for spreadsheets, and the images as folders of a zip.

Made when somebody asks for them, by a thread that knows no language and no session.
"""

from __future__ import annotations

import csv
import io
import re
import time
import zipfile
from collections.abc import Collection, Mapping, Sequence

import numpy as np

from cnnviz import images
from cnnviz.datasets.loading import load_dataset
from cnnviz.evaluation.results import Evaluation
from cnnviz.marks import Mark
from cnnviz.spreadsheet import harmless
from cnnviz.ui.mistake_list import loss_of, margin_of

COLUMNS = ("image", "true", "called", "share", "true_share", "loss", "margin")
COLUMNS += ("causes", "marked", "note")
_MOST_PIXELS = 64 * 2**20  # in one zip; small images up to the number below
_MOST_IMAGES = 2000


def table(
    found: Evaluation,
    positions: np.ndarray,
    marks: Mapping[int, Mark],
    causes: Mapping[str, Collection[int]] | None,
) -> bytes:
    """The listed answers as CSV (UTF-8 with a byte order mark, which Excel needs).

    ``image`` is the place in the split, ``share`` that of the called class. ``causes`` gives the
    positions of every possible cause; their names are joined by spaces (None: they are not counted,
    and the column says so). Texts that a spreadsheet
    would run as a formula begin with an apostrophe.
    """
    loss, margin = loss_of(found), margin_of(found)
    names = found.class_names
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for p in map(int, positions):
        mark = marks.get(int(found.indices[p]), Mark())
        writer.writerow(
            (
                int(found.indices[p]),
                harmless(names[found.labels[p]]),
                harmless(names[found.predicted[p]]),
                f"{found.confidence[p]:.6f}",
                f"{found.true_probabilities[p]:.6f}",
                f"{loss[p]:.6f}",
                f"{margin[p]:.6f}",
                "not counted"
                if causes is None
                else " ".join(key for key, those in causes.items() if p in those),
                int(mark.marked),
                harmless(mark.note),
            )
        )
    return text.getvalue().encode("utf-8-sig")


def most_in_zip(shape: Sequence[int]) -> int:
    """How many images of a shape (h, w, …) one zip takes."""
    return min(_MOST_IMAGES, max(1, _MOST_PIXELS // (shape[0] * shape[1])))


def archive(
    dataset: str, split: str, found: Evaluation, positions: np.ndarray, listed: bytes
) -> bytes:
    """The images as PNG in folders ``true class/called class/``, and the table ``mistakes.csv``.

    Only the first images, as many as ``most_in_zip`` says, are taken.
    """
    pixels = load_dataset(dataset, split).images
    file = io.BytesIO()
    # PNG is compressed already
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as target:
        for p in map(int, positions[: most_in_zip(pixels.shape[1:])]):
            index = int(found.indices[p])
            path = "/".join(
                (
                    folder_name(int(found.labels[p]), found.class_names),
                    "called-" + folder_name(int(found.predicted[p]), found.class_names),
                    f"{index:06d}.png",
                )
            )
            target.writestr(path, images.encode_png(np.ascontiguousarray(pixels[index])))
        target.writestr("mistakes.csv", listed, zipfile.ZIP_DEFLATED)
    return file.getvalue()


def folder_name(place: int, names: Sequence[str]) -> str:
    """A class as a folder: its number, so that no two are alike, and its name where it is safe."""
    width = len(str(len(names) - 1))
    return f"{place:0{width}d}-{safe(names[place], 'class')}"


def safe(text: str, otherwise: str) -> str:
    """Letters, digits, ``_`` and ``-`` only, in every script, at most 60; never a path."""
    return re.sub(r"[^\w]+", "-", text)[:60].strip("-") or otherwise


def file_name(reference: str, title: str, ending: str) -> str:
    """“mistakes-fashion_mnist_vgg-2026-11-22.html”."""
    kind, _colon, name = reference.partition(":")
    model = safe(name if kind == "shipped" else title, "model")
    return f"mistakes-{model}-{time.strftime('%Y-%m-%d')}.{ending}"
