"""The settings of a training as a script of Keras that trains the same thing, without cnnviz.

It is put together from parts, each a few statements under a comment that says what they are for;
what was not asked for leaves no trace. The layers come from :mod:`cnnviz.models.source`, because
only Keras knows them all; the rest is text, made without Keras.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from cnnviz.training.config import TrainingConfig
from cnnviz.training.schedules import Plateau

SCRIPT, DATA = "train.py", "data.npz"  # the names under which script and images find each other
_MOMENTUM_OF_AVERAGE = 0.99
_LONGEST = 70  # characters of an expression in one line


@dataclass(frozen=True)
class Material:
    """What the script has to know besides the settings.

    ``network`` are the statements that build the network under the name ``model``. ``inner`` are
    the names of models inside it, each in a file ``<name>.keras``. ``images`` is how many there are
    to learn from, ``has_test`` whether there are test images, ``policy`` the Keras dtype policy,
    ``dataset`` what the images are called.
    """

    network: str
    images: int
    has_test: bool = True
    inner: tuple[str, ...] = ()
    policy: str = "float32"
    dataset: str = ""


def keras_script(config: TrainingConfig, material: Material) -> str:
    """The script; it expects ``data.npz`` beside it.

    Args:
        config: checked settings.
        material: the rest.
    """
    parts = [
        _head(config, material),
        _numbers(config),
        _data(material),
        _network(config, material),
        _l2(config),
        _how_to_learn(config, material),
        _fitting(config),
        _result(config, material),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def augmentation_layers(
    config: TrainingConfig, input_shape: tuple[int, int, int]
) -> tuple[str, ...]:
    """The augmentation as layers of Keras that work while training only, as expressions."""
    side = input_shape[0]
    most = max(1, round(side / 14)) / side
    layers = {
        "flip": 'layers.RandomFlip("horizontal")',
        "shift": f'layers.RandomTranslation({most:.3g}, {most:.3g}, fill_mode="reflect")',
    }
    return tuple(layers[name] for name in layers if name in (config.augmentation or ()))


def _head(config: TrainingConfig, material: Material) -> str:
    title = "".join(c for c in config.title if c.isprintable())
    lines = [
        f"# {title}",
        "#",
        '# Needs Keras 3 with TensorFlow:  pip install tensorflow "keras>=3.12"',
        f"# Run it beside {DATA}:  python {SCRIPT}",
        "",
        *(["import math"] if _follows_schedule(config) else []),
        "from pathlib import Path",
        "",
        "import keras",
        "import numpy as np",
        "from keras import layers",
        "",
        "HERE = Path(__file__).parent",
    ]
    return "\n".join(lines)


def _numbers(config: TrainingConfig) -> str:
    lines = [
        f"EPOCHS = {config.epochs}",
        f"BATCH_SIZE = {config.batch_size}",
        f"LEARNING_RATE = {config.learning_rate!r}",
        f"keras.utils.set_random_seed({config.seed})  # the same start every time",
    ]
    return "\n".join(lines)


def _data(material: Material) -> str:
    what = f": {material.dataset}" if material.dataset else ""
    lines = [
        f"# The images{what}. Pixels are 0-255, a label is the number of a class.",
        f'data = np.load(HERE / "{DATA}")',
        'class_names = data["class_names"]',
        'train_images, train_labels = data["train_images"], data["train_labels"]',
        'val_images, val_labels = data["val_images"], data["val_labels"]',
    ]
    if material.has_test:
        lines.append('test_images, test_labels = data["test_images"], data["test_labels"]')
    return "\n".join(lines)


def _network(config: TrainingConfig, material: Material) -> str:
    lines = ["# The network, layer by layer; the comments say what comes out of each."]
    if material.policy != "float32":
        lines += [
            "# Mixed precision: half the bits where that does no harm, for speed.",
            f'keras.mixed_precision.set_global_policy("{material.policy}")',
        ]
    for name in material.inner:
        lines += [
            "# What was learned before, on other images.",
            f'{name} = keras.models.load_model(HERE / "{name}.keras", compile=False)',
            f"{name}.trainable = False",
        ]
    return "\n".join([*lines, material.network, "model.summary()"])


def _l2(config: TrainingConfig) -> str:
    if not config.l2:
        return ""
    return "\n".join(
        [
            "# L2: the squared weights are part of the loss, so that none grows without need.",
            "for weight in model.weights:",
            '    if weight.name.endswith("kernel"):',
            f"        weight.regularizer = keras.regularizers.L2({config.l2!r})",
        ]
    )


def _optimizer(config: TrainingConfig, material: Material) -> str:
    given = ["LEARNING_RATE"]
    name = {"adam": "Adam", "adamw": "AdamW", "sgd": "SGD"}[config.optimizer]
    if config.optimizer == "sgd" and config.momentum:
        given.append(f"momentum={config.momentum!r}, nesterov=True")
    if config.optimizer == "adamw":
        given.append(f"weight_decay={config.weight_decay!r}")
    if config.gradient_accumulation > 1:
        given.append(f"gradient_accumulation_steps={config.gradient_accumulation}")
    if config.weight_averaging:
        given.append(f"use_ema=True, ema_momentum={_momentum(config, material)!r}")
    whole = f"keras.optimizers.{name}({', '.join(given)})"
    if len(whole) <= _LONGEST:
        return whole
    rows = "".join(f"        {one},\n" for one in given)
    return f"keras.optimizers.{name}(\n{rows}    )"


def _momentum(config: TrainingConfig, material: Material) -> float:
    """Of the average: in a short training 0.99 would remember weights that knew nothing yet."""
    batches = config.epochs * math.ceil(material.images / config.batch_size)
    steps = max(1, batches // config.gradient_accumulation)
    return round(min(_MOMENTUM_OF_AVERAGE, (1 + steps) / (10 + steps)), 4)


def _how_to_learn(config: TrainingConfig, material: Material) -> str:
    """Compiling, and everything that ``fit`` is told."""
    smooth = config.label_smoothing
    lines = []
    if smooth:
        lines += [
            "# Label smoothing: the truth counts a little less than 1, so that nothing is certain.",
            "# Keras does this to labels that are rows of zeros with a one.",
            "train_labels, val_labels = (",
            "    keras.utils.to_categorical(labels, len(class_names))",
            "    for labels in (train_labels, val_labels)",
            ")",
        ]
        if material.has_test:
            lines.append("test_labels = keras.utils.to_categorical(test_labels, len(class_names))")
        loss = f"keras.losses.CategoricalCrossentropy(label_smoothing={smooth!r})"
    else:
        loss = '"sparse_categorical_crossentropy"'
    if config.class_weights:
        lines += _class_weights(smooth > 0)
    if _plain_monitor(config):
        metrics = '"accuracy"'
    else:
        kind = "CategoricalCrossentropy" if smooth else "SparseCategoricalCrossentropy"
        metrics = f'"accuracy", keras.metrics.{kind}(name="cross_entropy")'
    if lines:
        lines.append("")
    lines += [
        "# How it learns.",
        "model.compile(",
    ]
    lines += [
        f"    optimizer={_optimizer(config, material)},",
        f"    loss={loss},",
        f"    metrics=[{metrics}],",
        ")",
    ]
    return "\n".join([*lines, "", *_callbacks(config)])


def _class_weights(one_hot: bool) -> list[str]:
    labels = "train_labels.argmax(axis=1)" if one_hot else "train_labels"
    return [
        "",
        "# Every class counts alike, however many images it has.",
        f"counts = np.bincount({labels}, minlength=len(class_names))",
        "class_weight = {",
        "    i: len(train_images) / (np.count_nonzero(counts) * max(1, n))",
        "    for i, n in enumerate(counts)",
        "}",
    ]


def _plain_monitor(config: TrainingConfig) -> bool:
    """Whether Keras' own validation loss is what is watched: the plain cross-entropy."""
    watches = config.early_stopping or config.schedule == "reduce_on_plateau"
    return not watches or not (config.l2 or config.label_smoothing)


