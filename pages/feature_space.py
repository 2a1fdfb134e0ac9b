"""Feature space: what does it find alike?"""

import streamlit as st

from cnnviz.figures.colours import class_colour
from cnnviz.figures.map_picture import map_picture
from cnnviz.images import encode_png
from cnnviz.ui import address, frame, many
from cnnviz.ui.components.scatter import scatter
from cnnviz.ui.image_view import image_view
from cnnviz.ui.language import _, percent, split_names
from cnnviz.ui.many_images import atlas
from cnnviz.ui.pictures import show_png
from cnnviz.ui.questions import ask

frame.head(
    "feature_space",
    _(
        "Each point is one image; images that the network finds alike lie close together. Crosses "
        "were called something else. Point at one to see it, click it to open it. What lies close "
        "is meaningful; how far apart two groups lie is not."
    ),
)
labelled = many.choose()
card = labelled.opened.card
methods = {"tsne": "t-SNE", "pca": "PCA"}
method = address.value("method", "tsne", valid=methods)
layers = [x.name for x in card.layers if x.kind not in ("InputLayer", "Rescaling", "Dropout")]
layer = address.value("layer", card.feature_layer, valid=layers)

chosen = {}
if method != "tsne":
    chosen["method"] = method
if layer != card.feature_layer:
    chosen["layer"] = layer
if labelled.split != "test":
    chosen["split"] = labelled.split
place = st.empty()


def draw_frame(forming: dict) -> None:
    """The points on their way: a plain picture, because they move several times a second."""
    with place.container():
        picture = map_picture(forming["points"], forming["labels"])
        show_png(encode_png(picture), alt=_("Map of the images"))


answer = ask(
    "embedding",
    model=labelled.opened.reference,
    dataset=labelled.dataset,
    waiting=_("The images find their places …"),
    on_frame=draw_frame,
    **chosen,
)
with place.container():
    clicked = scatter(
        answer["points"],
        answer["labels"],
        labelled.class_names,
        [class_colour(i) for i in range(len(labelled.class_names))],
        key="map",
        predicted=answer["predicted"],
        sprite=atlas(labelled, answer["indices"]),
        label=_("Map of the images"),
    ).clicked
st.markdown(
    _(
        "{count} {split} images of {title}, by their features at the layer “{layer}” ({method}). "
        "For {share} of them, most of the ten nearest points are of their own class."
    ).format(
        count=f"{len(answer['points']):,}",
        split=split_names()[labelled.split],
        title=labelled.title,
        layer=answer["layer"],
        method=methods[method],
        share=percent(answer["knn_accuracy"]),
    )
)
if clicked is not None:
    address.choose("at", str(int(answer["indices"][clicked])))
at = address.value("at", "")
if at.isdecimal() and int(at) in answer["indices"]:
    with st.container(border=True, key="point"):
        image_view(labelled, int(at))
left, right = st.columns(2)
with left:
    address.widget(
        st.segmented_control,
        _("How they are arranged"),
        list(methods),
        "method",
        "tsne",
        format_func=methods.__getitem__,
        help=_(
            "PCA is a straight projection: quick and the same every time. t-SNE keeps neighbours "
            "together and shows groups better."
        ),
    )
with right:
    address.widget(
        st.selectbox,
        _("At which layer"),
        layers,
        "layer",
        card.feature_layer,
        help=_("Early layers sort by shades and edges, late ones by meaning."),
    )
many.controls(labelled)
frame.foot("feature_space")
