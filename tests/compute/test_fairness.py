"""A cheap question never waits for somebody's expensive one for more than two seconds.

With real worker processes: several people ask for long things, one asks for something short.
"""

import os
import signal
import time

import pytest

from cnnviz.compute.local import LocalEngine
from cnnviz.compute.pool import PATIENCE_S
from cnnviz.compute.pool_engine import MOST_IN_LINE
from cnnviz.errors import NotPossible, WorkerLost
from tests.compute.conftest import SAMPLES
from tests.compute.test_local import until

BAR_S = 2.0
NEW = "shipped:mnist_lenet5"  # a network that no worker has opened yet
STEP_S = 0.4  # of the long questions here, between two looks up


@pytest.fixture(params=[1, 2])
def engine(request):
    engine = LocalEngine(SAMPLES, workers=request.param)
    engine.count = request.param
    assert engine.wait_until_ready(30)
    yield engine
    engine.close()


def occupy(engine, people=3, steps=100):
    """Several people want long things; returns when one is being worked on."""
    asked = [
        engine.ask("stepwise", steps=steps, step_s=STEP_S, tag=str(i), asker=f"long {i}")
        for i in range(people)
    ]
    until(lambda: asked[0].running)
    return asked


def seconds_of(engine, name, asker="somebody", **parameters):
    start = time.monotonic()
    engine.ask(name, asker=asker, **parameters).result(20)
    return time.monotonic() - start


def test_a_cheap_question_among_long_ones(engine):
    long = occupy(engine)
    waits = [seconds_of(engine, "echo", value=i) for i in range(6)]
    assert max(waits) < STEP_S + 0.3, "at most one step of somebody's long question"
    if engine.count == 2:
        assert max(waits) < 0.3, "the first worker has nothing else to do"
    assert long[0].running and not long[0].done


def test_cheap_questions_of_many_among_long_ones(engine):
    occupy(engine)
    start = time.monotonic()
    asked = [engine.ask("echo", value=i, asker=f"person {i % 8}") for i in range(16)]
    answers = [question.result(30) for question in asked]
    assert [a["value"] for a in answers] == list(range(16))
    assert time.monotonic() - start < BAR_S, "all of them fit between two steps"


def test_what_is_said_to_be_quick_and_is_not(engine):
    """A first question about a network loads and compiles for seconds: others go round it."""
    long = occupy(engine)
    slow = engine.ask("opens", model=NEW, seconds=4.0, asker="opener")
    until(lambda: slow.running)
    wait = seconds_of(engine, "echo", value=1)
    if engine.count == 2:
        assert wait < BAR_S and not slow.done
    else:
        assert wait < 4.0 + STEP_S + 0.5, "with one worker it waits for what cannot be interrupted"
    assert slow.result(20) and not long[0].done


def test_slow_starts_are_kept_off_the_worker_for_quick_ones():
    engine = LocalEngine(SAMPLES, workers=2)
    try:
        assert engine.wait_until_ready(30)
        first, other = engine.workers
        assert engine.answer("opens", model=NEW)["pid"] == other, "nothing of it is loaded anywhere"
        assert engine.answer("opens", model=NEW, tag="again")["pid"] == other, "here it is"
        long = engine.ask("stepwise", steps=100, step_s=0.1, asker="long")
        until(lambda: long.running)
        assert engine.answer("opens", model=NEW, tag="guest")["pid"] == other and not long.done
        assert engine.answer("worker")["pid"] == first
    finally:
        engine.close()


def test_where_a_long_question_never_looks_up_others_need_not_wait_for_it():
    engine = LocalEngine(SAMPLES, workers=2)
    try:
        assert engine.wait_until_ready(30)
        long = engine.ask("stepwise", steps=1, step_s=8.0, asker="long")
        until(lambda: long.running)
        took = seconds_of(engine, "opens", model=NEW)
        assert took < PATIENCE_S + 0.5, "given to the first worker as soon as that is clear"
        assert not long.done
    finally:
        engine.close()


def test_questions_that_measure_time_are_left_alone():
    engine = LocalEngine(SAMPLES, workers=1)
    try:
        assert engine.wait_until_ready(30)
        long = engine.ask("stubborn", steps=5, step_s=0.2, asker="long")
        until(lambda: long.running)
        engine.ask("echo", value=1, asker="quick").result(10)
        assert long.done
    finally:
        engine.close()


