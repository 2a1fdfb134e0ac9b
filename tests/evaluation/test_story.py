import numpy as np

from cnnviz.evaluation.story import tell


def test_mix_ups_are_told_once_with_their_direction():
    confusion = np.array([[90, 8, 2, 0], [6, 94, 0, 0], [0, 0, 80, 20], [1, 0, 0, 99]])
    story = tell(confusion)
    first, second, third = story.mix_ups
    assert (first.true, first.called, first.count, first.back) == (2, 3, 20, 0)
    assert not first.both_ways and first.share == 0.2
    assert (second.true, second.called, second.both_ways) == (0, 1, True)
    assert (third.true, third.called, third.count) == (0, 2, 2)
    assert story.best == (3, 0.99) and story.worst == (2, 0.8)
    assert (story.few, story.kinds) == (1, 5)  # 20 of 37


def test_a_direction_counts_by_the_share_of_its_class():
    """Ten of ten and ten of a thousand are not the same, however alike the counts are."""
    story = tell(np.array([[0, 10], [10, 990]]))
    assert not story.mix_ups[0].both_ways


def test_a_class_that_draws_wrong_answers():
    confusion = np.eye(5, dtype=int) * 50
    confusion[:, 2] += 10
    (lure,) = tell(confusion).lures
    assert (lure.place, lure.count, lure.share) == (2, 40, 1.0)
    even = np.ones((5, 5), int)
    assert tell(even).lures == []
    assert tell(np.array([[5, 9], [0, 5]])).lures == []  # of two, one must


def test_without_mistakes_and_with_absent_classes():
    story = tell(np.diag([5, 0, 7]))
    assert story.mix_ups == [] and story.lures == [] and (story.few, story.kinds) == (0, 0)
    assert story.worst[0] in (0, 2)
    assert tell(np.array([[3, 1], [0, 0]])).best is None
