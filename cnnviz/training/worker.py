"""The process of a training: ``python -m cnnviz.training.worker``; started by ``launch``.

Either with a run whose lock it inherits, or as the spare: it makes itself ready for the training
that is most likely to come and waits on its standard input, a socket, for a run and its lock.
When that closes first, it ends; once it has a run, nobody's end is its own.
"""

from __future__ import annotations

import argparse
import json
import os
import select
import socket
import sys
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # TensorFlow is to be loaded after the process has made itself nice
    from cnnviz.training.network import Network

NICENESS = 5  # the web comes first
WATCH_S = 0.1  # between two looks whether loading has ended


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", help="id of the run to carry out")
    parser.add_argument("--lock", type=int, help="descriptor of its lock, inherited")
    parser.add_argument("--spare", help="make ready for these settings (JSON), then wait")
    given = parser.parse_args()
    os.nice(NICENESS)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    if given.run:
        _send_output_to_log(given.run)
        _set_up()
        _carry_out(given.run, given.lock, None)
        return
    loaded = threading.Event()
    watcher = threading.Thread(target=_end_if_nobody_is_there, args=(loaded,), daemon=True)
    watcher.start()
    _set_up()
    try:
        ready = _make_ready(given.spare)
    except Exception:  # its data set may have been deleted; TensorFlow is loaded all the same
        ready = None
    loaded.set()
    watcher.join()  # with two readers, the one that comes second would find the line at its end
    if assignment := _wait_for_run():
        _carry_out(*assignment, ready)


def _set_up() -> None:
    from cnnviz.training.devices import set_up_devices

    set_up_devices()


def _make_ready(settings: str) -> Network:
    from cnnviz.datasets.loading import load_dataset
    from cnnviz.training.config import TrainingConfig
    from cnnviz.training.network import Network

    config = TrainingConfig.from_json(settings).check()
    val = load_dataset(config.dataset, "val")
    load_dataset(config.dataset, "train")  # decoded once, kept
    network = Network(config, val.images.shape[1:], len(val.class_names))
    network.warm_up(config.batch_size)
    return network


def _end_if_nobody_is_there(loaded: threading.Event) -> None:
    """Watch the line while TensorFlow loads, which takes long on a busy machine."""
    with socket.socket(fileno=os.dup(0)) as line:
        while not loaded.is_set():
            if select.select([line], [], [], WATCH_S)[0]:
                if not line.recv(1, socket.MSG_PEEK):
                    os._exit(0)
                return  # a run has come already


def _wait_for_run() -> tuple[str, int] | None:
    with socket.socket(fileno=os.dup(0)) as line:
        message, locks, _, _ = socket.recv_fds(line, 4096, 1)
    if not message:
        return None
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, 0)
    assignment = json.loads(message)
    os.environ["CNNVIZ_HOME"] = assignment["home"]
    _send_output_to_log(assignment["run"])
    return assignment["run"], locks[0]


def _send_output_to_log(run_id: str) -> None:
    from cnnviz.runs.run import Run

    log = (Run(run_id).folder / "log.txt").open("ab", buffering=0)
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
        os.dup2(log.fileno(), stream.fileno())


def _carry_out(run_id: str, lock: int, ready: Network | None) -> None:
    from cnnviz.runs import locks
    from cnnviz.runs.run import Run
    from cnnviz.training.loop import carry_out

    os.set_inheritable(lock, False)
    carry_out(Run(run_id), ready=ready)
    locks.let_go(lock)
    sys.stdout.flush()
    os._exit(0)  # all is written; TensorFlow would take its time to end


if __name__ == "__main__":
    main()
