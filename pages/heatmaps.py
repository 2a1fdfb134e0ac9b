"""Heatmaps: what spoke for this answer?"""

import numpy as np
import streamlit as st

from cnnviz import images
from cnnviz.figures import overlays
from cnnviz.ui import address, current, frame
from cnnviz.ui.language import _, percent
from cnnviz.ui.pictures import is_dark, show_png
from cnnviz.ui.questions import ask

opened = current.model()
picture = current.image(opened)
card = opened.card

frame.head(
    "heatmaps",
    _(
        "Bright areas spoke **for** the class named above the picture (Grad-CAM); where the photo "
        "looks as usual, nothing did. The share is the part of the network's vote that the class "
        "got."
    ),
)

layers = [layer.name for layer in card.spatial_layers]
layer = address.value("layer", card.heatmap_layer or "", valid=layers)
chosen = address.value("classes", "")
targets = [int(t) for t in chosen.split(",") if t.isdecimal() and int(t) < len(card.class_names)]

answer = ask(
    "heatmaps",
    model=opened.reference,
    image=picture.reference,
    targets=targets or None,
    layer=layer or None,
    waiting=_("Asking the network …"),
)

shared = address.value("scale", "each", valid=("each", "shared")) == "shared"
opacity = address.number("opacity", 75, 10, 100) / 100
largest = float(np.max(answer["maps"])) if shared else None
columns = st.columns(len(answer["targets"]))
for column, heat, name, share, positive in zip(
    columns, answer["maps"], answer["names"], answer["shares"], answer["positive"], strict=True
):
    with column:
        st.subheader(_(name), anchor=False)
        st.markdown(_("{share} of its vote").format(share=f"**{percent(share)}**"))
        placed = images.place_back(heat, picture.image.shape, card.input_shape[:2], card.fit)
        drawn = overlays.overlay(picture.image, placed, opacity, largest=largest)
        show_png(
            images.encode_png(drawn.image),
            alt=_("The image with the areas that spoke for {name}").format(name=_(name)),
        )
        if not positive:
            st.info(_("Nothing in this image spoke for {name}.").format(name=_(name)))
        st.download_button(
            _("Download"),
            overlays.legend_png(
                picture.image,
                placed,
                [
                    _(name),
                    _("{share} of its vote").format(share=percent(share)),
                    f"Grad-CAM · {answer['layer']} · {_(card.title)}",
                ],
                low=_("nothing"),
                high=_("spoke for it"),
                opacity=opacity,
            ),
            file_name=f"{name}-grad-cam.png".replace(" ", "-"),
            mime="image/png",
            key=f"download-{name}",
            icon=":material/download:",
            type="tertiary",
        )
st.html(overlays.scale_svg(_("nothing"), _("spoke most strongly for it"), dark=is_dark()))
frame.foot("heatmaps")
