"""Small image files and class folders for the tests of this folder."""

import io
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image

COLOURS = {"cat": (200, 40, 40), "dog": (40, 40, 200), "owl": (40, 200, 40)}


def picture(colour=(200, 40, 40), kind="PNG", size=(12, 10), shade=0) -> bytes:
    """An image file of one colour; ``shade`` tells two of them apart."""
    mode = "L" if isinstance(colour, int) else "RGB"
    image = Image.fromarray(np.full((size[1], size[0], 3), colour, np.uint8))
    image.putpixel((3, 2), (shade, shade, shade))
    buffer = io.BytesIO()
    image.convert(mode).save(buffer, kind)
    return buffer.getvalue()


def flat(count=10, classes=COLOURS) -> dict[str, bytes]:
    """Names and bytes of ``count`` images for each class, in flat class folders."""
    return {
        f"{name}/{name}{i}.png": picture(colour, shade=i)
        for name, colour in classes.items()
        for i in range(count)
    }


def write(folder: Path, files: dict[str, bytes]) -> Path:
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder


def packed(files: dict, compression=zipfile.ZIP_DEFLATED) -> bytes:
    """A zip of names (or ZipInfos) and bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, data in files.items():
            archive.writestr(name, data, compress_type=compression)
    return buffer.getvalue()
