"""A channel's card, opened from a link and walked through; real workers, the digits network."""

from __future__ import annotations

from cnnviz.compute import defaults
from tests.pages.test_one_image import clean, parameter

DIGITS = "shipped:mnist_lenet5"


def texts(at) -> str:
    shown = [*at.markdown, *at.caption, *at.info, *at.subheader]
    return "\n".join(x.value for x in shown)


def test_a_card_opens_alone_from_a_link_and_leads_on(open_page):
    at = clean(open_page("filters", model=DIGITS, layer="conv_2", channel="3"))
    said = texts(at)
    assert r"Channel 3 · conv\_2" in said
    assert "2,000 training images (Digits)" in said and "The frame is the part" in said
    for part in ("How strongly", "fire for", "speak for", "Its weights", "respond alike"):
        assert part in said, part
    assert r"conv\_2 looks at 6 channels of pool\_1" in said
    assert [m.label for m in at.metric][1:3] == ["Selectivity", "Silent in"]
    clean(at.button(key="channel-next").click().run())
    assert (parameter(at, "layer"), parameter(at, "channel")) == ("conv_2", "4")
    assert r"Channel 4 · conv\_2" in texts(at)
    clean(at.segmented_control(key="choice-response").set_value("means").run())
    assert parameter(at, "response") == "means"
    clean(at.button(key="close-channel").click().run())
    assert parameter(at, "channel") is None and "Channel 4" not in texts(at)


def test_the_first_and_the_last_channel_end_the_walk(open_page):
    at = clean(open_page("filters", model=DIGITS, layer="conv_1", channel="0"))
    assert at.button(key="channel-previous").disabled
    at = clean(open_page("filters", model=DIGITS, layer="conv_1", channel="5"))
    assert at.button(key="channel-next").disabled


def test_a_number_beyond_all_bounds_is_no_channel(open_page):
    for channel in ("6", "9" * 5000):
        at = clean(open_page("filters", model=DIGITS, layer="conv_1", channel=channel))
        assert not any(button.key == "close-channel" for button in at.button)


def test_classes_have_cards_too(open_page):
    at = clean(open_page("filters", model=DIGITS, layer="logits", channel="7"))
    said = texts(at)
    assert "7 · logits" in said and "The frame" not in said
    assert "Its weights" in said


def test_a_dead_channel_says_so_and_stretches_no_noise(open_page):
    """Unit 16 of this layer is positive for none of the training images searched."""
    at = clean(open_page("filters", model=DIGITS, layer="dense_1", channel="16"))
    said = texts(at)
    assert "None of the 2,000 training images searched excites this channel" in said
    assert "How strongly" not in said and "Its weights" in said
    assert next(m.value for m in at.metric if m.label == "Fires most for") == "nothing"


def test_without_images_the_card_shows_what_needs_none(open_page):
    at = clean(open_page("filters", model=defaults.MODEL, channel="1"))
    said = texts(at)
    assert "none to search" in said and "Its weights" in said
    assert "How strongly" not in said and not at.metric


def test_all_channels_of_a_layer_over_a_data_set(open_page):
    at = clean(open_page("feature_maps", model=DIGITS, layer="relu_2", over="set"))
    said = texts(at)
    assert "2,000 training images (Digits)" in said and "most selective" in said
    assert "No channel is dead" in said
    table = at.dataframe[0].value
    assert len(table) == 16 and table["silent images"].between(0, 1).all()
    clean(at.pills(key="choice-sorted").set_value("dead_share").run())
    assert parameter(at, "sorted") == "dead_share"
    clean(at.button(key="next-layer").click().run())
    assert parameter(at, "over") == "set" and parameter(at, "layer") == "pool_2"


def test_a_network_without_images_says_so_over_a_data_set(open_page):
    at = clean(open_page("feature_maps", model=defaults.MODEL, over="set"))
    assert any("A folder of your own" in i.value for i in at.info)
