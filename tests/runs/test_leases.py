"""The book of leases, with a clock that the tests move; see tests/training/test_ray_runs.py."""

import pytest

from cnnviz.runs import attempts
from cnnviz.runs.leases import HOLD_S, LEASE_S, RENEW_S, Keeper, file_key, run_key

ID = "a" * 24
RUN = f"run:{ID}"


@pytest.fixture
def now():
    return [1000.0]


@pytest.fixture
def keeper(home, now):
    return Keeper(str(home), clock=lambda: now[0])


def test_one_holder_at_a_time(keeper):
    assert keeper.take(RUN, "one") and keeper.take(RUN, "one")  # asked again: the answer was lost
    assert not keeper.take(RUN, "two")
    assert keeper.take("file:queue/lock", "two")
    assert keeper.held() == [RUN, "file:queue/lock"]
    keeper.let_go(RUN, "two")  # not theirs
    assert RUN in keeper.held()
    keeper.let_go(RUN, "one")
    assert keeper.take(RUN, "two")


def test_a_lease_ends_unless_it_is_renewed(keeper, now):
    keeper.take(RUN, "one")
    for _beat in range(20):
        now[0] += LEASE_S - 0.1
        assert keeper.renew({"one": RUN}) == ["one"]
    now[0] += LEASE_S
    assert keeper.held() == []
    assert keeper.take(RUN, "two")
    assert keeper.renew({"one": RUN, "two": RUN}) == ["two"]


def test_a_holder_gives_up_before_anybody_else_can_begin():
    assert HOLD_S + RENEW_S < LEASE_S <= 10


def test_a_keeper_that_has_begun_again_waits_for_those_who_may_hold_a_run(home, keeper, now):
    folder = home / "runs" / ID
    folder.mkdir(parents=True)
    attempts.begin(folder)
    assert not keeper.take(RUN, "two")
    assert keeper.take(f"run:{'b' * 24}", "two")  # no worker was ever at it
    assert keeper.renew({"one": RUN}) == ["one"]  # here it is
    now[0] += LEASE_S - 0.1
    assert not keeper.take(RUN, "two")
    now[0] += LEASE_S
    assert keeper.take(RUN, "two")


def test_names(home):
    runs = home / "runs"
    same = {run_key(runs / f"{prefix}{ID}") for prefix in ("", ".new-", ".gone-", ".aside-")}
    assert same == {RUN}
    assert file_key(home / "queue" / "lock") == "file:queue/lock"
