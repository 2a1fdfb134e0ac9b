"""The heatmap that is put to the test, in words."""

from __future__ import annotations

from dataclasses import dataclass

from cnnviz.datasets.image_references import Picture
from cnnviz.explanation.catalogue import CATALOGUE
from cnnviz.models.cards import Card
from cnnviz.ui.current import Opened
from cnnviz.ui.language import _, percent
from cnnviz.ui.plain_text import plain
from cnnviz.ui.vote_words import share_in_words


@dataclass(frozen=True)
class Subject:
    """The heatmap under test: how it was asked for."""

    opened: Opened
    picture: Picture
    card: Card
    method: str
    target: int | None
    layer: str | None
    against: int | None

    @property
    def parameters(self) -> dict:
        """For the questions of trust about one image."""
        return {
            "model": self.opened.reference,
            "image": self.picture.reference,
            "method": self.method,
            "target": self.target,
            "layer": self.layer if CATALOGUE[self.method].takes_layer else None,
            "against": self.against,
        }

    @property
    def title(self) -> str:
        """The method's name in the reader's language."""
        return _(CATALOGUE[self.method].title)

    def class_name(self, target: int) -> str:
        """A class, in Markdown: somebody may have typed its name."""
        return plain(_(self.card.class_names[target]))

    def vote(self, share: float) -> str:
        """A vote in words: of one class, or of one of two that are held against each other."""
        if self.against is not None:
            return _("{share} of both votes").format(share=percent(share))
        return share_in_words(self.card, share)
