"""“Can I trust this map?”: the same images arranged in other ways, and what a map does not say."""

from __future__ import annotations

import streamlit as st

from cnnviz.errors import Cancelled, CnnvizError
from cnnviz.figures.map_picture import map_picture
from cnnviz.images import encode_png
from cnnviz.ui import address, frame
from cnnviz.ui.language import _, percent
from cnnviz.ui.many import Labelled
from cnnviz.ui.pictures import show_png
from cnnviz.ui.questions import ask
from cnnviz.ui.space_choices import METHODS, Choices

IMAGES = 1000
_SIZE = (420, 560)
_WANTED = "_space-trust"  # in this session's state: which maps were asked for
# Perplexity and seed of the small maps; None is PCA.
WAYS = ((5, 0), (30, 0), (50, 0), (30, 1), (30, 2), None)


def draw(labelled: Labelled, answer: dict, choices: Choices) -> None:
    """Words on this map's own numbers first; the other maps when they are asked for."""
    st.markdown(_this_map(answer, choices))
    st.markdown(
        _(
            "**What a t-SNE map does not say** (Wattenberg, Viégas and Johnson, [How to Use t-SNE "
            "Effectively](https://distill.pub/2016/misread-tsne/), 2016)\n"
            "- **Distances between groups** mean little: two that lie far apart can be as alike as "
            "two that touch.\n"
            "- **Sizes of groups** mean nothing: dense ones are spread out, loose ones pulled "
            "together.\n"
            "- **Gaps** are made wider than they are, and pure noise can seem to have groups, "
            "above all at a low perplexity.\n"
            "- **What stays** in every map below is there; what only one of them shows may be "
            "chance."
        )
    )
    limit = min(IMAGES, choices.count)
    about = {**labelled.asked, **choices.images, "limit": limit}
    if st.session_state.get(_WANTED) != repr(about):
        st.button(
            _("Draw the other maps"),
            key="other-maps",
            type="primary",
            icon=":material/grid_view:",
            on_click=lambda: st.session_state.update({_WANTED: repr(about)}),
        )
        st.caption(
            _("Six maps of {count} images; each t-SNE takes a few seconds.").format(
                count=f"{min(limit, len(answer['points'])):,}"
            )
        )
        return
    for start in range(0, len(WAYS), 3):
        for column, way in zip(st.columns(3), WAYS[start : start + 3], strict=True):
            with column:
                try:
                    _small(about, way)
                except Cancelled:
                    return
                except CnnvizError as error:
                    frame.show_error(error)


def _this_map(answer: dict, choices: Choices) -> str:
    method, trust = METHODS[choices.method], answer["trustworthiness"]
    said = []
    if trust is not None:
        said.append(
            _(
                "**The trustworthiness of this map is {value}**: 1 would mean that every neighbour "
                "on the map is one in the layer's features too, 0.5 is what points thrown at "
                "random get (Venna and Kaski, 2001; ten neighbours)."
            ).format(value=f"{trust:.3f}")
        )
    said.append(
        _(
            "Of the images, {features} have mostly neighbours of their own class in the layer's "
            "{width} features, {map} on this {method} map. The map can show more order or less "
            "than there is."
        ).format(
            features=percent(answer["knn_features"], 1),
            width=f"{answer['features']:,}",
            map=percent(answer["knn_accuracy"], 1),
            method=method,
        )
    )
    if answer["silhouette"] is not None:
        said.append(
            _("The silhouette of the classes in the features is {value}.").format(
                value=f"{answer['silhouette']:.2f}"
            )
        )
    return " ".join(said)


def _small(about: dict, way: tuple[int, int] | None) -> None:
    """One small map with its name and trustworthiness, and a way to see it large."""
    if way is None:
        title, asked, key = "PCA", {"method": "pca"}, "pca"
    else:
        perplexity, seed = way
        key = f"{perplexity}-{seed}"
        asked = {"perplexity": perplexity} if perplexity != 30 else {}
        title = _("Perplexity {number}").format(number=perplexity)
        if seed:
            asked["seed"] = seed
            title = _("Perplexity {number}, random start {seed}").format(
                number=perplexity, seed=seed
            )
    st.markdown(f"**{title}**")
    place = st.empty()

    def show(found: dict) -> None:
        picture = encode_png(map_picture(found["points"], found["labels"], _SIZE))
        with place.container():
            show_png(picture, alt=_("Map of the images: {way}").format(way=title))

    found = ask("embedding", waiting=_("Arranging the points"), on_frame=show, **about, **asked)
    show(found)
    if found["trustworthiness"] is not None:
        st.caption(
            _("Trustworthiness {value}; {share} have mostly neighbours of their own class.").format(
                value=f"{found['trustworthiness']:.3f}", share=percent(found["knn_accuracy"])
            )
        )
    st.button(_("Show it large"), key=f"large-{key}", type="tertiary", on_click=_open, args=(way,))


def _open(way: tuple[int, int] | None) -> None:
    address.choose("method", "pca" if way is None else None)
    if way is not None:
        address.choose("perplexity", str(way[0]) if way[0] != 30 else None)
        address.choose("seed", str(way[1]) if way[1] else None)
