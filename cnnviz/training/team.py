"""Several processes, on several machines perhaps, at one training.

The chief trains as always and is the only one who writes. Each of the others has the same network
and makes the same steps with its own part of every batch. What has to be agreed upon the chief says
beforehand, a short word over a connection of its own: that an epoch begins, that more layers learn,
that a step is made and how large, that it is over. Commands, validation, early stopping and the
learning rate are thus the chief's business alone, and need no agreement about the last digit.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Sequence
from multiprocessing.connection import Client, Connection, Listener

import tensorflow as tf

from cnnviz.runs.run import Run
from cnnviz.training import keeping
from cnnviz.training.config import TrainingConfig
from cnnviz.training.keeping import Position
from cnnviz.training.material import prepare
from cnnviz.training.strategies import dealt


class Chief:
    """Whom the others follow.

    Args:
        strategy: that all have joined.
        listener: to which the others connect.
        others: how many they are.
    """

    def __init__(self, strategy: tf.distribute.Strategy, listener: Listener, others: int) -> None:
        self.strategy = strategy
        self._others: Sequence[Connection] = [listener.accept() for _ in range(others)]

    def say(self, word: str, value: float = 0) -> None:
        """Tell all others what comes next; they do it when they get there.

        Args:
            word: ``epoch`` (one begins), ``phase`` (``value`` layers of a pretrained base learn),
                ``step`` (``value`` is the learning rate) or ``end``.

        Raises:
            UnavailableError: one of them is gone.
        """
        message = json.dumps([word, value]).encode()
        try:
            for other in self._others:
                other.send_bytes(message)
        except OSError as error:
            raise tf.errors.UnavailableError(None, None, "a worker has gone") from error

    def close(self) -> None:
        """Let the others go."""
        with contextlib.suppress(tf.errors.UnavailableError):  # gone already
            self.say("end")
        for other in self._others:
            other.close()


def follow(
    run: Run, strategy: tf.distribute.Strategy, address: tuple[str, int], key: bytes
) -> None:
    """Do what the chief says until it is over; nothing is written.

    Args:
        run: the one that the chief carries out; its folder is read.
        strategy: that all have joined.
        address: of the chief's listener.
        key: the listener's.

    Raises:
        EOFError: the chief has gone.
        UnavailableError: somebody else has.
    """
    with Client(address, authkey=key) as chief:
        config = TrainingConfig.from_json(run.config).check()
        found = prepare(config, strategy=strategy)
        network, batches, at = found.network, found.batches, Position()
        if kept := keeping.load_state(run.folder):
            at, state, _best = kept
            network.restore(state)
        parts = dealt(batches, strategy, at.step, len(batches) * config.epochs)
        while True:
            word, value = json.loads(chief.recv_bytes())
            if word == "epoch":
                network.begin_epoch()
            elif word == "phase":
                network.begin_phase(int(value))
            elif word == "step":
                network.learning_rate = value
                network.model.train_function(parts)
            else:
                return
