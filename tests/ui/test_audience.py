"""A crowd looks less often, each in their own time."""

from types import SimpleNamespace

import pytest

from cnnviz.ui import audience


@pytest.fixture
def come(monkeypatch):
    """``come("ann")``: that session looks, and is the one that asks from then on."""
    monkeypatch.setattr(audience, "_looks", {})

    def look(session: str) -> None:
        context = SimpleNamespace(session_id=session)
        monkeypatch.setattr(audience, "get_script_run_ctx", lambda: context)
        audience.look()

    return look


def test_the_more_watch_the_less_often_each_may_look(come):
    paces = []
    for person in range(60):
        come(f"session {person}")
        come("me")
        paces.append(audience.pace())
    assert paces == sorted(paces) and len(set(paces)) == 3
    assert paces[-1] == pytest.approx(audience.CROWD, rel=audience.SPREAD / 2)


def test_nobody_looks_in_step(come):
    paces = set()
    for person in range(40):
        come(f"session {person}")
    for person in range(40):
        come(f"session {person}")
        paces.add(round(audience.pace(), 4))
    assert len(paces) > 30


def test_who_has_gone_does_not_count(come, monkeypatch):
    for person in range(60):
        come(f"session {person}")
    slow = audience.pace()
    now = audience.time.monotonic()
    monkeypatch.setattr(audience, "time", SimpleNamespace(monotonic=lambda: now + 60))
    come("session 59")
    assert audience.pace() < slow / 2


def test_an_old_pace_is_left_gently(come, monkeypatch):
    come("me")
    assert not audience.outgrown(audience.pace())
    drawn = iter([0.5, 0.05])
    monkeypatch.setattr(audience, "random", SimpleNamespace(random=lambda: next(drawn)))
    assert [audience.outgrown(99.0), audience.outgrown(99.0)] == [False, True]
