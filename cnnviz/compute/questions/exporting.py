"""The question for a model as a file to take home."""

from __future__ import annotations

from cnnviz.compute.context import Context
from cnnviz.compute.questions import checking
from cnnviz.models.exporting import export_keras, export_tflite
from cnnviz.models.references import ModelReference


def export(context: Context, model: str, format: str) -> dict:
    """The network as a ``.keras`` or LiteRT (``.tflite``) file."""
    checking.choice(format, "format", ("keras", "tflite"))
    opened = context.model(model)
    reference = ModelReference.parse(model)
    stem = reference.identifier[:40] + (f"-{reference.checkpoint}" if reference.checkpoint else "")
    data = export_keras(opened) if format == "keras" else export_tflite(opened)
    return {"data": data, "filename": f"{stem}.{format}"}
