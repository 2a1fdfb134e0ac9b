"""Which questions there are: a fixed list; a worker runs nothing else."""

from __future__ import annotations

import importlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from cnnviz.compute import defaults
from cnnviz.errors import BadInput
from cnnviz.models.references import ModelReference

MODULE = "cnnviz.compute.registry"
MAX_PARAMETERS = 64 * 1024  # bytes of JSON; parameters come from links


@dataclass(frozen=True)
class QuestionKind:
    """One kind of question.

    ``function`` is ``module:name``, resolved in the worker; it gets a Context and all parameters by
    name. ``required`` and ``defaults`` are its parameters. ``quick`` questions take under about two
    seconds and have a worker of their own. ``limit_s`` is how long it may run. ``cached`` answers
    are kept under a key that ``version`` is part of: raise it when the same parameters get
    another answer. Where ``layer`` is None, the field ``default_layer`` of the model's card stands
    in for it, so that both spellings are one question. A long question that ``yields`` lets quick
    ones of others be answered between its steps.
    """

    function: str
    required: tuple[str, ...] = ()
    defaults: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))
    cost: Literal["quick", "long"] = "quick"
    limit_s: float = 30.0
    cached: bool = True
    version: int = 1
    default_layer: str | None = None
    yields: bool = True

    def complete(self, parameters: Mapping[str, object]) -> dict:
        """The parameters as plain JSON values with the defaults filled in.

        Raises:
            BadInput: one is missing, unknown, or not a JSON value.
            NotFound: a layer is to be filled in, and the model is not there.
        """
        for name in parameters:
            if name not in self.required and name not in self.defaults:
                raise BadInput("“{name}” is not a setting of this question.", name=name[:40])
        for name in self.required:
            if parameters.get(name) is None:
                raise BadInput("This question needs to know “{name}”.", name=name)
        try:
            text = json.dumps({**self.defaults, **parameters}, allow_nan=False, default=_plain)
        except (TypeError, ValueError, RecursionError):
            raise BadInput("A setting of this question has a value that cannot be used.") from None
        if len(text) > MAX_PARAMETERS:
            raise BadInput("The settings of this question are too long.")
        complete = json.loads(text)
        if self.default_layer is not None and complete["layer"] is None:
            card = ModelReference.parse(str(complete["model"])).card
            complete["layer"] = getattr(card, self.default_layer)
        return complete


def _plain(value: object) -> object:
    """A NumPy scalar or array as JSON knows it."""
    if hasattr(value, "tolist"):
        return value.tolist()
    raise TypeError(type(value).__name__)


@dataclass(frozen=True)
class Registry:
    """``preload``: modules that a worker imports before it says that it is ready. ``warm_up``:
    questions that the first worker asks itself while nobody else asks, so that the most likely
    ones find the model loaded and compiled."""

    questions: Mapping[str, QuestionKind]
    preload: tuple[str, ...] = ()
    warm_up: tuple[tuple[str, dict], ...] = ()


def read_registry(module: str = MODULE) -> Registry:
    """The ``REGISTRY`` of a module."""
    return importlib.import_module(module).REGISTRY


_HERE = "cnnviz.compute.questions."
_IMAGE = ("model", "image")
_HEATMAP = {
    "method": "grad_cam",
    "targets": None,
    "layer": None,
    "top": 3,
    "against": None,
    "options": {},
}

