"""The settings of a training as a script of Keras that trains the same thing, without cnnviz.

It is put together from parts, each a few statements under a comment that says what they are for;
what was not asked for leaves no trace. The layers come from :mod:`cnnviz.models.source`, because
only Keras knows them all; the rest is text, made without Keras.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from cnnviz.training import augment
from cnnviz.training.config import TrainingConfig
from cnnviz.training.keras_learning import fitting, follows_schedule, how_to_learn

SCRIPT, DATA = "train.py", "data.npz"  # the names under which script and images find each other


@dataclass(frozen=True)
class Material:
    """What the script has to know besides the settings.

    ``network`` are the statements that build the network under the name ``model``. ``inner`` are
    the names of models inside it, each in a file ``<name>.keras``. ``images`` is how many there are
    to learn from, ``has_test`` whether there are test images, ``policy`` the Keras dtype policy.
    """

    network: str
    images: int
    has_test: bool = True
    inner: tuple[str, ...] = ()
    policy: str = "float32"


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
        how_to_learn(config, material.images, material.has_test),
        fitting(config),
        _result(config, material),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def augmentation_layers(
    config: TrainingConfig, input_shape: tuple[int, int, int], policy: str = "float32"
) -> tuple[str, ...]:
    """The augmentation as layers of Keras, which work while training only, as expressions.

    They come as near to :mod:`cnnviz.training.augment` as Keras does: it slants around the upper
    edge instead of the middle, draws factors evenly instead of their logarithms, and hides the
    square behind the mean of all images instead of each image's own.
    """
    share = augment.most_shift(input_shape[0]) / input_shape[0]
    turn = augment.ROTATION / (2 * math.pi)
    zoom = (1 / augment.ZOOM - 1, augment.ZOOM - 1)
    contrast = (1 - 1 / augment.CONTRAST, augment.CONTRAST - 1)
    area = augment.CUTOUT**2
    mirrored = 'fill_mode="reflect"'
    known = {
        "flip": 'RandomFlip("horizontal"',
        "shear": f"RandomShear(x_factor={augment.SHEAR:.4g}, {mirrored}",
        "rotation": f"RandomRotation({turn:.4g}, {mirrored}",
        "zoom": f"RandomZoom(({zoom[0]:.4g}, {zoom[1]:.4g}), {mirrored}",
        "shift": f"RandomTranslation({share:.4g}, {share:.4g}, {mirrored}",
        "contrast": f"RandomContrast(({contrast[0]:.4g}, {contrast[1]:.4g})",
        "cutout": f"RandomErasing((1, 1), scale=({area:.4g}, {area:.4g}), "
        "fill_value=float(train_images.mean())",
    }
    end = ")" if policy == "float32" else ', dtype="float32")'
    return tuple(
        f"layers.{written}{end}"
        for name, written in known.items()
        if name in (config.augmentation or ())
    )


def _head(config: TrainingConfig, material: Material) -> str:
    title = "".join(c for c in config.title if c.isprintable())
    lines = [
        f"# {title}",
        "#",
        '# Needs Keras 3 with TensorFlow:  pip install tensorflow "keras>=3.12"',
        f"# Run it beside {DATA}:  python {SCRIPT}",
        "",
        *(["import math"] if follows_schedule(config) else []),
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
    lines = [
        "# The images. Pixels are 0-255, a label is the number of a class.",
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
            "",
            "# What was learned before, on other images: it rests at first.",
            f'{name} = keras.models.load_model(HERE / "{name}.keras", compile=False)',
            f"{name}.trainable = False",
            "",
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
