"""What a curve of many events costs: ``python -m benchmarks.curves``.

A figure of 1,000, 10,000 and 20,000 batch events (the most that a run keeps in memory) as the page
draws it, beside one with every point in it: processor time to make it and turn it into the text
that travels, and that text's size. The bar for 10,000 events is 100 ms.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import numpy as np
import plotly.graph_objects as go

from cnnviz.figures.charts import style
from cnnviz.figures.training import training_curve

ROUNDS = 15


def curve(count: int) -> dict[str, tuple]:
    """A falling, noisy loss of ``count`` steps, as the diary gives it."""
    rng = np.random.default_rng(0)
    loss = 2.3 * np.exp(-np.arange(count) / (count / 4)) + 0.2 * rng.random(count)
    return {"step": tuple(range(1, count + 1)), "loss": tuple(loss.tolist())}


def raw(batches: dict[str, tuple]) -> str:
    """The same values with nothing left out."""
    figure = go.Figure(go.Scatter(x=batches["step"], y=batches["loss"], mode="lines"))
    return style(figure, dark=False, height=380).to_json()


def drawn(batches: dict[str, tuple]) -> str:
    """As the page draws it: batches, the smoothed line, and validation."""
    validation = {name: values[99::100] for name, values in batches.items()}
    return training_curve("loss", batches, validation, title="Loss").to_json()


def measure(work: Callable[[], str]) -> tuple[float, int]:
    """Median milliseconds of processor time, bytes of the text."""
    work()
    times = []
    for _round in range(ROUNDS):
        began = time.process_time()
        text = work()
        times.append(1000 * (time.process_time() - began))
    return statistics.median(times), len(text)


def main() -> None:
    print(
        f"{'events':>8}{'as drawn':>12}{'raw':>12}{'ratio':>8}{'size':>10}{'raw':>10}{'ratio':>8}"
    )
    for count in (1_000, 10_000, 20_000):
        batches = curve(count)
        ours, size = measure(lambda b=batches: drawn(b))
        theirs, whole = measure(lambda b=batches: raw(b))
        print(
            f"{count:>8,}{ours:>9.1f} ms{theirs:>9.1f} ms{ours / theirs:>8.2f}"
            f"{size / 1000:>7.0f} kB{whole / 1000:>7.0f} kB{size / whole:>8.2f}"
        )


if __name__ == "__main__":
    main()
