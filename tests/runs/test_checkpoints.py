import pytest

from cnnviz.runs.checkpoints import kept_epochs


def test_a_short_training_keeps_every_epoch():
    assert kept_epochs(1) == {1}
    assert kept_epochs(40, 7) == set(range(1, 41))


@pytest.mark.parametrize("last", [41, 70, 71, 72, 299, 1000])
def test_a_long_one_keeps_the_first_the_last_the_best_and_some_between(last):
    kept = kept_epochs(last, best=33)
    assert kept >= {*range(1, 11), 33, last} and 20 < len(kept) <= 43
    between = sorted(kept - {33, last, *range(1, 11)})
    gaps = {b - a for a, b in zip(between, between[1:], strict=False)}
    assert len(gaps) == 1


def test_what_is_kept_later_was_kept_before():
    before = kept_epochs(1)
    for last in range(2, 1001):
        kept = kept_epochs(last)
        assert kept - {last} <= before
        before = kept
