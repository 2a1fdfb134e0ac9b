"""The page of heatmaps, asked of real workers: few openings, each with several looks."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from cnnviz.explanation.catalogue import CATALOGUE
from cnnviz.models import store
from cnnviz.models.references import ModelReference
from cnnviz.ui import heatmap_choices

DIGITS = "shipped:mnist_lenet5"
# In a process of its own: this one never imports Keras.
PLANT = """
import keras
from keras import layers
from cnnviz.models.model import Model, save_model
from cnnviz.models.structure import make_card

digits = [str(i) for i in range(10)]
dense = keras.Sequential([keras.Input((28, 28, 1)), layers.Flatten(), layers.Dense(10)])
print(save_model(Model(dense, make_card(dense, "No maps", digits))))
image = keras.Input((28, 28, 1))
again = layers.Conv2D(4, 3, padding="same", activation="relu", name="again")
x = again(again(layers.Conv2D(4, 3, padding="same", name="first")(image)))
out = layers.Dense(3, activation="sigmoid")(layers.GlobalAveragePooling2D()(x))
twice = keras.Model(image, out)
print(save_model(Model(twice, make_card(twice, "Twice", ["a", "b", "c"]))))
"""


@pytest.fixture(scope="module")
def planted(workspace):
    """A network without maps, and one with a layer used twice and several answers."""
    done = subprocess.run(
        [sys.executable, "-c", PLANT], capture_output=True, text=True, env=os.environ, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    references = [line for line in done.stdout.split() if line.startswith("model:")]
    yield references
    for reference in references:
        store.delete_model(reference)


def clean(at):
    assert not at.exception
    assert not at.error, at.error[0].value
    return at


def parameter(at, name: str) -> str | None:
    value = at.query_params.get(name)
    return value[0] if isinstance(value, list) else value


def headings(at) -> list[str]:
    return [s.value for s in at.subheader]


def small_print(at) -> str:
    return " ".join(c.value for c in at.caption)


def test_one_class_is_held_against_another(open_page):
    at = clean(open_page("heatmaps", model=DIGITS))
    assert len(headings(at)) == 3
    best = headings(at)[0]
    clean(at.selectbox(key="choice-against").select(9).run())
    assert parameter(at, "against") == "9"
    assert headings(at) == [best, "The image"]
    assert any("rather than **9**" in m.value for m in at.markdown)
    assert any(m.value.startswith("**Red** spoke") for m in at.markdown)
    assert best not in at.selectbox(key="choice-against").options  # not against itself
    at = clean(open_page("heatmaps", model=DIGITS, against=best))
    assert headings(at)[0] != best


def test_every_view_is_a_choice_of_the_address(open_page):
    card = ModelReference.parse(DIGITS).card
    at = clean(open_page("heatmaps", model=DIGITS, heat_view="methods", classes="4"))
    titles = [CATALOGUE[name].title for name in heatmap_choices.TOGETHER]
    assert headings(at) == titles
    assert any("**4**" in m.value for m in at.markdown)
    methods = at.multiselect(key="choice-heat_methods")
    clean(methods.set_value(["grad_cam", "gradient"]).run())
    assert parameter(at, "heat_methods") == "grad_cam,gradient"
    assert headings(at) == ["Grad-CAM", "Gradient"]
    clean(at.segmented_control(key="choice-heat_view").set_value("layers").run())
    fields = [card.layer(n).output_shape[0] for n in heatmap_choices.coarse_to_fine(card)]
    assert headings(at) == [f"{n} × {n} fields" for n in fields]
    assert fields == sorted(fields)
    clean(at.segmented_control(key="choice-heat_view").set_value("patch").run())
    assert parameter(at, "heat_view") == "patch"
    assert at.selectbox(key="choice-class-one").value == 4
    assert not headings(at)


def test_links_hold_the_whole_view(open_page):
    at = clean(
        open_page(
            "heatmaps", model=DIGITS, heat_view="layers", classes="4", heat_method="layer_cam"
        )
    )
    assert not at.code  # made when it is opened
    at.session_state["link-box"] = True
    link = clean(at.run()).code[0].value
    for part in ("heat_view=layers", "classes=4", "heat_method=layer_cam", f"model={DIGITS}"):
        assert part in link
    assert "image=data:mnist/test/0" in link  # also where it is the usual one
    assert "lang=" not in link


def test_what_a_method_does_not_tell_is_said(open_page):
    at = clean(open_page("heatmaps", model=DIGITS, heat_method="eigen_cam"))
    assert headings(at) == ["whatever the class", "The image"]
    assert "ignores the class" in small_print(at)
    clean(at.selectbox(key="choice-heat_method").select("integrated_gradients").run())
    assert "together make up the gain in score, with an error of" in small_print(at)
    assert "strongest half percent" in small_print(at)
    clean(at.selectbox(key="choice-heat_method").select("occlusion").run())
    assert len(headings(at)) == 2  # what takes long is shown for one class first


def test_classes_of_another_network_are_forgotten(open_page):
    at = clean(open_page("heatmaps", model=DIGITS, classes="4,1", against="7"))
    assert headings(at) == ["4", "1"]
    clean(at.selectbox(key="sidebar-model").select("shipped:fashion_mnist_vgg").run())
    assert parameter(at, "classes") is None and parameter(at, "against") is None
    assert len(headings(at)) == 3


@pytest.mark.parametrize("view", heatmap_choices.VIEWS)
def test_wrong_addresses_are_forgiven(open_page, view):
    wrong = {
        "heat_method": "../x",
        "heat_layers": "no,such",
        "heat_methods": "x",
        "classes": "٣,99999999999,-1",
        "against": "nobody",
        "patch": "9,9",
        "opacity": "x",
    }
    clean(open_page("heatmaps", model=DIGITS, heat_view=view, **wrong))


def test_a_network_without_maps_has_everything_but_regions(open_page, planted):
    reference = planted[0]
    at = clean(open_page("heatmaps", model=reference, image="data:mnist/test/0"))
    assert "no layer that keeps where things are" in small_print(at)
    options = at.selectbox(key="choice-heat_method").options
    assert not any(text.startswith("Regions") for text in options)
    assert at.selectbox(key="choice-heat_method").value == "occlusion"
    assert "Layer by layer" not in str(at.segmented_control(key="choice-heat_view").options)
    clean(at.selectbox(key="choice-heat_method").select("gradient").run())
    assert len(headings(at)) == 3
    clean(at.segmented_control(key="choice-heat_view").set_value("methods").run())
    assert headings(at) == ["Gradient", "Gradient × input", "Occlusion"]
    clean(at.segmented_control(key="choice-heat_view").set_value("patch").run())


def test_a_layer_used_twice_and_several_answers_are_said(open_page, planted):
    at = clean(open_page("heatmaps", model=planted[1], image="data:mnist/test/0"))
    assert "passes the layer again 2 times; the last time is shown" in small_print(at)
    assert any(m.value.endswith("** yes") for m in at.markdown)
    assert not any("must choose" in i.value for i in at.info)
