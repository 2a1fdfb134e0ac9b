"""A run: one training, kept as a folder that is the only truth about it.

::

    config.json    what was asked for            owner.json     whose it is, and since when
    events.jsonl   the diary (events.py)         outcome.json   how it ended; missing until then
    checkpoints/   weights in float16, to look at      resume/  weights and optimizer in full
    commands/      one file a wish: stop, pause, learning_rate (with the new rate as text)
    lock           held while the worker lives   paused         there while it rests
    insights/      one JSON file a kept moment (insights.py)
    card.json      of the network, from the start      model.keras  best weights, at the end
    log.txt        what the worker printed     attempts.json  of workers that did not come back

A search for good settings is a run too, whose trials are runs of their own (trials.py).
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from cnnviz import quotas, storage
from cnnviz.errors import BadInput, CnnvizError, NotFound, from_code
from cnnviz.runs import attempts, events, locks, outcomes, queue, trials
from cnnviz.runs.checkpoints import FOLDER, Checkpoint, list_checkpoints
from cnnviz.runs.progress import Event, Progress

CONFIG, OWNER, OUTCOME = "config.json", "owner.json", outcomes.FILE
CARD = "card.json"
COMMANDS = "commands"
STOP, PAUSE, LEARNING_RATE = "stop", "pause", "learning_rate"
PAUSED = "paused"  # marker: rests until somebody lets it go on
TEACHER = "teacher"  # stands in for the owner where a teacher's key was given


@dataclass(frozen=True)
class Run:
    """A handle on a run folder; raises NotFound when there is none under ``id``."""

    id: str

    def __post_init__(self) -> None:
        _ = self.folder

    @property
    def folder(self) -> Path:
        return storage.entry("runs", self.id)

    @cached_property
    def config(self) -> dict:
        """The settings as they were written: the fields of a ``TrainingConfig``."""
        return _read(self.folder / CONFIG) or {}

    @cached_property
    def _made(self) -> dict:
        return _read(self.folder / OWNER) or {}

    @property
    def title(self) -> str:
        """The name that it was given last."""
        return str((_read(self.folder / OWNER) or {}).get("title") or self.config.get("title", ""))

    @property
    def owner(self) -> str:
        return str(self._made.get("owner", ""))

    @property
    def created(self) -> float:
        """Seconds since 1970."""
        return float(self._made.get("created", 0.0))

    @cached_property
    def search(self) -> dict | None:
        """What a search for good settings tries, and how; None for a single training."""
        return _read(self.folder / trials.SEARCH)

    @property
    def parent(self) -> str | None:
        """The id of the search that it is a trial of; None for whatever stands for itself."""
        parent = self._made.get(trials.PARENT)
        return parent if parent and trials.is_there(parent) else None

    @property
    def reference(self) -> str:
        """The model reference of its best weights."""
        return f"run:{self.id}@best"

    @property
    def outcome(self) -> dict | None:
        """How it ended: status, reason (None, or code, template and values), figures; else None."""
        return _read(self.folder / OUTCOME)

    @property
    def error(self) -> CnnvizError | None:
        """Why it failed, as an error with a sentence."""
        reason = (self.outcome or {}).get("reason")
        return from_code(reason["code"], reason["template"], reason["values"]) if reason else None

    @property
    def status(self) -> str:
        """``waiting``, ``starting``, ``running``, ``paused``, ``finished``, ``stopped``, ``failed``
        or ``lost``.

        Waiting is a run in the queue that no worker has (yet, or again: its worker was killed).
        Lost is one that nobody works at and that is in no queue; it can be resumed. A trial waits
        and rests with its search.
        """
        alive = locks.is_held(self.folder)  # first: the outcome is written before it lets go
        if outcome := self.outcome:
            return str(outcome["status"])
        if not alive:
            if (self.folder / PAUSED).exists():
                return "paused"
            if queue.is_queued(self.id):
                return "waiting"
            return self._between_turns()
        diary = self.folder / events.FILE
        return "running" if diary.exists() and diary.stat().st_size else "starting"

    def _between_turns(self) -> str:
        search = Run(self.parent).status if self.parent else ""
        if search == "paused":
            return "paused"
        if search == "running" and attempts.is_under_way(self.folder):
            return "running"  # on a cluster a trial has no lease of its own, but its search's
        return "waiting" if search in ("waiting", "starting", "running") else "lost"

    @property
    def active(self) -> bool:
        """Whether a worker has it."""
        return self.status in ("starting", "running")

    @property
    def pending(self) -> bool:
        """Whether it will go on by itself: waiting for its turn, or at work."""
        return self.status in ("waiting", "starting", "running")

    def events(self) -> tuple[Event, ...]:
        """The diary so far, from the reader that this process shares."""
        return events.reader_for(self.id).snapshot()[1]

    @property
    def progress(self) -> Progress:
        """Curves, figures and samples so far."""
        return events.reader_for(self.id).progress()[1]

    @property
    def checkpoints(self) -> tuple[Checkpoint, ...]:
        """The kept moments by step."""
        return list_checkpoints(self.folder, self.progress.steps_per_epoch)

    @storage.needing_room()
    def request_stop(self, owner: str = storage.LOCAL_OWNER) -> None:
        """Ask for an early end that keeps what was learned.

        At work it stops after the current batch. Where nobody works at it, it ends at once; once
        it has learned something, it goes back into the queue, for its model has to be made.

        Raises:
            BadInput: the run belongs to somebody else.
            NotPossible: the disk is full; so it is with the other wishes.
        """
        self._command(STOP, "", owner)
        if self.parent:  # its search goes on with the next one
            return
        with self._if_nobody_works() as free:
            if not free:
                return
            if attempts.has_begun(self.folder):
                (self.folder / PAUSED).unlink(missing_ok=True)
                queue.enqueue(self.id)
            else:
                self.end("stopped")

    @storage.needing_room()
    def request_pause(self, owner: str = storage.LOCAL_OWNER) -> None:
        """Ask it to rest and make room for others: after the current batch, or out of the queue.

        Raises:
            BadInput: the run belongs to somebody else, or is a trial of a search.
        """
        self._check_alone()
        self._command(PAUSE, "", owner)
        with self._if_nobody_works() as free:
            if free:
                self.rest()

    @storage.needing_room()
    def request_learning_rate(self, rate: float, owner: str = storage.LOCAL_OWNER) -> None:
        """Ask for another learning rate from the next batch on; a schedule goes on from there.

        Raises:
            BadInput: the run belongs to somebody else or to a search, or the rate is out of range.
        """
        self._check_alone()
        if not 1e-7 <= rate <= 1e6:
            raise BadInput(
                "“{setting}” must lie between {minimum} and {maximum}, not {value}.",
                setting="learning_rate",
                minimum=1e-7,
                maximum=1e6,
                value=rate,
            )
        self._command(LEARNING_RATE, f"{rate:.6g}", owner)

    def _command(self, name: str, text: str, owner: str) -> None:
        self.check_owner(owner)
        storage.write_whole(self.folder / COMMANDS / name, text.encode())

    def withdraw(self, command: str) -> None:
        """Take a command back that no worker has seen."""
        (self.folder / COMMANDS / command).unlink(missing_ok=True)

    def rest(self) -> None:
        """Leave the queue until somebody lets it go on; the caller holds its lock."""
        storage.write_whole(self.folder / PAUSED, b"")
        self.withdraw(PAUSE)
        queue.withdraw(self.id)

    def end(self, status: str, reason: CnnvizError | None = None) -> None:
        """End it without a worker; the caller holds its lock. Raises OSError (disk full)."""
        outcomes.end(self.folder, status, self.progress, reason)
        (self.folder / PAUSED).unlink(missing_ok=True)
        queue.withdraw(self.id)

    @contextmanager
    def _if_nobody_works(self) -> Iterator[bool]:
        """Whether it has not ended and no worker has it, nor can take it meanwhile."""
        lock = locks.take(self.folder, patience=0.1)
        try:
            yield lock is not None and self.outcome is None
        finally:
            if lock is not None:
                locks.let_go(lock)

    @storage.needing_room()
    def rename(self, title: str, owner: str = storage.LOCAL_OWNER) -> None:
        """Give it another name; an empty one brings the name of its settings back.

        Raises:
            BadInput: the run belongs to somebody else.
        """
        self.check_owner(owner)
        made = {**self._made, "title": title.strip()[:80]}
        storage.write_whole(self.folder / OWNER, json.dumps(made).encode())

    def _check_alone(self) -> None:
        """A trial that was steered on its way would tell nothing about its settings."""
        if self.parent:
            raise BadInput("This is a trial of a search: pause or stop the search.")

    def check_owner(self, owner: str) -> None:
        """Raise BadInput when the run belongs to somebody else; a teacher may do everything."""
        if owner not in (self.owner, TEACHER):
            raise BadInput(
                "The training “{title}” belongs to somebody else: you can watch it, but not "
                "change it.",
                title=self.title[:40],
            )


def create_run(
    config: dict,
    owner: str,
    identifier: str | None = None,
    search: dict | None = None,
    parent: str | None = None,
    begun: Path | None = None,
) -> tuple[Run, locks.Hold]:
    """A new run folder and the hold on its lock, which is held from before it can be seen.

    Args:
        config: the settings, as JSON.
        owner: whose it is.
        identifier: one of ``storage.new_id``, made here when None.
        search: what a search tries, and how.
        parent: the search that it is a trial of.
        begun: the folder of a run from whose state it goes on.
    """
    identifier = identifier or storage.new_id()
    with storage.publish("runs", identifier) as folder:
        (folder / COMMANDS).mkdir()
        (folder / FOLDER).mkdir()
        text = json.dumps(config, indent=1, ensure_ascii=False)
        (folder / CONFIG).write_text(text, encoding="utf-8")
        if search is not None:
            (folder / trials.SEARCH).write_text(json.dumps(search, indent=1), encoding="utf-8")
        if begun is not None:
            trials.copy_progress(begun, folder)
        made = {"owner": owner, "created": time.time()} | (
            {trials.PARENT: parent} if parent else {}
        )
        (folder / OWNER).write_text(json.dumps(made), encoding="utf-8")
        lock = locks.take(folder)
    return Run(identifier), lock


def list_runs(owner: str | None = None) -> list[Run]:
    """The runs of one person, or (None) of all, newest first; a search stands for its trials."""
    found = []
    for folder in storage.area("runs").iterdir():
        try:
            run = Run(folder.name)
        except NotFound:  # a folder that is being made, or that is none of ours
            continue
        if (owner is None or run.owner == owner) and not run.parent:
            found.append(run)
    return sorted(found, key=lambda r: (r.created, r.id), reverse=True)


def delete_run(run_id: str, owner: str = storage.LOCAL_OWNER) -> None:
    """Delete a run and everything in it; a search with its trials.

    Raises:
        NotFound: there is no such run.
        BadInput: it belongs to somebody else, is still at work, or is a trial of a search that
            has not ended.
    """
    run = Run(run_id)
    run.check_owner(owner)
    if run.parent and Run(run.parent).outcome is None:
        raise BadInput("This is a trial of a search that has not ended. Stop the search first.")
    lock = locks.take(run.folder)
    if lock is None:
        raise BadInput("This training is still at work. Stop it first, then delete it.")
    try:
        queue.withdraw(run_id)
        its_trials = trials.folders(run.folder)
        for folder in its_trials:  # first: without the search they would be trainings of their own
            with suppress(FileNotFoundError):
                storage.remove(folder)
        storage.remove(run.folder)
    finally:
        locks.let_go(lock)


@storage.needing_room()
def make_model(run_id: str, owner: str = storage.LOCAL_OWNER, title: str = "") -> str:
    """Copy the result of an ended run into the models; returns its reference, ``model:<id>``.

    Anybody may make a model of a run that they can see. ``title`` replaces the card's.

    Raises:
        NotFound: there is no such run.
        BadInput: it has no finished network (yet).
        OverQuota: this person has no room left.
    """
    run = Run(run_id)
    if not (run.folder / "model.keras").is_file():
        raise BadInput("This training has not kept a finished network (yet).")
    size = (run.folder / "model.keras").stat().st_size
    card = json.loads((run.folder / CARD).read_text(encoding="utf-8"))
    card["title"] = title.strip()[:80] or card["title"]
    identifier = storage.new_id()
    with quotas.room(owner, size), storage.publish("models", identifier) as folder:
        shutil.copyfile(run.folder / "model.keras", folder / "model.keras")
        text = json.dumps(card, indent=1, ensure_ascii=False)
        (folder / CARD).write_text(text + "\n", encoding="utf-8")
        made = {"owner": owner, "created": time.time(), "run": run_id}
        (folder / OWNER).write_text(json.dumps(made), encoding="utf-8")
    return f"model:{identifier}"


def _read(path: Path) -> dict | None:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
