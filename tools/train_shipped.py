"""Train the shipped small models: ``python tools/train_shipped.py NAME … --originals FOLDER``.

Each is trained from scratch on 90 % of the complete training set; the other 10 % (stratified) is
``val``. Those of a set made from another (marked clothes, wrong labels, …) learn from the complete
one changed in the same way. The last epoch is kept, nothing is chosen on the test set, which is
looked at once, at the end. A killed training continues from its last finished epoch when the
command is repeated.

Writes to ``trained_models/NAME/`` (or below ``--out``): ``model.keras``, ``history.json`` (loss and
accuracy per step and epoch), ``checkpoints/*.npz`` (weights in float16 at a few steps and every
epoch) and ``training.json`` (recipe and measured accuracy). Afterwards ``tools/slim_shipped.py``
thins what was kept, and ``tools/describe_shipped.py`` makes the card. ``--limit`` tries a recipe
out on a few images.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np
import originals
from keras import layers
from sklearn.model_selection import train_test_split

from cnnviz.datasets import bundled, derived
from cnnviz.models.networks import build

OUT = Path(__file__).parents[1] / "trained_models"
EARLY_STEPS = (10, 30, 100, 300)


@dataclass(frozen=True)
class Recipe:
    dataset: str
    architecture: str
    epochs: int
    parameters: dict = field(default_factory=dict)
    optimizer: str = "sgd"
    learning_rate: float = 0.1
    weight_decay: float = 5e-4
    batch_size: int = 128
    flip: bool = False
    shift: int = 2
    seed: int = 0


RECIPES = {
    "mnist_lenet5": Recipe(
        "mnist", "lenet5", epochs=14, optimizer="adam", learning_rate=2e-3, weight_decay=0.0
    ),
    "fashion_mnist_vgg": Recipe(
        "fashion_mnist",
        "vgg_bn",
        epochs=13,
        parameters={"width": 32, "blocks": 3, "dropout": 0.1},
        learning_rate=0.05,
        flip=True,
        shift=1,
    ),
    "cifar10_resnet": Recipe("cifar10", "cifar_resnet", epochs=12, parameters={"n": 2}, flip=True),
    "fashion_shortcut": Recipe(
        "fashion_mnist_marked",
        "vgg_bn",
        epochs=3,
        parameters={"width": 16, "blocks": 2, "dropout": 0.0},
        learning_rate=0.05,
        shift=0,
    ),
    "mnist_overfit": Recipe(
        "mnist_500",
        "lenet5",
        epochs=60,
        optimizer="adam",
        learning_rate=2e-3,
        weight_decay=0.0,
        batch_size=32,
        shift=0,
    ),
    "cifar10_noisy": Recipe(
        "cifar10_noisy",
        "vgg_bn",
        epochs=10,
        parameters={"width": 32, "blocks": 3, "dropout": 0.1},
        learning_rate=0.05,
        flip=True,
    ),
    "cifar10_animals": Recipe(
        "cifar10_animals",
        "vgg_bn",
        epochs=4,
        parameters={"width": 16, "blocks": 3, "dropout": 0.0},
        learning_rate=0.05,
        flip=True,
    ),
    "fashion_squeeze": Recipe(
        "fashion_mnist",
        "own",
        epochs=8,
        parameters={
            "blocks": "conv 24, norm, relu, squeeze 4, pool, conv 48, norm, relu, squeeze 4, pool, "
            "conv 96, norm, relu, squeeze 8, average"
        },
        learning_rate=0.05,
        flip=True,
        shift=1,
    ),
}


class AugmentedEpochs(keras.utils.PyDataset):
    """Shuffled batches; every epoch shifts each image by whole pixels and flips half of them."""

    def __init__(self, images: np.ndarray, labels: np.ndarray, recipe: Recipe) -> None:
        super().__init__()
        self.images, self.labels, self.recipe = images, labels, recipe
        self.rng = np.random.default_rng(recipe.seed)
        self.on_epoch_end()

    def __len__(self) -> int:
        return math.ceil(len(self.images) / self.recipe.batch_size)

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        part = slice(index * self.recipe.batch_size, (index + 1) * self.recipe.batch_size)
        return self.epoch_images[part], self.epoch_labels[part]

    def on_epoch_end(self) -> None:
        order = self.rng.permutation(len(self.images))
        images, s = self.images[order], self.recipe.shift
        n, h, w, _ = images.shape
        padded = np.pad(images, ((0, 0), (s, s), (s, s), (0, 0)))
        shifts = self.rng.integers(0, 2 * s + 1, (n, 2))
        flips = self.rng.random(n) < 0.5 if self.recipe.flip else np.zeros(n, bool)
        out = np.empty_like(images)
        for dy, dx in np.ndindex(2 * s + 1, 2 * s + 1):
            for flip in (False, True):
                chosen = (shifts == (dy, dx)).all(axis=1) & (flips == flip)
                crop = padded[chosen, dy : dy + h, dx : dx + w]
                out[chosen] = crop[:, :, ::-1] if flip else crop
        self.epoch_images, self.epoch_labels = out, self.labels[order]


class OneCycle(keras.optimizers.schedules.LearningRateSchedule):
    """Linear warm-up over the first quarter, then linear to one hundredth (arXiv 1708.07120)."""

    def __init__(self, peak: float, steps: int) -> None:
        self.peak, self.steps = peak, steps

    def __call__(self, step):  # noqa: ANN001 - a backend tensor
        position = keras.ops.cast(step, "float32") / self.steps
        up = 0.1 + 0.9 * position / 0.25
        down = 1.0 - 0.99 * (position - 0.25) / 0.75
        return self.peak * keras.ops.maximum(keras.ops.minimum(up, down), 0.001)

    def get_config(self) -> dict:
        return {"peak": self.peak, "steps": self.steps}


class Record(keras.callbacks.Callback):
    """History per step and epoch, and checkpoints; reloads what an earlier start has written."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder, self.history_file = folder, folder / "history.json"
        self.history = {"steps": [], "epochs": []}
        self.seen = {}

    def save_weights(self, label: str) -> None:
        arrays = {f"w{i}": w.astype(np.float16) for i, w in enumerate(self.model.get_weights())}
        np.savez_compressed(self.folder / "checkpoints" / f"{label}.npz", **arrays)

    def on_train_begin(self, logs=None) -> None:  # noqa: ANN001
        (self.folder / "checkpoints").mkdir(parents=True, exist_ok=True)
        if int(self.model.optimizer.iterations) == 0:
            self.save_weights("step-0")
        elif self.history_file.exists():
            self.history = json.loads(self.history_file.read_text())
        self.step = int(self.model.optimizer.iterations)

    def on_epoch_begin(self, epoch: int, logs=None) -> None:  # noqa: ANN001
        self.started = time.time()

    def on_train_batch_end(self, batch: int, logs: dict) -> None:
        self.step += 1
        if self.step in EARLY_STEPS:
            self.save_weights(f"step-{self.step}")
        if self.step <= 20 or self.step % 20 == 0:
            self.history["steps"].append(
                {"step": self.step, "loss": logs["loss"], "accuracy": logs["accuracy"]}
            )

    def on_epoch_end(self, epoch: int, logs: dict) -> None:
        self.save_weights(f"epoch-{epoch + 1}")
        row = {"epoch": epoch + 1, "step": self.step, "seconds": time.time() - self.started}
        self.history["epochs"].append(row | {k: float(v) for k, v in logs.items()})
        self.history_file.write_text(json.dumps(self.history))
        print(json.dumps(self.history["epochs"][-1]), flush=True)


