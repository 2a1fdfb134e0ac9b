"""Several ways to do the same, measured in turns."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable


def side_by_side(title: str, contenders: dict[str, Callable], rounds: int, warm: int = 2) -> None:
    """Print the median times of all contenders and their ratios to the first.

    They take turns, so that whatever else the machine does meets all of them. Beside the clock
    stands processor time, which says more on a machine that is not calm.

    Args:
        title: what is measured.
        contenders: name → what to run.
        rounds: turns of each that count.
        warm: runs of each before, which compile and do not count.
    """
    for run in contenders.values():
        for _ in range(warm):
            run()
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, run in contenders.items():
            began = time.perf_counter(), time.process_time()
            result = run()
            ended = time.perf_counter(), time.process_time()
            del result  # giving memory back is not part of it
            times[name].append((ended[0] - began[0], ended[1] - began[1]))
    print(f"\n{title}  (median of {rounds})")
    medians = {n: [statistics.median(x) for x in zip(*t, strict=True)] for n, t in times.items()}
    base = next(iter(medians.values()))
    for name, (wall, processor) in medians.items():
        print(
            f"  {name:<42} {wall * 1000:9.1f} ms  × {wall / base[0]:5.2f}"
            f"   processor {processor * 1000:9.1f} ms  × {processor / base[1]:5.2f}",
            flush=True,
        )
