"""Linux's own fences around a process: which files it may read and write, and no network.

Landlock (Linux 5.13 and later) is asked for by the process itself and can never be taken back; it
holds for whatever a hostile file makes C libraries do, where Python's audit hooks see nothing. The
rights are those of <linux/landlock.h>.
"""

from __future__ import annotations

import ctypes
import os
import struct
import sys
from collections.abc import Iterable
from pathlib import Path

from cnnviz.storage import ROOT

_CREATE, _ADD, _RESTRICT = 444, 445, 446  # system calls, the same on x86-64 and ARM
_NO_NEW_PRIVILEGES = 38  # of prctl(2)
_BENEATH_PATH = 1

_EXECUTE, _WRITE, _READ = 1 << 0, 1 << 1, 1 << 2
_CHANGE_FOLDERS = sum(1 << bit for bit in range(4, 13))  # remove, make a file, link, device …
_REFER, _TRUNCATE = 1 << 13, 1 << 14  # since the second and the third version
_NETWORK = 0b11  # bind and connect (TCP), since the fourth version
_OUTSIDE = 0b11  # abstract sockets and signals, since the sixth version
_OF_A_FILE = _EXECUTE | _WRITE | _READ | _TRUNCATE

# What Python, TensorFlow and the system's libraries read.
_SYSTEM = ("/usr", "/lib", "/lib64", "/bin", "/opt", "/etc", "/proc", "/sys", "/dev", "/nix")


def version() -> int:
    """Which Landlock this system has; 0 where it has none."""
    if sys.platform != "linux":
        return 0
    return max(0, _call(_CREATE, None, 0, 1))


def confine(readable: Iterable[Path], writable: Iterable[Path]) -> bool:
    """Let this process read the system, Python and ``readable``, write ``writable``, no more.

    Nothing can be started and, on newer systems, no TCP connection opened and no signal sent
    outside. Call it before there are threads.

    Returns:
        Whether the system holds the process to it.
    """
    found = version()
    if found < 1:
        return False
    newer = (_REFER if found >= 2 else 0) | (_TRUNCATE if found >= 3 else 0)
    changing = _WRITE | _CHANGE_FOLDERS | newer
    rights = struct.pack(
        "QQQ",
        _EXECUTE | _READ | changing,
        _NETWORK if found >= 4 else 0,
        _OUTSIDE if found >= 6 else 0,
    )
    size = 24 if found >= 6 else 16 if found >= 4 else 8
    rules = _call(_CREATE, rights, size, 0)
    if rules < 0:
        return False
    try:
        # Where this package lies there may be a workspace too, with what other people brought.
        packages = [Path(p) for p in sys.path if p and Path(p).resolve() != ROOT.resolve()]
        own = [ROOT / "cnnviz", Path(sys.prefix), Path(sys.base_prefix), *map(Path, _SYSTEM)]
        for path in [*own, *packages, *readable]:
            _allow(rules, path, _READ)
        _allow(rules, Path(os.devnull), _READ | _WRITE)
        for path in writable:
            _allow(rules, path, _READ | changing)
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0) != 0:
            return False
        return _call(_RESTRICT, rules, 0) == 0
    finally:
        os.close(rules)


def _allow(rules: int, path: Path, rights: int) -> None:
    try:
        opened = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return  # not on this system
    try:
        allowed = rights if path.is_dir() else rights & _OF_A_FILE
        _call(_ADD, rules, _BENEATH_PATH, struct.pack("=Qi", allowed, opened), 0)
    finally:
        os.close(opened)


def _call(number: int, *given: object) -> int:
    libc = ctypes.CDLL(None, use_errno=True)
    libc.syscall.restype = ctypes.c_long
    values = [ctypes.c_size_t(value) if isinstance(value, int) else value for value in given]
    return libc.syscall(ctypes.c_long(number), *values)
