"""Train ``cifar10_fast``: ``python tools/train_cifar10_fast.py --originals FOLDER [--epochs 14]``.

About 75 to 90 minutes on two cores. Killed or stopped (Ctrl-C), the same command goes on from the
last saved step, with the same result. The recipe, its net and its constants follow the facts of
Keller Jordan, "94% on CIFAR-10 in 3.29 Seconds on a Single GPU" (arXiv 2404.00498), as published in
``airbench``; batches are of 512 images.

The training sees all 50,000 training images (so the app's ``val`` is not new to this model) and
nothing else. Nothing is chosen by the test set: when the training has ended, the kept moments are
measured on it once, for the history.

Writes to ``--work`` while it runs, and at the end to ``trained_models/cifar10_fast/``:
``model.keras``, ``history.json``, ``checkpoints/*.npz`` (float16) and ``training.json``. Then
``tools/slim_shipped.py`` thins what was kept, and ``tools/describe_shipped.py`` makes the card.
``--history`` only brings a ``history.json`` that lies there already into the common form.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np
import originals
import tensorflow as tf
from keras import layers

OUT = Path(__file__).parents[1] / "trained_models" / "cifar10_fast"
MEAN, DEVIATION = (0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616)
WIDTHS = (64, 256, 256)
BATCH = 512
SMOOTHING = 0.2
MOMENTUM = 0.85
# The paper's rates are per 1,024 examples, and for a step that momentum makes 1 + 1/(1 − m) longer.
_LONGER = 1024 * (1 + 1 / (1 - MOMENTUM))
RATE = 11.5 / _LONGER
DECAY = 0.0153 * BATCH / _LONGER
BIAS_FACTOR = 64.0  # the rate of the normalisations' biases
WHITEN_BIAS_EPOCHS = 3
AVERAGE_EVERY = 10
EARLY_STEPS = (10, 30, 100, 300)
SAVE_EVERY = 25
SEED = 0


def fast_gelu(x: tf.Tensor) -> tf.Tensor:
    """GELU by tanh: half as dear as the exact one, which the finished model has."""
    return keras.activations.gelu(x, approximate=True)


def build(gelu: object = "gelu") -> keras.Model:
    """The network, raw pixels in; 1,973,944 parameters."""
    mean, variance = 255 * np.array(MEAN), (255 * np.array(DEVIATION)) ** 2
    inputs = keras.Input((32, 32, 3), name="image")
    x = layers.Normalization(mean=mean.tolist(), variance=variance.tolist(), name="standard")(
        inputs
    )
    x = layers.Conv2D(24, 2, name="whiten")(x)
    x = layers.Activation(gelu, name="gelu_0")(x)
    for block, width in enumerate(WIDTHS, start=1):
        for place in (1, 2):
            name = f"{block}_{place}"
            x = layers.Conv2D(width, 3, padding="same", use_bias=False, name=f"conv_{name}")(x)
            if place == 1:
                x = layers.MaxPooling2D(2, name=f"pool_{block}")(x)
            x = layers.BatchNormalization(
                scale=False, epsilon=1e-5, momentum=0.775, name=f"norm_{name}"
            )(x)
            x = layers.Activation(gelu, name=f"gelu_{name}")(x)
    x = layers.MaxPooling2D(3, name="pool_4")(x)
    x = layers.Flatten(name="flatten")(x)
    x = layers.Dense(10, use_bias=False, name="dense")(x)
    x = layers.Rescaling(1 / 9, name="logits")(x)
    return keras.Model(inputs, layers.Softmax(name="softmax")(x), name="cifar10_fast")


def whitening(images: np.ndarray) -> np.ndarray:
    """Kernels (2, 2, 3, 24): principal directions of 2×2 patches, scaled to variance 1, and ±."""
    x = (images / 255.0 - MEAN) / DEVIATION
    corners = [x[:, dy : dy + 31, dx : dx + 31] for dy in (0, 1) for dx in (0, 1)]
    patches = np.stack(corners, axis=3).reshape(-1, 12)
    values, vectors = np.linalg.eigh(patches.T @ patches / len(patches))
    filters = (vectors / np.sqrt(values + 5e-4))[:, ::-1]
    return np.concatenate([filters, -filters], axis=1).reshape(2, 2, 3, 24).astype(np.float32)


def start_weights(network: keras.Model, images: np.ndarray) -> None:
    """Convolutions begin as the identity on as many filters as there are channels before them."""
    rng = np.random.default_rng(SEED)
    network.get_layer("whiten").set_weights([whitening(images[:5000]), np.zeros(24, np.float32)])
    for layer in network.layers:
        if layer.name.startswith("conv_") or layer.name == "dense":
            shape = layer.kernel.shape
            limit = 1 / np.sqrt(np.prod(shape[:-1]))
            kernel = rng.uniform(-limit, limit, shape).astype(np.float32)
            if layer.name != "dense":
                kernel[..., : shape[2]] = 0
                for channel in range(shape[2]):
                    kernel[1, 1, channel, channel] = 1
            layer.set_weights([kernel])


class Trainer:
    """The steps of the training, with everything that has to be kept to go on from."""

    def __init__(self, network: keras.Model, steps: int) -> None:
        self.network, self.steps, self.step = network, steps, 0
        end = network.get_layer("logits").output
        self.scores = keras.Model(network.inputs, end)
        after = keras.Input(network.get_layer("gelu_0").output.shape[1:])
        x = after
        for layer in network.layers[4:-1]:
            x = layer(x)
        self.rest = keras.Model(after, x)
        self.stem = keras.Model(network.inputs, network.get_layer("gelu_0").output)
        frozen = id(network.get_layer("whiten").kernel)
        self.late = self.rest.trainable_variables
        self.early = [v for v in self.scores.trainable_variables if id(v) != frozen]
        self.momenta = {v.path: tf.Variable(tf.zeros_like(v)) for v in self.early}
        self.average = [w.copy() for w in network.get_weights()]
        self._steps = {early: self._compiled(early) for early in (True, False)}

    def _compiled(self, early: bool) -> tf.types.experimental.PolymorphicFunction:
        variables = self.early if early else self.late

        @tf.function(autograph=False, jit_compile=True)
        def step(images: tf.Tensor, labels: tf.Tensor, rate: tf.Tensor) -> tuple:
            images = tf.cast(images, tf.float32)
            wanted = tf.one_hot(labels, 10) * (1 - SMOOTHING) + SMOOTHING / 10
            with tf.GradientTape(watch_accessed_variables=False) as tape:
                for variable in variables:
                    tape.watch(variable.value)
                if early:
                    scores = self.scores(images, training=True)
                else:
                    scores = self.rest(self.stem(images, training=False), training=True)
                loss = tf.reduce_sum(tf.nn.softmax_cross_entropy_with_logits(wanted, scores))
            gradients = tape.gradient(loss, [v.value for v in variables])
            for variable, gradient in zip(variables, gradients, strict=True):
                own = RATE * (BIAS_FACTOR if "norm" in variable.path else 1.0)
                gradient = gradient + DECAY / own * variable.value
                moment = self.momenta[variable.path]
                moment.assign(MOMENTUM * moment + gradient)
                variable.value.assign_sub(own * rate * (gradient + MOMENTUM * moment))
            right = tf.equal(tf.argmax(scores, 1, tf.int32), tf.cast(labels, tf.int32))
            return loss / BATCH, tf.reduce_mean(tf.cast(right, tf.float32))

        return step

    def rate(self) -> float:
        """0.2 → 1 at 23 % of the training → 0.07."""
        return float(np.interp(self.step / self.steps, [0, 0.23, 1], [0.2, 1, 0.07]))

    def advance(self, images: np.ndarray, labels: np.ndarray, early: bool) -> tuple[float, float]:
        """One step; loss and accuracy of its images."""
        rate = tf.constant(self.rate(), tf.float32)
        loss, accuracy = self._steps[early](images, labels, rate)
        self.step += 1
        if self.step % AVERAGE_EVERY == 0:
            self._average(0.95**5 * (self.step / self.steps) ** 3)
        if self.step == self.steps:
            self._average(1.0)
        return float(loss), float(accuracy)

    def _average(self, decay: float) -> None:
        now = self.network.get_weights()
        pairs = zip(self.average, now, strict=True)
        self.average = [decay * old + (1 - decay) * new for old, new in pairs]
        self.network.set_weights(self.average)

    def save(self, file: Path, history: dict) -> None:
        arrays = {f"w{i}": w for i, w in enumerate(self.network.get_weights())}
        arrays |= {f"a{i}": w for i, w in enumerate(self.average)}
        arrays |= {f"m{i}": self.momenta[v.path].numpy() for i, v in enumerate(self.early)}
        text = np.frombuffer(json.dumps(history).encode(), np.uint8)
        part = file.with_suffix(".part.npz")
        np.savez(part, step=self.step, steps=self.steps, history=text, **arrays)
        part.replace(file)

    def load(self, file: Path) -> dict:
        with np.load(file, allow_pickle=False) as kept:
            if int(kept["steps"]) != self.steps:
                raise SystemExit("The kept state is of another number of epochs: choose --work.")
            count = len(self.average)
            self.network.set_weights([kept[f"w{i}"] for i in range(count)])
            self.average = [kept[f"a{i}"] for i in range(count)]
            for i, variable in enumerate(self.early):
                self.momenta[variable.path].assign(kept[f"m{i}"])
            self.step = int(kept["step"])
            return json.loads(kept["history"].tobytes())


def epoch_of(images: np.ndarray, labels: np.ndarray, epoch: int) -> tuple[np.ndarray, np.ndarray]:
    """An epoch's images, shuffled, moved by up to 2 pixels, flipped every other time they come."""
    rng = np.random.default_rng((SEED, epoch))
    order = rng.permutation(len(images))
    flipped = np.random.default_rng((SEED, 1 << 20)).random(len(images)) < 0.5
    flipped = (flipped if epoch % 2 == 0 else ~flipped)[order]
    padded = np.pad(images[order], ((0, 0), (2, 2), (2, 2), (0, 0)), mode="reflect")
    shifts = rng.integers(0, 5, (len(images), 2))
    out = np.empty_like(images)
    for dy, dx in np.ndindex(5, 5):
        for flip in (False, True):
            chosen = (shifts == (dy, dx)).all(axis=1) & (flipped == flip)
            crop = padded[chosen, dy : dy + 32, dx : dx + 32]
            out[chosen] = crop[:, :, ::-1] if flip else crop
    return out, labels[order]


