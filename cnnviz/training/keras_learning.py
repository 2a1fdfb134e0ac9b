"""How a training learns, as statements of Keras: compiling, callbacks, ``fit``.

The statements expect what :mod:`cnnviz.training.keras_code` writes before them: ``model``, the
images and labels, ``EPOCHS``, ``BATCH_SIZE`` and ``LEARNING_RATE``.
"""

from __future__ import annotations

import math

from cnnviz.training.config import TrainingConfig
from cnnviz.training.schedules import Plateau

_MOMENTUM_OF_AVERAGE = 0.99
_LONGEST = 70  # characters of an expression in one line
_SLOWER = 0.1  # of the rate, from when on layers of a pretrained base learn too


def _optimizer(config: TrainingConfig, images: int) -> str:
    given = ["rate" if _unfreezes(config) else "LEARNING_RATE"]
    name = {"adam": "Adam", "adamw": "AdamW", "sgd": "SGD"}[config.optimizer]
    if config.optimizer == "sgd" and config.momentum:
        given.append(f"momentum={config.momentum!r}, nesterov=True")
    if config.optimizer == "adamw":
        given.append(f"weight_decay={config.weight_decay!r}")
    if config.gradient_accumulation > 1:
        given.append(f"gradient_accumulation_steps={config.gradient_accumulation}")
    if config.weight_averaging:
        given.append(f"use_ema=True, ema_momentum={_momentum(config, images)!r}")
    whole = f"keras.optimizers.{name}({', '.join(given)})"
    if len(whole) <= _LONGEST:
        return whole
    rows = "".join(f"        {one},\n" for one in given)
    return f"keras.optimizers.{name}(\n{rows}    )"


def _momentum(config: TrainingConfig, images: int) -> float:
    """Of the average: in a short training 0.99 would remember weights that knew nothing yet."""
    batches = config.epochs * math.ceil(images / config.batch_size)
    steps = max(1, batches // config.gradient_accumulation)
    return round(min(_MOMENTUM_OF_AVERAGE, (1 + steps) / (10 + steps)), 4)


def how_to_learn(config: TrainingConfig, images: int, has_test: bool) -> str:
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
        if has_test:
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
    compiling = [
        "model.compile(",
        *f"    optimizer={_optimizer(config, images)},".splitlines(),
        f"    loss={loss},",
        f"    metrics=[{metrics}],",
        ")",
    ]
    if _unfreezes(config):  # twice: what learns is settled when a model is compiled
        compiling = [
            "def compile_model(rate):",
            *(f"    {row}" for row in compiling),
            "",
            "",
            "compile_model(LEARNING_RATE)",
        ]
    lines += ["# How it learns.", *compiling]
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
    if follows_schedule(config):
        lines += _schedule(config)
        names.append("schedule")
    return [*lines, "", f"callbacks = [{', '.join(names)}]"]


def follows_schedule(config: TrainingConfig) -> bool:
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


def _unfreezes(config: TrainingConfig) -> bool:
    """Whether part of a pretrained base learns from some epoch on."""
    settings = config.parameters
    return (
        config.architecture == "transfer"
        and settings["unfreeze"] > 0
        and settings["frozen_epochs"] < config.epochs
    )


_UNFREEZE = """\
# From here on the last layers of what was learned before learn too, ten times slower.
# Batch normalisation keeps the means and spreads that it has.
def layers_of(network):
    for layer in network.layers:
        if isinstance(layer, keras.Model):
            yield from layers_of(layer)
        else:
            yield layer


base.trainable = True
inside = list(layers_of(base))
can_learn = [
    layer
    for layer in inside
    if layer.weights and not isinstance(layer, layers.BatchNormalization)
]
for layer in inside:
    layer.trainable = layer in can_learn[-UNFREEZE:]
compile_model({rate} * LEARNING_RATE)"""


def fitting(config: TrainingConfig) -> str:
    """The calls of ``fit``: one, or two where more layers learn after some epochs."""
    if not _unfreezes(config):
        return _fit(config)
    frozen = config.parameters["frozen_epochs"]
    parts = [f"FROZEN_EPOCHS, UNFREEZE = {frozen}, {config.parameters['unfreeze']}"]
    if frozen:
        parts.append(_fit(config, epochs="FROZEN_EPOCHS"))
    parts.append(_UNFREEZE.format(rate=_SLOWER))
    if follows_schedule(config):
        parts.append(f"schedule.factor = {_SLOWER}")
    second = _fit(config, first="FROZEN_EPOCHS")
    if frozen and config.early_stopping:
        rows = "\n".join(f"    {row}" for row in second.splitlines())
        second = f"if not stop_early.stopped_epoch:\n{rows}"
    return "\n\n".join([*parts[:-1], f"{parts[-1]}\n{second}"])


def _fit(config: TrainingConfig, epochs: str = "EPOCHS", first: str = "") -> str:
    given = [
        "train_images,",
        "train_labels,",
        "batch_size=BATCH_SIZE,",
        f"epochs={epochs},",
        *([f"initial_epoch={first},"] if first else []),
        "validation_data=(val_images, val_labels),",
        "callbacks=callbacks,",
    ]
    if config.class_weights:
        given.append("class_weight=class_weight,")
    return "\n".join(["model.fit(", *(f"    {one}" for one in given), ")"])
