"""See inside convolutional neural networks.

``import cnnviz`` is instant and brings no TensorFlow: every public name is imported when it is
first used.
"""

from __future__ import annotations

import importlib

__version__ = "0.1.0"

_HOMES = {
    "BadInput": "errors",
    "ChannelStatistics": "inference.channel_statistics",
    "CnnvizError": "errors",
    "Comparison": "explanation.trust_results",
    "Dataset": "datasets.dataset",
    "Embedding": "embedding.results",
    "Evaluation": "evaluation.results",
    "Explanation": "explanation.results",
    "Faithfulness": "explanation.trust_results",
    "Model": "models.model",
    "NotFound": "errors",
    "Randomisation": "explanation.trust_results",
    "Run": "runs.run",
    "SearchConfig": "training.search_config",
    "TrainingConfig": "training.config",
    "channel_statistics": "inference.channel_statistics",
    "compare_methods": "explanation.comparing",
    "embed": "embedding.embed",
    "evaluate": "evaluation.evaluate",
    "explain": "explanation.explain",
    "explain_many": "explanation.explain",
    "faithfulness": "explanation.faithfulness",
    "fetch_model": "models.applications",
    "feature_maps": "inference.feature_maps",
    "list_models": "models.store",
    "load_dataset": "datasets.loading",
    "load_model": "models.model",
    "randomisation_check": "explanation.randomisation",
    "save_model": "models.model",
    "search": "training.search",
    "start_search": "training.launch",
    "start_training": "training.launch",
    "train": "training.loop",
    "train_on_nodes": "training.distributed",
    "visualize_filters": "explanation.filters",
}
_MODULES = ("images",)

__all__ = [*_HOMES, *_MODULES]


def __getattr__(name: str) -> object:
    if name in _MODULES:
        return importlib.import_module(f"cnnviz.{name}")
    if name not in _HOMES:
        raise AttributeError(f"module 'cnnviz' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"cnnviz.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
