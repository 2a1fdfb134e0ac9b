"""An existing Ray cluster, chosen by ``$CNNVIZ_RAY``; without that Ray is never imported.

``CNNVIZ_RAY`` is ``auto`` or ``host:port`` of the head node. A cluster is never started here. Every
node has the same program under the same path, and ``$CNNVIZ_HOME`` is storage that all of them
share, under the same path too: ``check`` tells whether that is so.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import logging
import os
import re
import secrets
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from cnnviz import storage
from cnnviz.errors import BadInput, NotPossible

VARIABLE = "CNNVIZ_RAY"
NAMESPACE = "cnnviz"
ANSWER_S = 30.0  # the cluster's time for joining it, and each node's for showing what it sees
CALL_S = 10.0  # for one call of an actor
_PROBE_S = 3.0
_SEEN_S = 10.0  # until a file that one node wrote is seen by another
_HEAD = "node:__internal_head__"  # what Ray gives the head node to tell it by

_joining = threading.Lock()


def chosen() -> bool:
    """Whether this process works on a cluster."""
    return bool(os.environ.get(VARIABLE))


def number(name: str, default: float, least: float = 0.0) -> float:
    """A setting from the environment.

    Raises:
        BadInput: it is not a number, or too small.
    """
    text = os.environ.get(name) or str(default)
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not least <= value < 10_000:
        raise BadInput(
            "{name} must be a number from {least} on, not “{text}”.",
            name=name,
            least=f"{least:g}",
            text=text,
        )
    return value


def connect() -> Any:
    """Join the cluster, if this process has not; returns the module ``ray``.

    Raises:
        BadInput: the address is none.
        NotPossible: Ray is not installed, or no cluster answers under the address.
    """
    if importlib.util.find_spec("ray") is None:
        raise NotPossible(
            "{variable} is set, but Ray is not installed here. Install it with: "
            "pip install -r requirements-cluster.txt",
            variable=VARIABLE,
        )
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"  # nothing is told to anybody
    with _joining:
        import ray

        if not ray.is_initialized():
            _join(os.environ.get(VARIABLE, ""))
    return ray


def _join(address: str) -> None:
    _probe(address)
    failed: list[Exception] = []

    def join() -> None:
        import ray

        logging.getLogger("ray").setLevel(logging.ERROR)
        try:
            ray.init(
                address,
                namespace=NAMESPACE,
                log_to_driver=False,
                logging_level=logging.ERROR,
                runtime_env={"env_vars": _environment()},
            )
        except Exception as error:  # Ray has many kinds; what it says is in the sentence
            failed.append(error)

    # Not in the main thread: there Ray would take SIGTERM away from the web server.
    thread = threading.Thread(target=join, name="join the cluster", daemon=True)
    thread.start()
    thread.join(ANSWER_S)
    if thread.is_alive() or failed:
        raise _no_answer(address, str(failed[0]) if failed else "it takes too long")


def _probe(address: str) -> None:
    """Fail within seconds where nobody listens; Ray itself would try for a minute."""
    if address == "auto":
        return
    host, colon, port = address.rpartition(":")
    if not (colon and host and port.isdecimal() and 0 < int(port) < 65536 and "/" not in host):
        raise BadInput(
            "{variable} is “auto” or the address of a cluster, like 192.168.1.10:6379, not "
            "“{address}”.",
            variable=VARIABLE,
            address=address,
        )
    try:
        socket.create_connection((host, int(port)), _PROBE_S).close()
    except OSError as error:
        raise _no_answer(address, error.strerror or str(error)) from None


def _no_answer(address: str, why: str) -> NotPossible:
    return NotPossible(
        "No Ray cluster answers under “{address}” ({why}). Start one with: ray start --head, and "
        "serve the pages from one of its machines.",
        address=address,
        why=re.sub(r"\s+", " ", why)[:200],
    )


def _environment() -> dict[str, str]:
    """What tasks and actors need to be this program with these things, on every node."""
    path = os.pathsep.join(filter(None, [str(storage.ROOT), os.environ.get("PYTHONPATH")]))
    home = str(storage.home().resolve())
    return {"PYTHONPATH": path, "CNNVIZ_HOME": home, VARIABLE: "auto"}


def answer(reference: Any, seconds: float = CALL_S) -> Any:
    """What a call on the cluster returns.

    Raises:
        NotPossible: it does not answer in time, or whoever should have answered is gone.
    """
    import ray

    try:
        return ray.get(reference, timeout=seconds)
    except (ray.exceptions.RayActorError, ray.exceptions.GetTimeoutError) as error:
        raise NotPossible("The cluster does not answer. Please try again.") from error


def detached(name: str, kind: type, *arguments: object, **options: object) -> Any:
    """The one actor of this name for this home, made when it is missing, on the head node.

    It outlives the process that made it, and is started again where it breaks off.
    """
    ray = connect()
    wished = {
        "name": actor_name(name),
        "namespace": NAMESPACE,
        "lifetime": "detached",
        "get_if_exists": True,
        "max_restarts": -1,
        "num_cpus": 0,
        "resources": {_HEAD: 0.001},  # nothing else lasts as long as the head
        **options,
    }
    return ray.remote(kind).options(**wished).remote(*arguments)


def actor_name(name: str) -> str:
    """Several homes may share a cluster: each has actors of its own."""
    home = hashlib.sha256(str(storage.home().resolve()).encode()).hexdigest()[:12]
    return f"{name}-{home}"


def alive_nodes() -> list[dict]:
    """What Ray says about each node that is alive."""
    return [node for node in connect().nodes() if node["Alive"]]


def capacity(cpus: float, gpus: float) -> int:
    """How many tasks with such needs the nodes could carry at once, were they empty."""
    count = 0
    for node in alive_nodes():
        has = node["Resources"]
        fits = [has.get("CPU", 0) // cpus] if cpus else []
        fits += [has.get("GPU", 0) // gpus] if gpus else []
        count += int(min(fits, default=1))
    return count


def has_gpus() -> bool:
    """Whether some node has a graphics card."""
    return any(node["Resources"].get("GPU", 0) for node in alive_nodes())


# What has to be true before a server starts


def check() -> None:
    """Whether every node has the program, and the home is the same storage for all of them.

    The home gets a file with a nonce; a task on every node reads it and answers with a file of its
    own, which is read here.

    Raises:
        NotPossible: a node cannot do that (it is named), or the cluster does not answer.
    """
    connect()
    folder = storage.home().resolve() / f".new-cluster-{secrets.token_hex(8)}"
    with storage.needing_room():
        folder.mkdir()
    try:
        (folder / "asked").write_text(nonce := secrets.token_hex(16))
        _ask_nodes(folder, nonce)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _ask_nodes(folder: Path, nonce: str) -> None:
    ray = connect()
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    nodes = {node["NodeID"]: f"{node['NodeName']} ({node['NodeID'][:8]})" for node in alive_nodes()}
    look = ray.remote(_looker(str(storage.ROOT), str(folder), _SEEN_S))
    asked = {
        node: look.options(
            num_cpus=0,
            max_retries=0,
            scheduling_strategy=NodeAffinitySchedulingStrategy(node, soft=False),
        ).remote(node)
        for node in nodes
    }
    until = time.monotonic() + ANSWER_S
    for node, reference in asked.items():
        try:
            program, seen, own = ray.get(reference, timeout=max(0.1, until - time.monotonic()))
        except ray.exceptions.RayError as error:
            raise NotPossible(
                "The node {node} of the cluster does not answer ({why}).",
                node=nodes[node],
                why=type(error).__name__,
            ) from error
        if not program:
            raise NotPossible(
                "The node {node} does not have this program under {path}. Install it there, under "
                "the same path.",
                node=nodes[node],
                path=str(storage.ROOT),
            )
        if seen != nonce or not _appears(folder / node, own):
            raise NotPossible(
                "The node {node} does not share the folder {path} with this machine. CNNVIZ_HOME "
                "must be storage that all nodes have under the same path.",
                node=nodes[node],
                path=str(storage.home()),
            )


def _looker(root: str, folder: str, patience: float) -> Callable[[str], tuple[bool, str, str]]:
    """What runs on a node that may not have this program: Ray sends it whole, so it stands alone.

    It returns whether the program is there, the nonce that it read, and the one that it wrote.
    """

    def look(node: str) -> tuple[bool, str, str]:
        import pathlib
        import secrets
        import time

        asked, own, seen = pathlib.Path(folder) / "asked", secrets.token_hex(16), ""
        until = time.monotonic() + patience
        while not seen and time.monotonic() < until:
            try:
                seen = asked.read_text()
                asked.with_name(node).write_text(own)
            except OSError:
                time.sleep(0.2)
        return (pathlib.Path(root) / "cnnviz" / "cluster.py").is_file(), seen, own

    return look


def _appears(path: Path, text: str) -> bool:
    """Whether a file of another node comes to be seen here."""
    until = time.monotonic() + _SEEN_S
    while time.monotonic() < until:
        with contextlib.suppress(OSError):
            if path.read_text() == text:
                return True
        time.sleep(0.1)
    return False


def end(names: Iterable[str]) -> None:
    """End the actors of these names that this home has on the cluster."""
    ray = connect()
    for name in names:
        with contextlib.suppress(ValueError):  # there is none
            ray.kill(ray.get_actor(actor_name(name), NAMESPACE))
