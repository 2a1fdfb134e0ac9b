"""The panels for building a network of one's own and for building on another one."""

import pytest
from streamlit.testing.v1 import AppTest

from cnnviz.models.blocks import PRESETS
from cnnviz.training.launch import dismiss_spare

SMALL = PRESETS["small"][1]
GONE = "model:" + "0" * 24


@pytest.fixture(scope="module", autouse=True)
def no_spare_left():
    yield
    dismiss_spare()


def start_button(at):
    return at.button(key="start-training")


def of_address(at, name):
    found = at.query_params.get(name)
    return found[0] if isinstance(found, list) else found


def test_the_usual_network_can_be_started_and_is_there_as_text(open_page):
    at = open_page("train", net="own")
    assert not at.exception
    assert at.text_area(key="own-text").value == SMALL
    assert not start_button(at).disabled
    assert of_address(at, "net-blocks") is None


def test_a_network_from_a_link_is_kept_in_one_spelling_even_where_it_cannot_be_built(open_page):
    too_deep = "Conv 8, " + "pool," * 5
    at = open_page("train", net="own", **{"net-blocks": too_deep})
    assert at.text_area(key="own-text").value == "conv 8" + ", pool" * 5
    assert start_button(at).disabled
    at = open_page("train", net="own", **{"net-blocks": "wavelet 3"})
    assert at.text_area(key="own-text").value == SMALL and not start_button(at).disabled


def test_typing_changes_the_network_and_nonsense_is_said_and_left_to_be_mended(open_page):
    at = open_page("train", net="own")
    at.text_area(key="own-text").set_value("conv 4, relu").run()
    assert of_address(at, "net-blocks") == "conv 4, relu"
    at.text_area(key="own-text").set_value("conv 4, wavelet").run()
    assert "wavelet" in at.error[0].value
    assert at.text_area(key="own-text").value == "conv 4, wavelet"
    assert of_address(at, "net-blocks") == "conv 4, relu"
    at.text_area(key="own-text").set_value(SMALL).run()
    assert not at.error and of_address(at, "net-blocks") is None


def edited(*done: dict) -> AppTest:
    """A page on which a person did all this in the chain, one after the other."""

    def script(done):
        import streamlit as st

        from cnnviz.ui import block_editor

        for step in done:
            block_editor._changed(step)
        st.text(str(block_editor.draw((28, 28, 1), 10)))

    return AppTest.from_function(script, kwargs={"done": done}, default_timeout=60).run()


def conv(channels):
    return {"kind": "conv", "settings": {"channels": channels}}


@pytest.mark.parametrize(
    ("done", "text"),
    [
        ([], SMALL),
        ([{"what": "blocks", "blocks": [conv(8), conv(9)], "serial": 1}], "conv 8, conv 9"),
        ([{"what": "preset", "name": "residual"}], PRESETS["residual"][1]),
        ([{"what": "preset", "name": "residual"}, {"what": "undo"}], SMALL),
        ([{"what": "undo"}], SMALL),
        ([{"what": "preset", "name": "none of ours"}], SMALL),
        ([{"what": "blocks", "blocks": [conv(8)]}, {"what": "blocks", "blocks": []}], "conv 8"),
        ([{"what": "blocks", "blocks": [conv(10**9)]}], SMALL),
        ([{"what": "blocks", "blocks": [{"kind": "../x", "settings": {}}]}], SMALL),
        ([{"what": "blocks", "blocks": "conv"}], SMALL),
        ([{"what": "blocks", "blocks": [conv(8)] * 61}], SMALL),
        ([{"what": "blocks", "blocks": [{"kind": "pool", "settings": {}}] * 5}], "None"),
    ],
)
def test_only_what_makes_sense_changes_the_network(done, text):
    at = edited(*done)
    assert not at.exception
    assert at.text[0].value == text


def test_undo_goes_back_step_by_step():
    steps = [{"what": "blocks", "blocks": [conv(n)]} for n in (4, 5, 6)]
    assert edited(*steps, {"what": "undo"}).text[0].value == "conv 5"
    assert edited(*steps, *[{"what": "undo"}] * 3).text[0].value == SMALL


def test_transfer_says_what_it_builds_on_and_what_learns(open_page):
    at = open_page("train", net="transfer", data="fashion_mnist")
    assert not at.exception
    assert at.selectbox(key="choice-net-base").value == "shipped:cifar10_resnet"
    texts = " ".join(m.value for m in [*at.markdown, *at.caption])
    assert "28 × 28 pixels, grey" in texts and "Only the new layer learns" in texts
    assert not start_button(at).disabled
    at.number_input(key="choice-net-unfreeze").set_value(2).run()
    assert of_address(at, "net-unfreeze") == "2"
    assert any("In the first 2 epochs" in c.value for c in at.caption)
    at = open_page("train", net="transfer", **{"net-unfreeze": "900"})
    assert at.number_input(key="choice-net-unfreeze").value < 40


def test_a_base_that_is_gone_is_said_and_others_are_offered(open_page):
    at = open_page("train", net="transfer", **{"net-base": GONE})
    assert not at.exception and at.warning
    assert start_button(at).disabled
    at.selectbox(key="choice-net-base").set_value("shipped:mnist_lenet5").run()
    assert not start_button(at).disabled


def test_the_same_images_again_are_no_transfer(open_page):
    at = open_page("train", net="transfer", data="cifar10")
    assert any("these very images" in m.value for m in at.markdown)
