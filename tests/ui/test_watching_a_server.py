"""What whoever looks after a real server gets to see: health, metrics, logs; and that it is alone
on its machine."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import subprocess
import sys
import urllib.request

import pytest
from prometheus_client.parser import text_string_to_metric_families

from cnnviz import storage
from cnnviz.compute import metrics
from cnnviz.compute.local import LocalEngine
from cnnviz.ui import health as health_module
from tests.browser.conftest import free_port
from tests.ui.visiting import ask, until_ready, visit, watched

COMPUTED = "model=shipped:mnist_lenet5&image=data:mnist/test/5"
SECRET = "a-very-secret-cookie-that-nobody-may-read"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A server with one worker, that a person has visited."""
    home = tmp_path_factory.mktemp("home")
    port = free_port()
    settings = {"CNNVIZ_WORKERS": "1", "CNNVIZ_LOG_LEVEL": "debug"}
    with watched(home, CNNVIZ_METRICS_PORT=str(port), **settings) as (address, pid, strangers):
        until_ready(address)
        errors = asyncio.run(visit(address, ("", "heatmaps", "runs")))
        # Of this image nothing is known beforehand: the worker has to answer.
        errors += asyncio.run(visit(address, ("heatmaps",), COMPUTED))
        assert errors == []
        yield home, address, f"http://127.0.0.1:{port}", strangers


def lines(home, *names):
    found = []
    for path in (home / "logs").glob("*.log"):
        if not names or path.name in names:
            found += [line for line in path.read_text().splitlines() if line.startswith("{")]
    return [json.loads(line) for line in found]


def test_every_answer_has_a_number_of_its_own(server):
    _home, address, _metrics, _strangers = server
    numbers = [ask(address, path)[1]["x-request-id"] for path in ("/", "/api/health", "/nowhere")]
    assert len(set(numbers)) == 3
    assert all(re.fullmatch("[0-9a-f]{8}", number) for number in numbers)


def test_a_pages_number_goes_with_its_questions_to_the_worker(server):
    home, _address, _metrics, _strangers = server
    ended = [x for x in lines(home, "web.log") if x["message"] == "A question ended"]
    assert ended and all(re.fullmatch("[0-9a-f]{8}", x["request"]) for x in ended)
    assert {"question", "outcome", "in_line_s", "computing_s", "worker"} <= set(ended[0])
    begun = {x["request"] for x in lines(home, "compute-0.log") if x["message"] == "A question"}
    assert {x["request"] for x in ended if x["worker"] is not None} <= begun


def test_the_log_tells_nothing_about_people(server):
    home, address, _metrics, _strangers = server
    request = urllib.request.Request(
        f"{address}/api/runs/{'ab' * 12}/live?lang=en&name=Ada%20Lovelace",
        headers={"Cookie": f"cnnviz_owner={SECRET}", "Accept": "text/html"},
    )
    with pytest.raises(urllib.error.HTTPError):
        urllib.request.urlopen(request, timeout=5)
    ask(address, "/Grace-Hopper/notes")
    said = "".join(path.read_text() for path in (home / "logs").glob("*"))
    said += (home / "server.log").read_text()
    assert '"path": "/api/runs"' in said, "requests are written down at this level"
    for secret in (SECRET, "Lovelace", "Hopper", "ab" * 12):
        assert secret not in said
    assert not re.search(r"[0-9a-f]{24}", said), "who has an id may open what it names"


def test_health_counts(server):
    _home, address, _metrics, _strangers = server
    status, headers, body = ask(address, "/api/health")
    found = json.loads(body)
    assert status == 200 and found["status"] == "ok" and found["problems"] == []
    assert found["workers"] == {"ready": 1, "starting": 0, "lost": 0}
    assert found["questions"] == {"at_work": 0, "waiting_quick": 0, "waiting_long": 0}
    assert found["disk_free_mb"] > 100 and found["heavy_modules"] == []


