"""The four pages about one image, asked of real workers: few tests, each with several looks."""

from __future__ import annotations

import pytest

from cnnviz.compute import defaults
from cnnviz.models import store
from cnnviz.models.references import ModelReference
from cnnviz.ui import layer_facts
from cnnviz.ui.plain_text import plain
from cnnviz.ui.receptive_picture import stops

PAGES = ("architecture", "feature_maps", "filters", "heatmaps")
DIGITS = "shipped:mnist_lenet5"
SHIPPED = [e.reference for e in store.list_models() if e.reference.startswith("shipped:")]
WRONG = {
    "layer": "no_such",
    "heat_layer": "no_such",
    "channel": "9999",
    "unit": "x",
    "from": "-7",
    "classes": "7777,x",
    "first": "99999",
    "steps": "3",
    "open": "nothing",
}


def clean(at):
    assert not at.exception
    assert not at.error, at.error[0].value
    return at


def parameter(at, name: str) -> str | None:
    """The value in the address; AppTest keeps lists."""
    value = at.query_params.get(name)
    return value[0] if isinstance(value, list) else value


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("reference", SHIPPED)
def test_opens_with_every_shipped_model_and_forgives_a_wrong_address(open_page, page, reference):
    at = clean(open_page(page, model=reference, **WRONG))
    kept = parameter(at, "heat_layer" if page == "heatmaps" else "layer")
    assert kept is None


def test_feature_maps_are_stepped_through_and_a_channel_opens(open_page):
    card = ModelReference.parse(DIGITS).card
    names = [x.name for x in defaults.shown_layers(card)]
    at = clean(open_page("feature_maps", model=DIGITS, layer=names[1], channel="2"))
    assert any(f"2 of {plain(names[1])}" in s.value.lower() for s in at.subheader)
    clean(at.button(key="next-layer").click().run())
    assert parameter(at, "layer") == names[2]
    assert parameter(at, "channel") is None  # it belonged to the layer before
    clean(at.button(key="previous-layer").click().run())
    clean(at.segmented_control(key="choice-scale").set_value("shared").run())
    assert parameter(at, "scale") == "shared"
    assert any("same scale" in c.value for c in at.caption)


def test_heatmap_controls_are_kept_in_the_address(open_page):
    at = clean(open_page("heatmaps", model=DIGITS, image="photo:coffee"))
    assert any("ten digits" in i.value for i in at.info)
    assert len(at.multiselect(key="choice-classes").value) == 3
    clean(at.multiselect(key="choice-classes").set_value([4, 1]).run())
    assert parameter(at, "classes") == "4,1"
    assert [s.value for s in at.subheader][:2] == ["4", "1"]
    clean(at.slider(key="choice-opacity").set_value(40).run())
    clean(at.selectbox(key="choice-heat_layer").set_value("conv_1").run())
    assert (parameter(at, "opacity"), parameter(at, "heat_layer")) == ("40", "conv_1")
    own = open_page("heatmaps", model=DIGITS)
    assert not any("ten digits" in i.value for i in clean(own).info)


def test_filters_are_drawn_when_asked_for(open_page):
    at = clean(open_page("filters", model=DIGITS, layer="conv_1"))
    assert not at.button(key="draw-filters").disabled
    clean(at.button(key="draw-filters").click().run())
    assert at.button(key="draw-filters").disabled
    clean(at.selectbox(key="choice-layer").set_value("logits").run())
    assert parameter(at, "layer") == "logits"


def test_a_channel_of_a_network_without_data_says_so(open_page):
    at = clean(open_page("filters", model=defaults.MODEL, channel="1"))
    assert any("none to search" in m.value for m in at.markdown)


def test_architecture_says_what_a_unit_sees(open_page):
    at = clean(open_page("architecture", model=DIGITS, layer="conv_2", unit="0,0"))
    assert any("**14 × 14** of 28 × 28" in m.value for m in at.markdown)
    assert any("beyond the edge" in m.value for m in at.markdown)
    clean(at.slider(key="unit-column").set_value(5).run())
    assert parameter(at, "unit") == "0,5"


@pytest.mark.parametrize("reference", SHIPPED)
def test_every_layer_is_put_into_words(reference):
    card = ModelReference.parse(reference).card
    for layer in card.layers:
        assert layer_facts.in_words(layer), layer.kind
    views = [x.receptive_field.size for x in stops(card)]
    assert views == sorted(views)
    # After a look at the whole image (squeeze) and inside a network no window is known.
    fields = [x.receptive_field for x in card.spatial_layers]
    known = {field.size for field in fields if field and field.size > (1, 1)}
    assert len(set(views)) == len(views) >= min(2, len(known))


def test_a_view_that_does_not_grow_step_by_step_is_explained(open_page):
    at = clean(open_page("architecture", model="shipped:fashion_squeeze"))
    assert any("Here the view does not grow step by step" in m.value for m in at.markdown)
    assert not any("Click one to look into it" in m.value for m in at.markdown)


def test_window_of_a_convolution_is_read_from_the_views():
    card = ModelReference.parse(DIGITS).card
    assert layer_facts.kernel(card, card.layer("conv_2")) == ((5, 5), (1, 1))
    assert layer_facts.kernel(card, card.layer("pool_1")) == ((2, 2), (2, 2))
    assert layer_facts.kernel(card, card.layer("relu_1")) is None
    assert layer_facts.large(784_425_384) == "784 million"
    assert layer_facts.large(9_999) == "9,999"
