"""The questions for a training as a Keras script, and for that script with everything it needs."""

from __future__ import annotations

import contextlib
import io
import tempfile
import zipfile
from pathlib import Path

import numpy as np

from cnnviz.compute.context import Context
from cnnviz.datasets.dataset import Dataset
from cnnviz.datasets.loading import load_dataset
from cnnviz.errors import CnnvizError
from cnnviz.models.networks import build
from cnnviz.models.source import inner_models, network_source
from cnnviz.runs.run import Run
from cnnviz.texts import N_
from cnnviz.training.config import TrainingConfig
from cnnviz.training.keras_code import DATA, SCRIPT, Material, augmentation_layers, keras_script
from cnnviz.training.network import precision


def keras_code(context: Context, run: str) -> dict:
    """The script of a run: ``{"source": text}``."""
    config, splits = _read(run)
    return {"source": _written(config, splits)[0]}


def keras_project(context: Context, run: str) -> dict:
    """The script as a zip with its images, so that it runs offline: ``{"data", "filename"}``."""
    context.report(0.0, N_("Packing the images …"))
    config, splits = _read(run)
    source, inner = _written(config, splits)
    arrays = {"class_names": np.array(splits["train"].class_names)}
    for name, part in splits.items():
        arrays |= {f"{name}_images": part.images, f"{name}_labels": part.labels}
    packed = io.BytesIO()
    np.savez_compressed(packed, **arrays)
    context.report(0.8)
    stem = f"keras-{run[:8]}"
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(f"{stem}/{SCRIPT}", source, zipfile.ZIP_DEFLATED)
        archive.writestr(f"{stem}/{DATA}", packed.getvalue())
        for name, model in inner.items():
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / "model.keras"
                model.save(path)
                archive.write(path, f"{stem}/{name}.keras")
    return {"data": buffer.getvalue(), "filename": f"{stem}.zip"}


def _read(run: str) -> tuple[TrainingConfig, dict[str, Dataset]]:
    """The settings of a run and the images it learns from; raises NotFound, BadInput."""
    config = TrainingConfig.from_json(Run(run).config).check()
    options = {"complete": config.complete}
    splits = {
        "train": load_dataset(config.dataset, "train", config.limit, **options),
        "val": load_dataset(config.dataset, "val", **options),
    }
    with contextlib.suppress(CnnvizError):  # a data set of one's own may have none
        splits["test"] = load_dataset(config.dataset, "test")
    return config, splits


def _written(config: TrainingConfig, splits: dict[str, Dataset]) -> tuple[str, dict]:
    train = splits["train"]
    shape = tuple(int(side) for side in train.images.shape[1:])
    model = build(config.architecture, shape, len(train.class_names), **config.parameters)
    policy, inner = precision(config), inner_models(model)
    network = network_source(
        model,
        first=augmentation_layers(config, shape, policy),
        float32=() if policy == "float32" else ("softmax",),
    )
    material = Material(network, len(train), "test" in splits, tuple(inner), policy)
    return keras_script(config, material), inner
