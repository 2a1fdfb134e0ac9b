"""A secret of this server, with which it recognises what it has given out itself.

It lies in ``$CNNVIZ_HOME/server.key``, readable by its owner only, so that a restart ends nothing.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import os
import secrets

from cnnviz import storage

FILE = "server.key"
_BYTES = 32
_SEAL = 32  # hexadecimal digits: 128 bits


def sign(purpose: str, text: str) -> str:
    """A seal on a text, 32 hexadecimal digits; ``purpose`` keeps one kind of seal from another."""
    return hmac.new(_key(), f"{purpose}\0{text}".encode(), hashlib.sha256).hexdigest()[:_SEAL]


def is_signed(purpose: str, text: str, seal: str) -> bool:
    """Whether this server set that seal; takes as long for a wrong one."""
    return hmac.compare_digest(sign(purpose, text).encode(), seal.encode("utf-8", "replace"))


def _key() -> bytes:
    path = storage.home() / FILE
    with contextlib.suppress(FileNotFoundError):
        if len(key := path.read_bytes()) == _BYTES:
            return key
        path.unlink(missing_ok=True)  # damaged: what was sealed with it has to be asked for again
    made = path.with_name(f".new-{FILE}-{secrets.token_hex(4)}")
    descriptor = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(descriptor, secrets.token_bytes(_BYTES))
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    try:
        with contextlib.suppress(FileExistsError):  # another process was first: its key counts
            os.link(made, path)
    finally:
        made.unlink()
    return path.read_bytes()
