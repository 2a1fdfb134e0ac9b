"""How a spare takes over a run, without TensorFlow: what comes after is left out."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time

import pytest

from cnnviz.storage import ROOT

_SPARE = """
import sys, time
from cnnviz.training import worker
worker._set_up = lambda: time.sleep({loading})
worker._make_ready = lambda settings: None
worker._send_output_to_log = lambda run: None
worker._carry_out = lambda run, lock, ready: print(run, flush=True)
sys.argv = ["worker", "--spare", "{{}}"]
print("up", flush=True)
worker.main()
"""


def _spare(loading: float) -> tuple[subprocess.Popen, socket.socket]:
    line, theirs = socket.socketpair()
    with theirs:
        process = subprocess.Popen(
            [sys.executable, "-c", _SPARE.format(loading=loading)],
            cwd=ROOT,
            stdin=theirs.fileno(),
            stdout=subprocess.PIPE,
            text=True,
        )
    assert process.stdout.readline() == "up\n"
    return process, line


@pytest.mark.parametrize("loading", [0.0, 0.4])
def test_no_run_is_lost_between_the_line_and_its_end(loading, tmp_path):
    """The line closes right after the run was sent, while the spare waits or still loads."""
    for _ in range(8):
        process, line = _spare(loading)
        time.sleep(0.15)
        with line, (tmp_path / "lock").open("w") as lock:
            message = json.dumps({"run": "a run", "home": str(ROOT)}).encode()
            socket.send_fds(line, [message], [lock.fileno()])
        told, _nothing = process.communicate(timeout=20)
        assert told == "a run\n"


@pytest.mark.parametrize("loading", [0.0, 30.0])
def test_a_spare_ends_with_its_line(loading):
    process, line = _spare(loading)
    line.close()
    assert process.communicate(timeout=20)[0] == ""
