"""A training from the first look at the data to the finished model, in this process."""

from __future__ import annotations

import contextlib
import time
import traceback
from collections.abc import Callable

import numpy as np

from cnnviz.datasets.dataset import Dataset
from cnnviz.datasets.loading import load_dataset
from cnnviz.models.cards import FILE as CARD
from cnnviz.runs import events, locks
from cnnviz.runs.events import Event, EventWriter
from cnnviz.runs.run import Run, create_run
from cnnviz.storage import LOCAL_OWNER, write_whole
from cnnviz.training import keeping
from cnnviz.training.batches import Batches
from cnnviz.training.callbacks import EpochEnds, LiveCurve, Pauses, check_finite
from cnnviz.training.config import TrainingConfig
from cnnviz.training.devices import describe_device
from cnnviz.training.ending import Reserve, as_reason, describe, publish_model, write_outcome
from cnnviz.training.keeping import Position
from cnnviz.training.network import Network, network_for

QUICK_VAL = 1000  # validation images looked at in the middle of the first epoch
SAMPLES = 9

OnEvent = Callable[[Event], None]


def train(config: TrainingConfig, on_event: OnEvent | None = None, owner: str = LOCAL_OWNER) -> Run:
    """Train in this process until the end.

    Args:
        config: what to train; ``TrainingConfig()`` works.
        on_event: called with every event (see ``cnnviz.runs.events``) as it is written, from
            other threads, one at a time.
        owner: whose run it is.

    Raises:
        BadInput: a setting is unknown or out of range.
        CnnvizError: the training failed; its run is kept and says why.
    """
    run, lock = create_run(config.check().to_json(), owner)
    try:
        carry_out(run, on_event)
    finally:
        locks.let_go(lock)
    if error := run.error:
        raise error
    return run


def carry_out(run: Run, on_event: OnEvent | None = None, ready: Network | None = None) -> None:
    """Begin a run, or go on with one that was killed; ends by writing how it ended.

    The caller holds the run's lock. ``ready`` is a network made beforehand, used when it fits.
    """
    reserve = Reserve(run.folder)
    training = Training(run, on_event, ready)
    reason, details = None, ""
    try:
        status, figures = training.work()
    except KeyboardInterrupt:
        status, figures = "stopped", training.figures()
        raise
    except Exception as error:  # whatever it was, the run says so in a sentence
        status, figures = "failed", training.figures()
        reason, details = as_reason(error), traceback.format_exc()
    except BaseException:
        status = None  # told to end at once: somebody may resume it
        raise
    finally:
        if status:
            write_outcome(run.folder, reserve, status, figures, reason, details)
            keeping.forget_state(run.folder)
            training.close(status)


