"""Home: what is inside a network?"""

import streamlit as st

from cnnviz import images
from cnnviz.figures import overlays, tiles
from cnnviz.ui import address, current, frame, vote_words, ways_in
from cnnviz.ui.components.flow import Answer, Column, Tile, flow
from cnnviz.ui.language import _, percent
from cnnviz.ui.pictures import is_dark
from cnnviz.ui.questions import ask

opened = current.model()
picture = current.image(opened)
card = opened.card

frame.head(
    "home",
    _(
        "Follow the image from left to right: first edges, then textures, then parts. The heat "
        "shows which pixels spoke for the answer. Click anything to look closer."
    ),
)

answer = ask(
    "home",
    model=opened.reference,
    image=picture.reference,
    waiting=_("Sending the image through the network …"),
)
received = images.prepare(picture.image, card)
columns = [
    Column(
        column["layer"],
        [
            Tile(
                channel,
                tiles.map_png(tile, column["signed"], is_dark()),
                _("Channel {channel} of {layer}").format(channel=channel, layer=column["layer"]),
            )
            for tile, channel in zip(column["tiles"], column["channels"], strict=True)
        ],
        _("{height} × {width}\n{count} channels").format(
            height=column["shape"][0], width=column["shape"][1], count=column["shape"][2]
        ),
    )
    for column in answer["columns"]
]
heat = overlays.overlay(received, answer["heatmap"])
clicked = flow(
    images.encode_png(overlays.enlarged(received)),
    columns,
    images.encode_png(heat.image),
    [
        Answer(c["index"], _(card.class_names[c["index"]]), c["share"], percent(c["share"]))
        for c in answer["classes"]
    ],
    key="home-flow",
    photo_caption=_("the image, as the network receives it"),
    heatmap_caption=_("what spoke for this answer"),
    answers_caption=vote_words.answers_of(card),
)
if clicked:
    if clicked["kind"] == "tile":
        address.choose("layer", clicked["layer"])
        address.choose("channel", str(clicked["channel"]))
        st.switch_page("pages/feature_maps.py")
    if clicked["kind"] == "answer":
        address.choose("classes", str(clicked["index"]))
    st.switch_page("pages/architecture.py" if clicked["kind"] == "photo" else "pages/heatmaps.py")
ways_in.draw(opened)
frame.foot("home")
