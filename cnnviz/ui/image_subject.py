"""The image that is explained: what it is, what it was called, and which two classes to compare."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cnnviz.datasets.image_references import Picture, open_image
from cnnviz.errors import NotFound
from cnnviz.evaluation.mapping import match_classes
from cnnviz.models.cards import Card
from cnnviz.ui.language import _
from cnnviz.ui.many import Labelled
from cnnviz.ui.plain_text import plain


@dataclass(frozen=True)
class Subject:
    """An image at ``index`` of the split with the network's answer.

    Classes are numbers of the model. ``true`` is what it is, ``called`` what the network said.
    ``rival`` is the class to hold the true one against: ``called``, or the second in the vote where
    the answer was right; ``rival_share`` is its share. ``top`` are the classes with the largest
    shares, with these.
    """

    labelled: Labelled
    index: int
    picture: Picture
    true: int
    called: int
    true_share: float
    top: tuple[tuple[int, float], ...]

    @property
    def card(self) -> Card:
        return self.labelled.opened.card

    @property
    def right(self) -> bool:
        return self.called == self.true

    @property
    def rival(self) -> int:
        return self.top[1][0] if self.right else self.called

    @property
    def rival_share(self) -> float:
        return self.top[1][1] if self.right else self.top[0][1]

    @property
    def model_and_image(self) -> dict[str, str]:
        """What questions about this one image are asked with."""
        return {"model": self.labelled.opened.reference, "image": self.picture.reference}

    @property
    def own_name(self) -> str:
        """What the data set calls the image's class, where that is not the model's name for it."""
        given = self.picture.label or ""
        same = match_classes([given], [self.card.class_names[self.true]]) == (0,)
        return "" if same else _(given)

    def name(self, number: int) -> str:
        """A class as it is; not for Markdown."""
        return _(self.card.class_names[number])

    def shown(self, number: int) -> str:
        """A class in Markdown: somebody may have typed its name."""
        return plain(self.name(number))


def subject_of(labelled: Labelled, index: int) -> Subject:
    """The image at ``index`` of the split; raises NotFound where it is not among those measured."""
    found = labelled.evaluation()
    places = np.flatnonzero(found.indices == index)
    if len(places) == 0:
        raise NotFound(
            "Image {index} is not among these images, or the model does not know its class.",
            index=index,
        )
    at = int(places[0])
    shares = zip(found.top_classes[at], found.top_probabilities[at], strict=True)
    return Subject(
        labelled,
        index,
        open_image(labelled.reference(index)),
        int(found.labels[at]),
        int(found.predicted[at]),
        float(found.true_probabilities[at]),
        tuple((int(number), float(share)) for number, share in shares),
    )
