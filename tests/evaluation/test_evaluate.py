import numpy as np
import pytest

from cnnviz.datasets.dataset import Dataset
from cnnviz.errors import BadInput, NotPossible
from cnnviz.evaluation.evaluate import evaluate
from tests.inference import networks

NAMES = tuple(f"class {i}" for i in range(5))


@pytest.fixture
def model():
    return networks.model(networks.flat())


def dataset(names=NAMES, count=40):
    images = networks.images(networks.flat(), count)
    labels = np.random.default_rng(1).integers(0, len(names), count)
    return Dataset("blobs", "val", images, labels, names)


def test_an_evaluation_is_what_the_model_predicts(model):
    data = dataset()
    found = evaluate(model, data)
    answers = model.predict(data.images)
    np.testing.assert_array_equal(found.predicted, answers.argmax(axis=1))
    np.testing.assert_allclose(found.confidence, answers.max(axis=1), rtol=1e-5)
    shares = answers[np.arange(40), data.labels]
    np.testing.assert_allclose(found.true_probabilities, shares, rtol=1e-4, atol=1e-7)
    assert found.top_k(5) == 1
    assert (found.dataset, found.split, len(found)) == ("blobs", "val", 40)


def test_classes_in_another_order_need_a_mapping(model):
    turned = dataset(NAMES[::-1])
    with pytest.raises(NotPossible, match="“class 0”, “class 1”"):
        evaluate(model, turned)
    found = evaluate(model, turned, class_map=[4, 3, 2, 1, 0])
    np.testing.assert_array_equal(found.labels, 4 - turned.labels)
    with pytest.raises(NotPossible):
        evaluate(model, dataset(("a", "b")))


@pytest.mark.parametrize("class_map", [[0, 1], [0, 1, 2, 3, 5], [0, 1, 2, 3, "4"]])
def test_a_bad_mapping_is_a_sentence(model, class_map):
    with pytest.raises(BadInput, match="5 classes"):
        evaluate(model, dataset(), class_map=class_map)


def test_places_in_the_split_are_kept(model):
    found = evaluate(model, dataset().subset(np.array([7, 3])), indices=np.array([7, 3]))
    assert found.indices.tolist() == [7, 3]


def test_images_of_classes_that_the_model_does_not_know_are_left_out(model):
    whole = dataset()
    found = evaluate(model, whole, class_map=[0, 1, 2, 3, None])
    assert set(found.labels) == set(whole.labels) - {4}
    np.testing.assert_array_equal(found.indices, np.flatnonzero(whole.labels != 4))
