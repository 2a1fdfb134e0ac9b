"""Make the bundled data: ``python tools/make_datasets.py --originals FOLDER``.

For each data set the complete 10,000-image test set and a class-balanced 10,000-image part of the
training set, each as one 100 × 100 sheet of tiles in lossless WebP (``train.webp``, ``test.webp``)
with its labels (``train_labels.npy``, ``test_labels.npy``). Where the originals come from and under
which licence: ``tools/originals.py``.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import originals
from PIL import Image

OUT = Path(__file__).parents[1] / "cnnviz" / "datasets" / "bundled"
SIDE = 100  # tiles in a row and in a column of a sheet
PER_CLASS = 1000


def balanced_part(labels: np.ndarray, seed: int = 0) -> np.ndarray:
    """Indices of PER_CLASS images of every class, in random order."""
    rng = np.random.default_rng(seed)
    chosen = [
        rng.choice(np.flatnonzero(labels == label), PER_CLASS, replace=False)
        for label in np.unique(labels)
    ]
    return rng.permutation(np.concatenate(chosen))


def sheet(images: np.ndarray) -> np.ndarray:
    """(10000, h, w, c) → (100 h, 100 w, c): image i in row i // 100, column i % 100."""
    n, h, w, c = images.shape
    return (
        images.reshape(SIDE, n // SIDE, h, w, c).transpose(0, 2, 1, 3, 4).reshape(-1, SIDE * w, c)
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--originals", type=Path, required=True)
    arguments = parser.parse_args()
    for name in ("mnist", "fashion_mnist", "cifar10"):
        splits = originals.read(name, arguments.originals)
        images, labels = splits["train"]
        part = balanced_part(labels)
        folder = OUT / name
        folder.mkdir(parents=True, exist_ok=True)
        for split, (x, y) in {
            "train": (images[part], labels[part]),
            "test": splits["test"],
        }.items():
            picture = Image.fromarray(sheet(x).squeeze(-1) if x.shape[-1] == 1 else sheet(x))
            picture.convert("RGB").save(
                folder / f"{split}.webp", lossless=True, quality=100, method=6
            )
            np.save(folder / f"{split}_labels.npy", y.astype(np.uint8))
            size = (folder / f"{split}.webp").stat().st_size / 1e6
            print(f"{name} {split}: {len(x)} images, {size:.1f} MB")


if __name__ == "__main__":
    main()
