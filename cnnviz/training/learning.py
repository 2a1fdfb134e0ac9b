"""One training on its way through its epochs."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np

from cnnviz.datasets.dataset import Dataset
from cnnviz.datasets.loading import load_dataset
from cnnviz.models.cards import FILE as CARD
from cnnviz.runs import events
from cnnviz.runs.checkpoints import EARLY_STEPS
from cnnviz.runs.events import Event, EventWriter
from cnnviz.runs.run import PAUSED, Run
from cnnviz.storage import write_whole
from cnnviz.training import keeping
from cnnviz.training.config import TrainingConfig
from cnnviz.training.curve import LiveCurve, check_finite, short
from cnnviz.training.devices import describe_device
from cnnviz.training.ending import describe, publish_model
from cnnviz.training.keeping import Position
from cnnviz.training.material import prepare
from cnnviz.training.network import Network
from cnnviz.training.pace import Pace
from cnnviz.training.recording import QUICK_VAL, Recorder, Verdict
from cnnviz.training.strategies import dealt
from cnnviz.training.wishes import Wishes

if TYPE_CHECKING:  # few trainings have one
    from cnnviz.training.team import Chief

PRETRAINED_SHARE = 0.1  # of the learning rate, from when on layers of a pretrained base learn too

OnEvent = Callable[[Event], None]


class Training:
    """What ``loop.carry_out`` carries out; the arguments are explained there."""

    def __init__(
        self,
        run: Run,
        on_event: OnEvent | None,
        ready: Network | None,
        should_yield: Callable[[], bool] | None,
        on_network: Callable[[Network], None] | None,
        team: Chief | None = None,
    ) -> None:
        self.run, self.folder = run, run.folder
        self._on_event, self._ready, self._on_network = on_event, ready, on_network
        self._team = team
        self.config = TrainingConfig.from_json(run.config)
        self.position = Position()
        self._best: list[np.ndarray] | None = None
        self._best_is_new = False
        self._writer: EventWriter | None = None
        self._logs = None
        self._began = time.monotonic()
        self._wishes = Wishes(self.folder, should_yield, self._change_rate)

    def work(self) -> tuple[str, dict | None]:
        """Train until it is over or to be left: how, and the outcome's figures if it is over."""
        config = self.config = self.config.check()
        found = prepare(config, self._ready, self._team and self._team.strategy)
        self._val = load_dataset(config.dataset, "val", complete=config.complete)
        self._network, self._batches = found.network, found.batches
        if self._on_network:
            self._on_network(self._network)
        self._steps = len(self._batches)
        self._open_diary(found.data)
        left = self._learn()
        if left in ("paused", "yielded"):
            self._rest(left)
            return left, None
        at = self.position
        if at.step > at.epoch * self._steps:
            self._curve.flush(at.step)
            with self._network.evaluating():
                self._keep(f"step-{at.step}", None, self._validate(None))
        figures = self.figures()
        # Of the trials of a search, only the best is to see the test images, once.
        test = left == "finished" and self.run.parent is None
        figures |= publish_model(
            self.folder, self._network, self._best, config, self._val, figures, test
        )
        return left, figures

    def figures(self) -> dict:
        """Where the training stands, for the outcome."""
        at = self.position
        known = at.best_step > 0
        return {
            "epoch": at.epoch,
            "step": at.step,
            "seconds": round(at.seconds + time.monotonic() - self._began, 1),
            "stopped_early": at.stopped_early,
            "best_epoch": at.best_epoch,
            "best_step": at.best_step if known else None,
            "val_accuracy": round(at.best_accuracy, 6) if known else None,
            "val_loss": round(at.best_loss, 6) if known else None,
            "val_images": len(self._val) if known else None,
        }

    def close(self, status: str | None) -> None:
        """The last entry of the diary, as far as the disk lets us; None where it is not over."""
        if self._writer is None:
            return
        with contextlib.suppress(OSError):  # a full disk: the outcome is what counts
            if status:
                self._writer.write("end", status=status, step=self.position.step)
            if self._logs:
                self._logs.close()
        self._writer.close()

    def _open_diary(self, data: Dataset) -> None:
        kept = keeping.load_state(self.folder)
        if kept is None:
            events.cut(self.folder, 0)
        else:
            self.position, state, self._best = kept
            self._network.restore(state)
            events.cut(self.folder, self.position.offset)
        if self.config.tensorboard:
            from cnnviz.training.tensorboard import Logs  # few want it

            self._logs = Logs(self.folder)
        self._writer = EventWriter(self.folder, self._tell)
        self._recorder = Recorder(self.folder, self._network, self._val, self._writer)
        at = self.position
        if kept:
            (self.folder / PAUSED).unlink(missing_ok=True)
            self._go_on()
        else:
            self._write_start(data)
        self._curve = LiveCurve(
            self._writer, self._batches.batch_size, self._steps, self.config.epochs
        )
        self._pace = Pace(self.config, at, self._steps * self.config.epochs, self._writer)

    def _go_on(self) -> None:
        """Where a training rested, broke off, or was to end before it was made longer."""
        at, before = self.position, self.run.progress.epochs
        why = "asked" if at.resting else "broke_off"
        if at.epoch and at.epoch == before < self.config.epochs:
            why = "longer"
        at.resting = False
        epochs = self.config.epochs
        self._writer.write("resume", step=at.step, epoch=at.epoch, why=why, epochs=epochs)

    def _tell(self, event: Event) -> None:
        if self._logs:
            self._logs.write(event)
        if self._on_event:
            self._on_event(event)

    def _write_start(self, data: Dataset) -> None:
        self._writer.write(
            "start",
            steps_per_epoch=self._steps,
            epochs=self.config.epochs,
            batch_size=self._batches.batch_size,
            images=len(data),
            val_images=len(self._val),
            class_names=list(data.class_names),
            sample_indices=self._recorder.samples.tolist(),
            sample_labels=self._val.labels[self._recorder.samples].tolist(),
            **describe_device(self._network.strategy.num_replicas_in_sync),
        )
        card = describe(self._network.model, self.config, data.class_names)
        write_whole(self.folder / CARD, card.to_json().encode())
        self._recorder.keep("step-0", 0)
        self._recorder.show_samples(0)

    def _learn(self) -> str:
        """The epochs that are left; returns ``finished``, or how it is to be left before that.

        The loop of ``fit``, with its compiled step, in our own hands: ``fit`` can be left in the
        middle of an epoch, but not entered there, calls hooks around every step, and swaps averaged
        weights in for good when it returns.
        """
        at, epochs = self.position, self.config.epochs
        # Quarters of the first epoch: that is where most of the learning happens.
        self._quarters = {i * self._steps // 4 for i in (1, 2, 3)} - {0, self._steps}
        batches = dealt(self._batches, self._network.strategy, at.step, self._steps * epochs)
        for epoch in range(at.epoch, 0 if at.stopped_early else epochs):
            self._begin_epoch(epoch)
            while at.step < (epoch + 1) * self._steps:
                if left := self._wishes.leave(at.step):
                    return left
                self._step(batches)
            if self._end_epoch():
                break
        return "finished"

    def _begin_epoch(self, epoch: int) -> None:
        """``epoch`` counts from 0; some of its steps may have been done before."""
        at = self.position
        self._enter_phase(epoch)
        self._say("epoch")
        self._network.begin_epoch()
        self._curve.begin_epoch(epoch, at.step - epoch * self._steps, at.sums)
        self._epoch_began = time.monotonic() - at.epoch_seconds
        at.sums, at.epoch_seconds = None, 0.0

    def _enter_phase(self, epoch: int) -> None:
        """More of a pretrained network learns once its new end has learned something."""
        settings = self.config.parameters
        due = self._network.phase == 0 and epoch >= settings["frozen_epochs"]
        if not due or not settings["unfreeze"]:
            return
        self._say("phase", settings["unfreeze"])
        self._network.begin_phase(settings["unfreeze"])
        step = self.position.step
        self._writer.write("phase", step=step, epoch=epoch + 1, trainable=settings["unfreeze"])
        self._pace.slow_down(PRETRAINED_SHARE, "phase")

    def _step(self, batches: Iterator) -> None:
        at = self.position
        self._curve.learning_rate = rate = self._pace.rate
        self._say("step", rate)
        self._network.learning_rate = rate
        means = self._network.model.train_function(batches)
        at.step += 1
        self._curve.after(at.step, means)
        if at.step in EARLY_STEPS or at.step in self._quarters:
            check_finite(float(means["loss"]), at.step, rate)
            with self._curve.paused(), self._network.evaluating():
                if at.step in EARLY_STEPS:
                    self._recorder.keep(f"step-{at.step}", at.step)
                if at.step in self._quarters:
                    self._validate(QUICK_VAL)

    def _say(self, word: str, value: float = 0) -> None:
        """To the other processes at this training, where there are any."""
        if self._team:
            self._team.say(word, value)

    def _end_epoch(self) -> bool:
        """After the last step of an epoch; its state is what a crash falls back to.

        Returns whether to end early.
        """
        at = self.position
        self._curve.flush(at.step)
        at.epoch += 1
        with self._network.evaluating():
            verdict = self._validate(None)
            self._writer.write(
                "epoch",
                epoch=at.epoch,
                step=at.step,
                **{name: round(sum_ / self._steps, 6) for name, sum_ in self._curve.sums.items()},
                val_loss=verdict.loss,
                val_accuracy=verdict.accuracy,
                learning_rate=short(self._curve.learning_rate),
                seconds=round(time.monotonic() - self._epoch_began, 3),
            )
            self._keep(f"epoch-{at.epoch}", at.epoch, verdict)
        keeping.thin(self.folder, at.epoch, at.best_epoch)
        self._pace.end_epoch(verdict.loss)
        self._wait_for_better(verdict.loss)
        self._save_state()
        return at.stopped_early

    def _wait_for_better(self, val_loss: float) -> None:
        at, patience = self.position, self.config.early_stopping
        at.waited = 0 if val_loss < at.lowest_loss else at.waited + 1
        at.lowest_loss = min(at.lowest_loss, val_loss)
        at.stopped_early = patience is not None and at.waited >= patience

    def _change_rate(self, rate: float) -> None:
        self._pace.ask(rate)
        self._save_unfinished()  # or a crash would bring the old rate back

    def _rest(self, left: str) -> None:
        """Keep exactly where it stands, in the middle of an epoch as well."""
        at = self.position
        at.resting = left == "paused"
        self._curve.flush(at.step)
        if at.resting:
            self._writer.write("pause", step=at.step)
        self._save_unfinished()
        if at.resting:
            self.run.rest()

    def _save_unfinished(self) -> None:
        at = self.position
        self._curve.flush(at.step)
        at.sums = dict(self._curve.sums)
        at.epoch_seconds = time.monotonic() - self._epoch_began
        self._save_state()
        at.sums, at.epoch_seconds = None, 0.0

    def _save_state(self) -> None:
        at, now = self.position, time.monotonic()
        at.seconds, self._began = at.seconds + now - self._began, now
        at.offset = self._writer.offset
        best = self._best if self._best_is_new else None
        keeping.save_state(self.folder, at, self._network.state(), best)
        self._best_is_new = False

    def _keep(self, label: str, epoch: int | None, verdict: Verdict) -> None:
        """A moment that all validation images have judged; it may be the best so far."""
        at = self.position
        best = (verdict.accuracy, -verdict.loss) > (at.best_accuracy, -at.best_loss)
        self._recorder.keep(label, at.step, epoch, verdict.confusion, best)
        if best:
            at.best_accuracy, at.best_loss = verdict.accuracy, verdict.loss
            at.best_step, at.best_epoch = at.step, epoch
            self._best, self._best_is_new = self._network.model.get_weights(), True

    def _validate(self, images: int | None) -> Verdict:
        step = self.position.step
        verdict = self._recorder.validate(step, (step - 1) // self._steps + 1, images)
        check_finite(verdict.loss, step, self._curve.learning_rate)
        return verdict