def test_a_guest_has_its_own_progress_and_its_host_goes_on(engine):
    host = engine.ask("stepwise", steps=8, step_s=0.15, tag="host", asker="long")
    until(lambda: host.running)
    for i in range(4):
        assert engine.ask("echo", value=i, asker="b").result(5) == {"value": i}
    assert host.result(10)["pid"] in engine.workers


def test_a_guest_that_ends_its_worker_costs_its_host_time_only():
    engine = LocalEngine(SAMPLES, workers=1)
    try:
        assert engine.wait_until_ready(30)
        host = engine.ask("stepwise", steps=10, step_s=0.15, tag="innocent", asker="long")
        until(lambda: host.running)
        guest = engine.ask("crash", tag="guest", asker="b")
        with pytest.raises(WorkerLost):
            guest.result(5)
        assert host.result(20)["pid"] in engine.workers, "it was begun again"
    finally:
        engine.close()


def test_a_host_that_is_killed_takes_no_guest_along():
    engine = LocalEngine(SAMPLES, workers=1)
    try:
        assert engine.wait_until_ready(30)
        host = engine.ask("stepwise", steps=1, step_s=15.0, asker="long")
        until(lambda: host.running)
        guest = engine.ask("echo", value=7, asker="b")
        os.kill(engine.workers[0], signal.SIGKILL)
        assert guest.result(10) == {"value": 7}
    finally:
        engine.close()


def test_a_guest_that_hangs_is_ended_at_its_own_limit_and_the_host_is_not_charged():
    engine = LocalEngine(SAMPLES, workers=1)
    try:
        assert engine.wait_until_ready(30)
        host = engine.ask("stepwise", steps=20, step_s=0.1, tag="charged", asker="long")
        until(lambda: host.running)
        start = time.monotonic()
        with pytest.raises(Exception, match="took longer than"):
            engine.ask("short", seconds=30.0, asker="b").result(10)
        assert time.monotonic() - start < 2.0
        assert host.result(30)["pid"] in engine.workers
    finally:
        engine.close()


def test_cancelling_a_host_while_its_guest_is_at_work():
    engine = LocalEngine(SAMPLES, workers=1)
    try:
        assert engine.wait_until_ready(30)
        pid = engine.workers[0]
        host = engine.ask("stepwise", steps=100, step_s=0.1, tag="given up", asker="long")
        until(lambda: host.running)
        guest = engine.ask("opens", model=NEW, seconds=3.0, asker="b")
        until(lambda: guest.running)
        host.cancel()
        assert guest.result(10)["pid"] == pid
        assert engine.answer("worker")["pid"] == pid, "nobody had to be killed"
    finally:
        engine.close()


def test_nobody_fills_the_line():
    engine = LocalEngine(SAMPLES, workers=1)
    try:
        assert engine.wait_until_ready(30)
        asked = [engine.ask("slow", seconds=20.0, tag=str(i), asker="greedy") for i in range(12)]
        refused = [question for question in asked if question.done]
        assert len(refused) == 12 - MOST_IN_LINE - 1, "one is at work"
        with pytest.raises(NotPossible, match="8 of your questions are waiting"):
            refused[0].result()
        assert not engine.ask("slow", seconds=20.0, asker="somebody").done
        assert engine.ask("echo", value=1, asker="greedy").result(5) == {"value": 1}
    finally:
        engine.close()


def test_a_reserve_is_started_when_quick_questions_have_to_wait(monkeypatch):
    monkeypatch.delenv("CNNVIZ_WORKERS", raising=False)
    engine = LocalEngine(SAMPLES)
    try:
        assert engine.wait_until_ready(30)
        if engine.wanted_workers < 2:
            pytest.skip("this machine has memory for one worker only")
        asked = [engine.ask("deaf", seconds=3.0 + i / 10, asker=str(i)) for i in range(3)]
        until(lambda: engine.wanted_workers == 3 and len(engine.workers) == 3, 10.0)
        assert engine.ask("echo", value=1, asker="cheap").result(5) == {"value": 1}
        assert all(question.wait(10) for question in asked)
    finally:
        engine.close()