_LAYERS = {"split": "test", "limit": defaults.LAYERED, "class_map": None, "pooling": "mean"}
_TRUST = {"method": "grad_cam", "target": None, "layer": None, "against": None}
QUESTIONS: dict[str, QuestionKind] = {
    "predict": QuestionKind(_HERE + "answers:predict", _IMAGE, {"top": 5}, limit_s=60),
    "home": QuestionKind(_HERE + "answers:home", _IMAGE, limit_s=60, version=2),
    "feature_maps": QuestionKind(
        _HERE + "maps:feature_maps",
        (*_IMAGE, "layer"),
        {"limit": 64, "offset": 0, "side": 112},
        limit_s=60,
    ),
    "channel_map": QuestionKind(
        _HERE + "maps:channel_map", (*_IMAGE, "layer", "channel"), limit_s=60
    ),
    "heatmaps": QuestionKind(
        _HERE + "heatmaps:heatmaps",
        _IMAGE,
        _HEATMAP,
        limit_s=60,
        version=2,
        default_layer="heatmap_layer",
    ),
    "slow_heatmaps": QuestionKind(
        _HERE + "heatmaps:slow_heatmaps",
        _IMAGE,
        _HEATMAP,
        cost="long",
        limit_s=300,
        default_layer="heatmap_layer",
    ),
    "heatmap_table": QuestionKind(
        _HERE + "heatmaps:heatmap_table",
        _IMAGE,
        {
            "methods": ["grad_cam", "grad_cam_pp", "hires_cam", "layer_cam", "xgrad_cam"],
            "layers": None,
            "targets": None,
            "against": None,
        },
        limit_s=60,
    ),
    "trust_curves": QuestionKind(
        _HERE + "trust:trust_curves",
        _IMAGE,
        _TRUST,
        cost="long",
        limit_s=600,
        default_layer="heatmap_layer",
    ),
    "trust_forgetting": QuestionKind(
        _HERE + "trust:trust_forgetting",
        _IMAGE,
        {**_TRUST, "stages": 10, "repeats": 3, "seed": 0},
        cost="long",
        limit_s=1200,
        version=2,
        default_layer="heatmap_layer",
    ),
    "trust_table": QuestionKind(
        _HERE + "trust:trust_table",
        ("model", "dataset"),
        {"split": "test", "limit": 50, "methods": None, "layer": None},
        cost="long",
        limit_s=3600,
        default_layer="heatmap_layer",
    ),
    "gallery_heatmaps": QuestionKind(
        _HERE + "heatmaps:gallery_heatmaps",
        ("model", "images", "targets"),
        {"layer": None},
        limit_s=120,
        default_layer="heatmap_layer",
    ),
    "occlude": QuestionKind(
        _HERE + "occluding:occlude",
        (*_IMAGE, "row", "column", "size"),
        {"target": None, "against": None, "baseline": "mean"},
        limit_s=60,
        cached=False,  # a moving patch would push out what is asked for again
    ),
    "filters": QuestionKind(
        _HERE + "filters:filters",
        ("model", "layer"),
        {
            "channels": None,
            "steps": 128,
            "size": None,
            "seed": 0,
            "objective": "channel",
            "parametrisation": "fourier",
        },
        cost="long",
        limit_s=600,
        version=2,
    ),
    "kernels": QuestionKind(_HERE + "filters:kernels", ("model",), {"layer": None}, limit_s=60),
    "channel_statistics": QuestionKind(
        _HERE + "channels:channel_statistics",
        ("model", "layer", "dataset"),
        {"split": "train", "limit": defaults.SEARCHED},
        cost="long",
        limit_s=1200,
    ),
    "channel_contributions": QuestionKind(
        _HERE + "channels:channel_contributions",
        ("model", "layer", "dataset"),
        {"split": "train", "limit": defaults.LISTENED},
        cost="long",
        limit_s=1200,
    ),
    "channel_kernel": QuestionKind(
        _HERE + "channels:channel_kernel", ("model", "layer", "channel"), limit_s=60
    ),
    "evaluate": QuestionKind(
        _HERE + "many:evaluate",
        ("model", "dataset"),
        {"split": "test", "limit": None, "class_map": None},
        cost="long",
        limit_s=3600,
    ),
    "measures": QuestionKind(
        _HERE + "measures:measures",
        ("model", "dataset"),
        {"split": "test", "class_map": None},
        cost="long",
        limit_s=3600,
    ),
    "inference_time": QuestionKind(
        _HERE + "measures:inference_time",
        ("model",),
        cost="long",
        limit_s=300,
        cached=False,  # of this machine, at this moment
        yields=False,  # what it measures is time
    ),
    "embedding": QuestionKind(
        _HERE + "space:embedding",
        ("model", "dataset"),
        {
            "split": "test",
            "limit": defaults.EMBEDDED,
            "layer": None,
            "method": "tsne",
            "seed": 0,
            "class_map": None,
            "pooling": "mean",
            "perplexity": 30,
            "dimensions": 2,
        },
        cost="long",
        limit_s=1200,
        version=2,
        default_layer="feature_layer",
    ),
    "place_image": QuestionKind(
        _HERE + "space:place_image",
        ("model", "dataset", "image"),
        {
            "split": "test",
            "limit": defaults.EMBEDDED,
            "layer": None,
            "class_map": None,
            "pooling": "mean",
        },
        cost="long",
        limit_s=1200,
        default_layer="feature_layer",
    ),
    "layer_separation": QuestionKind(
        _HERE + "space:layer_separation", ("model", "dataset"), _LAYERS, cost="long", limit_s=1200
    ),
    "layer_maps": QuestionKind(
        _HERE + "space:layer_maps", ("model", "dataset"), _LAYERS, cost="long", limit_s=1800
    ),
    "projector": QuestionKind(
        _HERE + "space:projector",
        ("model", "dataset"),
        {
            "split": "test",
            "limit": defaults.EMBEDDED,
            "layer": None,
            "class_map": None,
            "pooling": "mean",
        },
        cost="long",
        limit_s=1200,
        cached=False,
        default_layer="feature_layer",
    ),
    "causes": QuestionKind(
        _HERE + "causes:causes",
        ("model", "dataset"),
        {"split": "test", "class_map": None},
        cost="long",
        limit_s=3600,
        version=2,
    ),
    "neighbours": QuestionKind(
        _HERE + "neighbours:neighbours",
        ("model", "dataset", "index"),
        {"split": "test", "class_map": None, "count": 5},
        cost="long",
        limit_s=3600,
    ),
    "known_neighbours": QuestionKind(
        _HERE + "neighbours:known_neighbours",
        ("model", "dataset", "index"),
        {"split": "test", "class_map": None, "count": 5},
        limit_s=60,
    ),
    "parting": QuestionKind(
        _HERE + "neighbours:parting",
        ("model", "dataset", "index"),
        {"split": "test", "class_map": None},
        cost="long",
        limit_s=3600,
    ),
    "class_examples": QuestionKind(
        _HERE + "class_examples:class_examples",
        ("model", "dataset"),
        {"split": "test"},
        cost="long",
        limit_s=1200,
    ),
    "known_parting": QuestionKind(
        _HERE + "neighbours:known_parting",
        ("model", "dataset", "index"),
        {"split": "test", "class_map": None},
        limit_s=60,
    ),
    "inspect_upload": QuestionKind(
        _HERE + "uploads:inspect_upload",
        ("upload",),
        {"output": None},
        cost="long",
        limit_s=120,
        version=2,
    ),
    "preview_upload": QuestionKind(
        _HERE + "uploads:preview_upload",
        ("upload", "images"),
        {
            "output": None,
            "scaling": "none",
            "channels_order": "rgb",
            "size": None,
            "fit": "stretch",
            "polarity": "any",
            "top": 3,
        },
        cost="long",
        limit_s=120,
    ),
    "keep_upload": QuestionKind(
        _HERE + "uploads:keep_upload",
        ("upload", "title", "class_names"),
        {
            "output": None,
            "scaling": "none",
            "channels_order": "rgb",
            "size": None,
            "fit": "stretch",
            "polarity": "any",
            "owner": "local",
        },
        cost="long",
        limit_s=120,
        cached=False,
    ),
    "fetch_application": QuestionKind(
        _HERE + "fetching:fetch_application",
        ("network",),
        {"owner": "local"},
        cost="long",
        limit_s=7200,
        cached=False,
    ),
    "import_dataset": QuestionKind(
        _HERE + "data:import_dataset",
        ("upload", "filename"),
        {"size": 64, "owner": "local"},
        cost="long",
        limit_s=1800,
        cached=False,
    ),
    "find_learning_rate": QuestionKind(
        _HERE + "training:find_learning_rate", ("config",), cost="long", limit_s=300
    ),
    "export": QuestionKind(
        _HERE + "exporting:export",
        ("model",),
        {"format": "keras"},
        cost="long",
        limit_s=300,
        cached=False,
    ),
    "keras_code": QuestionKind(_HERE + "code:keras_code", ("run",), limit_s=60),
    "keras_project": QuestionKind(
        _HERE + "code:keras_project", ("run",), cost="long", limit_s=300, cached=False
    ),
}

_SAMPLE = {"model": defaults.MODEL, "image": defaults.PHOTO}
REGISTRY = Registry(
    QUESTIONS,
    preload=("cnnviz.compute.questions.preload",),
    warm_up=(("predict", _SAMPLE), ("heatmaps", _SAMPLE)),
)
