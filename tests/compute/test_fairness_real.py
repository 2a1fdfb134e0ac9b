"""The promise of test_fairness.py, kept by real networks: long passes, slow first questions."""

import time

import pytest

from cnnviz.compute.local import LocalEngine

LONG = (
    ("embedding", {"model": "shipped:fashion_mnist_vgg", "dataset": "fashion_mnist", "seed": 7}),
    ("evaluate", {"model": "shipped:cifar10_resnet", "dataset": "cifar10", "split": "train"}),
    (
        "filters",
        {
            "model": "shipped:imagenet_efficientnet_lite0",
            "layer": "top_conv",
            "channels": [0, 1, 2, 3],
            "steps": 512,
        },
    ),
)


def in_line(question, limit=60.0):
    """Seconds until a worker begins (or has ended) with a question."""
    start = time.monotonic()
    while not (question.running or question.done):
        assert time.monotonic() - start < limit
        time.sleep(0.005)
    return time.monotonic() - start


@pytest.mark.slow
@pytest.mark.parametrize(("workers", "bar_s"), [(2, 2.0), (1, 6.0)])
def test_a_cheap_question_among_expensive_ones(workers, bar_s):
    """Three people at work for minutes, one whose first heatmap compiles for seconds, and one who
    looks at digits. With one worker there is nobody else while something compiles."""
    from cnnviz.models.references import ModelReference

    engine = LocalEngine(workers=workers)
    try:
        assert engine.wait_until_ready(120)
        long = []
        for name, parameters in LONG:
            if parameters.get("layer") is not None:
                described = ModelReference.parse(parameters["model"]).card
                parameters = {**parameters, "layer": described.filter_layer}
            long.append(engine.ask(name, asker=name, **parameters))
        waits = []
        for i in range(12):
            if i == 4:
                engine.ask(
                    "heatmaps",
                    asker="first of all",
                    model="shipped:cifar10_fast",
                    image="data:cifar10/test/3",
                )
            question = engine.ask(
                "predict", asker="b", model="shipped:mnist_lenet5", image=f"data:mnist/test/{i}"
            )
            waits.append(in_line(question))
            question.result(60)
            time.sleep(0.3)
        print(f"{workers} workers, seconds in line:", *(f"{wait:.2f}" for wait in waits))
        assert max(waits) < bar_s
        assert not all(question.done for question in long), "there was no crowd"
    finally:
        engine.close()
