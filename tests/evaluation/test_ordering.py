import numpy as np
import pytest

from cnnviz.evaluation.ordering import similarity_order


def test_classes_that_are_mixed_up_stand_side_by_side():
    confusion = np.eye(6, dtype=int) * 90
    for a, b in ((0, 3), (1, 5), (2, 4)):
        confusion[a, b] = confusion[b, a] = 10
    order = similarity_order(confusion).tolist()
    assert sorted(order) == list(range(6))
    for a, b in ((0, 3), (1, 5), (2, 4)):
        assert abs(order.index(a) - order.index(b)) == 1


@pytest.mark.parametrize("classes", [1, 2, 3])
def test_few_classes_and_no_images(classes):
    assert sorted(similarity_order(np.zeros((classes, classes), int))) == list(range(classes))
