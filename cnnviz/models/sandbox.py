"""Opening a stranger's model file in a process that can do no harm.

``python -m cnnviz.models.sandbox IN OUT`` gives up memory, time, graphics cards and, where the
system lets it, the network, before it looks at the file; then it vets it, opens it, and saves the
network again. Only that copy is ever opened by the app. The process that asks sees a copy or a
sentence, whatever the file did: an endless loop, all memory, a crash inside a library.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from cnnviz import machine, storage
from cnnviz.errors import BadModel, CnnvizError, NotPossible, from_code

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
    process = subprocess.Popen(
        [sys.executable, "-m", "cnnviz.models.sandbox", str(source), str(target)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=storage.ROOT,
        env=_environment(),
        process_group=0,
    )
    try:
        status = _wait(process, time.monotonic() + wall_s, check_cancelled)
        said = process.stdout.read(64 * 1024)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()
    if status == 0 and target.is_file():
        return
    target.unlink(missing_ok=True)
    raise _reason(status, said, source)


def _environment() -> dict[str, str]:
    """Nothing of ours but what Python needs: no secrets, no home, no graphics cards."""
    kept = {k: v for k, v in os.environ.items() if k in ("PATH", "LANG", "LC_ALL", "TMPDIR")}
    one = dict.fromkeys(
        ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"), "1"
    )
    return {
        **kept,
        **one,
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
        return BadModel(
            "“{name}” is damaged: it cannot be read to its end. Save or download it once more.",
            name=name,
        )
    return BadModel("The network in “{name}” needs more memory than there is.", name=name)


def _give_up_powers(source: Path) -> None:
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


def _forbid(event: str, _: tuple) -> None:
    """An audit hook: Python code in here neither talks to anybody nor starts anything."""
    if event in ("socket.connect", "socket.bind", "socket.sendto", "socket.getaddrinfo") or (
        event.startswith(("subprocess.", "os.exec", "os.posix_spawn", "os.system", "os.fork"))
    ):
        raise PermissionError(event)


def _main(source: Path, target: Path) -> None:
    _give_up_powers(source)
    try:
        from cnnviz.models.vetting import vet

        vet(source)
        from cnnviz.models.loading import whole_network

        sys.addaudithook(_forbid)  # TensorFlow is loaded: it asks the system about itself
        network = whole_network(source, vetted=True)
        part = target.with_name(f"{target.stem}.part.keras")
        network.save(part)
        part.replace(target)
    except CnnvizError as error:
        _say(error)
    except MemoryError:
        _say(
            BadModel(
                "The network in “{name}” needs more memory than there is.", name=source.name[:60]
            )
        )
    except Exception:  # whatever a hostile file makes a library raise
        _say(
            BadModel(
                "“{name}” is damaged: it cannot be read to its end. Save or download it once more.",
                name=source.name[:60],
            )
        )


def _say(error: CnnvizError) -> None:
    message = {"code": error.code, "template": error.template, "values": error.values}
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()
    os._exit(1)  # at once: what is being torn down may hang or crash


if __name__ == "__main__":
    _main(Path(sys.argv[1]), Path(sys.argv[2]))
