"""The question for a model as a file to take home."""

from __future__ import annotations

import tempfile
from pathlib import Path

from cnnviz.compute.context import Context
from cnnviz.compute.questions import checking
from cnnviz.models.exporting import export_tflite
from cnnviz.models.references import ModelReference


def export(context: Context, model: str, format: str) -> dict:
    """The network as a ``.keras`` or LiteRT (``.tflite``) file."""
    checking.choice(format, "format", ("keras", "tflite"))
    opened = context.model(model)
    reference = ModelReference.parse(model)
    stem = reference.identifier[:40] + (f"-{reference.checkpoint}" if reference.checkpoint else "")
    if format == "tflite":
        return {"data": export_tflite(opened), "filename": f"{stem}.tflite"}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "model.keras"
        opened.keras_model.save(file)
        return {"data": file.read_bytes(), "filename": f"{stem}.keras"}
