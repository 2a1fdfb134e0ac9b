"""Compiled functions are kept for a second question, and do not pile up."""

import gc
import weakref
from pathlib import Path

import pytest
import tensorflow as tf

from cnnviz.explanation.explain import explain
from cnnviz.inference import layers
from cnnviz.inference.layers import compiled
from tests.inference import zoo


def test_what_was_put_aside_is_freed(monkeypatch):
    """Function and graph both: a graph holds copies of the network's constants."""
    monkeypatch.setattr(layers, "_COMPILED_LIMIT", 2)
    model = zoo.ZOO["sequential"]()
    freed = []

    def asked(number):
        def build():
            function = tf.function(
                lambda x: layers.run_through(model, x, ["relu"], stop=True).outputs["relu"],
                input_signature=[layers.image_signature(model)],
                autograph=False,
            )
            graph = function.get_concrete_function().graph
            freed.append((weakref.ref(function), weakref.ref(graph)))
            return function

        return compiled(model, ("memory", number), build)

    for number in range(5):
        asked(number)
    gc.collect()
    assert [[part() is None for part in parts] for parts in freed] == [[True, True]] * 3 + [
        [False, False]
    ] * 2


def resident() -> float:
    """Megabytes of memory this process has."""
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 1e6


@pytest.mark.slow
def test_a_thousand_questions_leave_nothing_behind():
    model = zoo.known("residual_with_gates")
    images = zoo.pictures(model, 8)
    names = [layer.name for layer in model.card.spatial_layers]
    methods = ("grad_cam", "hires_cam", "layer_cam", "gradient")

    def ask(number: int) -> None:
        method = methods[number % len(methods)]
        layer = names[number // len(methods) % len(names)]
        target = None if number % 5 == 0 else number % 3
        explain(model, images[: 1 + number % 8], method, target, layer)

    for number in range(200):
        ask(number)
    before = resident()
    for number in range(200, 1000):
        ask(number)
    assert resident() - before < 15
