import time

import pytest

from cnnviz.compute import poison
from cnnviz.compute.engine import Job
from cnnviz.compute.local import LocalEngine
from cnnviz.errors import WorkerLost
from tests.compute.conftest import SAMPLES


def job(value=1, key=None):
    return Job("question", {"value": value}, key)


def test_once_may_be_an_accident():
    known = poison.Poison()
    known.note(job())
    known.check(job())
    known.note(job())
    known.check(job(2))
    known.check(job(key="another"))
    with pytest.raises(WorkerLost, match=r"2 times, so it is not tried again for (59|60) seconds"):
        known.check(job())


def test_it_is_tried_again_later_and_then_much_later(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(poison.time, "monotonic", lambda: now[0])
    known = poison.Poison()
    pauses = []
    for _ in range(6):
        known.note(job())
        began = now[0]
        while True:
            try:
                known.check(job())
                break
            except WorkerLost:
                now[0] += 1
        pauses.append(now[0] - began)
    assert pauses == [0, 60, 240, 960, 3600, 3600]
    now[0] += 3 * poison.LONGEST_S
    known.note(job())
    known.check(job())


def test_memory_is_bounded():
    known = poison.Poison()
    for i in range(2000):
        known.note(job(i))
    assert len(known._deaths) <= 500


def test_a_question_that_crashes_its_worker_is_not_tried_for_ever():
    """A sentence within seconds; others are served all the while; the pool refills."""
    engine = LocalEngine(SAMPLES, workers=2)
    try:
        assert engine.wait_until_ready(30)
        for _ in range(2):
            start = time.monotonic()
            with pytest.raises(WorkerLost, match="ended. Please try again"):
                engine.answer("crash", tag="poison")
            assert time.monotonic() - start < 5.0
            assert engine.answer("echo", value=1) == {"value": 1}
            assert engine.wait_until_ready(10)
        pids = engine.workers
        start = time.monotonic()
        with pytest.raises(WorkerLost, match="not tried again"):
            engine.answer("crash", tag="poison")
        assert time.monotonic() - start < 0.5
        assert engine.workers == pids, "no worker was lost over it"
        assert engine.answer("echo", value=2) == {"value": 2}
    finally:
        engine.close()


def test_what_people_stop_is_no_poison():
    """Deaf to being stopped, it costs its worker each time; it may be asked again all the same."""
    engine = LocalEngine(SAMPLES, workers=2)
    try:
        assert engine.wait_until_ready(30)
        for _ in range(3):
            question = engine.ask("deaf", seconds=6.0)
            end = time.monotonic() + 5
            while not question.running and time.monotonic() < end:
                time.sleep(0.01)
            assert question.running
            question.cancel()
            time.sleep(0.6)
        assert engine.wait_until_ready(15)
        assert engine.ask("deaf", seconds=0.0).result(10)
    finally:
        engine.close()
