"""The network of a training, compiled, and able to be made ready before anybody asks for it."""

from __future__ import annotations

import keras
import numpy as np
import tensorflow as tf

from cnnviz.models.networks import build
from cnnviz.training.batches import Batches
from cnnviz.training.config import TrainingConfig

FORWARD_BATCH = 500


class Network:
    """A compiled network of the architecture, size and optimizer that a config asks for.

    Args:
        config: checked settings.
        input_shape: (h, w, c).
        classes: number of classes.
    """

    def __init__(
        self, config: TrainingConfig, input_shape: tuple[int, int, int], classes: int
    ) -> None:
        self.fits = _needs(config, input_shape, classes)
        self._build = lambda: build(
            config.architecture, input_shape, classes, **dict(config.parameters)
        )
        self.model = self._build()
        self.optimizer = _optimizer(config)
        # XLA would compile for seconds before the first step and gains nothing for small networks.
        self.model.compile(
            self.optimizer,
            "sparse_categorical_crossentropy",
            metrics=["accuracy"],
            jit_compile=False,
        )
        self.optimizer.build(self.model.trainable_variables)
        self._optimizer_start = [v.numpy() for v in self.optimizer.variables]
        shape = tf.TensorSpec((None, *input_shape), tf.uint8)
        self._forward = tf.function(self._call, input_signature=[shape])

    def _call(self, images: tf.Tensor) -> tf.Tensor:
        return self.model(tf.cast(images, tf.float32), training=False)

    def begin(self, config: TrainingConfig) -> None:
        """Untrained weights that depend on the seed alone, a fresh optimizer."""
        keras.utils.set_random_seed(config.seed)
        fresh = self._build()
        for variable, start in zip(self.model.variables, fresh.variables, strict=True):
            variable.assign(start)
        for variable, start in zip(self.optimizer.variables, self._optimizer_start, strict=True):
            variable.assign(start)
        self.optimizer.learning_rate = config.learning_rate

    def warm_up(self, batch_size: int) -> None:
        """Trace what the first second of a training needs; leaves the network changed."""
        shape = self.model.input_shape[1:]
        images = np.zeros((batch_size, *shape), np.uint8)
        batches = Batches(images, np.zeros(batch_size, np.int64), batch_size, (), seed=0)
        self.model.fit(batches.as_tensors(), verbose=0, shuffle=False)
        self.probabilities(images[:9])

    def probabilities(self, images: np.ndarray) -> np.ndarray:
        """(n, classes) float32 for (n, h, w, c) uint8, the network as it is now."""
        parts = range(0, len(images), FORWARD_BATCH)
        return np.concatenate([self._forward(images[i : i + FORWARD_BATCH]) for i in parts])

    def measure(self, images: np.ndarray, labels: np.ndarray) -> tuple[float, float]:
        """(mean cross-entropy, accuracy) on labelled images."""
        shares = self.probabilities(images)
        chosen = shares[np.arange(len(labels)), labels]
        loss = -np.log(np.clip(chosen, 1e-7, 1.0)).mean()
        return float(loss), float((shares.argmax(axis=1) == labels).mean())

    def state(self) -> dict[str, np.ndarray]:
        """Everything that training changes, in full precision."""
        model = {f"m{i}": v.numpy() for i, v in enumerate(self.model.variables)}
        return model | {f"o{i}": v.numpy() for i, v in enumerate(self.optimizer.variables)}

    def restore(self, state: dict[str, np.ndarray]) -> None:
        """Go back to a :meth:`state`."""
        for i, variable in enumerate(self.model.variables):
            variable.assign(state[f"m{i}"])
        for i, variable in enumerate(self.optimizer.variables):
            variable.assign(state[f"o{i}"])

    def without_optimizer(self) -> keras.Model:
        """A copy with the weights of this moment, fit to be kept."""
        copy = self._build()
        copy.set_weights(self.model.get_weights())
        return copy


def network_for(
    config: TrainingConfig,
    input_shape: tuple[int, int, int],
    classes: int,
    ready: Network | None = None,
) -> Network:
    """The network to train: ``ready`` when it fits, else a new one; raises BadInput."""
    if ready is None or ready.fits != _needs(config, input_shape, classes):
        ready = Network(config, input_shape, classes)
    ready.begin(config)
    return ready


def _needs(config: TrainingConfig, input_shape: tuple[int, ...], classes: int) -> tuple:
    parameters = tuple(sorted(dict(config.parameters).items()))
    return config.architecture, parameters, tuple(input_shape), classes, config.optimizer


def _optimizer(config: TrainingConfig) -> keras.Optimizer:
    if config.optimizer == "sgd":
        return keras.optimizers.SGD(config.learning_rate, momentum=0.9, nesterov=True)
    return keras.optimizers.Adam(config.learning_rate)
