"""What a model said about a labelled data set; everything else derives from that one pass."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cached_property

import numpy as np

from cnnviz.errors import BadInput
from cnnviz.evaluation.metrics import ClassReport, class_reports, confusion_matrix


@dataclass(frozen=True)
class Evaluation:
    """Answers for n images.

    ``labels`` (n,) are true classes. ``top_classes`` (n, k) int and ``top_probabilities`` (n, k)
    are the most likely classes, best first; ``true_probabilities`` (n,) is the share of the true
    one. ``indices`` (n,) are the images' places in the split. Positions below are places in these
    arrays, not in the split.
    """

    labels: np.ndarray
    top_classes: np.ndarray
    top_probabilities: np.ndarray
    true_probabilities: np.ndarray
    indices: np.ndarray
    class_names: tuple[str, ...]
    dataset: str
    split: str

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def predicted(self) -> np.ndarray:
        """(n,) the class the model chose."""
        return self.top_classes[:, 0]

    @property
    def confidence(self) -> np.ndarray:
        """(n,) the share of the vote for the chosen class."""
        return self.top_probabilities[:, 0]

    @property
    def accuracy(self) -> float:
        """The share of right answers, 0 to 1."""
        return float((self.predicted == self.labels).mean())

    def top_k(self, k: int) -> float:
        """The share of images whose true class is among the k most likely; raises BadInput."""
        if not 1 <= k <= self.top_classes.shape[1]:
            raise BadInput(
                "This evaluation kept the {kept} most likely classes of each image, not {wanted}.",
                kept=self.top_classes.shape[1],
                wanted=k,
            )
        return float((self.top_classes[:, :k] == self.labels[:, None]).any(axis=1).mean())

    @cached_property
    def confusion(self) -> np.ndarray:
        """(c, c) counts: rows are true classes, columns predicted ones."""
        return confusion_matrix(self.labels, self.predicted, len(self.class_names))

    @cached_property
    def per_class(self) -> list[ClassReport]:
        """Precision, recall, F1 and number of images of every class."""
        return class_reports(self.confusion, self.class_names)

    @cached_property
    def mistakes(self) -> np.ndarray:
        """Positions of the wrong answers, the most confident first."""
        return self._by_confidence(self.predicted != self.labels)

    def cell(self, true: int, predicted: int) -> np.ndarray:
        """Positions of the images in a cell of the confusion matrix, the most confident first."""
        return self._by_confidence((self.labels == true) & (self.predicted == predicted))

    @cached_property
    def worst_pair(self) -> tuple[int, int, int] | None:
        """(true class, predicted class, count) of the commonest mistake; None without any."""
        wrong = self.confusion - np.diag(np.diag(self.confusion))
        true, predicted = np.unravel_index(wrong.argmax(), wrong.shape)
        count = int(wrong[true, predicted])
        return (int(true), int(predicted), count) if count else None

    def _by_confidence(self, chosen: np.ndarray) -> np.ndarray:
        positions = np.flatnonzero(chosen)
        return positions[np.argsort(-self.confidence[positions], kind="stable")]

    def to_message(self) -> dict:
        """The fields as arrays, strings and lists, for another process."""
        message = {field.name: getattr(self, field.name) for field in fields(self)}
        return {**message, "class_names": list(self.class_names)}

    @classmethod
    def from_message(cls, message: dict) -> Evaluation:
        """Rebuild what ``to_message`` took apart."""
        return cls(**{**message, "class_names": tuple(message["class_names"])})
