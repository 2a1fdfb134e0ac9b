"""Searching for good settings: KerasTuner says what to try, each trial is an ordinary run.

A search is carried out trial by trial, and each trial is a turn of its own in the queue, so that
nobody waits for a whole search of somebody else. Whatever happens to the process, the next one goes
on with the trial that was under way, from the state that this has kept.
"""

from __future__ import annotations

import contextlib
import traceback
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from cnnviz import quotas
from cnnviz.errors import CnnvizError, NotFound
from cnnviz.runs import attempts, locks, queue, trials
from cnnviz.runs.events import Event, EventWriter
from cnnviz.runs.run import COMMANDS, PAUSE, STOP, Run, create_run
from cnnviz.runs.trials import Trial
from cnnviz.storage import LOCAL_OWNER, new_id, write_whole
from cnnviz.training import oracles
from cnnviz.training.ending import Reserve, as_reason, write_outcome
from cnnviz.training.learning import OnEvent
from cnnviz.training.loop import carry_out
from cnnviz.training.network import Network
from cnnviz.training.search_config import SearchConfig
from cnnviz.training.search_ending import figures, keep_best, let_others_go, measure_best

NEXT = "next"  # how a search is left that has more trials
_OVER = ("finished", "stopped", "failed")
_IN_VAIN = attempts.ENOUGH - 1  # before the search itself would have failed


def search(config: SearchConfig, on_event: OnEvent | None = None, owner: str = LOCAL_OWNER) -> Run:
    """Search for good settings in this process until the end; returns the search as a run.

    Args:
        config: what to try.
        on_event: called with every event of its diary (see ``cnnviz.runs.events``).
        owner: whose it is.

    Raises:
        BadInput: a setting is unknown or out of range.
        CnnvizError: no trial could be carried out; the search is kept and says why.
    """
    checked = config.check()
    run, lock = create_run(checked.base.to_json(), owner, search=checked.to_json())
    try:
        while carry_out_trial(run, on_event) == NEXT:
            pass
    finally:
        locks.let_go(lock)
    if error := run.error:
        raise error
    return run


def carry_out_trial(
    run: Run,
    on_event: OnEvent | None = None,
    ready: Network | None = None,
    should_yield: Callable[[], bool] | None = None,
    on_network: Callable[[Network], None] | None = None,
) -> str:
    """Carry out the next trial of a search, or go on with the one that was under way.

    The caller holds the search's lock; the arguments are those of ``loop.carry_out``.

    Returns:
        How the search was left: ``next``, there may be more trials; ``finished``, ``stopped`` or
        ``failed``, then its outcome is written; ``paused`` or ``yielded``, within a trial.
    """
    reserve = Reserve(run.folder)
    turn = _Turn(run, on_event, ready, should_yield, on_network)
    reason, details = None, ""
    try:
        status = turn.work()
    except KeyboardInterrupt:
        status = "stopped"
        keep_best(run)
        raise
    except Exception as error:  # a full disk; trials catch their own accidents
        status, reason, details = "failed", as_reason(error), traceback.format_exc()
    except BaseException:
        status = "yielded"
        raise
    finally:
        if status in _OVER:
            told, first = figures(run)
            if not told["completed"] and status == "finished":
                status, reason = "failed", first
            write_outcome(run.folder, reserve, status, told, reason, details)
            queue.withdraw(run.id)
        reserve.release()
        turn.close(status)
    return status


