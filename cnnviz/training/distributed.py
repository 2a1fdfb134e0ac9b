"""One training on several machines of a Ray cluster: each learns from its part of every batch.

Ray finds the places and starts a process at each of them; TensorFlow's MultiWorkerMirroredStrategy
adds up their gradients. The first of them is the chief, who carries the run out as a training
worker does, and writes its folder, in a home that all machines share (``team``).
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import socket
import threading
import time
import traceback
from collections.abc import Callable
from multiprocessing.connection import Listener
from types import ModuleType
from typing import Any

from cnnviz import storage
from cnnviz.errors import BadInput, NotPossible
from cnnviz.runs import leases, locks
from cnnviz.runs.run import Run, create_run
from cnnviz.training.config import TrainingConfig
from cnnviz.training.launch import let_go_on

PATIENCE_S = 60.0  # until there is room for all workers
GONE_S = 15.0  # until it is noticed that a killed process holds no lock
CLUSTER = "CNNVIZ_RAY"  # in the environment: the cluster that the whole program runs on
LOG = "log.txt"


def train_on_nodes(
    config: TrainingConfig | None = None,
    workers: int = 2,
    resume: str | None = None,
    owner: str = storage.LOCAL_OWNER,
    address: str | None = None,
    cpus: float = 1,
    gpus: float | None = None,
) -> Run:
    """Train on several nodes at once, and wait until it is over.

    The batch stays as large as the config says: each worker learns from its part of it. Everybody
    can watch, pause or stop the run as any other.

    Args:
        config: what to train; None is ``TrainingConfig()``.
        workers: processes that share each batch, on as many nodes as possible.
        resume: the id of a run to go on with instead, from its last state. It need not have been
            begun on several nodes, nor on as many.
        owner: whose run it is.
        address: of the Ray cluster ("auto" is the one that this machine belongs to); None is
            ``$CNNVIZ_RAY``, or "auto". It is not looked at where ``ray.init`` has been called.
        cpus: processor cores of each worker.
        gpus: graphics cards of each worker; None is one where the cluster has as many, else none.

    Raises:
        BadInput: a setting is unknown or out of range, or the batch cannot be shared equally.
        NotPossible: Ray or the room is not there, or a worker was lost; what was learned until the
            last state is kept, and the run can go on.
        CnnvizError: the training failed; its run is kept and says why.
    """
    settings = (config or TrainingConfig()).check() if resume is None else None
    _check_shares(settings or TrainingConfig.from_json(Run(resume).config), workers, gpus or 0)
    ray = _ray(address)
    if gpus is None:
        gpus = int(ray.cluster_resources().get("GPU", 0) >= workers)
    places = _places(ray, workers, cpus, gpus)
    try:
        run, lock = (
            create_run(settings.to_json(), owner) if settings else _taken_again(resume, owner)
        )
        with contextlib.ExitStack() as held:
            held.callback(locks.let_go, lock)
            _carry_out(ray, run, _members(ray, places, workers, cpus, gpus), held.close)
    finally:
        ray.util.remove_placement_group(places)
    if error := run.error:
        raise error
    return run


class Member:
    """One of the processes, as a Ray actor."""

    def __init__(self) -> None:
        import ray

        self._host = ray.util.get_node_ip_address()
        self._held = socket.create_server((self._host, 0))  # so that nobody else takes the port
        self._listener: Listener | None = None

    def address(self) -> str:
        """Where TensorFlow will listen, as ``host:port``."""
        return f"{self._host}:{self._held.getsockname()[1]}"

    def listen(self, key: bytes) -> tuple[str, int]:
        """Become the chief; returns where the others find it."""
        self._listener = Listener((self._host, 0), backlog=64, authkey=key)
        return self._listener.address

    def work(
        self, run_id: str, addresses: list[str], index: int, chief: tuple[str, int], key: bytes
    ) -> str:
        """Train until it is over; returns nothing, or why it could not be done to the end.

        An error stays here: its kind may be one of TensorFlow's, which is not loaded elsewhere.

        Args:
            run_id: of the run.
            addresses: of all processes; the first is the chief.
            index: which of them this one is.
            chief: where it listens.
            key: with which to speak to it.
        """
        try:
            run = Run(run_id)
            if index == 0:
                self._lead(run, addresses)
            else:
                strategy = self._join(addresses, index)
                from cnnviz.training.team import follow

                follow(run, strategy, chief, key)
        except Exception:
            return f"{addresses[index]}:\n{traceback.format_exc()}"
        return ""

    def _lead(self, run: Run, addresses: list[str]) -> None:
        lock = locks.take(run.folder, patience=GONE_S)
        if lock is None:
            raise BadInput("Only a training that rests or broke off can go on.")
        done = threading.Event()
        try:
            strategy = self._join(addresses, 0)
            if isinstance(lock, leases.Lease):  # without it another may write this run
                watch = threading.Thread(target=_end_without, args=(lock, done), daemon=True)
                watch.start()
            from cnnviz.training.loop import carry_out
            from cnnviz.training.team import Chief

            team = Chief(strategy, self._listener, len(addresses) - 1)
            with contextlib.closing(team):
                carry_out(run, team=team)
        finally:
            done.set()
            locks.let_go(lock)

    def _join(self, addresses: list[str], index: int) -> Any:
        """The strategy; TensorFlow must not have done anything before."""
        task = {"type": "worker", "index": index}
        os.environ["TF_CONFIG"] = json.dumps({"cluster": {"worker": addresses}, "task": task})
        from cnnviz.training.devices import set_up_devices

        set_up_devices()
        import tensorflow as tf

        self._held.close()
        return tf.distribute.MultiWorkerMirroredStrategy()


def _ray(address: str | None) -> ModuleType:
    """Ray, connected to a cluster."""
    try:
        import ray
    except ImportError:
        raise NotPossible(
            "Ray is not installed. This brings it: pip install -r requirements-cluster.txt"
        ) from None
    if not ray.is_initialized():
        os.environ["RAY_USAGE_STATS_ENABLED"] = "0"  # nothing is told to anybody
        address = address or os.environ.get(CLUSTER) or "auto"
        try:
            ray.init(address=address, log_to_driver=False)
        except (ConnectionError, ValueError):
            raise NotPossible("There is no Ray cluster at “{address}”.", address=address) from None
    return ray


def _check_shares(config: TrainingConfig, workers: int, gpus: float) -> None:
    """Raise BadInput where the batch cannot be shared equally, or is one of several."""
    if config.gradient_accumulation > 1:
        raise BadInput(
            "Gradient accumulation is for one graphics card. On all of them a larger batch "
            "does the same."
        )
    count = workers * max(1, int(gpus))
    if workers < 1 or config.batch_size % count:
        raise BadInput(
            "A batch of {images} images cannot be shared equally among {count} devices.",
            images=config.batch_size,
            count=count,
        )


def _taken_again(run_id: str, owner: str) -> tuple[Run, int]:
    """A run that rests or broke off, and the descriptor of its lock."""
    run = Run(run_id)
    run.check_owner(owner)
    lock = locks.take(run.folder) if run.status in ("lost", "paused") else None
    if lock is None:
        raise BadInput("Only a training that rests or broke off can go on.")
    let_go_on(run)
    return run, lock


def _places(ray: ModuleType, workers: int, cpus: float, gpus: float) -> Any:
    """Room for all workers at the same time, on as many nodes as possible."""
    needs = {"CPU": cpus, **({"GPU": gpus} if gpus else {})}
    places = ray.util.placement_group([needs] * workers, strategy="SPREAD")
    if not places.wait(PATIENCE_S):
        ray.util.remove_placement_group(places)
        raise NotPossible(
            "The cluster has no room for {count} workers at the moment.", count=workers
        )
    return places


def _members(ray: ModuleType, places: Any, workers: int, cpus: float, gpus: float) -> list[Any]:
    from ray.util.scheduling_strategies import PlacementGroupSchedulingStrategy

    path = os.pathsep.join(filter(None, [str(storage.ROOT), os.environ.get("PYTHONPATH")]))
    environment = {
        "CNNVIZ_HOME": str(storage.home().resolve()),
        "PYTHONPATH": path,
        "TF_CPP_MIN_LOG_LEVEL": "2",
        **({CLUSTER: "auto"} if os.environ.get(CLUSTER) else {}),
    }
    actor = ray.remote(num_cpus=cpus, num_gpus=gpus, max_restarts=0)(Member)
    return [
        actor.options(
            scheduling_strategy=PlacementGroupSchedulingStrategy(places, index),
            runtime_env={"env_vars": environment},
        ).remote()
        for index in range(workers)
    ]


def _carry_out(
    ray: ModuleType, run: Run, members: list[Any], hand_over: Callable[[], None]
) -> None:
    """Have them train; where one is lost, none goes on. ``hand_over`` unlocks the run."""
    key, why = secrets.token_bytes(32), ""
    try:
        addresses = ray.get([member.address.remote() for member in members])
        chief = ray.get(members[0].listen.remote(key))
        hand_over()
        left = [
            member.work.remote(run.id, addresses, index, chief, key)
            for index, member in enumerate(members)
        ]
        while left and not why:
            done, left = ray.wait(left)
            why = ray.get(done[0])
    except ray.exceptions.RayError as error:
        why = str(error)
    finally:
        for member in members:
            ray.kill(member)
        deadline = time.monotonic() + GONE_S
        while locks.is_held(run.folder) and time.monotonic() < deadline:
            time.sleep(0.05)
    if not why or run.outcome is not None:
        return
    with contextlib.suppress(OSError), (run.folder / LOG).open("a", encoding="utf-8") as log:
        log.write(f"{why}\n")
    raise NotPossible(
        "A worker of the training “{title}” was lost. What it had learned until its last finished "
        "epoch is kept: it can go on from there.",
        title=run.title[:40],
    )


def _end_without(lease: leases.Lease, done: threading.Event) -> None:
    """End this process where its lease has ended: the cluster did not answer for too long."""
    while not done.wait(0.2):
        if not lease.valid:
            os._exit(1)
