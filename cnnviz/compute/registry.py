"""Which questions there are: a fixed list; a worker runs nothing else."""

from __future__ import annotations

import importlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from cnnviz.errors import BadInput

MODULE = "cnnviz.compute.registry"
MAX_PARAMETERS = 64 * 1024  # bytes of JSON; parameters come from links


@dataclass(frozen=True)
class QuestionKind:
    """One kind of question.

    ``function`` is ``module:name``, resolved in the worker; it gets a Context and all parameters by
    name. ``required`` and ``defaults`` are its parameters. ``quick`` questions take under about two
    seconds and have a worker of their own. ``limit_s`` is how long it may run. ``cached`` answers
    are kept under a key that ``version`` is part of: raise it when the same parameters get
    another answer. ``files`` are parameters that name what may change or vanish (a model).
    """

    function: str
    required: tuple[str, ...] = ()
    defaults: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))
    cost: Literal["quick", "long"] = "quick"
    limit_s: float = 30.0
    cached: bool = True
    version: int = 1

    def complete(self, parameters: Mapping[str, object]) -> dict:
        """The parameters as plain JSON values with the defaults filled in.

        Raises:
            BadInput: one is missing, unknown, or not a JSON value.
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
        return json.loads(text)


def _plain(value: object) -> object:
    """A NumPy scalar or array as JSON knows it."""
    if hasattr(value, "tolist"):
        return value.tolist()
    raise TypeError(type(value).__name__)


def read_registry(module: str = MODULE) -> tuple[dict[str, QuestionKind], tuple[str, ...]]:
    """The questions of a registry module, and what a worker imports before it says it is ready."""
    found = importlib.import_module(module)
    return found.QUESTIONS, found.PRELOAD


PRELOAD = ("cnnviz.compute.questions.preload",)
QUESTIONS: dict[str, QuestionKind] = {}
