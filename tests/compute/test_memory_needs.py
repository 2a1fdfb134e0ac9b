import dataclasses
import time

import pytest

from cnnviz import machine, storage
from cnnviz.compute import memory_needs as needs
from cnnviz.compute import sizing
from cnnviz.compute.local import LocalEngine
from cnnviz.errors import NotPossible
from cnnviz.models.cards import Card, Layer
from cnnviz.models.references import ModelReference
from tests.compute.conftest import SAMPLES

LENET = "shipped:mnist_lenet5"
EFFICIENTNET = "shipped:imagenet_efficientnet_lite0"
MB = 10**6


def card(side, filters, parameters=1000):
    layers = (
        Layer("conv", "Conv2D", (side, side, filters)),
        Layer("relu", "ReLU", (side, side, filters)),
    )
    return Card(
        title="Big",
        class_names=("a", "b"),
        input_shape=(side, side, 3),
        layers=layers,
        parameters=parameters,
    )


@pytest.fixture
def model(tmp_path, monkeypatch):
    """``model(card)`` → a shipped model as far as references look at it."""
    monkeypatch.setattr(storage, "SHIPPED", tmp_path)

    def ship(described):
        folder = tmp_path / "big"
        folder.mkdir()
        (folder / "model.keras").write_bytes(b"weights")
        (folder / "card.json").write_text(described.to_json())
        return "shipped:big"

    return ship


# What a worker's memory rose to at most for these questions, measured on two cores (MB).
@pytest.mark.parametrize(
    ("name", "parameters", "measured"),
    [
        ("predict", {}, 840),
        ("heatmaps", {}, 880),
        ("gallery_heatmaps", {}, 1196),
        ("filters", {"channels": list(range(8)), "size": None}, 988),
    ],
)
def test_it_is_a_lower_bound(name, parameters, measured):
    described = ModelReference.parse(EFFICIENTNET).card
    parameters = {"model": EFFICIENTNET, "layer": described.filter_layer, **parameters}
    found = needs.memory_needs(name, parameters, described)
    assert 600 * MB < found < measured * MB


def test_more_of_everything_needs_more():
    one, two = card(224, 32), card(448, 32)
    assert needs.memory_needs("predict", {}, two) > needs.memory_needs("predict", {}, one)
    assert needs.memory_needs("evaluate", {}, one) > 5 * 224 * 224 * 32 * 4
    heavy = dataclasses.replace(one, parameters=250 * MB)
    assert needs.memory_needs("predict", {}, heavy) > 2_000 * MB


def test_every_shipped_question_is_far_below_the_smallest_limit():
    """Nothing that works may be refused, not even on a small machine."""
    from cnnviz.compute.defaults import first_questions
    from cnnviz.compute.registry import QUESTIONS

    for path in sorted(storage.SHIPPED.iterdir()):
        if not (path / "card.json").exists():
            continue
        reference = f"shipped:{path.name}"
        described = ModelReference.parse(reference).card
        for name, parameters in first_questions(reference):
            complete = QUESTIONS[name].complete(parameters)
            assert needs.memory_needs(name, complete, described) < 1_400 * MB, (reference, name)


def test_too_large_a_question_is_refused_in_words_before_it_starts(model):
    reference = model(card(4096, 64))
    engine = LocalEngine(SAMPLES, workers=1, memory_limit=2_000 * MB)
    try:
        start = time.monotonic()
        with pytest.raises(NotPossible) as caught:
            engine.answer("opens", model=reference)
        assert time.monotonic() - start < 0.5, "no worker was asked"
        said = str(caught.value)
        assert "there are 2000 MB for one question" in said and "smaller network" in said
        assert caught.value.values["needs"] > 9_000
    finally:
        engine.close()


def test_what_is_free_at_the_moment_counts(monkeypatch):
    monkeypatch.setattr(machine, "free_memory", lambda: 20.0 * MB)
    with pytest.raises(NotPossible, match="at the moment only 20 MB are free"):
        needs.check_memory("filters", {"model": EFFICIENTNET, "channels": [1]}, 8_000 * MB)
    needs.check_memory("predict", {"model": LENET}, 8_000 * MB)
    needs.check_memory("echo", {"value": 1}, 1)


def test_a_worker_that_takes_too_much_is_ended_with_a_sentence():
    """Nobody else notices, and the pool refills."""
    engine = LocalEngine(SAMPLES, workers=2, memory_limit=400 * MB)
    try:
        assert engine.wait_until_ready(30)
        before = engine.workers
        start = time.monotonic()
        with pytest.raises(NotPossible, match=r"more memory than .* \(400 MB\)"):
            engine.answer("eat", megabytes=3000)
        assert time.monotonic() - start < 5.0
        assert engine.answer("echo", value=1) == {"value": 1}
        assert engine.wait_until_ready(10) and len(engine.workers) == 2
        assert before[0] in engine.workers and before[1] not in engine.workers
        assert engine.answer("eat", megabytes=100)["eaten"] == 10
    finally:
        engine.close()


def test_what_takes_all_memory_in_one_go_is_refused_by_the_system():
    """A look every quarter of a second comes too late for that."""
    engine = LocalEngine(SAMPLES, workers=1, memory_limit=1_000 * MB)
    try:
        assert engine.wait_until_ready(30)
        pid = engine.workers[0]
        with pytest.raises(NotPossible, match="not enough memory"):
            engine.answer("gulp", megabytes=6000)
        assert engine.workers == [pid]
    finally:
        engine.close()


@pytest.mark.parametrize(
    ("setting", "gigabytes", "count", "wanted"),
    [
        ("4000", 64, 2, 2_000),
        ("100", 64, 2, 1_000),
        ("", 64, 2, 8_000),
        ("", 8, 2, 2_400),
        ("", 2, 1, 1_500),
        ("much", 8, 2, 2_400),
    ],
)
def test_the_budget_of_a_worker(setting, gigabytes, count, wanted, monkeypatch):
    monkeypatch.setenv(sizing.MEMORY, setting)
    monkeypatch.setattr(sizing, "memory", lambda: gigabytes * 10**9)
    assert sizing.worker_memory(count) == wanted * MB
    assert sizing.recycle_bytes(wanted * MB) < wanted * MB
