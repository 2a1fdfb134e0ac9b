"""Make ``cifar10_transfer``: ``python tools/train_cifar10_transfer.py``; a quarter of an hour.

Transfer learning at its plainest: EfficientNet-Lite0, which learned everyday photos, is frozen and
stands as one layer in the new network; only a hidden layer and the last one are new. They learn
from the base's features of the bundled training images and of their mirror images; how much dropout
they need is chosen on ``val``, then ``train`` and ``val`` together teach the final ones. The test
images are looked at once, at the end. (Logistic regression in their place reached 88.7 % of the
test images.)

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
from keras import layers

from cnnviz.datasets.bundled import split_arrays
from cnnviz.models.networks import build

OUT = Path(__file__).parents[1] / "trained_models"
NAME = "cifar10_transfer"
BASE = "shipped:imagenet_efficientnet_lite0"
DROPOUTS = (0.4, 0.5, 0.6)
HIDDEN, HEAD_BATCH, EPOCHS, RATE, WEIGHT_DECAY, SEED = 1024, 128, 20, 1e-3, 0.1, 0
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


def head(seed: int, dropout: float) -> keras.Sequential:
    """The new layers, on (n, d) features: standardised, one hidden layer, one unit a class."""
    keras.utils.set_random_seed(seed)
    return keras.Sequential(
        [
            layers.BatchNormalization(center=False, scale=False, name="standardise"),
            layers.Dropout(dropout, name="dropout_1"),
            layers.Dense(HIDDEN, activation="relu", name="hidden"),
            layers.Dropout(dropout, name="dropout_2"),
            layers.Dense(10, name="logits"),
        ]
    )


def fit(x: np.ndarray, y: np.ndarray, dropout: float) -> keras.Sequential:
    """A head that learned from features ``x`` (n, d) and their classes ``y`` (n,)."""
    new = head(SEED, dropout)
    rate = keras.optimizers.schedules.CosineDecay(RATE, EPOCHS * (len(x) // HEAD_BATCH))
    new.compile(
        keras.optimizers.AdamW(rate, weight_decay=WEIGHT_DECAY),
        keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.1),
    )
    new.fit(x, np.eye(10, dtype=np.float32)[y], batch_size=HEAD_BATCH, epochs=EPOCHS, verbose=0)
    return new


def accuracy(new: keras.Sequential, x: np.ndarray, y: np.ndarray) -> float:
    return float((new.predict(x, batch_size=1000, verbose=0).argmax(axis=1) == y).mean())


def train(work: Path, out: Path) -> None:
    work.mkdir(parents=True, exist_ok=True)
    plain = build("transfer", (32, 32, 3), 10, base=BASE, dropout=0.0)
    below = keras.Model(plain.inputs, plain.get_layer("logits").input)
    seen, labels = {}, {}
    for split in ("train", "val", "test"):
        images, labels[split] = split_arrays("cifar10", split)
        seen[split] = features(below, images, work / f"{split}.npy")
        if split != "test":
            mirrored = features(below, images[:, :, ::-1], work / f"{split}-mirrored.npy")
            seen[f"{split} mirrored"], labels[f"{split} mirrored"] = mirrored, labels[split]

    def together(*splits: str) -> tuple[np.ndarray, np.ndarray]:
        return np.concatenate([seen[s] for s in splits]), np.concatenate(
            [labels[s] for s in splits]
        )

    on_val = {}
    for dropout in DROPOUTS:
        new = fit(*together("train", "train mirrored"), dropout)
        on_val[dropout] = accuracy(new, seen["val"], labels["val"])
        print(f"dropout {dropout}: val {on_val[dropout]:.4f}", flush=True)
    chosen = max(on_val, key=on_val.get)
    new = fit(*together("train", "train mirrored", "val", "val mirrored"), chosen)
    x = below.output
    for layer in new.layers:
        x = layer(x)
    network = keras.Model(
        plain.inputs, layers.Activation("softmax", name="softmax")(x), name="transfer"
    )
    result = {
        "recipe": {
            "base": BASE,
            "mirrored": True,
            "hidden": HIDDEN,
            "dropout": chosen,
            "learning_rate": RATE,
            "weight_decay": WEIGHT_DECAY,
            "epochs": EPOCHS,
            "seed": SEED,
        },
        "trained_on": "10000 of the 50000 training images (train and val of the bundled set)",
        "val_accuracy": on_val[chosen],
        "test_accuracy": {"cifar10": accuracy(new, seen["test"], labels["test"])},
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
