"""The verb ``cluster``: whether the Ray cluster of ``$CNNVIZ_RAY`` can be used."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

from cnnviz import cluster, storage
from cnnviz.errors import BadInput, NotPossible
from cnnviz.runs import leases
from cnnviz.training import hosting, ray_runs

CHECK_S = 90.0


def add_verbs(verb: Callable[..., Any]) -> None:
    """Add the verb to the terminal's."""
    p = verb("cluster", _cluster, "look whether the Ray cluster of $CNNVIZ_RAY can be used")
    p.add_argument(
        "--end",
        action="store_true",
        help="end what this program keeps there; trainings go on later",
    )


def check_first() -> None:
    """What a server does before it starts: look in a process of its own, for a bounded time.

    Raises:
        NotPossible: the cluster cannot be used; its sentence stands on standard error already, or
            the look took too long.
    """
    command = [sys.executable, "-m", "cnnviz", "cluster"]
    try:
        status = subprocess.run(command, cwd=storage.ROOT, timeout=CHECK_S, check=False).returncode
    except subprocess.TimeoutExpired:
        raise NotPossible(
            "The cluster has not answered for {seconds} seconds.", seconds=round(CHECK_S)
        ) from None
    if status:
        raise NotPossible("The pages are not served without their cluster.")


def _cluster(given: argparse.Namespace) -> None:
    if not cluster.chosen():
        raise BadInput(
            "Say which cluster: {variable}=auto, or {variable}=host:port", variable=cluster.VARIABLE
        )
    if given.end:
        cluster.end([hosting.DISPATCHER, leases.KEEPER])
        return
    cluster.check()
    ray_runs.check_room()
    nodes, slots = len(cluster.alive_nodes()), ray_runs.slot_count()
    print(
        f"The cluster has {nodes} nodes, which share {storage.home()}; room for {slots} trainings "
        "at once."
    )
    sys.stdout.flush()
    os._exit(0)  # Ray takes its time to leave
