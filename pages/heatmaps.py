"""Heatmaps: what spoke for this answer?"""

from functools import partial

import numpy as np
import streamlit as st

from cnnviz import images
from cnnviz.figures import legend, overlays
from cnnviz.ui import current, frame, heatmap_choices
from cnnviz.ui.language import _, percent
from cnnviz.ui.photo import seen, show_steps
from cnnviz.ui.pictures import is_dark, show_png, show_svg
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
if warning := heatmap_choices.warning_of(picture, card):
    st.info(warning)

answer = ask(
    "heatmaps",
    model=opened.reference,
    image=picture.reference,
    targets=heatmap_choices.chosen_classes(card) or None,
    layer=heatmap_choices.chosen_layer(card),
    waiting=_("Asking the network …"),
)

opacity, shared = heatmap_choices.opacity(), heatmap_choices.shared_scale()
largest = max(float(np.max(answer["maps"])), 0.0) or None if shared else None
base = seen(picture, card)
for column, target, heat, share, positive in zip(
    st.columns(len(answer["targets"])),
    answer["targets"],
    answer["maps"],
    answer["shares"],
    answer["positive"],
    strict=True,
):
    name = _(card.class_names[target])
    placed = base.place(heat)
    drawn = overlays.overlay(base.photo, placed, opacity, largest=largest)
    with column:
        st.subheader(name, anchor=False)
        st.markdown(_("{share} of its vote").format(share=f"**{percent(share)}**"))
        show_png(
            images.encode_png(drawn.image),
            alt=_("The image with the areas that spoke for {name}").format(name=name),
            key=f"heat-{target}",
        )
        if not positive:
            st.info(_("Nothing in this image spoke for {name}.").format(name=name))
        lines = [
            name,
            _("{share} of its vote").format(share=percent(share)),
            f"Grad-CAM · {answer['layer']} · {_(card.title)}",
        ]
        st.download_button(
            _("Download"),
            partial(  # made when asked for, by a thread that knows no language: texts go along
                legend.legend_png,
                base.photo,
                placed,
                lines,
                low=_("nothing"),
                high=_("spoke for it"),
                opacity=opacity,
            ),
            file_name=f"{name}-grad-cam.png".replace(" ", "-"),
            mime="image/png",
            key=f"download-{target}",
            icon=":material/download:",
            type="tertiary",
            on_click="ignore",
        )
show_svg(
    overlays.scale_svg(_("nothing"), _("spoke most strongly for it"), dark=is_dark()),
    alt=_("Colour scale: from nothing to what spoke most strongly for it"),
)
notes = [
    _("All heatmaps have the same scale, so their strengths compare.")
    if shared
    else _("Each heatmap has its own scale: its strongest place has the strongest colour.")
]
if not base.whole:
    notes.append(_("The network saw only the part of the photo inside the frame."))
st.caption(" ".join(notes))
show_steps(picture, card)

heatmap_choices.controls(card, answer["targets"])
with st.expander(_("How Grad-CAM works")):
    height, width = card.layer(answer["layer"]).output_shape[:2]
    st.markdown(
        _(
            "The layer **{layer}** holds {count} maps of {height} × {width} values. For each map, "
            "Grad-CAM asks how much the score of the class would grow if the map grew a little "
            "(the gradient, averaged over the map). The maps are added up with these weights, "
            "negative sums are set to zero, and the result is enlarged over the photo. So nothing "
            "finer than {height} × {width} fields can be seen, and what spoke *against* the class "
            "is not shown."
        ).format(
            layer=answer["layer"],
            count=card.layer(answer["layer"]).output_shape[2],
            height=height,
            width=width,
        )
    )
frame.foot("heatmaps")
