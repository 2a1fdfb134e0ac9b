import os
import signal
import socket
import time
import urllib.request

import pytest

from cnnviz.compute import metrics
from cnnviz.compute.answers import AnswerCache
from cnnviz.compute.local import LocalEngine
from cnnviz.errors import BadInput, CnnvizError
from tests.compute.conftest import SAMPLES


def value(name, **labels):
    return metrics.REGISTRY.get_sample_value(name, labels) or 0.0


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def test_what_happened_can_be_read_on_a_local_port(tmp_path, monkeypatch):
    port = free_port()
    monkeypatch.setenv(metrics.PORT, str(port))
    engine = LocalEngine(SAMPLES, AnswerCache(tmp_path), workers=1)
    try:
        metrics.serve_metrics(engine)
        engine.wait_until_ready(60)
        before = {
            outcome: value("cnnviz_questions_total", question="arrays", outcome=outcome)
            for outcome in ("answered", "known")
        }
        lost = value("cnnviz_workers_lost_total", why="unasked")
        for _ in range(3):
            engine.answer("arrays")
        with pytest.raises(CnnvizError):
            engine.answer("wrong", how="input")
        os.kill(engine.workers[0], signal.SIGKILL)
        until = time.monotonic() + 20
        while (
            value("cnnviz_workers_lost_total", why="unasked") == lost and time.monotonic() < until
        ):
            time.sleep(0.05)
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
            text = answer.read().decode()
    finally:
        engine.close()
    after = {k: value("cnnviz_questions_total", question="arrays", outcome=k) for k in before}
    assert (after["answered"] - before["answered"], after["known"] - before["known"]) == (1, 2)
    assert value("cnnviz_questions_total", question="wrong", outcome=BadInput.code) >= 1
    assert value("cnnviz_workers_lost_total", why="unasked") == lost + 1
    assert 'cnnviz_questions_waiting{lane="long"} 0.0' in text
    assert "cnnviz_question_seconds_bucket" in text


def test_the_port_is_open_to_this_machine_only():
    assert metrics.ADDRESS == "127.0.0.1"


@pytest.mark.parametrize("port", ["x", "99999999", "-1"])
def test_an_unusable_port_does_not_end_the_server(port, tmp_path, monkeypatch):
    monkeypatch.setenv(metrics.PORT, port)
    engine = LocalEngine(SAMPLES, workers=1)
    try:
        metrics.serve_metrics(engine)
    finally:
        engine.close()
