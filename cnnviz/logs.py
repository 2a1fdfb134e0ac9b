"""What a server writes down: one line of JSON for each event, with the number of its request.

A number is made for every HTTP request and every run of a page, shown with an unexpected error, and
carried along to the worker that computes, so that ``grep <number> $CNNVIZ_HOME/logs/*`` finds all
that happened. Nothing of what people bring, type or own is written: no cookies, no file or model
names, no notes; ids are cut short, because whoever has one may open what it names.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import re
import secrets
import time
from collections.abc import Iterator
from contextvars import ContextVar
from logging.handlers import RotatingFileHandler
from pathlib import Path

LEVEL = "CNNVIZ_LOG_LEVEL"
FILE_BYTES = 2 * 2**20
FILES_KEPT = 3  # older ones, beside the one that is being written

_ID = re.compile(r"\b([0-9a-f]{6})[0-9a-f]{18,58}\b")  # of entries, owners, and contents
_COOKIE = re.compile(r"(cnnviz_[a-z_]+=)[^;\s\"']+")
_LONGEST = 6000  # characters of one text in a line
_number: ContextVar[str] = ContextVar("number", default="")


def number() -> str:
    """The number of the request that this thread works for; empty outside of any."""
    return _number.get()


def begin(wanted: str | None = None) -> str:
    """From now on this thread (or task) works for another request; its number, a new one where
    none is given."""
    _number.set(secrets.token_hex(4) if wanted is None else wanted)
    return _number.get()


@contextlib.contextmanager
def numbered(wanted: str) -> Iterator[None]:
    """Work for another request for a while."""
    token = _number.set(wanted)
    try:
        yield
    finally:
        _number.reset(token)


def short(identifier: str) -> str:
    """The beginning of an id or a digest: enough to find what belongs together."""
    return identifier[:8]


class JsonLines(logging.Formatter):
    """A record as JSON: time (UTC), level, logger, message, request, process, and what the caller
    gives as ``extra={"facts": {...}}``."""

    def format(self, record: logging.LogRecord) -> str:
        moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        line: dict[str, object] = {
            "time": f"{moment}.{int(record.msecs):03d}Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            "request": number(),
            "process": record.process,
            **getattr(record, "facts", {}),
        }
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps({k: _harmless(v) for k, v in line.items()}, ensure_ascii=False)


def set_up(file: Path | None = None) -> None:
    """Write the lines of everything in ``cnnviz`` to standard error, and to a rotated file.

    ``$CNNVIZ_LOG_LEVEL`` is ``debug``, ``info`` (the default), ``warning`` or ``error``. A file
    that cannot be written is left out. Calling it again changes the file.
    """
    logger = logging.getLogger("cnnviz")
    level = os.environ.get(LEVEL, "").upper()
    logger.setLevel(level if level in logging.getLevelNamesMapping() else "INFO")
    for handler in logger.handlers[:]:
        logger.removeHandler(handler)
        handler.close()
    handlers: list[logging.Handler] = [logging.StreamHandler()]
    if file is not None:
        with contextlib.suppress(OSError):
            file.parent.mkdir(parents=True, exist_ok=True)
            handlers.append(_QuietFile(file, "a", FILE_BYTES, FILES_KEPT, "utf-8", delay=True))
    for handler in handlers:
        handler.setFormatter(JsonLines())
        logger.addHandler(handler)
    logger.propagate = False


class _QuietFile(RotatingFileHandler):
    """A full disk must not fill the terminal with complaints as well."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        pass


def _harmless(value: object) -> object:
    if not isinstance(value, str):
        return value
    text = value if len(value) <= _LONGEST else f"…{value[-_LONGEST:]}"
    return _COOKIE.sub(r"\1…", _ID.sub(r"\1…", text))
