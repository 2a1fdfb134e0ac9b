"""Networks of unusual kinds on the pages: without maps, a layer used twice, several answers."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from cnnviz.models import store
from cnnviz.models.references import ModelReference

# In a process of its own: this one never imports Keras.
PLANT = """
import sys
import keras
from keras import layers
from cnnviz.models.model import Model, save_model
from cnnviz.models.structure import make_card

prepared = [keras.Input((10, 10, 1)), layers.Rescaling(1 / 255), layers.Flatten()]
dense = keras.Sequential([*prepared, layers.Dense(3, activation="softmax")])
print(save_model(Model(dense, make_card(dense, "No maps", "abc"))))

image = keras.Input((10, 10, 1))
again = layers.Conv2D(4, 3, padding="same", activation="relu", name="again")
x = again(again(layers.Conv2D(4, 3, padding="same", name="first")(image)))
x = layers.GlobalAveragePooling2D()(x)
labels = layers.Dense(3, activation="sigmoid", name="labels")(x)
twice = keras.Model(image, labels)
print(save_model(Model(twice, make_card(twice, "Twice", "abc"))))

two = keras.Model(image, [labels, layers.Dense(2, activation="softmax", name="mood")(x)])
two.save(sys.argv[1])
"""


@pytest.fixture(scope="module")
def planted(workspace, tmp_path_factory):
    """References of a network without maps and of one with a layer used twice; a file with two
    outputs."""
    file = tmp_path_factory.mktemp("files") / "two.keras"
    done = subprocess.run(
        [sys.executable, "-c", PLANT, str(file)],
        capture_output=True,
        text=True,
        env=os.environ,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    references = [line for line in done.stdout.split() if line.startswith("model:")]
    yield *references, file
    for entry in store.list_models():
        if entry.reference.startswith("model:"):
            store.delete_model(entry.reference)


def clean(at):
    assert not at.exception
    assert not at.error, at.error[0].value
    return at


def said(at) -> str:
    return " ".join(x.value for kind in (at.markdown, at.info, at.caption) for x in kind)


@pytest.mark.parametrize(
    ("page", "words"),
    [
        ("home", ""),
        ("architecture", ""),
        ("feature_maps", "no layers with maps"),
        ("filters", ""),
        ("heatmaps", "no layer that keeps where things are"),
    ],
)
def test_a_network_without_maps_gets_a_sentence(open_page, planted, page, words):
    at = clean(open_page(page, model=planted[0]))
    assert words in said(at)


@pytest.mark.parametrize("page", ["feature_maps", "architecture"])
def test_of_a_layer_used_twice_the_last_use_is_said_to_be_shown(open_page, planted, page):
    at = clean(open_page(page, model=planted[1], layer="again"))
    assert "passes this layer 2 times" in said(at)


def test_a_file_with_several_answers_is_asked_for_one(open_page, planted):
    at = open_page("models")
    at.file_uploader(key="model-upload").upload("two.keras", planted[2].read_bytes()).run()
    clean(at)
    upload = next(iter(at.session_state["kept-model-files"].values()))
    choice = at.radio(key=f"output-{upload}")
    assert choice.options == ["labels", "mood"]
    assert "3 classes" in said(at)
    clean(choice.set_value("mood").run())
    assert "2 classes" in said(at)
    clean(at.button(key="keep-model").click().run())
    kept = [e for e in store.list_models() if e.card.title == "two"]
    assert [ModelReference.parse(e.reference).card.answers for e in kept] == ["one"]
    assert len(kept[0].card.class_names) == 2
