"""What compute workers, trainings and a long queue need, measured without the web process."""

from __future__ import annotations

import time
from pathlib import Path

from benchmarks.course.clock import cost_of
from benchmarks.viewers import processor_seconds
from cnnviz import belongings, machine
from cnnviz.compute.local import LocalEngine
from cnnviz.models.references import ModelReference, shipped_names
from cnnviz.runs import locks, queue, turns
from cnnviz.runs.run import create_run
from cnnviz.storage import new_id
from cnnviz.training import launch
from cnnviz.training.config import TrainingConfig

WARM = 5  # images that are asked about once all is compiled
GUESTS = 5
MODEL, OTHER, DATASET = "shipped:fashion_mnist_vgg", "shipped:fashion_squeeze", "fashion_mnist"
WAITING, LOOKS = 200, 3  # trainings of the long queue


class Asking:
    """One worker, asked one thing after the other; no answer is kept."""

    def __init__(self) -> None:
        self.engine = LocalEngine(workers=1)
        if not self.engine.wait_until_ready(120):
            raise SystemExit("the worker did not start; see the logs folder in $CNNVIZ_HOME")
        time.sleep(6.0)  # it asks itself the likely questions

    @property
    def pid(self) -> int:
        """Of the worker, which is another one when it had grown too large."""
        self.engine.wait_until_ready(120)
        return self.engine.workers[0]

    def cost(self, questions: list[tuple[str, dict]]) -> dict[str, float]:
        """Of one of these, which must not differ in what they need."""
        with cost_of(self.pid, len(questions)) as cost:
            for name, parameters in questions:
                self.engine.answer(name, **parameters)
        return cost.to_json()


def quick_questions(asking: Asking, own: str) -> dict[str, dict]:
    """A vote and a heatmap on each shipped network and on one that a student trained.

    ``cold``: the network has to be loaded; ``known``: it is loaded, but this kind of question has
    to be compiled for it; ``warm``: neither.
    """
    found = {}
    for model in [*(f"shipped:{name}" for name in shipped_names()), own]:
        data = ModelReference.parse(model).card.dataset or "cifar10"

        def about(number: int, model: str = model, data: str = data) -> dict:
            return {"model": model, "image": f"data:{data}/test/{number}"}

        found["own" if model == own else model] = {
            "cold": asking.cost([("predict", about(0))]),
            "known": asking.cost([("heatmaps", about(0))]),
            "warm": asking.cost(
                [(n, about(i + 1)) for i in range(WARM) for n in ("predict", "heatmaps")]
            ),
        }
    return found


def long_questions(asking: Asking, own: str) -> dict[str, dict]:
    """Costs of some, and of those that look at many images the seconds that a guest waits."""
    layer = ModelReference.parse(MODEL).card.activation_layers[2].name
    asked = {  # twice, about different things: what was looked at once is kept
        "evaluate": [{"model": model, "dataset": DATASET} for model in (own, OTHER)],
        "embedding": [{"model": MODEL, "dataset": DATASET, "seed": seed} for seed in (1, 2)],
        "filters": [{"model": MODEL, "layer": layer, "seed": seed} for seed in (1, 2)],
        "trust_curves": [{"model": MODEL, "image": f"data:{DATASET}/test/{i}"} for i in (1, 2)],
    }
    found = {}
    for kind, (first, second) in asked.items():
        found[kind] = asking.cost([(kind, first)])
        found[kind]["guest_waits_s"] = _guest_waits(asking, kind, second)
    return found


def _guest_waits(asking: Asking, name: str, parameters: dict) -> float:
    """Mean seconds from asking a quick question to its beginning, in the midst of a long one."""
    waits, host = [], asking.engine.ask(name, **parameters)
    vote = {"model": MODEL, "image": f"data:{DATASET}/test/0"}
    for number in range(GUESTS):
        time.sleep(0.13)
        if host.done:
            break
        began = time.perf_counter()
        asking.engine.answer("predict", **{**vote, "image": f"data:{DATASET}/test/{number}"})
        waits.append(time.perf_counter() - began)
    host.result()
    alone = asking.cost([("predict", vote)] * WARM)["wall_s"]
    return round(max(sum(waits) / max(len(waits), 1) - alone, 0.0), 3)


def worker_megabytes(asking: Asking) -> int:
    return round(machine.resident_bytes(asking.pid) / 1e6)


def training_workers(home: Path) -> list[int]:
    """Process ids of those that hold a slot of this home."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            command = (entry / "cmdline").read_bytes().split(b"\0")
        except OSError:  # it has ended
            continue
        slot = bytes(home.resolve() / "queue" / "slots")
        if b"cnnviz.training.worker" in command and any(a.startswith(slot) for a in command):
            found.append(int(entry.name))
    return found


def cold_start() -> float:
    """Seconds from Start to the first step where no worker is there yet. In an empty home."""
    began = time.perf_counter()
    run = launch.start_training(TrainingConfig())
    while not any(event["kind"] == "batch" for event in run.events()):
        time.sleep(0.01)
    seconds = time.perf_counter() - began
    run.request_stop()
    while run.pending:
        time.sleep(0.1)
    return round(seconds, 2)


def processor_of(pids: list[int]) -> dict[int, float]:
    """Processor seconds so far of those that are there."""
    found = {}
    for pid in pids:
        try:
            found[pid] = processor_seconds(pid)
        except OSError:
            continue
    return found


def long_queue() -> dict[str, float]:
    """Processor seconds for each waiting training: a look at the queue, and coming to its end; for
    each thing that is kept: a look at what is whose. In an empty ``$CNNVIZ_HOME``.
    """
    config = TrainingConfig().check().to_json()
    for number in range(WAITING):
        _run, lock = create_run(config, f"{number:024x}")
        queue.enqueue(_run.id)
        locks.let_go(lock)
    turns.look()
    work = {
        "look_s": turns.look,
        "enqueue_s": lambda: queue.enqueue(new_id()),
        "belongings_s": belongings.everything,
    }
    found = {}
    for name, call in work.items():
        began = time.process_time()
        for _round in range(LOOKS):
            call()
        found[name] = round((time.process_time() - began) / LOOKS / WAITING, 7)
    return found
