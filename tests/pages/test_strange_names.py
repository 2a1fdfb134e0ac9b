"""A network whose layers and classes have names that would be markup, links or other words."""

import json
import re
import subprocess
import sys

import pytest

from cnnviz import uploads
from cnnviz.compute.engine import get_engine
from cnnviz.models import store
from cnnviz.storage import ROOT
from cnnviz.ui.plain_text import plain

LAYERS = {
    "conv": "**b** [x](mailto:a@evil.example), <img src=x onerror=alert(1)> $x^2$ :red[a]",
    "deeper": '层, 第%2C二 & "quoted" `code` ![i](evil.png)',
    "dense": "# heading, |a|b| ~~gone~~ :red[y]",
}
CLASSES = ["right", "**cat**", "<b>x</b>", "=1+1"]
CARRIED = {
    "conv": "b_x_mailto_a_evil.example_img_src_x_onerror_alert_1_x_2_red",
    "deeper": "2C_quoted_code_i_evil.png",
    "dense": "heading_a_b_gone_red_y",
}
MARKUP = ("<img", "![i](", "[x](", "**cat**", "<b>x", ":red[", "~~gone~~")

# In a process of its own: this one never imports Keras.
MAKE = """
import json, sys, keras
from keras import layers
names = json.load(sys.stdin)
keras.utils.set_random_seed(0)
keras.Sequential([
    layers.Input((16, 16, 1)),
    layers.Rescaling(1 / 255, name="scale"),
    layers.Conv2D(3, 3, activation="relu", name=names["conv"]),
    layers.MaxPooling2D(name="pool"),
    layers.Conv2D(4, 3, activation="relu", name=names["deeper"]),
    layers.Flatten(name="flat"),
    layers.Dense(4, activation="softmax", name=names["dense"]),
]).save(sys.argv[1])
"""


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    file = tmp_path_factory.mktemp("strange") / "net.keras"
    command = [sys.executable, "-c", MAKE, str(file)]
    subprocess.run(command, input=json.dumps(LAYERS), text=True, check=True, cwd=ROOT)
    upload = uploads.save_file(file.read_bytes(), "<i>net</i>.keras")
    kept = get_engine().answer(
        "keep_upload",
        upload=upload,
        title="right [x](http://evil.example)",
        class_names=CLASSES,
        output=None,
        scaling="none",
        channels_order="rgb",
        size=None,
        fit="stretch",
        polarity="any",
        owner="local",
    )
    yield kept["reference"]
    store.delete_model(kept["reference"])


def marked_up(at):
    """Everything on the page that the browser reads as Markdown."""
    kinds = ("markdown", "caption", "subheader", "header", "title", "info", "warning", "error")
    for kind in kinds:
        yield from (element.value for element in getattr(at, kind))
    for kind in ("button", "selectbox", "multiselect", "slider", "select_slider", "metric"):
        yield from (element.label for element in getattr(at, kind))
    yield from (str(metric.value) for metric in at.metric)
    for slider in at.select_slider:
        yield from slider.options


def unescaped(text):
    """Which markup stands in a text without the signs that make it plain."""
    left = re.sub(r"\\.", "", text)
    return [part for part in MARKUP if part in left]


@pytest.mark.parametrize(
    ("page", "address"),
    [
        ("home", {}),
        ("models", {}),
        ("architecture", {"layer": CARRIED["conv"]}),
        ("feature_maps", {"layer": CARRIED["conv"], "channel": "1"}),
        ("filters", {"layer": CARRIED["deeper"]}),
        ("heatmaps", {"heat_layer": CARRIED["deeper"]}),
        ("heatmaps", {"heat_view": "layers"}),
    ],
)
@pytest.mark.parametrize("lang", ["en", "zh_CN"])
def test_strange_names_stand_as_text(open_page, model, page, address, lang):
    at = open_page(page, model=model, lang=lang, image="photo:chelsea", **address)
    assert not at.exception
    assert not at.error, at.error[0].value
    found = [text for text in marked_up(at) if unescaped(text)]
    assert found == []


def test_a_class_called_right_is_not_translated(open_page, model):
    at = open_page("heatmaps", model=model, lang="zh_CN", image="photo:chelsea")
    box = at.multiselect(key="choice-classes")
    assert set(box.options) == set(CLASSES)
    assert "猫" not in box.options


def test_names_that_we_brought_are_translated(open_page):
    at = open_page("heatmaps", model="shipped:cifar10_fast", lang="zh_CN", image="photo:chelsea")
    assert "猫" in at.multiselect(key="choice-classes").options


def test_layers_can_be_chosen_and_linked(open_page, model):
    at = open_page("heatmaps", model=model, heat_view="layers", image="photo:chelsea")
    box = at.multiselect(key="choice-heat_layers")
    assert len(box.options) == 4  # the scaling, two convolutions and a pooling
    box.set_value([CARRIED["deeper"]]).run()
    assert not at.exception
    address = at.query_params["heat_layers"]
    address = address[0] if isinstance(address, list) else address
    again = open_page(
        "heatmaps", model=model, heat_view="layers", heat_layers=address, image="photo:chelsea"
    )
    assert again.multiselect(key="choice-heat_layers").value == [CARRIED["deeper"]]


def test_names_of_layers_are_those_that_tensorflow_can_carry(open_page, model):
    at = open_page("architecture", model=model, layer=CARRIED["conv"])
    assert plain(CARRIED["conv"]) in [element.value for element in at.subheader]


@pytest.mark.parametrize("text", [*LAYERS.values(), "a\u202eb", "line\nfeed", "\x1b[31m"])
def test_plain_text_holds_no_markup_and_nothing_hidden(text):
    shown = plain(text)
    assert unescaped(shown) == []
    assert all(c.isprintable() for c in shown)
