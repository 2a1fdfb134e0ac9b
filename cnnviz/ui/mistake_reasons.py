"""The counted causes, for whatever is taken away."""

from __future__ import annotations

from cnnviz.compute import get_engine
from cnnviz.errors import CnnvizError


def counted(asked: dict, patience: float) -> list[dict] | None:
    """The ``causes`` of the question of that name, those with images; waits ``patience`` seconds.

    None without an answer by then, or where there can be none. Needs no session.
    """
    question = get_engine().ask("causes", **asked)
    try:
        if question.wait(patience):
            return [cause for cause in question.result()["causes"] if len(cause["positions"])]
    except CnnvizError:
        return None
    question.cancel()
    return None
