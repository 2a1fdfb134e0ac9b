"""The network of a training, compiled, and able to be made ready before anybody asks for it."""

from __future__ import annotations

import contextlib
import math
import random
from collections.abc import Iterator
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from cnnviz.models.networks import build
from cnnviz.models.structure import walk
from cnnviz.training.batches import Batches
from cnnviz.training.config import TrainingConfig
from cnnviz.training.looking import Look
from cnnviz.training.losses import Smoothed
from cnnviz.training.optimizers import LossScale, make_optimizer
from cnnviz.training.strategies import ONE, dealt, step_of_all, synchronize

FORWARD_BATCH = 500
FORWARD_VALUES = 50_000_000  # the largest output in a batch, at most: large images go in fewer


class Network:
    """A compiled network of the architecture, size and optimizer that a config asks for.

    Training reports as ``loss`` what the steps make smaller: cross-entropy against the (smoothed)
    labels, each image counting as much as the class weights say, plus ``l2`` times the sum of the
    squares of all kernels that learn. :meth:`measure` tells the plain cross-entropy instead, so
    that validation figures of different settings can be compared.

    Args:
        config: checked settings.
        input_shape: (h, w, c).
        classes: number of classes.
        strategy: of ``strategies``, where several devices share each batch.
    """

    def __init__(
        self,
        config: TrainingConfig,
        input_shape: tuple[int, int, int],
        classes: int,
        strategy: tf.distribute.Strategy = ONE,
    ) -> None:
        self.fits = _needs(config, input_shape, classes, strategy)
        self.strategy = strategy
        self.config, self._classes = config, classes
        self._build = lambda: build(
            config.architecture, input_shape, classes, **dict(config.parameters)
        )
        with strategy.scope(), _policy(precision(config)):
            self.model = self._build()
        if strategy.num_replicas_in_sync > 1:
            synchronize(self.model)
        if config.l2:
            # On the variables, not in the layers: what is kept has no trace of it.
            for variable in self.model.weights:
                if variable.name.endswith("kernel"):
                    variable.regularizer = keras.regularizers.L2(config.l2)
        self.phase: int | None = None
        if config.architecture == "transfer":
            self._let_learn(0)
        self._compile()
        self._evaluating = False
        largest = max(math.prod(step.output_shape) for step in walk(self.model))
        self._images_at_once = max(1, min(FORWARD_BATCH, FORWARD_VALUES // largest))
        shape = tf.TensorSpec((None, *input_shape), tf.uint8)
        self._forward = tf.function(self._call, input_signature=[shape])

    def _call(self, images: tf.Tensor) -> tf.Tensor:
        return self.model(tf.cast(images, tf.float32), training=False)

    def _compile(self) -> None:
        with self.strategy.scope():
            self._own_optimizer = self.optimizer = make_optimizer(self.config)
            if self.model.dtype_policy.name == "mixed_float16":
                self.optimizer = LossScale(self._own_optimizer, name="loss_scale_optimizer")
            # XLA would compile for seconds before the first step and gain nothing for small ones.
            self.model.compile(
                self.optimizer,
                Smoothed(self.config.label_smoothing, self._classes)
                if self.config.label_smoothing
                else "sparse_categorical_crossentropy",
                metrics=[keras.metrics.SparseCategoricalAccuracy(name="accuracy")],
                jit_compile=False,
            )
            self.optimizer.build(self.model.trainable_variables)
        if isinstance(self.strategy, tf.distribute.MultiWorkerMirroredStrategy):
            self.model.train_function = step_of_all(self.model, self.strategy)
        self._optimizer_start = [v.numpy() for v in self.optimizer.variables]
        self._rate: float | None = None

    def begin(self, config: TrainingConfig) -> None:
        """Untrained weights that depend on the seed alone, a fresh optimizer."""
        self.config = config
        if self.phase:
            self.begin_phase(0)
        # All that Keras draws begins with this one. keras.utils.set_random_seed would also make
        # TensorFlow forget every kernel, for which the first step would pay.
        random.seed(config.seed)
        self._alone = fresh = self._build()
        for variable, start in zip(self.model.variables, fresh.variables, strict=True):
            variable.assign(start)
        for variable, start in zip(self.optimizer.variables, self._optimizer_start, strict=True):
            variable.assign(start)
        self._rate = None
        self.learning_rate = config.learning_rate

    def begin_epoch(self) -> None:
        """Loss and accuracy are counted from here on."""
        self.model.make_train_function()
        self.model.reset_metrics()

    def begin_phase(self, trainable: int | None) -> None:
        """How much of a pretrained base learns from here on; with it begins a fresh optimizer.

        Args:
            trainable: number of the base's last layers with weights, 0 for a base that rests as it
                does at the start; None for networks without a base. Nothing happens when that is
                the case already.
        """
        if trainable == self.phase:
            return
        rate = self.learning_rate
        self._let_learn(trainable)
        self._compile()
        self.learning_rate = rate

    def _let_learn(self, trainable: int) -> None:
        from cnnviz.models.transfer import trainable_phase  # only a few trainings have a base

        trainable_phase(self.model, trainable)
        self.phase = trainable

    @property
    def learning_rate(self) -> float:
        """Of the next step."""
        return float(self.optimizer.learning_rate.numpy())

    @learning_rate.setter
    def learning_rate(self, rate: float) -> None:
        if rate != self._rate:  # a look at the variable would cost more than the comparison
            self.optimizer.learning_rate = self._rate = rate

    def class_weights(self, labels: np.ndarray) -> dict[int, float] | None:
        """How much an image of each class counts: Keras' ``class_weight``; None for all alike.

        The "balanced" weights of scikit-learn's ``compute_class_weight``: images / (classes that
        occur × images of the class), so that every class counts as much as every other.

        Args:
            labels: of all training images.
        """
        if not self.config.class_weights:
            return None
        counts = np.bincount(labels, minlength=self._classes)
        occurring = np.count_nonzero(counts)
        return {
            i: float(len(labels) / (occurring * count)) if count else 1.0
            for i, count in enumerate(counts)
        }

    def warm_up(self, batch_size: int) -> None:
        """Trace what the first second of a training needs; leaves the network changed."""
        shape = self.model.input_shape[1:]
        images, labels = np.zeros((batch_size, *shape), np.uint8), np.zeros(batch_size, np.int64)
        weights = self.class_weights(labels)
        batches = Batches(images, labels, batch_size, (), seed=0, class_weights=weights)
        self.model.make_train_function()
        self.model.train_function(dealt(batches, self.strategy))
        self.probabilities(images[:9])
        Look(self.model, images).insight("step-0", 0, None, None)

    @contextlib.contextmanager
    def evaluating(self) -> Iterator[None]:
        """The weights that count, within: their moving average where the config asks for it.

        Afterwards the weights are exactly those of before. It may be used within itself. Weights
        that are looked at, validated or kept as the result are these; :meth:`state` belongs
        outside, and so do steps.
        """
        averaged = self.config.weight_averaging and int(self.optimizer.iterations.numpy()) > 0
        if self._evaluating or not averaged:
            yield
            return
        variables = self.model.trainable_variables
        before = [v.numpy() for v in variables]
        self._own_optimizer.put_averages(variables)
        self._evaluating = True
        try:
            yield
        finally:
            self._evaluating = False
            for variable, value in zip(variables, before, strict=True):
                variable.assign(value)

    def probabilities(self, images: np.ndarray) -> np.ndarray:
        """(n, classes) float32 for (n, h, w, c) uint8, the network as it is now."""
        size = self._images_at_once
        parts = range(0, len(images), size)
        return np.concatenate([self._forward(images[i : i + size]) for i in parts])

    def measure(self, images: np.ndarray, labels: np.ndarray) -> tuple[float, float]:
        """(mean cross-entropy, accuracy) on labelled images."""
        return score(self.probabilities(images), labels)

    def state(self) -> dict[str, np.ndarray]:
        """Everything that training changes, in full precision."""
        model = {f"m{i}": v.numpy() for i, v in enumerate(self.model.variables)}
        optimizer = {f"o{i}": v.numpy() for i, v in enumerate(self.optimizer.variables)}
        phase = {} if self.phase is None else {"phase": np.int64(self.phase)}
        return model | optimizer | phase

    def restore(self, state: dict[str, np.ndarray]) -> None:
        """Go back to a :meth:`state`."""
        if "phase" in state:
            self.begin_phase(int(state["phase"]))
        for i, variable in enumerate(self.model.variables):
            variable.assign(state[f"m{i}"])
        for i, variable in enumerate(self.optimizer.variables):
            variable.assign(state[f"o{i}"])
        self._rate = None

    def without_optimizer(self) -> keras.Model:
        """A network with the weights of this moment, fit to be kept: float32 whatever it learned
        in, nothing but layers.

        It was made by :meth:`begin`: by now the base of transfer learning may have been deleted.
        """
        self._alone.set_weights(self.model.get_weights())
        return self._alone


def score(shares: np.ndarray, labels: np.ndarray) -> tuple[float, float]:
    """(mean cross-entropy, accuracy) of probabilities (n, classes) for labels (n,)."""
    chosen = shares[np.arange(len(labels)), labels]
    loss = -np.log(np.clip(chosen, 1e-7, 1.0)).mean()
    return float(loss), float((shares.argmax(axis=1) == labels).mean())


def network_for(
    config: TrainingConfig,
    input_shape: tuple[int, int, int],
    classes: int,
    ready: Network | None = None,
    strategy: tf.distribute.Strategy = ONE,
) -> Network:
    """The network to train: ``ready`` when it fits, else a new one; raises BadInput."""
    if ready is None or ready.fits != _needs(config, input_shape, classes, strategy):
        ready = Network(config, input_shape, classes, strategy)
    ready.begin(config)
    return ready


def precision(config: TrainingConfig) -> str:
    """The Keras dtype policy to train in.

    Mixed precision is float16 with a scaled loss on a GPU (arXiv 1710.03740) and bfloat16 on a
    processor that multiplies it in hardware; on others it would only be slower, and float32 stays.
    """
    if not config.mixed_precision:
        return "float32"
    if tf.config.list_physical_devices("GPU"):
        return "mixed_float16"
    return "mixed_bfloat16" if _has_bfloat16() else "float32"


def _has_bfloat16() -> bool:
    try:
        flags = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return False
    return "amx_bf16" in flags or "avx512_bf16" in flags


@contextlib.contextmanager
def _policy(name: str) -> Iterator[None]:
    """Layers made within compute as the dtype policy says."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(name)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def _needs(
    config: TrainingConfig,
    input_shape: tuple[int, ...],
    classes: int,
    strategy: tf.distribute.Strategy,
) -> tuple:
    """What is built into a network: everything else is set by :meth:`Network.begin`."""
    parameters = tuple(sorted(dict(config.parameters).items()))
    return (
        config.architecture,
        parameters,
        tuple(input_shape),
        classes,
        config.optimizer,
        config.momentum if config.optimizer == "sgd" else None,
        config.weight_decay if config.optimizer == "adamw" else None,
        config.l2,
        config.label_smoothing,
        config.weight_averaging,
        config.gradient_accumulation,
        precision(config),
        strategy.num_replicas_in_sync,
    )
