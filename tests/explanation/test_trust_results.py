import numpy as np
import pytest

from cnnviz.compute import codec
from cnnviz.explanation.trust_results import Comparison, Faithfulness, Randomisation, area


def comparison(n=40):
    rng = np.random.default_rng(0)
    hard = rng.normal(0, 0.3, n)  # how hard an image is, whatever the method
    good, same, worse, chance = (
        0.6 + hard + rng.normal(0, 0.02, n) - less for less in (0, 0.001, 0.05, 0.2)
    )
    return Comparison(
        rows=("grad_cam", "layer_cam", "hires_cam", "random:7x7"),
        measures=("insertion",),
        values=np.stack([good, same, worse, chance])[:, None],
        yardsticks=(3, 3, 3, 3),
        empty=(0, 0, 2, 0),
        indices=np.arange(n),
        dataset="noise",
        split="test",
    )


def test_areas_by_hand():
    shares = np.array([0, 0.5, 1])
    assert area(np.array([1, 0.5, 0]), shares) == pytest.approx(0.5)
    assert area(np.array([1, 0, 0]), shares) == pytest.approx(0.25)
    np.testing.assert_allclose(area(np.ones((2, 3)), shares), [1, 1])


def test_intervals_are_about_two_standard_errors_wide():
    found = comparison()
    errors = found.values.std(axis=2, ddof=1) / np.sqrt(found.images)
    low, high = found.intervals
    np.testing.assert_allclose((high - low) / 2, 1.96 * errors, rtol=0.12)
    assert ((low < found.means) & (found.means < high)).all()
    np.testing.assert_array_equal(found.intervals, comparison().intervals)


def test_differences_count_the_same_images_together():
    found = comparison()
    low, high = found.intervals[:, :, 0]
    assert low[0] < high[2], "the intervals of the means overlap"
    assert found.clearly_differ(0, 2, "insertion"), "and yet the one is better image by image"
    assert not found.clearly_differ(0, 1, "insertion")
    mean, low, high = found.difference(0, 3, "insertion")
    assert low < mean < high
    assert mean == pytest.approx(0.2, abs=0.01)
    assert found.methods == found.rows[:3]


def test_constant_values_have_no_width():
    found = comparison()
    flat = Comparison(
        **{**found.__dict__, "values": np.full((4, 1, 5), 0.25), "indices": np.arange(5)}
    )
    np.testing.assert_allclose(flat.intervals, 0.25)
    assert not flat.clearly_differ(0, 1, "insertion")


@pytest.mark.parametrize(
    ("upper", "last", "verdict", "kept"),
    [
        (0.1, 0.9, "stays", (0.9, True)),
        (0.8, 0.2, "stays", (0.8, False)),
        (0.5, -0.4, "partly", (0.5, False)),
        (0.1, -0.2, "changes", (0.2, True)),
        (0.2, np.nan, "changes", (0.2, False)),
    ],
)
def test_the_upper_half_and_the_end_decide(upper, last, verdict, kept):
    found = Randomisation(
        stages=("answer", "middle", "conv"),
        counts=(1, 3, 5),
        maps=np.arange(16, dtype=np.float32).reshape(4, 2, 2),
        correlations=np.array([[0.9, upper - 0.05, last], [0.9, upper + 0.05, last]]),
        shares=np.ones(4),
        method="grad_cam",
        layer="conv",
        target=0,
    )
    assert found.course[1] == pytest.approx(upper)
    assert found.kept == (pytest.approx(kept[0]), kept[1])
    assert found.verdict == verdict
    again = Randomisation.from_message(codec.decode(codec.encode(found.to_message())))
    assert again.stages == found.stages and again.verdict == verdict
    np.testing.assert_array_equal(again.maps, found.maps)


def test_a_missing_repeat_is_left_out_of_the_average():
    found = Randomisation(
        ("a",), (1,), np.ones((2, 2, 2)), np.array([[0.5], [np.nan]]), np.ones(2), "x", None, 0
    )
    np.testing.assert_array_equal(found.course, [0.5])
    assert found.verdict == "empty", "a flat map has nothing to lose"


def test_a_map_that_is_mostly_gone_does_not_stay():
    found = Randomisation(
        ("a",),
        (1,),
        np.arange(8.0).reshape(2, 2, 2),
        np.array([[np.nan], [0.65], [np.nan]]),
        np.ones(2),
        "x",
        None,
        0,
    )
    assert found.kept == (pytest.approx(0.65 / 3), True)
    assert found.verdict == "changes"


def test_messages_bring_a_table_back():
    found = comparison()
    again = Comparison.from_message(codec.decode(codec.encode(found.to_message())))
    assert again.rows == found.rows and again.empty == found.empty
    np.testing.assert_array_equal(again.intervals, found.intervals)


def test_a_class_without_a_vote_is_not_said_to_be_unmoved():
    """From a vote of a thousandth nothing can fall far, also where the network looks closely."""

    def verdict(vote):
        flat = np.full((1, 3), vote)
        found = Faithfulness(
            shares=np.array([0, 0.5, 1]),
            deletion=flat,
            insertion=flat,
            random_deletion=flat[:, None],
            random_insertion=flat[:, None],
            road_shares=np.zeros(0),
            road_most=np.zeros((1, 0)),
            road_least=np.zeros((1, 0)),
            road_random=np.zeros((1, 1, 0)),
            kept=np.array([vote]),
            orders=np.arange(4)[None],
            evidence=np.array([True]),
            targets=np.array([0]),
            against=np.array([-1]),
        )
        return found.verdict()

    assert verdict(0.001) == "little"
    assert verdict(0.9) == "unmoved"
