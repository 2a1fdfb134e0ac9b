import numpy as np
import pytest
from sklearn import metrics

from cnnviz.errors import BadInput
from cnnviz.evaluation.mapping import match_classes
from cnnviz.evaluation.results import Evaluation

NAMES = ("ant", "bee", "cat", "dog", "eel")


def evaluation(probabilities, labels, kept=3):
    top = np.argsort(-probabilities, axis=1, kind="stable")[:, :kept]
    return Evaluation(
        labels=labels,
        top_classes=top,
        top_probabilities=np.take_along_axis(probabilities, top, axis=1),
        true_probabilities=probabilities[np.arange(len(labels)), labels],
        indices=np.arange(len(labels)) + 100,
        class_names=NAMES,
        dataset="zoo",
        split="test",
    )


@pytest.fixture
def random_answers():
    rng = np.random.default_rng(0)
    answers = rng.dirichlet(np.ones(5), 200).astype(np.float32)
    answers[:, 4] = 0  # nobody is ever called an eel
    return answers, rng.integers(0, 5, 200)


def test_figures_equal_scikit_learn(random_answers):
    answers, labels = random_answers
    found = evaluation(answers, labels)
    predicted = answers.argmax(axis=1)
    np.testing.assert_array_equal(found.confusion, metrics.confusion_matrix(labels, predicted))
    assert found.accuracy == pytest.approx(metrics.accuracy_score(labels, predicted))
    report = metrics.classification_report(
        labels, predicted, target_names=NAMES, output_dict=True, zero_division=0
    )
    for row in found.per_class:
        expected = report[row.name]
        assert row.precision == pytest.approx(expected["precision"])
        assert row.recall == pytest.approx(expected["recall"])
        assert row.f1 == pytest.approx(expected["f1-score"])
        assert row.support == expected["support"]
    for k in (1, 2, 3):
        expected = metrics.top_k_accuracy_score(labels, answers, k=k, labels=range(5))
        assert found.top_k(k) == pytest.approx(expected)


def test_more_classes_than_were_kept_is_a_sentence(random_answers):
    for k in (0, 4):
        with pytest.raises(BadInput, match="kept the 3 most likely"):
            evaluation(*random_answers).top_k(k)


def test_mistakes_start_with_the_most_confident():
    answers = np.zeros((6, 5), np.float32)
    answers[range(6), [1, 1, 2, 1, 0, 1]] = [0.6, 0.9, 0.7, 0.9, 0.8, 0.5]
    found = evaluation(answers, np.array([0, 0, 2, 0, 3, 0]))
    assert found.mistakes.tolist() == [1, 3, 4, 0, 5]  # equal ones in their order
    assert found.cell(0, 1).tolist() == [1, 3, 0, 5]
    assert found.cell(2, 2).tolist() == [2]
    assert found.worst_pair == (0, 1, 4)
    assert found.predicted[found.mistakes[2]] == 0


def test_without_mistakes_there_is_no_worst_pair():
    found = evaluation(np.eye(5, dtype=np.float32), np.arange(5))
    assert found.worst_pair is None
    assert len(found.mistakes) == 0
    assert found.accuracy == 1


def test_an_evaluation_survives_the_way_to_another_process(random_answers):
    from cnnviz.compute.codec import decode, encode

    found = evaluation(*random_answers)
    again = Evaluation.from_message(decode(encode(found.to_message())))
    assert again.class_names == NAMES
    assert (again.dataset, again.split) == ("zoo", "test")
    np.testing.assert_array_equal(again.confusion, found.confusion)
    np.testing.assert_array_equal(again.mistakes, found.mistakes)
    np.testing.assert_array_equal(again.indices, found.indices)


def test_classes_are_matched_by_name():
    assert match_classes(("T-Shirt", "ankle_boot", "cow"), ("Ankle boot", "t shirt")) == (
        1,
        0,
        None,
    )