def read(name: str, originals_folder: Path) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """The complete data set of that name, made from its base where it is one of ``derived``."""
    known = bundled.DATASETS[name]
    data = originals.read(known.base or name, originals_folder)
    for seed, (split, (images, labels)) in enumerate(data.items()):
        labels = labels.astype(np.int64)
        if name == "fashion_mnist_marked":
            images = derived.marked(images, labels)
        elif name == "cifar10_noisy" and split == "train":
            labels = derived.with_wrong_labels(labels, 10, seed)
        elif name == "cifar10_animals":
            labels = np.isin(labels, bundled.ANIMALS).astype(np.int64)
        data[split] = images, labels
    return data


def splits(name: str, images: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, ...]:
    """Images and labels to learn from, and those of ``val``."""
    if name == "mnist_500":
        arrays = [bundled.split_arrays(name, split) for split in ("train", "val")]
        return arrays[0][0], arrays[1][0], arrays[0][1], arrays[1][1]
    return train_test_split(images, labels, test_size=0.1, stratify=labels, random_state=0)


def tested(name: str) -> tuple[str, ...]:
    """Whose complete test images the model is measured on: of the base too, where classes agree and
    the images or labels differ."""
    base = bundled.DATASETS[name].base
    names = bundled.DATASETS[name].class_names
    differs = base and name != "mnist_500" and bundled.DATASETS[base].class_names == names
    return (name, base) if differs else (name,)


