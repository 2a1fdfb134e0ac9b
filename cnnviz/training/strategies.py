"""One training on several devices: each learns from its part of every batch (data parallel).

TensorFlow's strategies keep a copy of all weights on every device and add up the gradients of the
parts, so that a step is the step of the whole batch, and all copies stay the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache

import keras
import tensorflow as tf

from cnnviz.errors import BadInput
from cnnviz.models.structure import walk
from cnnviz.training.batches import Batches
from cnnviz.training.config import TrainingConfig


def strategy_for(config: TrainingConfig, batch_size: int) -> tf.distribute.Strategy:
    """How the devices of this process share a training: one, unless the config asks for all.

    Parts of a batch are of equal size, or the mean over the devices would not be the mean over the
    images; so of n devices, as many are at work as the batch can be shared among.

    Args:
        config: checked settings.
        batch_size: images in a batch.
    """
    usable = devices() if config.devices == "all" else []
    count = max((n for n in range(1, len(usable) + 1) if batch_size % n == 0), default=1)
    return _mirrored(*usable[:count]) if count > 1 else ONE


@lru_cache
def _mirrored(*chosen: str) -> tf.distribute.Strategy:
    """One for all trainings of this process on these devices.

    TensorFlow numbers what devices add up together, each strategy beginning with the same number;
    two strategies would take each other's sums. Its own tests make the numbers differ like this.
    """
    tf.distribute.MirroredStrategy._collective_key_base += 1000
    return tf.distribute.MirroredStrategy(list(chosen))


def devices() -> list[str]:
    """The graphics cards that this process sees, or, where there are none, its processors."""
    found = tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")
    return [device.name for device in found]


def synchronize(model: keras.Model) -> None:
    """Let batch normalisation see the whole batch, not only the part of its device."""
    for step in walk(model):
        if isinstance(step.operation, keras.layers.BatchNormalization):
            step.operation.synchronized = True


def dealt(
    batches: Batches, strategy: tf.distribute.Strategy, first: int = 0, last: int | None = None
) -> Iterator:
    """``batches.as_tensors`` for the devices of a strategy: each is dealt its part of every batch.

    Every process makes the whole batch and keeps what is for its devices: so shuffling and
    augmentation are those of one device, to the last pixel.

    Raises:
        BadInput: the parts would not be of equal size.
    """
    whole, count = batches.as_tensors(first, last), strategy.num_replicas_in_sync
    if count == 1:
        return iter(whole)
    if batches.batch_size % count:
        raise BadInput(
            "A batch of {images} images cannot be shared equally among {count} devices.",
            images=batches.batch_size,
            count=count,
        )

    def parts(context: tf.distribute.InputContext) -> tf.data.Dataset:
        mine = count // context.num_input_pipelines
        begin = context.input_pipeline_id * mine

        def split(values: tf.Tensor) -> tf.Tensor:
            shape = (count, values.shape[0] // count, *values.shape[1:])
            return tf.reshape(values, shape)[begin : begin + mine]

        dealt_out = whole.map(lambda *batch: tuple(map(split, batch))).unbatch()
        # Without an end: else every step would begin with asking all devices for theirs.
        return dealt_out.repeat().prefetch(2 * mine)

    return iter(strategy.distribute_datasets_from_function(parts))


def step_of_all(model: keras.Model, strategy: tf.distribute.Strategy) -> Callable[[Iterator], dict]:
    """Keras' own step on the devices of several processes, in the place of ``train_function``.

    Keras 3 makes one as well, but cannot put together what it returns: it takes the mean over
    axis 0 of numbers that have none (https://github.com/keras-team/keras/issues/20585).
    """

    @tf.function(autograph=False)
    def step(parts: Iterator) -> dict:
        found = strategy.run(model.train_step, args=(parts.get_next(),))
        return {name: strategy.reduce("MEAN", value, axis=None) for name, value in found.items()}

    return step


ONE = tf.distribute.get_strategy()  # that does nothing
GONE = (  # what a process gets to know when another one at the same training is gone
    tf.errors.UnavailableError,
    tf.errors.AbortedError,
    tf.errors.CancelledError,
    tf.errors.DeadlineExceededError,
)
