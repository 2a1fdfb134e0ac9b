"""A feature space as files that TensorBoard's Embedding Projector opens.

The format is that of ``tensorboard.plugins.projector``: a table of vectors, one of what is known of
each, all images on one sheet, and a configuration that names the three.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence

import cv2
import numpy as np
from sklearn.decomposition import PCA

from cnnviz.images import encode_png

MOST_COLUMNS = 256
_MOST_VALUES = 640_000  # of the whole table: about 5 MB of text
_SHEET = 8192  # pixels a side that the projector takes
_LARGEST = 64  # pixels of an image on it
_CONFIG = """embeddings {{
  tensor_name: "{name}"
  tensor_path: "tensors.tsv"
  metadata_path: "metadata.tsv"
  sprite {{
    image_path: "sprite.png"
    single_image_dim: {width}
    single_image_dim: {height}
  }}
}}
"""
_README = """Features of {count} images at the layer "{layer}", for TensorBoard's projector.

On your computer (pip install tensorboard):
    tensorboard --logdir .
then open the page "Projector". Or, without installing anything, load tensors.tsv and metadata.tsv
at https://projector.tensorflow.org (the images are not shown there).

{columns}
"""


def projector_files(
    features: np.ndarray,
    metadata: Mapping[str, Sequence],
    thumbnails: Sequence[np.ndarray],
    layer: str,
) -> bytes:
    """A zip with ``tensors.tsv``, ``metadata.tsv``, ``sprite.png``, ``projector_config.pbtxt``.

    Args:
        features: (n, d). Of more than fits (256 columns, fewer for many images), the first
            principal components are written; a note in the zip says so.
        metadata: two or more columns, title → n values.
        thumbnails: n images (h, w, 1 or 3) uint8 of one shape.
        layer: what the tensor is called.
    """
    rows, columns = _fitted(np.asarray(features, np.float32))
    tensors = io.StringIO()
    np.savetxt(tensors, rows, fmt="%.5g", delimiter="\t")
    lines = ["\t".join(map(_cell, metadata))]
    lines += ["\t".join(map(_cell, row)) for row in zip(*metadata.values(), strict=True)]
    sheet, (height, width) = _sheet(thumbnails)
    name = "".join(c if c.isalnum() or c in "_-/." else "_" for c in layer)
    about = _README.format(count=len(rows), layer=_cell(layer), columns=columns)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("tensors.tsv", tensors.getvalue())
        archive.writestr("metadata.tsv", "\n".join(lines) + "\n")
        archive.writestr("sprite.png", encode_png(sheet))
        config = _CONFIG.format(name=name, width=width, height=height)
        archive.writestr("projector_config.pbtxt", config)
        archive.writestr("README.txt", about)
    return packed.getvalue()


def _fitted(features: np.ndarray) -> tuple[np.ndarray, str]:
    """At most as many columns as fit, and a sentence that says what they are."""
    width = features.shape[1]
    most = max(2, min(MOST_COLUMNS, _MOST_VALUES // len(features)))
    if width <= most:
        return features, f"Each of the {width} columns is one feature."
    most = min(most, len(features))
    fitted = PCA(most, random_state=0).fit(features)
    kept = float(fitted.explained_variance_ratio_.sum())
    return fitted.transform(features), (
        f"The {most} columns are the first principal components of {width} features; they hold "
        f"{kept:.0%} of the variance."
    )


def _sheet(images: Sequence[np.ndarray]) -> tuple[np.ndarray, tuple[int, int]]:
    """All images row by row on one square sheet, and the height and width of one.

    The projector reads a sheet of ⌈√n⌉ columns and rows.
    """
    columns = int(np.ceil(np.sqrt(len(images))))
    height, width, channels = images[0].shape
    scale = min(1.0, min(_LARGEST, _SHEET / columns) / max(height, width))
    high, wide = (max(1, int(x * scale)) for x in (height, width))
    sheet = np.zeros((columns * high, columns * wide, channels), np.uint8)
    for i, image in enumerate(images):
        if scale < 1:
            image = cv2.resize(image, (wide, high), interpolation=cv2.INTER_AREA)
        top, left = i // columns * high, i % columns * wide
        sheet[top : top + high, left : left + wide] = image.reshape(high, wide, channels)
    return sheet, (high, wide)


def _cell(value: object) -> str:
    """A value on one line of a table with tabs."""
    return " ".join(str(value).split()) or "-"
