"""Feature space: what does it find alike?"""

import streamlit as st

from cnnviz.figures.map_picture import map_picture
from cnnviz.images import encode_png
from cnnviz.ui import (
    address,
    current,
    frame,
    many,
    space_choices,
    space_landing,
    space_lasso,
    space_layers,
    space_map,
    space_saving,
    space_solid,
    space_trust,
)
from cnnviz.ui.language import _, percent, split_names
from cnnviz.ui.pictures import show_png
from cnnviz.ui.plain_text import plain
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
views = {"map": _("One layer"), "layers": _("From layer to layer")}
view = address.widget(
    st.segmented_control,
    _("What to look at"),
    list(views),
    "show",
    "map",
    format_func=views.__getitem__,
    label_visibility="collapsed",
)
choices = space_choices.read(labelled)


def the_map() -> None:
    """The map of one layer with the chosen image on it."""
    picture = current.image(labelled.opened)
    place, opened, star = st.empty(), st.container(), st.container()

    def draw_frame(forming: dict) -> None:
        """The points on their way: a plain picture, because they move several times a second."""
        with place.container():
            drawn = map_picture(forming["points"], forming["labels"])
            show_png(encode_png(drawn), alt=_("Map of the images"))

    answer = ask(
        "embedding",
        waiting=_("The images find their places …"),
        on_frame=draw_frame,
        **labelled.asked,
        **choices.arranged,
    )
    with star:
        found = space_landing.ask(labelled, choices, picture)
    landed = space_landing.landed(answer, found, picture) if found else None
    with place.container():
        space_map.draw(
            labelled,
            answer,
            points=answer["points"],
            colour=choices.colour,
            key="map",
            background=answer["regions"] if choices.ground == "regions" else None,
            own=[landed.star] if landed else (),
            own_links=[landed.links] if landed else (),
        )
        st.markdown(_about(answer))
    with opened:
        space_map.open_image(labelled)
        space_lasso.draw(labelled)
    with star:
        if landed:
            space_landing.draw(labelled, answer, landed, picture)
        space_landing.change_button(labelled)
    space_choices.colour_control()
    space_choices.first_row(labelled)
    with st.expander(_("More settings, other images"), icon=":material/tune:", key="settings-box"):
        space_choices.second_row(choices)
        many.controls(labelled)
    # What is folded away is made when it is opened: the map is there sooner.
    trust, solid, save = (
        st.expander(title, icon=f":material/{icon}:", key=f"{icon}-box", on_change="rerun")
        for title, icon in (
            (_("Can I trust this map?"), "fact_check"),
            (_("In three dimensions"), "3d_rotation"),
            (_("Take it with you"), "download"),
        )
    )
    if trust.open:
        with trust:
            space_trust.draw(labelled, answer, choices)
    if solid.open:
        with solid:
            space_solid.draw(labelled, choices)
    if save.open:
        with save:
            space_saving.buttons(labelled, answer, choices)


def _about(answer: dict) -> str:
    said = _(
        "{count} {split} images of {title}, by their features at the layer “{layer}” ({method}). "
        "For {share} of them, most of the ten nearest points are of their own class."
    ).format(
        count=f"{len(answer['points']):,}",
        split=split_names()[labelled.split],
        title=plain(labelled.title),
        layer=plain(answer["layer"]),
        method=space_choices.METHODS[answer["method"]],
        share=percent(answer["knn_accuracy"]),
    )
    if choices.ground == "regions":
        said += " " + _(
            "The background is what the images nearest to each place were **called**. A place "
            "between images has no image of its own, so this is not the network's true border."
        )
    return said


if view == "layers":
    space_layers.draw(labelled, choices)
    space_map.open_image(labelled)
    space_lasso.draw(labelled)
    space_choices.colour_control()
    with st.expander(_("Other images"), icon=":material/tune:", key="settings-box"):
        many.controls(labelled)
else:
    the_map()
frame.foot("feature_space")
