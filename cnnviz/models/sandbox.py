"""Opening a stranger's model file in a process that can do no harm.

``python -m cnnviz.models.sandbox IN OUT`` gives up memory, time, graphics cards and, where the
system lets it, the network and the file system (:mod:`cnnviz.models.confinement`), before it looks
at the file; then it vets it, opens it, answers for one image, and saves the network again. Only
that copy is ever opened by the app. The process that asks sees a copy or a sentence, whatever the
file did: an endless loop, all memory, a crash inside a library.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import resource
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from cnnviz import machine, storage
from cnnviz.errors import BadModel, CnnvizError, NotPossible, from_code
from cnnviz.models.confinement import confine
from cnnviz.models.vetting import vet
from cnnviz.models.vetting_words import damaged, no_memory

WALL_S = 120.0
_CPU_S = 90
_BASE_BYTES = 3 * 2**30  # of address space; TensorFlow alone takes up a good half of it
_PER_FILE_BYTE = 5  # the file, its arrays, the network, and what is written
_LARGEST_WRITE = 1_500_000_000
_NEW_USER, _NEW_NETWORK = 0x10000000, 0x40000000  # of unshare(2)


def is_available() -> bool:
    """Whether this system enforces the limits; elsewhere strangers' files are not opened."""
    return sys.platform == "linux"


def reopen(
    source: Path,
    target: Path,
    check_cancelled: Callable[[], None] | None = None,
    wall_s: float = WALL_S,
) -> None:
    """Write our own copy of the network in a stranger's file.

    Args:
        source: the file as it came.
        target: a ``.keras`` file that is not there yet.
        check_cancelled: called several times a second; ends the work by raising.
        wall_s: how long it may take.

    Raises:
        BadModel: with the sentence that says why the file cannot be opened.
        NotPossible: this system cannot hold such a process within limits.
    """
    if not is_available():
        raise NotPossible(
            "Model files of others are opened on Linux only, where their memory can be limited. "
            "Open your own file with the library: cnnviz.load_model(…)."
        )
    # A folder of its own: the only place where that process may write.
    work = Path(tempfile.mkdtemp(prefix=".new-", dir=target.parent))
    made = work / "opened.keras"
    try:
        status, said = _run(source, made, check_cancelled, wall_s)
        if status != 0 or not stat.S_ISREG(made.lstat().st_mode):
            raise _reason(status, said, source)
        vet(made)  # believed no more than the file itself
        made.replace(target)
    except FileNotFoundError:
        raise _reason(status, said, source) from None
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _run(
    source: Path, made: Path, check_cancelled: Callable[[], None] | None, wall_s: float
) -> tuple[int | None, bytes]:
    """The exit status (None when time ran out) and what was said."""
    process = subprocess.Popen(
        [sys.executable, "-m", "cnnviz.models.sandbox", str(source), str(made)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=storage.ROOT,
        env=_environment(made.parent),
        process_group=0,
    )
    with process.stdout:
        try:
            status = _wait(process, time.monotonic() + wall_s, check_cancelled)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        # Only now: reading waits for whoever still holds the other end.
        return status, process.stdout.read(64 * 1024)


def _environment(work: Path) -> dict[str, str]:
    """Nothing of ours but what Python needs: no secrets, no home, no graphics cards."""
    kept = {k: v for k, v in os.environ.items() if k in ("PATH", "LANG", "LC_ALL")}
    one = dict.fromkeys(
        ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"), "1"
    )
    return {
        **kept,
        **one,
        "TMPDIR": str(work),
        "HOME": str(work),
        "KERAS_HOME": str(work),
        "MALLOC_ARENA_MAX": "2",
        "CUDA_VISIBLE_DEVICES": "-1",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "KERAS_BACKEND": "tensorflow",
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def _wait(
    process: subprocess.Popen, until: float, check_cancelled: Callable[[], None] | None
) -> int | None:
    """The exit status; None when time ran out."""
    while True:
        with contextlib.suppress(subprocess.TimeoutExpired):
            return process.wait(0.1)
        if check_cancelled is not None:
            check_cancelled()
        if time.monotonic() > until:
            return None


def _reason(status: int | None, said: bytes, source: Path) -> CnnvizError:
    name = source.name[:60]
    try:
        answer = json.loads(said.splitlines()[-1])
        return from_code(str(answer["code"]), str(answer["template"]), dict(answer["values"]))
    except (ValueError, IndexError, KeyError, TypeError):
        pass
    if status is None or status == -signal.SIGXCPU:
        return BadModel(
            "“{name}” takes too long to open, so it was given up. Nothing else was affected.",
            name=name,
        )
    if status == -signal.SIGSEGV:
        return damaged(source)
    return no_memory(source)


def _give_up_powers(source: Path, work: Path) -> None:
    """Limits that neither this process nor its children can raise again."""
    size = source.stat().st_size
    most = min(_BASE_BYTES + _PER_FILE_BYTE * size, max(_BASE_BYTES, int(0.6 * machine.memory())))
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    resource.setrlimit(resource.RLIMIT_CPU, (_CPU_S, _CPU_S))
    resource.setrlimit(resource.RLIMIT_FSIZE, (_LARGEST_WRITE, _LARGEST_WRITE))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256))
    with contextlib.suppress(OSError, AttributeError):
        # A network of its own has no way out. Some containers forbid it: the audit hook stays.
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.unshare(_NEW_NETWORK) != 0:
            libc.unshare(_NEW_USER | _NEW_NETWORK)
    confine([source], [work])


def _forbid(event: str, _: tuple) -> None:
    """An audit hook: Python code in here neither talks to anybody nor starts anything."""
    if event in ("socket.connect", "socket.bind", "socket.sendto", "socket.getaddrinfo") or (
        event.startswith(("subprocess.", "os.exec", "os.posix_spawn", "os.system", "os.fork"))
    ):
        raise PermissionError(event)


def _main(source: Path, target: Path) -> None:
    _give_up_powers(source, target.parent)
    try:
        vet(source)
        from cnnviz.models.loading import whole_network
        from cnnviz.models.trying import try_once

        sys.addaudithook(_forbid)  # TensorFlow is loaded: it asks the system about itself
        network = whole_network(source, vetted=True)
        try_once(network, source)
        part = target.with_name(f"{target.stem}.part.keras")
        network.save(part)
        part.replace(target)
    except CnnvizError as error:
        _say(error)
    except MemoryError:
        _say(no_memory(source))
    except Exception:  # whatever a hostile file makes a library raise
        _say(damaged(source))


def _say(error: CnnvizError) -> None:
    message = {"code": error.code, "template": error.template, "values": error.values}
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()
    os._exit(1)  # at once: what is being torn down may hang or crash


if __name__ == "__main__":
    _main(Path(sys.argv[1]), Path(sys.argv[2]))
