"""Make ``cifar10_transfer``: ``python tools/train_cifar10_transfer.py``; a quarter of an hour.

Transfer learning at its plainest: EfficientNet-Lite0, which learned everyday photos, is frozen and
stands as one layer in the new network; only the last layer is new. It is fitted by logistic
regression on the base's features of the bundled training images and of their mirror images; how
strongly it is held back (L2) is chosen on ``val``, then ``train`` and ``val`` together teach the
final one. The test images are looked at once, at the end.

Features are kept under ``--work``, so that a second start goes on behind them. Writes
``trained_models/cifar10_transfer/`` (or below ``--out``): ``model.keras`` and ``training.json``.
"""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from cnnviz.datasets.bundled import split_arrays
from cnnviz.models.networks import build

OUT = Path(__file__).parents[1] / "trained_models"
NAME = "cifar10_transfer"
BASE = "shipped:imagenet_efficientnet_lite0"
STRENGTHS = (0.0003, 0.001, 0.003, 0.01)
BATCH = 50


def features(below: keras.Model, images: np.ndarray, file: Path) -> np.ndarray:
    """(n, d) float32, kept in ``file`` a thousand images at a time."""
    done = [np.load(file)] if file.is_file() else []
    count = sum(len(part) for part in done)
    while count < len(images):
        part = images[count : count + 1000].astype(np.float32)
        done.append(below.predict(part, batch_size=BATCH, verbose=0))
        count += len(part)
        np.save(file, np.concatenate(done))
        print(f"{file.stem}: {count} of {len(images)}", flush=True)
    return np.concatenate(done)


def train(work: Path, out: Path) -> None:
    work.mkdir(parents=True, exist_ok=True)
    network = build("transfer", (32, 32, 3), 10, base=BASE, dropout=0.0)
    below = keras.Model(network.inputs, network.get_layer("logits").input)
    seen, labels = {}, {}
    for split in ("train", "val", "test"):
        images, labels[split] = split_arrays("cifar10", split)
        seen[split] = features(below, images, work / f"{split}.npy")
        if split != "test":
            mirrored = features(below, images[:, :, ::-1], work / f"{split}-mirrored.npy")
            seen[split] = np.concatenate([seen[split], mirrored])
            labels[split] = np.tile(labels[split], 2)

    def fit(splits: tuple[str, ...], strength: float) -> tuple[StandardScaler, LogisticRegression]:
        x = np.concatenate([seen[s] for s in splits])
        y = np.concatenate([labels[s] for s in splits])
        scaler = StandardScaler().fit(x)
        return scaler, LogisticRegression(C=strength, max_iter=300).fit(scaler.transform(x), y)

    on_val = {}
    for strength in STRENGTHS:
        scaler, head = fit(("train",), strength)
        on_val[strength] = float(head.score(scaler.transform(seen["val"]), labels["val"]))
        print(f"C {strength}: val {on_val[strength]:.4f}", flush=True)
    chosen = max(on_val, key=on_val.get)
    scaler, head = fit(("train", "val"), chosen)
    kernel = (head.coef_ / scaler.scale_).T
    bias = head.intercept_ - scaler.mean_ @ kernel
    network.get_layer("logits").set_weights([kernel.astype(np.float32), bias.astype(np.float32)])
    test = seen["test"] @ kernel + bias
    result = {
        "recipe": {"base": BASE, "C": chosen, "mirrored": True},
        "trained_on": "10000 of the 50000 training images (train and val of the bundled set)",
        "val_accuracy": on_val[chosen],
        "test_accuracy": {"cifar10": float((test.argmax(1) == labels["test"]).mean())},
    }
    folder = out / NAME
    folder.mkdir(parents=True, exist_ok=True)
    network.save(folder / "model.keras")
    (folder / "training.json").write_text(json.dumps(result, indent=1) + "\n")
    print(json.dumps(result), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, default=Path("workspace/training-transfer"))
    parser.add_argument("--out", type=Path, default=OUT)
    arguments = parser.parse_args()
    train(arguments.work, arguments.out)


if __name__ == "__main__":
    main()