def keep(network: keras.Model, folder: Path, label: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    arrays = {f"w{i}": w.astype(np.float16) for i, w in enumerate(network.get_weights())}
    np.savez_compressed(folder / f"{label}.npz", **arrays)


def measured(network: keras.Model, images: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """Accuracy, loss, and accuracy averaged with the flipped images."""
    shares = network.predict(images, batch_size=500, verbose=0)
    mirrored = network.predict(images[:, :, ::-1], batch_size=500, verbose=0)
    loss = -np.log(np.maximum(shares[np.arange(len(labels)), labels], 1e-12)).mean()
    return {
        "accuracy": float((shares.argmax(1) == labels).mean()),
        "loss": float(loss),
        "accuracy_with_flipped": float(((shares + mirrored).argmax(1) == labels).mean()),
    }


def in_common_form(history: dict) -> dict:
    """The history as that of the other shipped models: each step's loss and accuracy are means
    since the start of its epoch (as Keras reports them), and each epoch has its seconds."""
    epochs = history["epochs"]
    if "seconds" in epochs[0]:
        return history
    per_epoch, rows = epochs[0]["step"], []
    epoch, done, sums = -1, 0, {"loss": 0.0, "accuracy": 0.0}
    for row in history["steps"]:
        if (row["step"] - 1) // per_epoch != epoch:
            epoch, done, sums = (row["step"] - 1) // per_epoch, 0, {"loss": 0.0, "accuracy": 0.0}
        now = row["step"] - epoch * per_epoch
        sums = {name: before + row[name] * (now - done) for name, before in sums.items()}
        rows.append({"step": row["step"], **{name: x / now for name, x in sums.items()}})
        done = now
    share = history["seconds"] / len(epochs)
    return {"steps": rows, "epochs": [{**row, "seconds": share} for row in epochs]}


def train(originals_folder: Path, work: Path, epochs: int) -> None:
    data = originals.read("cifar10", originals_folder)
    images, labels = data["train"]
    per_epoch = len(images) // BATCH
    network = build(fast_gelu)
    start_weights(network, images)
    trainer = Trainer(network, epochs * per_epoch)
    work.mkdir(parents=True, exist_ok=True)
    state, kept = work / "state.npz", work / "checkpoints"
    if state.is_file():
        history = trainer.load(state)
    else:
        history = {"steps": [], "epochs": [], "seconds": 0.0}
        keep(network, kept, "step-0")
    began, before = time.time(), history["seconds"]
    while trainer.step < trainer.steps:
        epoch = trainer.step // per_epoch
        shown, wanted = epoch_of(images, labels, epoch)
        while True:
            place = trainer.step % per_epoch
            part = slice(place * BATCH, (place + 1) * BATCH)
            loss, right = trainer.advance(shown[part], wanted[part], epoch < WHITEN_BIAS_EPOCHS)
            step = trainer.step
            if step <= 20 or step % 5 == 0:
                history["steps"].append({"step": step, "loss": loss, "accuracy": right})
            if step in EARLY_STEPS:
                keep(network, kept, f"step-{step}")
            ended = step % per_epoch == 0
            if ended:
                keep(network, kept, f"epoch-{epoch + 1}")
                part_of = [s for s in history["steps"] if s["step"] > step - per_epoch]
                row = {"epoch": epoch + 1, "step": step}
                row |= {k: float(np.mean([s[k] for s in part_of])) for k in ("loss", "accuracy")}
                history["epochs"].append(row)
            if ended or step % SAVE_EVERY == 0:
                history["seconds"] = before + time.time() - began
                trainer.save(state, history)
                print(f"step {step} of {trainer.steps}: loss {loss:.3f}, {right:.3f}", flush=True)
            if ended:
                break
    finish(network, data["test"], history, kept, epochs)


def finish(
    network: keras.Model,
    test: tuple[np.ndarray, np.ndarray],
    history: dict,
    kept: Path,
    epochs: int,
) -> None:
    """The finished model with the exact GELU, and what its moments do on the test images."""
    model = build()
    for row in history["epochs"]:
        with np.load(kept / f"epoch-{row['epoch']}.npz") as arrays:
            model.set_weights([arrays[f"w{i}"] for i in range(len(arrays.files))])
        found = measured(model, *test)
        row |= {"val_accuracy": found["accuracy"], "val_loss": found["loss"]}
    model.set_weights(network.get_weights())
    result = measured(model, *test)
    OUT.mkdir(parents=True, exist_ok=True)
    model.save(OUT / "model.keras")
    (OUT / "history.json").write_text(json.dumps(in_common_form(history)))
    words = {
        "recipe": {"epochs": epochs, "batch_size": BATCH, "seed": SEED},
        "trained_on": "all 50000 training images",
        "history_val": "measured on the test images after the training had ended",
        "test_accuracy": result["accuracy"],
        "test_accuracy_with_flipped": result["accuracy_with_flipped"],
        "test_images": len(test[0]),
        "seconds": history["seconds"],
    }
    (OUT / "training.json").write_text(json.dumps(words, indent=1) + "\n")
    (OUT / "checkpoints").mkdir(exist_ok=True)
    moments = [f"epoch-{e}" for e in (1, epochs // 2, epochs)]
    for label in ("step-0", "step-100", *moments):
        (OUT / "checkpoints" / f"{label}.npz").write_bytes((kept / f"{label}.npz").read_bytes())
    print(json.dumps(words), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--originals", type=Path)
    parser.add_argument("--work", type=Path, default=Path("workspace/training-cifar10-fast"))
    parser.add_argument("--epochs", type=int, default=14)
    parser.add_argument("--history", action="store_true", help="only see to history.json")
    arguments = parser.parse_args()
    if arguments.history:
        file = OUT / "history.json"
        file.write_text(json.dumps(in_common_form(json.loads(file.read_text()))))
        return
    if arguments.originals is None:
        parser.error("--originals is needed")
    train(arguments.originals, arguments.work, arguments.epochs)


if __name__ == "__main__":
    main()
