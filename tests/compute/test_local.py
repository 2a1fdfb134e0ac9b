import gc
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from cnnviz import logs, storage
from cnnviz.compute.deaths import ONCE_MORE
from cnnviz.compute.local import LocalEngine
from cnnviz.errors import (
    BadInput,
    Cancelled,
    NotPossible,
    TookTooLong,
    Unexpected,
    WorkerLost,
)
from tests.compute.conftest import SAMPLES


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def until(condition, seconds=5.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)


def test_arrays_arrive_whole(engine):
    answer = engine.answer("arrays", n=4)
    np.testing.assert_array_equal(answer["floats"], np.arange(4, dtype=np.float32) / 3)
    assert answer["tiles"].shape == (2, 3, 4) and answer["tiles"].dtype == np.uint8
    assert answer["empty"].shape == (0, 4)
    assert answer["bytes"] == b"\x00\xff"


def test_large_messages_arrive_whole(engine):
    answer = engine.answer("arrays", n=3_000_000)  # 12 MB, more than any socket buffer
    assert answer["floats"][-1] == np.float32(2_999_999) / 3


def test_progress_and_frames(engine):
    question = engine.ask("slow", seconds=1.2)
    fractions, frames = [], []
    while not question.wait(0.02):
        fractions.append(question.fraction)
        if question.frame is not None and (not frames or question.frame is not frames[-1]):
            frames.append(question.frame)
    steps = [int(frame["step"][0]) for frame in frames]
    assert fractions == sorted(fractions) and fractions[-1] > 0.5
    assert steps == sorted(steps)
    assert 3 <= len(frames) <= 7, "five a second for 1.2 seconds"
    assert steps[-1] - steps[0] > 3 * len(steps), "in between, the latest wins"
    assert question.text == "Counting steps"
    assert question.result()["steps"] > steps[-1]
    assert question.fraction == 1.0


def test_a_quick_question_does_not_wait_for_long_ones(engine):
    long = [engine.ask("slow", seconds=1.0, tag=str(i)) for i in range(3)]
    until(lambda: long[0].running)
    start = time.monotonic()
    pid = engine.answer("worker")["pid"]
    assert time.monotonic() - start < 0.5
    assert not long[0].done
    assert long[1].running is False and long[1].done is False, "one worker takes no long question"
    assert [q.result()["pid"] == pid for q in long] == [False] * 3


