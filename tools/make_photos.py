"""Make the bundled photos: ``pip install scikit-image``, then ``python tools/make_photos.py``.

They come out of the wheels of scikit-image (CC0 and public domain) and scikit-learn (CC BY 2.0);
``cnnviz/datasets/photos/LICENCES.md`` names authors and sources.
"""

from __future__ import annotations

from pathlib import Path

import skimage
import sklearn.datasets
from PIL import Image

OUT = Path(__file__).parents[1] / "cnnviz" / "datasets" / "photos"
SKIMAGE = Path(skimage.__file__).parent / "data"
SKLEARN = Path(sklearn.datasets.__file__).parent / "images"
SOURCES = {
    "chelsea": SKIMAGE / "chelsea.png",
    "coffee": SKIMAGE / "coffee.png",
    "astronaut": SKIMAGE / "astronaut.png",
    "rocket": SKIMAGE / "rocket.jpg",
    "china": SKLEARN / "china.jpg",
    "flower": SKLEARN / "flower.jpg",
}
MAX_SIDE = 512


def main() -> None:
    OUT.mkdir(parents=True, exist_ok=True)
    for name, path in SOURCES.items():
        photo = Image.open(path).convert("RGB")
        photo.thumbnail((MAX_SIDE, MAX_SIDE), Image.Resampling.LANCZOS)
        target = OUT / f"{name}.jpg"
        photo.save(target, quality=88, optimize=True)
        print(f"{name}: {photo.size[0]}×{photo.size[1]}, {target.stat().st_size / 1e3:.0f} kB")


if __name__ == "__main__":
    main()
