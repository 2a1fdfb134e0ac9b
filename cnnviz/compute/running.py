"""Running one question in this process: the function behind a name, and what its errors become."""

from __future__ import annotations

import importlib
import logging
from collections.abc import Callable

from cnnviz import logs
from cnnviz.compute import codec
from cnnviz.compute.context import Context
from cnnviz.compute.registry import QuestionKind
from cnnviz.errors import CnnvizError, NotPossible, Unexpected

LARGEST_ANSWER = 128 * 2**20

_log = logging.getLogger("cnnviz.compute")


def compute(kind: QuestionKind, context: Context, parameters: dict) -> bytes:
    """The answer to a question, encoded.

    Raises:
        CnnvizError: why there is none, in words for a person. Everything else that goes wrong is
            written to the log and becomes Unexpected or, when memory runs out, NotPossible.
    """
    try:
        context.check_cancelled()
        _log.info("A question", extra={"facts": {"function": kind.function}})
        answer = codec.encode(_function(kind)(context, **parameters))
        if len(answer) > LARGEST_ANSWER:
            raise ValueError(f"an answer of {len(answer)} bytes")
        return answer
    except CnnvizError:
        raise
    except Exception as error:
        _log.exception("A question failed: %s", kind.function)
        if isinstance(error, MemoryError) or type(error).__name__ == "ResourceExhaustedError":
            raise NotPossible(
                "There is not enough memory for this. Try fewer images, or try again when "
                "less is going on."
            ) from None
        raise Unexpected(
            "Something went wrong while computing this. If you tell your teacher the number "
            "{number}, the details can be found in the server's log.",
            number=logs.number() or "–",
        ) from None


def _function(kind: QuestionKind) -> Callable[..., object]:
    module, _, name = kind.function.partition(":")
    return getattr(importlib.import_module(module), name)