class Training:
    """One run on its way through its epochs."""

    def __init__(self, run: Run, on_event: OnEvent | None, ready: Network | None) -> None:
        self.folder, self._on_event, self._ready = run.folder, on_event, ready
        self.config = TrainingConfig.from_json(run.config)
        self.position = Position()
        self._best: list[np.ndarray] | None = None
        self._best_is_new = False
        self._writer: EventWriter | None = None
        self._began = time.monotonic()

    def work(self) -> tuple[str, dict]:
        """Train to the end or to a stop; returns the status and the figures of the outcome."""
        config = self.config = self.config.check()
        data = load_dataset(config.dataset, "train", limit=config.limit, complete=config.complete)
        self._val = load_dataset(config.dataset, "val", complete=config.complete)
        self._network = network_for(
            config, data.images.shape[1:], len(data.class_names), self._ready
        )
        self._batches = Batches(
            data.images, data.labels, config.batch_size, config.augmentation, config.seed
        )
        self._samples = _pick_samples(self._val)
        self._open_diary(data)
        stopped = self.position.epoch < config.epochs and self._fit()
        if stopped:
            self._validate_whole()
            self._keep(f"step-{self.position.step}")
        figures = self.figures()
        figures |= publish_model(
            self.folder, self._network, self._best, config, self._val, figures, not stopped
        )
        return "stopped" if stopped else "finished", figures

    def figures(self) -> dict:
        """Where the training stands, for the outcome."""
        at = self.position
        known = at.best_step > 0
        return {
            "epoch": at.epoch,
            "step": at.step,
            "seconds": round(at.seconds + time.monotonic() - self._began, 1),
            "best_epoch": at.best_epoch,
            "best_step": at.best_step if known else None,
            "val_accuracy": round(at.best_accuracy, 6) if known else None,
            "val_loss": round(at.best_loss, 6) if known else None,
            "val_images": len(self._val) if known else None,
        }

    def close(self, status: str) -> None:
        """The last entry of the diary, as far as the disk lets us."""
        if self._writer is None:
            return
        with contextlib.suppress(OSError):  # a full disk: the outcome is what counts
            self._writer.write("end", status=status, step=self.position.step)
        self._writer.close()

    def _open_diary(self, data: Dataset) -> None:
        kept = keeping.load_state(self.folder)
        if kept is None:
            events.cut(self.folder, 0)
        else:
            self.position, state, self._best = kept
            self._network.restore(state)
            events.cut(self.folder, self.position.offset)
        self._writer = EventWriter(self.folder, self._on_event)
        if kept:
            self._writer.write("resume", step=self.position.step, epoch=self.position.epoch)
            return
        self._writer.write(
            "start",
            steps_per_epoch=len(self._batches),
            epochs=self.config.epochs,
            batch_size=self._batches.batch_size,
            images=len(data),
            val_images=len(self._val),
            class_names=list(data.class_names),
            sample_indices=self._samples.tolist(),
            sample_labels=self._val.labels[self._samples].tolist(),
            **describe_device(),
        )
        card = describe(self._network.model, self.config, data.class_names)
        write_whole(self.folder / CARD, card.to_json().encode())
        self._checkpoint("step-0", 0)
        self._show_samples(0)

    def _fit(self) -> bool:
        """Run the epochs that are left; returns whether somebody stopped it."""
        steps = len(self._batches)
        self._curve = LiveCurve(self._writer, self._batches.batch_size, steps, self.config.epochs)
        # Quarters of the first epoch: that is where most of the learning happens.
        quarters = frozenset(q for i in (1, 2, 3) if 0 < (q := i * steps // 4) < steps)
        self._pauses = Pauses(
            self.folder,
            self._curve,
            steps,
            self.position.step,
            quarters,
            self._validate_part,
            self._checkpoint,
        )
        self._network.model.fit(
            self._batches.as_tensors(),
            epochs=self.config.epochs,
            initial_epoch=self.position.epoch,
            verbose=0,
            shuffle=False,  # the batches are
            callbacks=[
                self._curve,
                self._pauses,
                EpochEnds(self._pauses, self._begin_epoch, self._end_epoch),
            ],
        )
        self.position.step = self._pauses.step
        return self._pauses.stopped and self.position.epoch < self.config.epochs

    def _begin_epoch(self, epoch: int) -> None:
        """``epoch`` counts from 0, as Keras does."""
        self._batches.epoch = epoch
        self._epoch_began = time.monotonic()

    def _end_epoch(self, epoch: int, loss: float, accuracy: float) -> None:
        """After the last step of a whole epoch; its checkpoint is what a crash falls back to."""
        self.position.epoch, self.position.step = epoch + 1, self._pauses.step
        val_loss, val_accuracy = self._validate_whole()
        self._writer.write(
            "epoch",
            epoch=epoch + 1,
            step=self.position.step,
            loss=round(loss, 6),
            accuracy=round(accuracy, 6),
            val_loss=val_loss,
            val_accuracy=val_accuracy,
            seconds=round(time.monotonic() - self._epoch_began, 3),
        )
        self._keep(f"epoch-{epoch + 1}")
        now = time.monotonic()
        self.position.seconds, self._began = self.position.seconds + now - self._began, now
        self.position.offset = self._writer.offset
        best = self._best if self._best_is_new else None
        keeping.save_state(self.folder, self.position, self._network.state(), best)

    def _validate_part(self, step: int) -> None:
        self._validate(self._val.images[:QUICK_VAL], self._val.labels[:QUICK_VAL], step)

    def _validate_whole(self) -> tuple[float, float]:
        at = self.position
        loss, accuracy = self._validate(self._val.images, self._val.labels, at.step)
        self._best_is_new = (accuracy, -loss) > (at.best_accuracy, -at.best_loss)
        if self._best_is_new:
            at.best_accuracy, at.best_loss, at.best_step = accuracy, loss, at.step
            at.best_epoch = at.epoch if at.step == at.epoch * len(self._batches) else None
            self._best = self._network.model.get_weights()
        return loss, accuracy

    def _validate(self, images: np.ndarray, labels: np.ndarray, step: int) -> tuple[float, float]:
        loss, accuracy = (round(x, 6) for x in self._network.measure(images, labels))
        check_finite(self._curve, loss, step)
        self._writer.write(
            "validation",
            step=step,
            epoch=(step - 1) // len(self._batches) + 1,
            loss=loss,
            accuracy=accuracy,
            images=len(labels),
        )
        self._show_samples(step)
        return loss, accuracy

    def _show_samples(self, step: int) -> None:
        shares = self._network.probabilities(self._val.images[self._samples])
        labels = self._val.labels[self._samples].tolist()
        rounded = np.round(shares.astype(float), 4).tolist()
        self._writer.write("samples", step=step, labels=labels, probabilities=rounded)

    def _keep(self, label: str) -> None:
        self._checkpoint(label, self.position.step, self._best_is_new)

    def _checkpoint(self, label: str, step: int, best: bool = False) -> None:
        keeping.save_checkpoint(self.folder, label, self._network.model.get_weights(), best)
        self._writer.write("checkpoint", label=label, step=step)


def _pick_samples(val: Dataset) -> np.ndarray:
    """Indices of nine validation images, of as many classes as there are, always the same."""
    order = np.random.default_rng(0).permutation(len(val))
    _, first = np.unique(val.labels[order], return_index=True)
    chosen = np.concatenate([order[np.sort(first)], order])
    return chosen[np.sort(np.unique(chosen, return_index=True)[1])][:SAMPLES]
