"""The question what may be behind mistakes, asked about a folder somebody brought."""

import io
import zipfile

import keras
import numpy as np
import pytest
from keras import layers
from PIL import Image

from cnnviz import storage
from cnnviz.compute.inline import InlineEngine
from cnnviz.datasets.imported import import_dataset, load_imported
from cnnviz.datasets.loading import load_dataset
from cnnviz.errors import BadInput, CnnvizError, NotFound
from cnnviz.evaluation.causes import KEYS
from cnnviz.evaluation.results import Evaluation
from cnnviz.models.model import Model, save_model
from cnnviz.models.structure import make_card

NAMES = ("0", "1", "2")


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    patch = pytest.MonkeyPatch()
    patch.setenv("CNNVIZ_HOME", str(tmp_path_factory.mktemp("home")))
    yield
    patch.undo()


@pytest.fixture(scope="module")
def engine():
    return InlineEngine()


def network(names=NAMES, flat=False):
    keras.utils.set_random_seed(0)
    body = (
        [layers.Flatten()]
        if flat
        else [
            layers.Conv2D(8, 3, activation="relu"),
            layers.GlobalAveragePooling2D(name="pooled"),
        ]
    )
    net = keras.Sequential([keras.Input((28, 28, 1)), *body, layers.Dense(len(names), "softmax")])
    return save_model(Model(net, make_card(net, "Little", list(names))))


@pytest.fixture(scope="module")
def model(home):
    return network()


@pytest.fixture(scope="module")
def folder(home):
    """Sixty digits to learn from, thirty to test on; some of them planted: a copy in training, two
    equal ones, a dark one, one that is wide."""
    digits = load_dataset("mnist", "test")
    files = {}
    for label in range(3):
        own = digits.images[digits.labels == label][:30, ..., 0]
        for i, image in enumerate(own):
            files["train" if i < 20 else "test", label, f"{i:02}"] = image
    files["test", 0, "90_leak"] = files["train", 0, "03"]
    files["test", 1, "90_twin"] = files["test", 1, "25"]
    files["test", 2, "90_dark"] = files["test", 2, "24"] // 5
    files["test", 2, "91_wide"] = np.pad(
        digits.images[digits.labels == 2][40, ..., 0], [(0, 0), (60, 60)]
    )
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for (split, label, name), pixels in files.items():
            data = io.BytesIO()
            Image.fromarray(pixels).save(data, "PNG")
            archive.writestr(f"{split}/{label}/{name}.png", data.getvalue())
    return import_dataset(buffer.getvalue(), "digits.zip", size=(28, 28))


def by_key(answer):
    return {cause["key"]: cause for cause in answer["causes"]}


def test_what_was_planted_is_found(engine, model, folder):
    asked = {"model": model, "dataset": f"upload:{folder}"}
    answer = engine.answer("causes", **asked)
    found, told = by_key(answer), Evaluation.from_message(engine.answer("evaluate", **asked))
    assert list(found) == [k for k in KEYS if k in found] == list(KEYS)
    assert answer["skipped"] == [] and answer["images"] == len(told) == 34
    wrong = told.predicted != told.labels
    assert answer["wrong"] == wrong.sum()
    dataset = load_imported(folder, "test")
    leak, leaked = 10, found["leak"]  # classes in order, files by name within them
    assert leaked["positions"].tolist() == [leak]
    training = load_imported(folder, "train").images[leaked["details"]["twin"][0]]
    np.testing.assert_array_equal(training, dataset.images[leak])
    dark = int(dataset.images.reshape(34, -1).max(axis=1).argmin())
    assert dark in found["dark"]["positions"]
    assert {16, 21} <= set(found["duplicate"]["positions"].tolist())
    assert found["odd_size"]["positions"].tolist() == [33]
    assert found["odd_size"]["details"]["width"].tolist() == [148]
    for cause in answer["causes"]:
        positions = cause["positions"]
        assert cause["count"] == wrong[positions].sum() and cause["total"] == len(positions)
        assert wrong[positions[: cause["count"]]].all(), "wrong ones first"


def test_only_known_classes_count(engine, model, folder):
    asked = {"model": model, "dataset": f"upload:{folder}", "class_map": [2, None, 0]}
    answer = engine.answer("causes", **asked)
    told = Evaluation.from_message(engine.answer("evaluate", **asked))
    assert answer["images"] == len(told) == 23
    leak = by_key(answer)["leak"]
    assert told.indices[leak["positions"]].tolist() == [10]
    twin = load_imported(folder, "train").images[leak["details"]["twin"][0]]
    np.testing.assert_array_equal(twin, load_imported(folder, "test").images[10])


def test_the_training_images_themselves(engine, model, folder):
    answer = engine.answer("causes", model=model, dataset=f"upload:{folder}", split="train")
    assert not {"leak", "unlike"} & by_key(answer).keys()
    assert [s["keys"] for s in answer["skipped"]] == [["leak", "unlike"]]


def test_without_sizes_and_without_features(engine, folder, monkeypatch):
    flat = network(flat=True)
    (storage.entry("uploads", folder) / "test_sizes.npy").rename(
        storage.entry("uploads", folder) / "hidden.npy"
    )
    try:
        answer = engine.answer("causes", model=flat, dataset=f"upload:{folder}", split="test")
    finally:
        (storage.entry("uploads", folder) / "hidden.npy").rename(
            storage.entry("uploads", folder) / "test_sizes.npy"
        )
    assert ["odd_size"] in [s["keys"] for s in answer["skipped"]]
    assert by_key(answer)["leak"]["positions"].tolist() == [10], "pixels suffice"


def test_a_network_that_learned_from_other_images(engine, folder):
    answer = engine.answer(
        "causes",
        model="shipped:mnist_lenet5",
        dataset=f"upload:{folder}",
        class_map=[0, 1, 2],
    )
    assert [s["keys"] for s in answer["skipped"]] == [["leak", "unlike"]]
    assert answer["wrong"] <= 4 and by_key(answer)["pair"]["count"] == 0


def test_it_can_be_stopped_and_says_how_far_it_is(model, folder):
    from cnnviz.compute.context import Context, Models
    from cnnviz.compute.questions.causes import causes
    from cnnviz.errors import Cancelled

    said = []
    context = Context(Models(), lambda fraction, text, frame: said.append((fraction, text)))
    monkey = pytest.MonkeyPatch()
    monkey.setattr("cnnviz.compute.context.FRAME_SECONDS", 0.0)
    causes(context, model, f"upload:{folder}", "test", None)
    monkey.undo()
    fractions = [fraction for fraction, _text in said[2:]]
    assert max(fractions) == 1.0 and len({text for _f, text in said}) >= 5
    with pytest.raises(Cancelled):
        causes(
            Context(Models(), is_cancelled=lambda: True), model, f"upload:{folder}", "test", None
        )


@pytest.mark.parametrize(
    "wrong",
    [
        {"dataset": "../../etc"},
        {"dataset": "upload:../.."},
        {"split": "../test"},
        {"class_map": [7, 8, 9]},
        {"class_map": "012"},
        {"class_map": [None, None, None]},
        {"model": "shipped:../x"},
        {"dataset": 5},
    ],
)
def test_parameters_from_hostile_links(engine, model, folder, wrong):
    with pytest.raises(CnnvizError) as caught:
        engine.answer("causes", **{"model": model, "dataset": f"upload:{folder}", **wrong})
    assert isinstance(caught.value, BadInput | NotFound)
