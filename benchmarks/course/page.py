"""What of docs/scaling.md is made from measurements: its tables, its figures in words, its picture.

Prose that does not change with a measurement stands in the page itself.
"""

from __future__ import annotations

from benchmarks.course import picture, tables
from benchmarks.course.deployment import GPU_FACTOR
from benchmarks.course.needs import missed
from benchmarks.course.services import Measured
from cnnviz import storage

PAGE = storage.ROOT / "docs" / "scaling.md"
PICTURE = PAGE.parent / "pictures" / "scaling.svg"
END = "<!-- end -->\n"
MADE = ("answer", "measured", "growing", "needs", "patience")
_CALM = 0.1  # of all cores


def parts(measured: Measured) -> dict[str, str]:
    """The texts between the marks of the page, by mark, and the picture."""
    growing = tables.growing(measured)
    needs = tables.needs(measured)
    lines = {
        kind: [outcome.p(kind) for outcome in growing.values()]
        for kind in ("page", "start", "quick question", "long question", "first point")
    }
    return {
        "answer": _answer(measured, growing, needs),
        "measured": _measured(measured),
        "growing": tables.growing_table(growing),
        "needs": tables.needs_table(needs),
        "patience": tables.patience_table(measured),
        "picture": picture.lines_svg(
            lines, list(growing), "students in one lesson", "seconds, 95 % wait less"
        ),
    }


def write(made: dict[str, str]) -> None:
    """Put them into the page, and the picture beside it."""
    text = PAGE.read_text(encoding="utf-8")
    for name, part in made.items():
        if name == "picture":
            PICTURE.write_text(part, encoding="utf-8")
            continue
        begin = mark(name)
        before, rest = text.split(begin)
        text = f"{before}{begin}\n{part}\n{END}{rest.split(END, 1)[1]}"
    PAGE.write_text(text, encoding="utf-8")


def mark(name: str) -> str:
    """The line after which something made stands."""
    return f"<!-- {name}: python -m benchmarks.course --write -->\n"


def _answer(measured: Measured, growing: dict, needs: dict) -> str:
    """In plain words."""
    first = next((n for n, outcome in growing.items() if missed(outcome)), None)
    served = [n for n, outcome in growing.items() if not missed(outcome)]
    reasons = [] if first is None else [one.because for one in missed(growing[first])]
    *_names, without, pool, cards = needs.values()
    lines = []
    if first is not None:
        up_to = f"serves {max(served)} students in one lesson" if served else "holds not all bars"
        lines.append(
            f"**One server as it is set up today** {up_to}; at {first} it is short of "
            f"{reasons[0]}: the first bottleneck."
        )
    for need, how in ((pool, "without graphics cards"), (cards, "with them")):
        seconds = need.outcome.p("first point")
        slots = f"{need.deployment.slots} training slots"
        if need is cards:
            slots = (
                f"{need.deployment.slots} graphics cards (each assumed to learn "
                f"{GPU_FACTOR:.0f} times as fast as these cores)"
            )
        lines.append(
            f"**{tables.MOST:,} students {how}**: {need.deployment.web} web processes, "
            f"{need.workers} compute workers in one pool, {slots}, "
            f"{need.outcome.memory_mb / 1000:.0f} GB of memory, {need.outcome.cores:.0f} cores at "
            f"work in the busiest minute. 95 % of the curves have begun after {seconds:.0f} s."
        )
    workers = (
        "as many workers are enough"
        if without.workers == pool.workers
        else f"there are {without.workers} workers instead of {pool.workers}"
    )
    lines.append(
        f"With a pool for each web process, as today, {workers}, but one more comes in each pool "
        f"while quick questions wait: {without.outcome.memory_mb / 1000:.0f} GB instead of "
        f"{pool.outcome.memory_mb / 1000:.0f} GB."
    )
    return "\n\n".join(lines) + "\n"


def _measured(measured: Measured) -> str:
    found = measured.found
    calm = found["busy_before"] <= _CALM
    web = found["web"]["memory"]
    page = measured.pages
    slowest = max(page, key=lambda name: page[name].processor_s)
    fastest = min(page, key=lambda name: page[name].processor_s)
    own = measured.quick["own"]
    rows = [
        [
            "a page, web process",
            f"{_ms(page[fastest].processor_s)} ({fastest}) to {_ms(page[slowest].processor_s)} "
            f"({slowest}) of a core",
        ],
        [
            "a browser that comes for the first time",
            f"{_ms(measured.cold_visit.processor_s)}, {measured.cold_visit.bytes / 1e6:.1f} MB",
        ],
        ["pressing Start, empty queue", _ms(measured.start.processor_s)],
        [
            "each training that waits makes a look at the queue longer by",
            f"{1e6 * found['queue']['look_s']:.0f} µs",
        ],
        [
            "a live curve, for each poll of a training at work",
            _ms(measured.poll_working.processor_s),
        ],
        [
            "a quick question about a student's own network, cold, known, warm",
            ", ".join(_ms(own[level].processor_s) for level in ("cold", "known", "warm")),
        ],
        *(
            [
                f"a long question: {kind.replace('_', ' ')}",
                f"{one.processor_s:.1f} processor seconds",
            ]
            for kind, one in measured.long.items()
        ),
        [
            "a training (Clothes, Tiny VGG, 3 epochs)",
            f"{measured.training.processor_s:.1f} processor seconds, "
            f"{measured.training.wall_s:.1f} s alone",
        ],
        ["a worker that is not there yet begins after", f"{measured.cold_start_s:.1f} s more"],
        [
            "memory: web process, and each session",
            f"{web['web_mb']:.0f} MB, {web['session_mb']:.1f} MB",
        ],
        [
            "memory: a compute worker, a training",
            f"{measured.worker_mb:.0f} MB, {measured.training_mb:.0f} MB",
        ],
    ]
    said = "Nothing else was at work" if calm else "Other programs were at work as well"
    return (
        f"{found['date']}, {found['processor']}, {found['cores']} cores. {said} "
        f"(share of the processor in use before: {found['busy_before']:.0%}).\n\n"
        + tables.table(["what", "costs"], rows)
    )


def _ms(seconds: float) -> str:
    return f"{1000 * seconds:.0f} ms" if seconds >= 0.01 else f"{1000 * seconds:.1f} ms"