class _Turn:
    """One trial's turn; the arguments are explained above."""

    def __init__(
        self,
        run: Run,
        on_event: OnEvent | None,
        ready: Network | None,
        should_yield: Callable[[], bool] | None,
        on_network: Callable[[Network], None] | None,
    ) -> None:
        self._run, self._folder = run, run.folder
        self._how = {"ready": ready, "on_network": on_network}
        self._should_yield = should_yield
        self._writer = EventWriter(run.folder, on_event)
        self._config = SearchConfig.from_json(run.config, run.search or {})

    def work(self) -> str:
        """Carry the trial out; how the search is left."""
        if self._asked(PAUSE) and not self._asked(STOP):
            self._run.rest()
            return "paused"
        self._config = self._config.check()
        if not self._writer.offset:
            self._writer.write("start", steps_per_epoch=1, epochs=self._config.epochs)
        oracle = oracles.Oracle(self._folder, self._config)
        if self._asked(STOP):
            self._stop_last(oracle)
            return self._end("stopped")
        if (suggested := oracle.next()) is None:
            return self._end("finished")
        if oracles.number_of(suggested) > len(trials.listed(self._folder)):
            quotas.check(self._run.owner, quotas.RUN_TAKES)  # states of trials grow with networks
        trial = self._noted(suggested)
        left = self._carry_out(trial, oracle)
        if left == "yielded":
            return self._rest()
        ended = Run(trial.run)
        rows = {row["epoch"]: row["val_accuracy"] for row in ended.progress.epoch_rows}
        outcome = ended.outcome or {}
        if not rows and outcome.get("val_accuracy") is not None:  # stopped in its first epoch
            rows = {1: outcome["val_accuracy"]}
        failed = outcome.get("status") == "failed"
        oracle.report(suggested, {} if failed else rows, str(ended.error or ""))
        right = None if failed else max(rows.values(), default=None)
        self._tell("trial_end", trial, trial.epochs, status=ended.status, val_accuracy=right)
        keep_best(self._run)
        let_others_go(self._run, keep_state=self._config.tuner == "hyperband")
        return NEXT

    def close(self, status: str) -> None:
        """The last entry of the diary, where the search is over."""
        if status in _OVER:
            with contextlib.suppress(OSError):  # a full disk: the outcome is what counts
                step = sum(t.epochs - t.first for t in trials.listed(self._folder))
                self._writer.write("end", status=status, step=step)
        self._writer.close()

    def _rest(self) -> str:
        if self._asked(PAUSE):
            self._run.rest()
            return "paused"
        return "yielded"

    def _stop_last(self, oracle: oracles.Oracle) -> None:
        """A trial that was left on its way has its model made of what it has learned."""
        for trial in trials.listed(self._folder)[-1:]:
            try:
                run = Run(trial.run)
            except NotFound:
                return
            if run.outcome is not None:
                return
            if attempts.has_begun(run.folder):
                write_whole(run.folder / COMMANDS / STOP, b"")
                self._carry_out(trial, oracle)
            else:
                run.end("stopped")

    def _end(self, status: str) -> str:
        keep_best(self._run)  # whoever did so last may have been killed in the middle of it
        let_others_go(self._run)
        if status == "finished":
            measure_best(self._run)
        return status

    def _noted(self, suggested: oracles.Trial) -> Trial:
        """The trial in the search's list, where it is put before its run is made."""
        known, number = trials.listed(self._folder), oracles.number_of(suggested)
        if number <= len(known):
            return known[number - 1]
        trial = Trial(
            number,
            new_id(),
            oracles.values_of(suggested, self._config),
            *oracles.epochs_of(suggested, self._config),
            oracles.begun_by(suggested),
        )
        trials.write(self._folder, (*known, trial))
        return trial

    def _carry_out(self, trial: Trial, oracle: oracles.Oracle) -> str:
        """Train; returns how the trial was left."""
        try:
            run = Run(trial.run)
            lock = locks.take(run.folder)
        except NotFound:
            run, lock = self._made(trial)
        if lock is None:
            raise RuntimeError("a trial is at work elsewhere")
        try:
            if run.outcome is not None:  # it had ended, and then the process
                return run.status
            if attempts.in_vain(run.folder) >= _IN_VAIN:
                run.end("failed", attempts.reason(_IN_VAIN))
                return "failed"
            attempts.begin(run.folder)
            self._tell("trial", trial, run=trial.run)

            def hear(event: Event) -> None:
                if event["kind"] == "epoch":
                    oracle.got_further()
                    told = {name: event[name] for name in ("epoch", "val_accuracy")}
                    self._tell("trial_epoch", trial, event["epoch"], **told)

            keep = self._config.tuner == "hyperband"
            left = carry_out(
                run, hear, should_yield=lambda: self._to_leave(run), keep_state=keep, **self._how
            )
            attempts.leave(run.folder)
            return left
        finally:
            locks.let_go(lock)

    def _made(self, trial: Trial) -> tuple[Run, int]:
        """The run of a trial, and its lock; it has failed where there is no such network."""
        try:
            settings = self._config.settings_of(trial.values)
        except CnnvizError as error:
            settings = replace(self._config.base, title="")
            run, lock = create_run(
                settings.to_json(), self._run.owner, trial.run, parent=self._run.id
            )
            run.end("failed", error)
            return run, lock
        settings = replace(settings, epochs=trial.epochs)
        # The same values once more tell how much is chance, if chance begins elsewhere.
        again = sum(
            t.values == trial.values and t.begun_by is None and t.number < trial.number
            for t in trials.listed(self._folder)
        )
        if trial.begun_by is None and again:
            settings = replace(settings, seed=settings.seed + again)
        with contextlib.suppress(CnnvizError):  # its run will say so
            settings = settings.check()
        begun = self._state_of(trial.begun_by)
        return create_run(
            settings.to_json(), self._run.owner, trial.run, parent=self._run.id, begun=begun
        )

    def _state_of(self, number: int | None) -> Path | None:
        """The folder of an earlier trial that can be gone on from, if there is one."""
        if number is None:
            return None
        past = trials.listed(self._folder)[number - 1]
        try:
            folder = Run(past.run).folder
        except NotFound:  # deleted: it learns from the beginning
            return None
        return folder if (folder / attempts.STATE).exists() else None

    def _to_leave(self, run: Run) -> bool:
        """Whether the trial is to be left as it stands; a search that is stopped ends it."""
        if self._asked(STOP):
            write_whole(run.folder / COMMANDS / STOP, b"")
            return False
        return self._asked(PAUSE) or (self._should_yield is not None and self._should_yield())

    def _asked(self, command: str) -> bool:
        return (self._folder / COMMANDS / command).exists()

    def _tell(self, kind: str, trial: Trial, learned: int = 0, **told: object) -> None:
        """Write it down; ``learned`` is the number of epochs of this trial so far."""
        earlier = trials.listed(self._folder)[: trial.number - 1]
        step = sum(t.epochs - t.first for t in earlier) + max(0, learned - trial.first)
        self._writer.write(kind, trial=trial.number, step=step, **told)
