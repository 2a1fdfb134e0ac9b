"""The inline engine: the same questions, answered in this process (library, notebooks, tools)."""

from __future__ import annotations

import threading
from collections.abc import Callable

from cnnviz.compute import codec, registry
from cnnviz.compute.answers import AnswerCache
from cnnviz.compute.context import Context, Models
from cnnviz.compute.engine import Engine, Job, Question
from cnnviz.compute.running import compute
from cnnviz.errors import CnnvizError


class InlineEngine(Engine):
    """``ask`` computes before it returns. Never use it in the web process.

    Args:
        questions: the module with the registry.
        cache: where answers are looked up and kept; None for none.
        on_report: called with (fraction, text, frame or None) while a question is computed; an
            exception that it raises ends the question.
    """

    def __init__(
        self,
        questions: str = registry.MODULE,
        cache: AnswerCache | None = None,
        on_report: Callable[[float, str, object], None] = lambda fraction, text, frame: None,
    ) -> None:
        super().__init__(questions, cache)
        self._on_report = on_report
        self._models = Models()
        self._one_at_a_time = threading.RLock()

    def _submit(self, job: Job) -> Question:
        question = Question(job, self)

        def send(fraction: float, text: str, frame: codec.Value) -> None:
            job.fraction, job.text = fraction, text
            job.frame = job.frame if frame is None else frame
            self._on_report(fraction, text, frame)

        context = Context(self._models, send)
        with self._one_at_a_time:
            try:
                answer = compute(self.questions[job.name], context, job.parameters)
            except CnnvizError as error:
                job.finish(error=error)
                return question
        self._remember(job, answer)
        job.finish(answer)
        self._write(job)
        return question

    def drop(self, job: Job) -> None:
        """Nothing to do: every job is finished when somebody could drop it."""

    def close(self) -> None:
        """Nothing to do: no process was started."""
