"""Model references: the strings that name a network in links, pages and questions.

``shipped:<name>``, ``model:<id>``, ``run:<id>@<checkpoint>`` and ``upload:<id>``. A shipped name
alone is accepted too, and a shipped model's history as ``shipped:<name>@<checkpoint>``. Checkpoints
are called ``step-10``, ``epoch-3`` (or just ``3``), ``best`` and ``last``.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from pathlib import Path

from cnnviz import storage
from cnnviz.datasets.class_words import class_words
from cnnviz.errors import BadInput, NotFound
from cnnviz.models.cards import FILE, Card, read_card
from cnnviz.models.shipped import SHIPPED
from cnnviz.texts import AsTyped

MODEL_FILE = "model.keras"
CHECKPOINTS = "checkpoints"

_AREAS = {"model": "models", "run": "runs", "upload": "uploads"}
_ID = re.compile(r"[0-9a-f]{24}")
_SHIPPED_NAME = re.compile(r"[a-z0-9_]{1,60}")
_LABEL = re.compile(r"(step|epoch)-(\d{1,9})")


@dataclass(frozen=True)
class ModelReference:
    """A parsed reference. It can be well formed and still name something that is gone.

    ``checkpoint`` is None for the finished network, else ``best``, ``last``, ``step-n`` or
    ``epoch-n``.
    """

    kind: str
    identifier: str
    checkpoint: str | None = None

    @classmethod
    def parse(cls, text: str | ModelReference) -> ModelReference:
        """Read a reference; raises BadInput when it is not written like one."""
        if isinstance(text, ModelReference):
            return text
        kind, colon, rest = str(text).partition(":")
        if not colon:
            kind, rest = "shipped", str(text)
        identifier, at, checkpoint = rest.partition("@")
        if kind == "shipped":
            good = _SHIPPED_NAME.fullmatch(identifier)
        else:
            good = kind in _AREAS and _ID.fullmatch(identifier)
        if checkpoint.isdecimal():
            checkpoint = f"epoch-{checkpoint}"
        if at:
            good = good and kind in ("shipped", "run")
            good = good and (checkpoint in ("best", "last") or _LABEL.fullmatch(checkpoint))
        if not good:
            raise BadInput(
                "“{name}” is not the name of a model. Names look like shipped:mnist_lenet5, "
                "model:…, run:…@best or upload:….",
                name=str(text)[:40],
            )
        return cls(kind, identifier, checkpoint or ("best" if kind == "run" else None))

    def __str__(self) -> str:
        return f"{self.kind}:{self.identifier}" + (f"@{self.checkpoint}" if self.checkpoint else "")

    def with_checkpoint(self, checkpoint: str | None) -> ModelReference:
        """The same network at another moment of its training; None is the finished one."""
        if checkpoint is None and self.kind == "run":
            checkpoint = "best"
        return ModelReference(self.kind, self.identifier, checkpoint)

    @property
    def base(self) -> str:
        """The reference of the finished network."""
        return str(self.with_checkpoint(None))

    @property
    def folder(self) -> Path:
        """The folder of the model, run or upload; raises NotFound."""
        if self.kind == "shipped":
            folder = storage.SHIPPED / self.identifier
            if not (folder / MODEL_FILE).is_file():
                raise NotFound(
                    "There is no shipped model called “{name}”. There are: {known}.",
                    name=self.identifier[:40],
                    known=", ".join(shipped_names()) or "–",
                )
            return folder
        return storage.entry(_AREAS[self.kind], self.identifier)

    @property
    def card(self) -> Card:
        """What is known about the model; raises NotFound."""
        folder = self.folder
        try:
            state = (folder / FILE).stat()
        except FileNotFoundError:
            return read_card(folder)  # raises the sentence about missing cards
        return _card(folder, state.st_mtime_ns, state.st_size)

    @property
    def checkpoint_file(self) -> Path | None:
        """The weights file to load, or None when it is the whole network; raises NotFound.

        ``best`` of an ended run and of a shipped model, and ``last`` of the latter, whose history
        was thinned, is ``model.keras`` itself; ``best`` of a run that is
        still going, or that broke off, it is ``best.npz``, else the newest checkpoint there is.
        """
        folder = self.folder
        if self.checkpoint is None:
            return None
        whole = ("best", "last") if self.kind == "shipped" else ("best",)
        if self.checkpoint in whole and (folder / MODEL_FILE).is_file():
            return None
        named = folder / CHECKPOINTS / f"{self.checkpoint}.npz"
        if named.is_file():
            return named
        if self.checkpoint in ("best", "last"):
            files = [f for f in (folder / CHECKPOINTS).glob("*.npz") if _LABEL.fullmatch(f.stem)]
            if files:
                return max(files, key=lambda f: _moment(f.stem))
        raise NotFound(
            "This training kept nothing called “{name}” (yet). Choose another moment of it.",
            name=self.checkpoint,
        )

    @property
    def model_file(self) -> Path:
        """The file with the whole network; raises NotFound when there is none (yet)."""
        if self.kind == "upload":
            from cnnviz import uploads  # here, because it brings OpenCV, which links don't need

            return uploads.file_of(self.identifier)
        file = self.folder / MODEL_FILE
        if not file.is_file():
            raise NotFound("The file of this model is not there (yet, or any more).")
        return file

    @property
    def fingerprint(self) -> str:
        """A short text that changes whenever an answer about this model can have changed.

        Covers the weights and what the card says about preparing images and naming classes. The
        content of shipped files is hashed (so that every checkout has the same fingerprints); of
        the others, names, sizes and times are enough. Raises NotFound.
        """
        file = self.checkpoint_file or self.model_file
        state = file.stat()
        if self.kind == "shipped":
            weights = _content(file, state.st_mtime_ns, state.st_size)
        else:
            weights = f"{self} {file.name} {state.st_mtime_ns} {state.st_size}"
        if (self.folder / FILE).is_file():
            card = self.card
            layers = (card.heatmap_layer, card.feature_layer, card.filter_layer)
            said = (card.class_names, card.input_shape, card.fit, card.polarity, layers)
        else:
            said = ()
        return hashlib.sha256(f"{weights} {said}".encode()).hexdigest()[:16]


def shipped_names() -> tuple[str, ...]:
    """Names of the shipped models, in the order in which they are taught, then by name."""
    there = {f.parent.name for f in storage.SHIPPED.glob(f"*/{MODEL_FILE}")}
    there = {name for name in there if (storage.SHIPPED / name / FILE).is_file()}
    return (
        *(name for name in SHIPPED if name in there),
        *sorted(there - set(SHIPPED)),
    )


def _moment(label: str) -> tuple[bool, int]:
    """Sorts labels by time: steps are only kept early on, before the epochs."""
    unit, number = _LABEL.fullmatch(label).groups()
    return unit == "epoch", int(number)


@lru_cache(maxsize=64)
def _card(folder: Path, _time: int, _size: int) -> Card:
    card = read_card(folder)
    if folder.parent == storage.SHIPPED:
        return card
    names = class_words(card.class_names, _shipped_classes())
    return replace(card, title=AsTyped(card.title), class_names=names)


@cache
def _shipped_classes() -> frozenset[tuple[str, ...]]:
    return frozenset(read_card(storage.SHIPPED / name).class_names for name in shipped_names())


@lru_cache(maxsize=64)
def _content(file: Path, _time: int, _size: int) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
