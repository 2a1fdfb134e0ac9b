"""The learning rate of every step: schedule times what people and plateaus have changed."""

from __future__ import annotations

from cnnviz.runs.events import EventWriter
from cnnviz.training.config import TrainingConfig
from cnnviz.training.curve import short
from cnnviz.training.keeping import Position
from cnnviz.training.network import Network
from cnnviz.training.schedules import Plateau, rate_at

STAIRS = 250  # a schedule's curve has as many stairs at most: setting a rate takes a while


class Pace:
    """Sets the learning rate between steps.

    Args:
        config: checked settings.
        position: ``factor`` and ``plateau`` are kept there, so that they outlive the process.
        steps: of the whole training.
        writer: of the diary.
    """

    def __init__(
        self, config: TrainingConfig, position: Position, steps: int, writer: EventWriter
    ) -> None:
        self._config, self._position, self._steps = config, position, steps
        self._stair, self._writer = max(1, steps // STAIRS), writer
        self._plateau: Plateau | None = None
        if config.schedule == "reduce_on_plateau":
            self._plateau = Plateau()
            if position.plateau:
                self._plateau.restore(position.plateau)

    @property
    def rate(self) -> float:
        """Of the next step."""
        return self._scheduled() * self._position.factor

    def set(self, network: Network) -> None:
        """Give the network the rate of the next step, where it is another one than before."""
        network.learning_rate = self.rate

    def ask(self, rate: float) -> None:
        """Another rate from the next step on; the schedule goes on from there, in proportion."""
        self._position.factor = rate / self._scheduled()
        self._tell("asked")

    def slow_down(self, share: float, why: str) -> None:
        """``share`` of what it would have been, from the next step on."""
        self._position.factor *= share
        self._tell(why)

    def end_epoch(self, val_loss: float) -> None:
        """Slow down where the validation loss falls no more, if the schedule is of the kind."""
        if self._plateau is None:
            return
        reduce = self._plateau.update(val_loss)
        self._position.plateau = self._plateau.state()
        if reduce:
            self.slow_down(self._plateau.factor, "plateau")

    def _scheduled(self) -> float:
        step = self._position.step
        return rate_at(self._config, step - step % self._stair, self._steps)

    def _tell(self, why: str) -> None:
        self._writer.write(
            "learning_rate", step=self._position.step, rate=short(self.rate), why=why
        )
