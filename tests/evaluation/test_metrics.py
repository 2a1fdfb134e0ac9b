import numpy as np
import pytest
from sklearn.metrics import classification_report

from cnnviz.evaluation.metrics import confusion_matrix, macro_average, weighted_average


@pytest.mark.parametrize("missing", [None, "image", "answer", "both"])
def test_averages_equal_scikit_learn(missing):
    rng = np.random.default_rng(3)
    labels, called = rng.integers(0, 5, 300), rng.integers(0, 5, 300)
    if missing in ("image", "both"):
        labels[labels == 4] = 0
    if missing in ("answer", "both"):
        called[called == 4] = 1
    expected = classification_report(labels, called, output_dict=True, zero_division=0)
    confusion = confusion_matrix(labels, called, 5)
    for found, name in (
        (macro_average(confusion), "macro avg"),
        (weighted_average(confusion), "weighted avg"),
    ):
        assert found.precision == pytest.approx(expected[name]["precision"])
        assert found.recall == pytest.approx(expected[name]["recall"])
        assert found.f1 == pytest.approx(expected[name]["f1-score"])


def test_recall_by_weight_is_the_accuracy():
    confusion = np.array([[5, 1], [2, 12]])
    assert weighted_average(confusion).recall == pytest.approx(17 / 20)