def _callbacks(config: TrainingConfig) -> list[str]:
    monitor = "val_loss" if _plain_monitor(config) else "val_cross_entropy"
    lines, names = [], []
    if config.weight_averaging:
        lines += [
            "# What is validated and kept is a moving average of the weights.",
            "average = keras.callbacks.SwapEMAWeights(swap_on_epoch=True)",
            "",
        ]
        names.append("average")
    lines += [
        "# The weights of the best epoch are kept.",
        "keep_best = keras.callbacks.ModelCheckpoint(",
        '    HERE / "best.weights.h5",',
        '    monitor="val_accuracy",',
        '    mode="max",',
        "    save_best_only=True,",
        "    save_weights_only=True,",
        ")",
    ]
    names.append("keep_best")
    if config.early_stopping:
        lines += [
            "",
            "# It ends early when the validation loss has not fallen for so many epochs.",
            "stop_early = keras.callbacks.EarlyStopping(",
            f'    monitor="{monitor}", mode="min", patience={config.early_stopping}',
            ")",
        ]
        names.append("stop_early")
    if config.schedule == "reduce_on_plateau":
        rule = Plateau()
        lines += [
            "",
            "# The learning rate falls when nothing gets better any more.",
            "reduce_rate = keras.callbacks.ReduceLROnPlateau(",
            f'    monitor="{monitor}", mode="min", factor={rule.factor!r}, '
            f"patience={rule.patience}, min_delta={rule.min_delta!r}",
            ")",
        ]
        names.append("reduce_rate")
    if _follows_schedule(config):
        lines += _schedule(config)
        names.append("schedule")
    return [*lines, "", f"callbacks = [{', '.join(names)}]"]


