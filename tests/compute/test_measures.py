"""Questions about how good a model is, asked of the shipped digits network."""

import numpy as np
import pytest
from sklearn import metrics

from cnnviz.compute import codec
from cnnviz.compute.inline import InlineEngine
from cnnviz.datasets.dataset import Dataset
from cnnviz.errors import CnnvizError
from cnnviz.evaluation.measuring import Measures

MODEL = "shipped:mnist_lenet5"
IMAGES = 400


@pytest.fixture(scope="module")
def small():
    """The first test images instead of all ten thousand: the pass itself is tested elsewhere."""
    from cnnviz.compute.questions import looking

    patch = pytest.MonkeyPatch()
    whole = looking.load_dataset

    def few(name: str, split: str) -> Dataset:
        return whole(name, split).subset(np.arange(IMAGES))

    patch.setattr(looking, "load_dataset", few)
    yield InlineEngine()
    patch.undo()


def test_the_measures_are_those_of_the_models_own_answers(small):
    answer = small.answer("measures", model=MODEL, dataset="mnist")
    found = Measures.from_message(answer)
    from cnnviz.datasets.bundled import split_arrays

    pictures, labels = split_arrays("mnist", "test")
    shares = small._models.get(MODEL).predict(pictures[:IMAGES])
    labels = labels[:IMAGES]
    hot = labels[:, None] == np.arange(10)
    np.testing.assert_allclose(
        found.precision_recall.areas[:10],
        metrics.average_precision_score(hot, shares, average=None),
        rtol=1e-4,
    )
    assert found.roc.macro == pytest.approx(
        metrics.roc_auc_score(hot, shares, average="macro"), rel=1e-5
    )
    assert found.calibration.before.nll == pytest.approx(
        metrics.log_loss(labels, shares.astype(float)), rel=1e-3
    )
    assert found.calibration.before.counts.sum() == IMAGES
    assert len(codec.encode(answer)) < 200_000


def test_a_class_map_leaves_images_out(small):
    classes = [*range(9), None]
    answer = small.answer("measures", model=MODEL, dataset="mnist", class_map=classes)
    found = Measures.from_message(answer)
    assert np.isnan(found.roc.areas[9]) and not np.isnan(found.roc.areas[:9]).any()


def test_the_time_of_one_image_and_of_many(small, monkeypatch):
    from cnnviz.compute.questions import measures

    monkeypatch.setattr(measures, "_SECONDS", 0.2)
    answer = small.answer("inference_time", model=MODEL)
    assert len(answer["single"]) >= 30 and len(answer["batch"]) >= 30
    assert (answer["single"] > 0).all() and answer["batch_size"] == 64
    assert np.median(answer["batch"]) < np.median(answer["single"])
    assert answer["device"] in ("CPU", "GPU")


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("measures", {"model": MODEL, "dataset": "/etc"}),
        ("measures", {"model": MODEL, "dataset": "mnist", "split": "../x"}),
        ("measures", {"model": MODEL, "dataset": "mnist", "class_map": [0, 1]}),
        ("measures", {"model": MODEL, "dataset": "mnist", "class_map": "all"}),
        ("measures", {"model": MODEL, "dataset": "fashion_mnist"}),
        ("inference_time", {"model": "shipped:../x"}),
        ("inference_time", {"model": MODEL, "dataset": "mnist"}),
    ],
)
def test_what_links_may_hold_gets_a_sentence(small, name, parameters):
    with pytest.raises(CnnvizError):
        small.answer(name, **parameters)