def test_metrics_of_a_real_server(server):
    _home, _address, where, _strangers = server
    families = {
        family.name: family
        for family in text_string_to_metric_families(ask(where, "/metrics")[2].decode())
    }
    values = {
        (sample.name, *sample.labels.values()): sample.value
        for family in families.values()
        for sample in family.samples
    }
    assert values["cnnviz_workers_ready",] == values["cnnviz_workers_wanted",] == 1
    assert 50e6 < values["cnnviz_web_memory_bytes",] < 1e9
    assert 300e6 < values["cnnviz_workers_memory_bytes",] < 3e9
    assert values["cnnviz_disk_free_bytes",] > 1e8
    assert values["cnnviz_runs", "running"] == values["cnnviz_runs", "waiting"] == 0
    assert values["cnnviz_cache_bytes", "memory"] > 0
    assert values["cnnviz_cache_looks_total", "shipped"] > 0
    known = [v for k, v in values.items() if k[0] == "cnnviz_questions_total" and "known" in k]
    assert sum(known) > 0
    for name in ("seconds", "in_line_seconds", "computing_seconds"):
        assert f"cnnviz_question_{name}" in families
    for name in ("waiting", "at_work"):
        assert f"cnnviz_questions_{name}" in families
    assert values["cnnviz_sessions",] >= 0


def test_the_server_speaks_to_nobody_else(server):
    """No fonts, no telemetry, no look for news: asked of all of Python in server and workers."""
    _home, _address, _metrics, strangers = server
    assert strangers.read_text() == ""


def test_that_would_have_been_noticed(server):
    home, _address, _metrics, _strangers = server
    where = {**os.environ, "PYTHONPATH": str(home / "hook"), "TEST_STRANGERS": str(home / "other")}
    code = "import socket; socket.socket(2, 2).connect(('198.51.100.7', 80))"
    subprocess.run([sys.executable, "-c", code], env=where, check=False)
    assert (home / "other").read_text() == "socket.connect 198.51.100.7\n"


@pytest.mark.slow
def test_everything_works_without_any_network(tmp_path):
    """In a network namespace of its own, which has nothing but itself."""
    unshare = shutil.which("unshare")
    if unshare is None or subprocess.run([unshare, "-n", "true"], check=False).returncode:
        pytest.skip("only root may take the network away")
    done = subprocess.run(
        [unshare, "-n", sys.executable, "-m", "tests.ui.visiting", str(tmp_path)],
        capture_output=True,
        text=True,
        cwd=storage.ROOT,
        timeout=200,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["alone"] and found["errors"] == [] and found["health"]["status"] == "ok"
    assert not any(found["strangers"])


def test_a_server_that_cannot_compute_says_so(tmp_path, monkeypatch):
    (tmp_path / "broken_again.py").write_text(
        "from cnnviz.compute.registry import Registry\n"
        "from tests.compute.sample_questions import QUESTIONS\n"
        "REGISTRY = Registry(QUESTIONS, preload=('no_such_module',))\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("CNNVIZ_HOME", str(tmp_path))
    engine = LocalEngine("broken_again", workers=1)
    try:
        assert health_module.state(engine)["status"] == "ok", "it is only starting"
        with pytest.raises(Exception, match="cannot be started"):
            engine.ask("worker").result(30)
        found = health_module.state(engine)
        assert found["status"] == "degraded" and "cannot be started" in found["problems"][0]
        assert found["workers"]["ready"] == 0
    finally:
        engine.close()


def test_a_server_with_a_full_disk_says_so(monkeypatch, tmp_path):
    monkeypatch.setenv("CNNVIZ_HOME", str(tmp_path))
    engine = LocalEngine("tests.compute.sample_questions", workers=1)
    try:
        assert engine.wait_until_ready(30)
        monkeypatch.setattr(metrics, "storage_free", lambda: 5e6)
        found = health_module.state(engine)
        assert found["status"] == "degraded" and "disk is full" in found["problems"][0]
    finally:
        engine.close()