def _follows_schedule(config: TrainingConfig) -> bool:
    return config.schedule in ("cosine", "one_cycle")


_COSINE = '''\
def rate_at(step):
    """Falls to zero along half a cosine wave (arXiv 1608.03983)."""
    return LEARNING_RATE * (1 + math.cos(math.pi * step / total_steps)) / 2
'''

_ONE_CYCLE = '''\
def rate_at(step):
    """Rises for 30 % of the steps, then falls to almost zero (arXiv 1708.07120)."""
    done, top = step / max(1, total_steps - 1), 0.3
    if done < top:
        start, end, part = 1 / 25, 1.0, done / top
    else:
        start, end, part = 1.0, 1 / 250_000, (done - top) / (1 - top)
    wave = (1 + math.cos(math.pi * min(1.0, part))) / 2
    return LEARNING_RATE * (end + (start - end) * wave)
'''

_SETTER = '''\
class Schedule(keras.callbacks.Callback):
    """Sets the learning rate before every step."""

    step = 0
    factor = 1.0

    def on_train_batch_begin(self, batch, logs=None):
        self.model.optimizer.learning_rate = self.factor * rate_at(self.step)
        self.step += 1
'''


def _schedule(config: TrainingConfig) -> list[str]:
    return [
        "",
        "# The learning rate changes with every step.",
        "total_steps = EPOCHS * math.ceil(len(train_images) / BATCH_SIZE)",
        "",
        "",
        *(_COSINE if config.schedule == "cosine" else _ONE_CYCLE).splitlines(),
        "",
        "",
        *_SETTER.splitlines(),
        "",
        "",
        "schedule = Schedule()",
    ]


def _is_transfer(config: TrainingConfig) -> bool:
    return config.architecture == "transfer"


def _fitting(config: TrainingConfig) -> str:
    given = [
        "train_images,",
        "train_labels,",
        "batch_size=BATCH_SIZE,",
        "epochs=EPOCHS,",
        "validation_data=(val_images, val_labels),",
        "callbacks=callbacks,",
    ]
    if config.class_weights:
        given.append("class_weight=class_weight,")
    return "\n".join(["model.fit(", *(f"    {one}" for one in given), ")"])


def _result(config: TrainingConfig, material: Material) -> str:
    lines = [
        "# The result.",
        'model.load_weights(HERE / "best.weights.h5")',
    ]
    for split in ("val", *(("test",) if material.has_test else ())):
        name = {"val": "validation", "test": "test"}[split]
        lines += [
            f"{split}_accuracy = model.evaluate({split}_images, {split}_labels, verbose=0, "
            'return_dict=True)["accuracy"]',
            f'print(f"{{{split}_accuracy:.1%}} of {{len({split}_images):,}} {name} images right")',
        ]
    return "\n".join([*lines, 'model.save(HERE / "model.keras")'])
