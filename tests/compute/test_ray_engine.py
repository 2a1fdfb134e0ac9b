"""Questions on a real Ray cluster of two nodes (and a head that carries none of them)."""

import os
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from cnnviz import cluster, storage
from cnnviz.errors import BadInput, Cancelled, NotPossible
from tests.compute.conftest import SAMPLES
from tests.ray_nodes import ray_nodes, wait_until

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def nodes(tmp_path_factory):
    with ray_nodes(tmp_path_factory.mktemp("shared")) as found:
        yield found


@pytest.fixture(scope="module")
def on_ray(nodes):
    from cnnviz.compute.ray_engine import RayEngine

    engine = RayEngine(SAMPLES, workers=2)
    assert engine.wait_until_ready(90)
    yield engine
    engine.close()


def test_the_home_is_looked_at_from_every_node(nodes):
    cluster.check()
    assert list(storage.home().glob(".new-*")) == []
    assert len(cluster.alive_nodes()) == 3
    assert cluster.capacity(cpus=2, gpus=0) == 2 and cluster.capacity(cpus=3, gpus=0) == 0
    assert cluster.capacity(cpus=1, gpus=0.5) == 0 and not cluster.has_gpus()


def test_what_must_last_is_on_the_head(nodes):
    class Here:
        def node(self):
            import ray

            return ray.get_runtime_context().get_node_id()

    made = [cluster.detached("here", Here) for _ in range(2)]
    where = {cluster.answer(one.node.remote()) for one in made}
    assert len(where) == 1 and not where & {node.name for node in nodes.carrying}
    cluster.end(["here", "nobody"])


def test_a_node_that_sees_another_folder_is_named(nodes, monkeypatch):
    """As a node would that has a folder of this name on its own disk."""
    looker = cluster._looker

    def with_one_elsewhere(root, folder, patience):
        look, odd = looker(root, folder, 0.1), looker(root, "/proc/nowhere", 0.1)
        name = nodes.carrying[1].name
        return lambda node: odd(node) if node == name else look(node)

    monkeypatch.setattr(cluster, "_looker", with_one_elsewhere)
    with pytest.raises(NotPossible, match="does not share the folder") as caught:
        cluster.check()
    assert nodes.carrying[1].name[:8] in str(caught.value)
    assert list(storage.home().glob(".new-*")) == []


def test_a_node_that_writes_elsewhere_is_named(nodes, monkeypatch):
    """It reads the same file, from a copy of the storage, and its own answer is not seen here."""
    monkeypatch.setattr(cluster, "_SEEN_S", 1.0)
    looker = cluster._looker

    def copying(root, folder, patience):
        shutil.copytree(folder, f"{folder}-copy")
        return looker(root, f"{folder}-copy", patience)

    monkeypatch.setattr(cluster, "_looker", copying)
    with pytest.raises(NotPossible, match="does not share the folder"):
        cluster.check()


def test_a_node_without_the_program_is_named(nodes, monkeypatch):
    looker = cluster._looker
    monkeypatch.setattr(
        cluster, "_looker", lambda root, folder, patience: looker("/nowhere", folder, patience)
    )
    with pytest.raises(NotPossible, match="does not have this program"):
        cluster.check()


def test_answers_are_those_of_the_local_engine(on_ray, engine):
    here, there = engine.answer("arrays", n=100_000), on_ray.answer("arrays", n=100_000)
    assert here.keys() == there.keys()
    assert all(np.array_equal(here[name], there[name]) for name in ("floats", "tiles", "empty"))
    assert here["bytes"] == there["bytes"]
    assert on_ray.answer("echo", value=["é", 1.5, None])["value"] == ["é", 1.5, None]


def test_the_web_process_stays_light(nodes):
    code = """
import sys
from cnnviz.compute.ray_engine import RayEngine
engine = RayEngine(workers=1)
print({"tensorflow", "keras"} & set(sys.modules), flush=True)
engine.close()
"""
    found = subprocess.run(
        [sys.executable, "-c", code], cwd=storage.ROOT, capture_output=True, text=True, timeout=120
    )
    assert found.stdout == "set()\n", found.stderr


def test_a_worker_that_is_killed_costs_a_second_try_at_most(on_ray):
    question = on_ray.ask("slow", seconds=3.0)
    wait_until(lambda: question.running)
    lost = on_ray.workers[1]
    os.kill(lost, signal.SIGKILL)
    assert question.result(60) is not None
    wait_until(lambda: on_ray.wait_until_ready(0) and lost not in on_ray.workers)


def test_cancelling(on_ray):
    question = on_ray.ask("slow", seconds=30.0)
    wait_until(lambda: question.running)
    question.cancel()
    with pytest.raises(Cancelled):
        question.result(1)
    wait_until(lambda: on_ray.at_work() == 0, 10)
    assert on_ray.wait_until_ready(60)


def test_mistakes_are_sentences(on_ray):
    with pytest.raises(BadInput, match="“grass” is too green"):
        on_ray.answer("wrong", how="input")


def test_pictures_in_the_making_and_quick_guests_arrive(on_ray):
    long = on_ray.ask("slow", seconds=3.0)
    wait_until(lambda: long.frame is not None)
    began = time.monotonic()
    assert on_ray.answer("echo", value=1) == {"value": 1}
    assert time.monotonic() - began < 1 and not long.done
    assert long.result(30)["steps"] > 10


def test_a_question_that_takes_too_much_memory_is_ended(nodes):
    from cnnviz.compute.ray_engine import RayEngine

    engine = RayEngine(SAMPLES, workers=1, memory_limit=400_000_000)
    try:
        with pytest.raises(NotPossible, match="needed more memory"):
            engine.ask("eat", megabytes=900).result(90)
    finally:
        engine.close()


def test_a_node_dies_and_its_question_is_answered_by_another(nodes, on_ray):
    """Last: it takes one of the nodes away."""
    nodes.add(cpus=2)
    question = on_ray.ask("slow", seconds=4.0)
    wait_until(lambda: question.running)
    worker = on_ray.workers[1]
    at_work = next(node for node in nodes.carrying if worker in node.processes())
    at_work.die()
    began = time.monotonic()
    assert question.result(90) is not None
    assert worker not in on_ray.workers and time.monotonic() - began < 60