def test_long_questions_are_answered_in_the_order_they_came(engine):
    questions = [engine.ask("slow", seconds=0.2, tag=f"order {i}") for i in range(3)]
    ends = []
    threads = [
        threading.Thread(target=lambda i=i, q=q: (q.wait(), ends.append(i)))
        for i, q in enumerate(questions)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ends == [0, 1, 2]


def test_people_take_turns_and_see_their_place(engine):
    first = engine.ask("slow", seconds=1.0, tag="under way", asker="a")
    until(lambda: first.running)
    many = [engine.ask("slow", seconds=0.05, tag=f"many {i}", asker="a") for i in range(3)]
    other = engine.ask("slow", seconds=0.05, tag="other", asker="b")
    assert [q.before for q in (first, *many, other)] == [None, 1, 2, 3, 0]
    for question in (other, *many):
        question.result(10)
    assert other.before is None


def test_errors_arrive_with_class_and_values(engine):
    with pytest.raises(BadInput) as caught:
        engine.answer("wrong", how="input")
    assert caught.value.sentence(lambda t: t.replace("too green", "zu grün")) == (
        "“grass” is zu grün."
    )
    with pytest.raises(NotPossible, match="memory"):
        engine.answer("wrong", how="memory")


@pytest.mark.parametrize("how", ["recursion", "object", "other"])
def test_defects_are_logged_and_become_one_sentence(engine, how):
    with pytest.raises(Unexpected) as caught:
        engine.answer("wrong", how=how)
    assert "secret" not in str(caught.value)
    log = "".join(f.read_text() for f in (storage.home() / "logs").glob("compute-*.log"))
    assert {"recursion": "RecursionError", "object": "TypeError", "other": "secret detail"}[
        how
    ] in log


def test_the_number_of_a_request_goes_along(engine):
    with logs.numbered("5eed1234"):
        assert engine.answer("numbered") == {"number": "5eed1234"}
        with pytest.raises(Unexpected, match="the number 5eed1234"):
            engine.answer("wrong", how="other")
    assert engine.answer("numbered") == {"number": ""}
    log = "".join(f.read_text() for f in (storage.home() / "logs").glob("compute-*.log"))
    found = [json.loads(x) for x in log.splitlines() if x.startswith("{") and "5eed1234" in x]
    assert {"counted", "A question", "A question failed: tests.compute.sample_questions:wrong"} <= {
        line["message"] for line in found
    }


def test_output_of_libraries_does_not_disturb(engine):
    assert engine.answer("noise") == {"quiet": True}
    log = "".join(
        f.read_text(errors="replace") for f in (storage.home() / "logs").glob("compute-*.log")
    )
    assert "hello from print" in log and "raw bytes on descriptor 1" in log


def test_settings_are_checked_before_a_worker_is_asked(engine):
    with pytest.raises(BadInput, match="colour"):
        engine.answer("arrays", colour="red")
    with pytest.raises(BadInput, match="seconds"):
        engine.answer("slow")
    with pytest.raises(BadInput, match="too long"):
        engine.answer("echo", value="x" * 100_000)
    with pytest.raises(BadInput):
        engine.answer("echo", value=float("nan"))
    assert engine.answer("echo", value=np.int64(3)) == {"value": 3}


def test_the_same_question_is_computed_once(engine, tmp_path):
    file = str(tmp_path / "count")
    questions = [engine.ask("count", file=file, seconds=0.3) for _ in range(5)]
    answers = [question.result() for question in questions]
    assert Path(file).read_text() == "computed\n"
    assert all(a == answers[0] for a in answers)
    assert answers[0] is not answers[1], "nobody can spoil another's answer"


def test_cancelling_frees_the_worker(engine):
    question = engine.ask("slow", seconds=30.0)
    until(lambda: question.running)
    before = engine.workers
    question.cancel()
    assert question.done
    with pytest.raises(Cancelled):
        question.result()
    start = time.monotonic()
    engine.answer("slow", seconds=0.01)
    assert time.monotonic() - start < 2.0
    assert engine.workers == before, "a question that listens costs no worker"


def test_a_deaf_question_costs_its_worker(engine):
    before = engine.workers
    question = engine.ask("deaf", seconds=30.0)
    until(lambda: question.running)
    question.cancel()
    until(lambda: len(set(engine.workers) - set(before)) == 1, 6.0)
    assert engine.wait_until_ready(10)
    assert len(engine.workers) == 2


def test_one_of_two_askers_may_leave(engine):
    one, other = (engine.ask("slow", seconds=1.5) for _ in range(2))
    until(lambda: one.running)
    one.cancel()
    with pytest.raises(Cancelled):
        one.result()
    assert other.result()["steps"] > 0


def test_forgotten_handles_do_not_keep_a_question_going(engine):
    """A page that is run again and again asks again and again, and cancels only the last."""
    for _ in range(3):
        question = engine.ask("slow", seconds=29.0)
    gc.collect()
    until(lambda: question.running)
    question.cancel()
    assert engine.ask("slow", seconds=0.01).wait(2.5)


def test_asking_again_right_after_cancelling_goes_on(engine, tmp_path):
    file = str(tmp_path / "count")
    first = engine.ask("count", file=file, seconds=0.8)
    until(lambda: first.running)
    first.cancel()
    engine.answer("count", file=file, seconds=0.8)
    assert Path(file).read_text() == "computed\n"


def test_a_waiting_question_can_be_cancelled(engine, tmp_path):
    busy = [engine.ask("deaf", seconds=1.2 + i / 100) for i in range(2)]
    waiting = engine.ask("count", file=str(tmp_path / "count"))
    waiting.cancel()
    assert [b.wait(5) for b in busy] == [True, True]
    engine.answer("worker")
    assert not (tmp_path / "count").exists()


def test_time_limit(engine):
    before = engine.workers
    start = time.monotonic()
    with pytest.raises(TookTooLong):
        engine.answer("short", seconds=20.0)
    assert time.monotonic() - start < 1.5
    # Its worker does not listen, so it is replaced: not in the middle of the next test.
    until(lambda: len(set(engine.workers) - set(before)) == 1, 10.0)
    assert engine.wait_until_ready(10)
    assert engine.answer("echo", value=1) == {"value": 1}


def test_waiting_for_a_result_has_its_own_limit(engine):
    question = engine.ask("slow", seconds=0.5)
    with pytest.raises(TookTooLong):
        question.result(timeout=0.05)
    assert question.result()["steps"] > 0


def test_a_lost_worker_fails_its_question_and_nothing_else(engine):
    long = engine.ask("slow", seconds=1.0)
    until(lambda: long.running)
    with pytest.raises(WorkerLost):
        engine.answer("suicide")
    assert engine.answer("echo", value="next") == {"value": "next"}
    assert long.result()["steps"] > 0
    assert engine.wait_until_ready(10)


def test_killed_from_outside_it_is_tried_once_more_and_then_never(engine):
    """It may have been an accident; twice is none. Others notice nothing."""
    seconds = 20.0
    assert engine.wait_until_ready(10)  # else the second in the list need not be the long one
    question = engine.ask("slow", seconds=seconds, tag="to be killed")
    until(lambda: question.running and question.frame is not None)
    pids = [engine.workers[1]]
    os.kill(pids[0], signal.SIGKILL)
    until(lambda: question.text == ONCE_MORE, 2.0)
    assert engine.answer("echo", value="others") == {"value": "others"}
    until(lambda: question.running and len(engine.workers) == 2, 10.0)
    pids.append(engine.workers[1])
    os.kill(pids[1], signal.SIGKILL)
    with pytest.raises(WorkerLost, match="try again"):
        question.result(timeout=5)
    with pytest.raises(WorkerLost, match="2 times, so it is not tried again"):
        engine.answer("slow", seconds=seconds, tag="to be killed")
    assert engine.wait_until_ready(10)
    assert not set(pids) & set(engine.workers)
    assert engine.answer("slow", seconds=0.01)["steps"] >= 0


def test_killed_while_idle(engine):
    for pid in engine.workers:
        os.kill(pid, signal.SIGKILL)
    questions = [engine.ask("echo", value=i) for i in range(4)]
    assert [q.result(timeout=10)["value"] for q in questions] == [0, 1, 2, 3]
    assert engine.wait_until_ready(10)


def test_many_threads(engine):
    def work(i):
        for j in range(10):
            value = [i, j]
            if engine.answer("echo", value=value) != {"value": value}:
                wrong.append(value)

    wrong = []
    threads = [threading.Thread(target=work, args=(i,)) for i in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_workers_are_set_up(engine):
    quick, long = engine.answer("worker"), engine.answer("long_worker")
    assert quick["pid"] != long["pid"]
    assert long["nice"] > quick["nice"]
    assert int(quick["threads"]) >= 1
    assert quick["memory_growth"] == "true"
    assert quick["tensorflow"] is False


def test_a_single_worker_answers_everything():
    engine = LocalEngine(SAMPLES, workers=1)
    try:
        assert engine.answer("slow", seconds=0.05)["pid"] == engine.answer("worker")["pid"]
    finally:
        engine.close()


def test_closing_ends_the_workers_and_what_waits():
    engine = LocalEngine(SAMPLES, workers=2)
    assert engine.wait_until_ready(30)
    pids = engine.workers
    questions = [engine.ask("slow", seconds=30.0, tag=str(i)) for i in range(2)]
    engine.close()
    for question in questions:
        with pytest.raises(WorkerLost):
            question.result(timeout=1)
    assert not any(alive(pid) for pid in pids)
    with pytest.raises(WorkerLost):
        engine.answer("worker")


def test_the_first_worker_asks_itself_the_likely_questions(tmp_path, monkeypatch):
    (tmp_path / "warm_questions.py").write_text(
        "from cnnviz.compute.registry import Registry\n"
        "from tests.compute.sample_questions import QUESTIONS\n"
        f"WARM_UP = (('count', {{'file': {str(tmp_path / 'count')!r}}}),)\n"
        "REGISTRY = Registry(QUESTIONS, warm_up=WARM_UP)\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    engine = LocalEngine("warm_questions", workers=2)
    try:
        until(lambda: (tmp_path / "count").exists(), 20.0)
        assert engine.answer("echo", value=1) == {"value": 1}
        assert (tmp_path / "count").read_text() == "computed\n"
    finally:
        engine.close()


def test_workers_that_cannot_start_are_not_waited_for_forever(tmp_path, monkeypatch):
    (tmp_path / "broken_questions.py").write_text(
        "from cnnviz.compute.registry import Registry\n"
        "from tests.compute.sample_questions import QUESTIONS\n"
        "REGISTRY = Registry(QUESTIONS, preload=('no_such_module',))\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    engine = LocalEngine("broken_questions", workers=2)
    try:
        for name, parameters in (("worker", {}), ("slow", {"seconds": 1})):
            with pytest.raises(WorkerLost, match="cannot be started"):
                engine.ask(name, **parameters).result(timeout=20)
    finally:
        engine.close()


PARENT = """
import sys, time
from cnnviz.compute.local import LocalEngine
engine = LocalEngine("tests.compute.sample_questions", workers=2)
assert engine.wait_until_ready(30)
question = engine.ask("deaf", seconds=60.0)
while not question.running:
    time.sleep(0.01)
assert not {"tensorflow", "keras"} & set(sys.modules)
print(*engine.workers, flush=True)
time.sleep(60)
"""


def test_workers_end_with_the_process_that_started_them():
    """Killed, it cannot say goodbye; a busy worker must notice all the same."""
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True, cwd=storage.ROOT
    )
    pids = [int(pid) for pid in parent.stdout.readline().split()]
    assert len(pids) == 2 and all(alive(pid) for pid in pids)
    parent.kill()
    parent.wait()
    parent.stdout.close()
    until(lambda: not any(alive(pid) for pid in pids), 3.0)