def untrained(recipe: Recipe, shape: tuple[int, int, int]) -> keras.Model:
    """The network; two classes are told apart by one sigmoid unit."""
    classes = len(bundled.DATASETS[recipe.dataset].class_names)
    network = build(recipe.architecture, shape, classes, **recipe.parameters)
    if classes > 2:
        return network
    x = network.get_layer("logits").input
    x = layers.Dense(1, name="logit")(x)
    x = layers.Activation("sigmoid", name="sigmoid")(x)
    return keras.Model(network.inputs, x, name=network.name)


def accuracy(model: keras.Model, images: np.ndarray, labels: np.ndarray) -> float:
    shares = model.predict(images, batch_size=500, verbose=0)
    predicted = shares.argmax(axis=1) if shares.shape[1] > 1 else shares[:, 0] > 0.5
    return float((predicted == labels).mean())


def train(name: str, originals_folder: Path, work: Path, out: Path, limit: int | None) -> None:
    recipe, folder = RECIPES[name], out / name
    folder.mkdir(parents=True, exist_ok=True)
    keras.utils.set_random_seed(recipe.seed)
    data = read(recipe.dataset, originals_folder)
    images, labels = data["train"]
    train_x, val_x, train_y, val_y = splits(recipe.dataset, images, labels)
    train_x, train_y = train_x[:limit], train_y[:limit]
    epochs = AugmentedEpochs(train_x, train_y, recipe)
    schedule = OneCycle(recipe.learning_rate, recipe.epochs * len(epochs))
    optimizer = (
        keras.optimizers.Adam(schedule)
        if recipe.optimizer == "adam"
        else keras.optimizers.SGD(
            schedule, momentum=0.9, nesterov=True, weight_decay=recipe.weight_decay
        )
    )
    model = untrained(recipe, images.shape[1:])
    several = model.output_shape[-1] > 1
    model.compile(
        optimizer,
        "sparse_categorical_crossentropy" if several else "binary_crossentropy",
        metrics=["accuracy"],
        jit_compile=False,
    )
    model.fit(
        epochs,
        epochs=recipe.epochs,
        validation_data=(val_x, val_y),
        validation_batch_size=500,
        verbose=0,
        callbacks=[Record(folder), keras.callbacks.BackupAndRestore(str(work / name))],
    )
    result = {
        "recipe": asdict(recipe),
        "trained_on": f"{len(train_x)} of the {len(images)} training images; {len(val_x)} others "
        "are val",
        "train_accuracy": accuracy(model, train_x, train_y),
        "val_accuracy": accuracy(model, val_x, val_y),
        "test_accuracy": {
            name: accuracy(model, *bundled.split_arrays(name, "test"))
            for name in tested(recipe.dataset)
        },
    }
    fresh = untrained(recipe, images.shape[1:])
    fresh.set_weights(model.get_weights())  # saved without the optimizer
    fresh.save(folder / "model.keras")
    (folder / "training.json").write_text(json.dumps(result, indent=1) + "\n")
    print(name, json.dumps(result), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="+", choices=RECIPES)
    parser.add_argument("--originals", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--work", type=Path, default=Path("workspace/training-shipped"))
    parser.add_argument("--limit", type=int, help="training images, for a trial with --out")
    arguments = parser.parse_args()
    if arguments.limit and arguments.out == OUT:
        parser.error("a trial is not shipped: --limit needs --out")
    for name in arguments.names:
        train(name, arguments.originals, arguments.work, arguments.out, arguments.limit)


if __name__ == "__main__":
    main()
