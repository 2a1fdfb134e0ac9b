"""One image explained on the page of mistakes: real workers, a small data set of real digits."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import time
import zipfile

import numpy as np
import pytest

from cnnviz import images
from cnnviz.datasets.imported import delete_imported, import_dataset
from cnnviz.datasets.loading import load_dataset
from cnnviz.models import store

DIGITS = "shipped:mnist_lenet5"
TRAIN, TEST = 8, 2
SEVEN = 1 * TEST  # the first image of the folder 1 shows a 7
LEAK = 3 * TEST  # the first 3, which is in training as a 5
# In a process of its own: this one never imports Keras.
PLANT = """
import keras
from keras import layers
from cnnviz.models.model import Model, save_model
from cnnviz.models.structure import make_card

digits = [str(i) for i in range(10)]
dense = keras.Sequential([keras.Input((28, 28, 1)), layers.Flatten(), layers.Dense(10)])
print(save_model(Model(dense, make_card(dense, "No maps", digits))))
"""


def of_class(split: str, digit: int, count: int) -> list[np.ndarray]:
    dataset = load_dataset("mnist", split)
    return list(dataset.images[dataset.labels == digit][:count])


@pytest.fixture(scope="module")
def digits(workspace):
    counts = {"train": TRAIN, "val": 1, "test": TEST}
    folders = {f"{s}/{d}": of_class(s, d, n) for s, n in counts.items() for d in range(10)}
    folders["test/1"][0] = of_class("test", 7, 1)[0]
    folders["train/5"][-1] = folders["test/3"][0]
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for folder, pictures in folders.items():
            for i, picture in enumerate(pictures):
                archive.writestr(f"{folder}/{i}.png", images.encode_png(picture))
    identifier = import_dataset(packed.getvalue(), "Few digits.zip", size=(28, 28))
    yield f"upload:{identifier}"
    delete_imported(identifier)


@pytest.fixture(scope="module")
def without_maps(workspace):
    done = subprocess.run(
        [sys.executable, "-c", PLANT], capture_output=True, text=True, env=os.environ, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    reference = next(line for line in done.stdout.split() if line.startswith("model:"))
    yield reference
    store.delete_model(reference)


def text(at) -> str:
    parts = [*at.markdown, *at.caption, *at.warning, *at.error, *at.subheader]
    return " ".join(p.value for p in parts).replace("\\", "")


def until(at, wanted: str, seconds: float = 120):
    """Run the page until it says something; what repeats itself in a browser does not here."""
    end = time.monotonic() + seconds
    while wanted not in text(at):
        assert time.monotonic() < end, f"{wanted!r} not in {text(at)}"
        time.sleep(0.5)
        at.run()
        assert not at.exception
    return at


def test_a_mistake_leads_to_its_reasons(open_page, digits):
    at = open_page("mistakes", model=DIGITS, data=digits, at=str(SEVEN))
    assert not at.exception
    assert "“1”, called “7”" in [s.value for s in at.subheader]
    said = text(at)
    assert "**red** for “7”, **blue** for “1”" in said
    assert "what spoke for “7”" in said and "spoke for “1”" in said
    assert f"Image {SEVEN} of the test images" in said
    assert any(t.key == f"mark-{SEVEN}" for t in at.toggle)
    until(at, "Its 5 nearest training images:")
    assert "× “7”" in text(at) and "The nearest “1” is" in text(at)
    assert "At which layer" not in text(at) and "looks like" not in text(at)  # not opened yet
    at.session_state["parting-box"] = True
    until(at.run(), "linear probe")
    assert "looks like “7”" in text(at) and "neither" not in text(at).split("linear probe")[0]


def test_a_neighbour_stands_beside_the_image(open_page, digits):
    link = {"model": DIGITS, "data": digits, "at": str(SEVEN)}
    at = until(open_page("mistakes", **link, beside=f"{SEVEN}-train-0"), "**Training image 0**")
    assert "“0”, called “0”" in text(at)
    assert not any(b.key == "beside-open" for b in at.button)  # not of these images
    at.button(key="beside-close").click().run()
    assert "**Training image 0**" not in text(at) and "beside" not in at.query_params
    at = until(open_page("mistakes", **link, beside=f"{SEVEN}-test-0"), "**Test image 0**")
    at.button(key="beside-open").click().run()
    assert at.query_params["at"] in ("0", ["0"])
    assert "“0”, and recognised" in [s.value for s in at.subheader]
    for strange in ("0-train-0", f"{SEVEN}-train-99999", f"{SEVEN}-all-0", "<b>"):
        at = until(open_page("mistakes", **link, beside=strange), "Its 5 nearest")
        assert not at.exception and "beside" not in at.query_params


def test_the_same_image_in_training_is_said(open_page, digits):
    at = open_page("mistakes", model=DIGITS, data=digits, at=str(LEAK))
    until(at, "The very same image is among the training images")
    assert "There it is called “5”" in text(at)


def test_a_network_without_maps_says_so(open_page, digits, without_maps):
    at = open_page("mistakes", model=without_maps, data=digits, at=str(SEVEN))
    assert not at.exception
    assert "no layer that keeps where things are" in text(at)
    at.session_state["parting-box"] = True
    until(at.run(), "no layers between the image and its answer")
    assert not at.exception
