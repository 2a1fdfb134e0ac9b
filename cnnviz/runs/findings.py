"""What a diagnosis says: a sentence with the numbers that were measured, and what to try."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cnnviz.runs.progress import Progress
from cnnviz.runs.remedies import Trial
from cnnviz.runs.symptoms import Signs

PROBLEM, HINT, GOOD = "problem", "hint", "good"
SHARE, LOSS, RATE, COUNT, CLASSES, TEXT = "share", "loss", "rate", "count", "classes", "text"


@dataclass(frozen=True)
class Measured:
    """A number that was measured: its place in the sentence, its label, how to write it.

    ``kind`` is one of SHARE (0–1), LOSS, RATE (of learning), COUNT, CLASSES (their names), TEXT.
    """

    name: str
    label: str
    value: float | int | str | tuple[str, ...]
    kind: str


@dataclass(frozen=True)
class Finding:
    """``template`` has places for the ``evidence``; ``trial`` is None when nothing is to be tried.

    All texts are to be translated when shown. ``severity`` is PROBLEM, HINT or GOOD.
    """

    code: str
    severity: str
    title: str
    template: str
    evidence: tuple[Measured, ...]
    advice: str
    trial: Trial | None = None

    @property
    def values(self) -> dict[str, float | int | str | tuple[str, ...]]:
        """The measured numbers by name."""
        return {m.name: m.value for m in self.evidence}

    @property
    def changes(self) -> dict | None:
        """Fields of a ``TrainingConfig`` to try, if any."""
        return self.trial and self.trial.changes


@dataclass(frozen=True)
class Case:
    """What a rule looks at; ``outcome`` is None until the training has ended."""

    config: dict
    progress: Progress
    signs: Signs
    outcome: dict | None = None

    @property
    def ended(self) -> bool:
        """Whether it learned for as long as it was to; one that failed did not."""
        return self.outcome is not None and self.outcome.get("status") != "failed"

    @property
    def rate(self) -> float:
        """The learning rate as somebody asked for it last."""
        asked = [m["rate"] for m in self.progress.marks if m.get("why") == "asked" and "rate" in m]
        return float((asked or [self.config.get("learning_rate", 1e-3)])[-1])

    def names(self, classes: Sequence[int]) -> tuple[str, ...]:
        """The names of classes."""
        known = self.progress.class_names
        return tuple(known[i] if i < len(known) else str(i) for i in classes)
