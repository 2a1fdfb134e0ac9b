"""How much a class got, in words that fit the network: part of one vote, or a yes of its own."""

from __future__ import annotations

from cnnviz.models.cards import Card
from cnnviz.ui.language import _, percent


def answers_of(card: Card) -> str:
    """What all shares together are called."""
    return _("its answers, each for itself") if card.answers == "several" else _("its vote")


def share_in_words(card: Card, share: float, *, bold: bool = False) -> str:
    """“97 % of its vote”, or “97 % yes” where each class is answered for itself (multi-label).

    Args:
        card: of the model that answered.
        share: 0 to 1.
        bold: whether the number is bold, in Markdown.
    """
    number = f"**{percent(share)}**" if bold else percent(share)
    if card.answers == "several":
        return _("{share} yes").format(share=number)
    return _("{share} of its vote").format(share=number)
