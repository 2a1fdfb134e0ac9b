"""One image among the others: neighbours and parting, on a small data set of real digits."""

import io
import zipfile

import numpy as np
import pytest
from sklearn.metrics.pairwise import cosine_distances

from cnnviz import images
from cnnviz.compute.inline import InlineEngine
from cnnviz.compute.registry import QUESTIONS
from cnnviz.datasets.imported import import_dataset
from cnnviz.datasets.loading import load_dataset
from cnnviz.errors import BadInput, NotFound, NotPossible
from cnnviz.inference.passes import run_pass
from cnnviz.models.model import load_model

MODEL = "shipped:mnist_lenet5"
TRAIN, TEST = 12, 4  # images of each digit


@pytest.fixture(scope="module")
def engine():
    return InlineEngine()


def zipped(folders: dict[str, list[np.ndarray]]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for folder, pictures in folders.items():
            for i, picture in enumerate(pictures):
                archive.writestr(f"{folder}/{i:03}.png", images.encode_png(picture))
    return target.getvalue()


def of_class(split: str, digit: int, count: int) -> list[np.ndarray]:
    dataset = load_dataset("mnist", split)
    return list(dataset.images[dataset.labels == digit][:count])


@pytest.fixture(scope="module")
def digits():
    """A few of each digit; the first test image of a 3 is in training too, named 5."""
    folders = {f"train/{d}": of_class("train", d, TRAIN) for d in range(10)}
    folders |= {f"val/{d}": of_class("val", d, 1) for d in range(10)}
    folders |= {f"test/{d}": of_class("test", d, TEST) for d in range(10)}
    folders["train/5"] = [*folders["train/5"][:-1], folders["test/3"][0]]
    return "upload:" + import_dataset(zipped(folders), "digits.zip", size=(28, 28))


@pytest.fixture(scope="module")
def seen(digits):
    """Features (float32) and answers of both splits, from a pass of their own."""
    model = load_model("mnist_lenet5")
    layer = model.card.feature_layer
    found = {}
    for split in ("train", "test"):
        dataset = load_dataset(digits, split)
        made = run_pass(model, dataset, [layer])
        found[split] = dataset, made.features[layer], made.probabilities
    return found


def test_neighbours_are_the_nearest_by_cosine(engine, digits, seen):
    train, features, answers = seen["train"]
    test, own, _ = seen["test"]
    index = 2 * TEST + 1
    found = engine.answer("neighbours", model=MODEL, dataset=digits, index=index)
    assert found["layer"] == "dense_relu_2" and found["true_class"] == test.labels[index] == 2
    distances = cosine_distances(own[[index]], features)[0]
    order = np.argsort(distances)
    for name, rows in {
        "training": order,
        "true": order[train.labels[order] == 2],
        "rival": order[train.labels[order] == found["rival_class"]],
    }.items():
        group = found[name]
        assert group["indices"].tolist() == rows[:5].tolist(), name
        np.testing.assert_allclose(group["distances"], distances[rows[:5]], atol=1e-3)
        assert group["labels"].tolist() == train.labels[rows[:5]].tolist()
        assert group["called"].tolist() == answers[rows[:5]].argmax(axis=1).tolist()
    assert found["rank_true"] == np.flatnonzero(train.labels[order] == 2)[0] + 1
    rival = np.flatnonzero(train.labels[order] == found["rival_class"])[0] + 1
    assert found["rank_rival"] == rival
    assert found["count"] == len(train) and found["same"].tolist() == []
    around = np.argsort(cosine_distances(own[[index]], own)[0], kind="stable")
    assert found["split"]["indices"].tolist() == [i for i in around if i != index][:5]
    nearest = cosine_distances(own, features).min(axis=1)
    assert found["farther_than"] == pytest.approx((nearest < distances.min()).mean(), abs=0.03)


def test_the_same_image_in_training_is_found_with_its_other_name(engine, digits, seen):
    train, test = seen["train"][0], seen["test"][0]
    found = engine.answer("neighbours", model=MODEL, dataset=digits, index=3 * TEST)
    (same,) = found["same"].tolist()
    assert found["training"]["indices"][0] == same and train.labels[same] == 5
    np.testing.assert_array_equal(train.images[same], test.images[3 * TEST])
    assert found["farther_than"] == 0


def test_a_training_image_is_not_its_own_neighbour(engine, digits):
    found = engine.answer(
        "neighbours", model=MODEL, dataset=digits, index=0, split="train", count=12
    )
    for name in ("training", "true", "split"):
        assert 0 not in found[name]["indices"]
    assert found["count"] == 10 * TRAIN - 1
    assert len(found["true"]["indices"]) == TRAIN - 1 and found["same"].tolist() == []
    assert found["training"]["indices"].tolist() == found["split"]["indices"].tolist()


def test_classes_go_through_the_map(engine, digits):
    swapped = [1, 0, None, 3, 4, 5, 6, 7, 8, 9]
    asked = {"model": MODEL, "dataset": digits, "class_map": swapped}
    found = engine.answer("neighbours", **asked, index=0)
    assert found["true_class"] == 1 and found["rival_class"] == 0  # a 0, said to be a 1
    assert set(found["true"]["labels"].tolist()) == {1}
    assert (found["true"]["indices"] < TRAIN).all()  # images of the folder 0
    assert found["count"] == 9 * TRAIN
    assert engine.answer("parting", **asked, index=0)["true_class"] == 1
    for question in ("neighbours", "parting"):
        with pytest.raises(NotPossible, match="does not know the class"):
            engine.answer(question, **asked, index=2 * TEST)


def test_layers_part_the_classes(engine, digits, seen):
    index = 7 * TEST
    found = engine.answer("parting", model=MODEL, dataset=digits, index=index)
    assert found["layers"] == ["relu_1", "relu_2", "dense_relu_1", "dense_relu_2"]
    assert found["true_class"] == 7 and found["counts"] == [TRAIN, TRAIN]
    assert found["accuracy"][-1] >= 0.9 and found["answer_accuracy"] >= 0.9
    assert found["leaning"][-1] > 0.3  # a clear 7
    shares = seen["test"][2][index]
    a, b = shares[7], shares[found["rival_class"]]
    assert found["answer_leaning"] == pytest.approx((a - b) / (a + b), abs=1e-3)
    assert np.abs(found["leaning"]).max() <= 1


def test_a_training_image_is_not_asked_about_by_a_probe_that_knows_it(engine, digits):
    found = engine.answer("parting", model=MODEL, dataset=digits, index=0, split="train")
    assert found["counts"] == [TRAIN - 1, TRAIN]


def test_too_few_images_are_said(engine):
    folders = {f"train/{d}": of_class("train", d, 8 if d else 3) for d in range(10)}
    folders |= {
        f"{split}/{d}": of_class(split, d, 1) for split in ("val", "test") for d in range(10)
    }
    few = "upload:" + import_dataset(zipped(folders), "few.zip", size=(28, 28))
    with pytest.raises(NotPossible, match="only 3 training images of “0”"):
        engine.answer("parting", model=MODEL, dataset=few, index=0)


def test_what_was_looked_at_is_told_at_once_and_nothing_else(engine, digits):
    for question in ("neighbours", "parting"):
        asked = {"model": MODEL, "dataset": digits, "index": 4 * TEST}
        slow = engine.answer(question, **asked)
        quick = engine.answer("known_" + question, **asked)
        assert QUESTIONS["known_" + question].cost == "quick" != QUESTIONS[question].cost
        np.testing.assert_equal(quick, slow)
    folders = {f"{s}/{d}": of_class(s, d, 8) for s in ("train", "test") for d in range(10)}
    new = "upload:" + import_dataset(zipped(folders), "new.zip", size=(28, 28))
    for question in ("known_neighbours", "known_parting"):
        with pytest.raises(NotPossible, match="not looked at all"):
            engine.answer(question, model=MODEL, dataset=new, index=0)


@pytest.mark.parametrize("question", ["neighbours", "parting", "known_neighbours", "known_parting"])
def test_what_links_may_not_ask(engine, digits, question):
    asked = {"model": MODEL, "dataset": digits}
    for index in (-1, 10 * TEST, 1.5, "0", True, None):
        with pytest.raises(BadInput):
            engine.answer(question, **asked, index=index)
    with pytest.raises(BadInput):
        engine.answer(question, **asked, index=0, split="all")
    with pytest.raises(NotFound):
        engine.answer(question, model=MODEL, dataset="/etc", index=0)
    with pytest.raises(BadInput):
        engine.answer("neighbours", **asked, index=0, count=1000)
