"""What a course is served by: processes, workers, slots, cores."""

from __future__ import annotations

from dataclasses import dataclass

GPU_FACTOR = 10.0  # an assumption: see docs/scaling.md


@dataclass(frozen=True)
class Deployment:
    """As the app is set up.

    ``web`` processes, each with a pool of ``workers`` of its own, or (``one_pool``) with one of so
    many for all. ``slots`` for trainings, on processors, or each on a graphics card that learns
    ``gpu_factor`` times as fast as this machine's cores. ``cores`` that all of them share; without
    a number, each process has as many as it can use. ``spares``: training workers that are loaded
    before anybody presses Start. ``static_elsewhere``: what a browser keeps comes from a server of
    its own. ``quick_looks``: a look at the queue, or at what somebody keeps, costs the same however
    much there is (today all of it is read each time).
    """

    web: int = 1
    workers: int = 2
    slots: int = 2
    one_pool: bool = False
    reserve: bool = True
    gpu_factor: float | None = None
    cores: float = float("inf")
    spares: int = 2
    static_elsewhere: bool = False
    quick_looks: bool = False


@dataclass(frozen=True)
class Lesson:
    """``students`` come within ``arrive_s``; from ``start_at_s`` on everybody presses Start within
    ``start_within_s``, watches for ``patience_s`` at most, and turns pages until ``last_s``.

    Whoever looks at a page does so for ``think_s`` (shortest, longest), then goes on: to heatmaps
    in ``heatmaps`` of all turns, of an image that nobody has asked for in ``new`` of these; with
    their own network in ``own`` of all turns once it is trained; and asks for something long in
    ``long`` of all turns, one of ``long_settings`` of each kind.
    """

    students: int
    arrive_s: float = 240.0
    start_at_s: float | None = 300.0
    start_within_s: float = 60.0
    patience_s: float = 180.0
    last_s: float = 720.0
    think_s: tuple[float, float] = (5.0, 20.0)
    heatmaps: float = 0.5
    new: float = 0.1
    own: float = 0.25
    long: float = 0.02
    long_settings: int = 20
