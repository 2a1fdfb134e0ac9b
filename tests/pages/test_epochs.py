"""The epoch slider: a network at every moment of its training, on every page that shows it."""

from __future__ import annotations

import pytest

from cnnviz.models import store
from cnnviz.models.references import ModelReference
from cnnviz.ui import epochs

DIGITS = "shipped:mnist_lenet5"
SHOWN = sorted(epochs._PAGES - {"home", "feature_space", "filters"})  # the quick ones


def keys(at) -> set[str]:
    return {button.key for button in at.button}


def texts(at) -> str:
    return " ".join(m.value for m in at.markdown)


def clean(at):
    assert not at.exception
    assert not at.error, at.error[0].value
    return at


def model(at) -> str:
    value = at.query_params["model"]
    return value[0] if isinstance(value, list) else value


def test_the_moments_of_a_shipped_model_come_in_the_order_of_time():
    moments = epochs._moments(ModelReference.parse(DIGITS))
    assert moments[:3] == ["step-0", "step-10", "step-30"]
    assert moments[3:] == [
        *("step-100", "step-300"),
        *("epoch-1", "epoch-2", "epoch-4", "epoch-8"),  # the last one is the finished network
        "",
    ]
    names = [epochs.moment_name(ModelReference.parse(DIGITS), m) for m in (*moments[:2], "")]
    assert names == ["untrained", "step 10", "trained"]


def test_one_step_back_and_on_from_the_sidebar(open_page):
    at = clean(open_page("evaluation", model=DIGITS))
    trained = at.metric[0].value
    assert at.button(key="sidebar-after").disabled and "note-before" not in keys(at)
    at.select_slider(key="sidebar-epoch").set_value("step-0").run()
    assert model(clean(at)) == f"{DIGITS}@step-0"
    assert "while it was learning: untrained" in texts(at)
    untrained = at.metric[0].value
    assert float(untrained.split()[0]) < 30 < 90 < float(trained.split()[0])
    assert at.button(key="note-before").disabled
    at.button(key="note-after").click().run()
    assert model(clean(at)) == f"{DIGITS}@step-10"
    at.button(key="note-trained").click().run()
    assert model(clean(at)) == DIGITS and at.metric[0].value == trained
    assert "while it was learning" not in texts(at)


@pytest.mark.parametrize("page", SHOWN)
def test_pages_show_a_moment_and_say_so(open_page, page):
    at = clean(open_page(page, model=f"{DIGITS}@epoch-2"))
    assert "while it was learning: epoch 2" in texts(at)
    at.button(key="note-before").click().run()
    assert model(clean(at)) == f"{DIGITS}@epoch-1"


def test_pages_that_show_no_weights_say_nothing(open_page):
    at = clean(open_page("architecture", model=f"{DIGITS}@epoch-2"))
    assert "while it was learning" not in texts(at) and "sidebar-before" in keys(at)


def test_networks_without_a_history_have_no_slider(open_page):
    at = clean(open_page("models", model="shipped:imagenet_efficientnet_lite0"))
    assert "sidebar-before" not in keys(at)
    assert [e for e in store.list_models() if e.reference == DIGITS]
