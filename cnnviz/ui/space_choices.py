"""What a person has chosen on the page of the feature space, read from the address."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from cnnviz.compute import defaults
from cnnviz.models.cards import Card
from cnnviz.ui import address
from cnnviz.ui.language import _
from cnnviz.ui.many import Labelled

METHODS = {"tsne": "t-SNE", "pca": "PCA"}
COLOURS = ("class", "called", "confidence", "loss", "right")
GROUNDS = ("plain", "regions")
POOLINGS = ("mean", "flat")
PERPLEXITIES = ("5", "15", "30", "50", "100")
SEEDS = ("0", "1", "2", "3")
COUNTS = ("500", "1000", "2000", "5000", "10000")
_QUIET = ("InputLayer", "Rescaling", "Normalization", "Dropout")


@dataclass(frozen=True)
class Choices:
    """One map: which images, which features, how they are arranged, what is seen of them."""

    method: str
    layer: str | None
    pooling: str
    perplexity: int
    seed: int
    count: int
    colour: str
    ground: str
    usual_layer: str | None

    @property
    def images(self) -> dict:
        """What the images and their features are asked with; defaults are left out."""
        asked: dict = {}
        if self.layer != self.usual_layer:
            asked["layer"] = self.layer
        if self.count != defaults.EMBEDDED:
            asked["limit"] = self.count
        if self.pooling != "mean":
            asked["pooling"] = self.pooling
        return asked

    @property
    def arranged(self) -> dict:
        """The same for a map of them."""
        asked = self.images
        if self.method == "pca":
            return {**asked, "method": "pca"}
        if self.perplexity != 30:
            asked["perplexity"] = self.perplexity
        if self.seed:
            asked["seed"] = self.seed
        return asked


def layers_of(card: Card) -> list[str]:
    """The layers whose features can be mapped."""
    return [x.name for x in card.layers if x.kind not in _QUIET]


def read(labelled: Labelled) -> Choices:
    """The choices in the address; what makes no sense there counts as not chosen."""
    card = labelled.opened.card
    layers = layers_of(card)
    usual = card.feature_layer or (layers[-1] if layers else None)
    return Choices(
        method=address.value("method", "tsne", valid=METHODS),
        layer=address.value("layer", usual or "", valid=layers) or None,
        pooling=address.value("pooling", "mean", valid=POOLINGS),
        perplexity=int(address.value("perplexity", "30", valid=PERPLEXITIES)),
        seed=int(address.value("seed", "0", valid=SEEDS)),
        count=int(address.value("count", str(defaults.EMBEDDED), valid=COUNTS)),
        colour=address.value("colour", "class", valid=COLOURS),
        ground=address.value("ground", "plain", valid=GROUNDS),
        usual_layer=card.feature_layer,
    )


def colour_control() -> None:
    """What the points are coloured by."""
    names = {
        "class": _("what it is"),
        "called": _("what it was called"),
        "confidence": _("how sure it was"),
        "loss": _("loss"),
        "right": _("right or wrong"),
    }
    address.widget(
        st.segmented_control,
        _("Colour"),
        list(names),
        "colour",
        "class",
        format_func=names.__getitem__,
        help=_(
            "The loss is −log of the share of the vote that the true class got: 0 is a sure and "
            "right answer."
        ),
    )


def first_row(labelled: Labelled) -> None:
    """Arrangement, layer and background: what changes the picture most."""
    card = labelled.opened.card
    with st.container(horizontal=True, vertical_alignment="bottom"):
        address.widget(
            st.segmented_control,
            _("How they are arranged"),
            list(METHODS),
            "method",
            "tsne",
            format_func=METHODS.__getitem__,
            help=_(
                "PCA is a straight projection: quick and the same every time. t-SNE keeps "
                "neighbours together and shows groups better."
            ),
        )
        layers = layers_of(card)
        address.widget(
            st.selectbox,
            _("At which layer"),
            layers,
            "layer",
            card.feature_layer or layers[-1],
            help=_("Early layers sort by shades and edges, late ones by meaning."),
            width=280,
        )
        grounds = {"plain": _("plain"), "regions": _("its answers")}
        address.widget(
            st.segmented_control,
            _("Background"),
            list(grounds),
            "ground",
            "plain",
            format_func=grounds.__getitem__,
        )


def second_row(choices: Choices) -> None:
    """How many images, and the experts' switches."""
    poolings = {"mean": _("averaged"), "flat": _("position by position")}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        address.widget(
            st.segmented_control,
            _("How many images"),
            list(COUNTS),
            "count",
            str(defaults.EMBEDDED),
            format_func=lambda c: f"{int(c):,}",
            help=_("Evenly over the classes. Ten thousand take t-SNE about a minute."),
        )
        address.widget(
            st.segmented_control,
            _("Features"),
            list(POOLINGS),
            "pooling",
            "mean",
            format_func=poolings.__getitem__,
            help=_(
                "Averaged over positions, a channel is one number: what is in the image, not "
                "where. Position by position, an image that is shifted lies elsewhere."
            ),
        )
    if choices.method == "tsne":
        with st.container(horizontal=True, vertical_alignment="bottom"):
            address.widget(
                st.segmented_control,
                _("Perplexity"),
                list(PERPLEXITIES),
                "perplexity",
                "30",
                help=_("About how many neighbours each image tries to stay close to."),
            )
            starts = {"0": "PCA", **{s: _("random {number}").format(number=s) for s in SEEDS[1:]}}
            address.widget(
                st.segmented_control,
                _("Starting places"),
                list(SEEDS),
                "seed",
                "0",
                format_func=starts.__getitem__,
                help=_("t-SNE moves the points from somewhere; where they start matters."),
            )
