"""The measures of trust in words: what pages, terminal and library offer, and how to read them."""

from __future__ import annotations

from dataclasses import dataclass

from cnnviz.texts import N_


@dataclass(frozen=True)
class Measure:
    """One number that says how far a heatmap tells what the network used.

    ``higher_is_better`` says which direction is good; ``reading`` what the number is, ``source``
    the paper. All are shares of a vote, so 0.1 means ten percentage points.
    """

    name: str
    title: str
    reading: str
    source: str
    higher_is_better: bool


_ALL = (
    Measure(
        "insertion",
        N_("Insertion"),
        N_(
            "The blurred image gets its brightest pixels back, step by step: the average vote on "
            "the way. High, if the bright places alone bring the class back."
        ),
        "Petsiuk et al. 2018, arXiv 1806.07421",
        True,
    ),
    Measure(
        "deletion",
        N_("Deletion"),
        N_(
            "The brightest pixels get the image's mean colour, step by step: the average vote on "
            "the way. Low, if the class is lost with the bright places."
        ),
        "Petsiuk et al. 2018, arXiv 1806.07421",
        False,
    ),
    Measure(
        "road",
        "ROAD",
        N_(
            "Pixels are removed and made up from their neighbours, so that no hole gives them "
            "away: how much more vote is left when the darkest go than when the brightest go."
        ),
        "Rong et al. 2022, arXiv 2202.00449",
        True,
    ),
    Measure(
        "average_drop",
        N_("Average drop"),
        N_(
            "Each pixel is darkened as far as the heatmap is dark there: the share of the vote "
            "that is lost. Low, if the bright places suffice."
        ),
        "Chattopadhyay et al. 2018, arXiv 1710.11063",
        False,
    ),
    Measure(
        "average_increase",
        N_("Average increase"),
        N_(
            "The share of images whose vote even grows when they are darkened where the heatmap "
            "is dark."
        ),
        "Chattopadhyay et al. 2018, arXiv 1710.11063",
        True,
    ),
)

MEASURES: dict[str, Measure] = {measure.name: measure for measure in _ALL}
