"""The optimizers of :data:`cnnviz.training.config.OPTIMIZERS`: Keras' own, with averages of weights
that are of use from the first step on.
"""

from __future__ import annotations

import keras
import tensorflow as tf

from cnnviz.training.config import TrainingConfig

AVERAGING = 0.99  # share of the average that stays in every step, once there have been many


class _Averaging:
    """Changes two things about ``use_ema``, Keras' moving average of the weights.

    The momentum after t steps is min(0.99, (1 + t) / (10 + t)), as in TensorFlow's
    ``ExponentialMovingAverage(num_updates=t)``: with 0.99 from the start, the average of a short
    training would consist of its first, untrained steps. And the end of a ``fit``, which may be a
    pause, does not overwrite the weights: the averages are looked at without disturbing them.
    """

    @property
    def ema_momentum(self) -> tf.Tensor:
        steps = tf.cast(self.iterations, tf.float32)
        return tf.minimum(self._most, (1.0 + steps) / (10.0 + steps))

    @ema_momentum.setter
    def ema_momentum(self, value: float) -> None:
        self._most = value

    def finalize_variable_values(self, var_list: list[keras.Variable]) -> None:
        """Called by ``fit`` at its end."""

    def put_averages(self, variables: list[keras.Variable]) -> None:
        """Overwrite the weights with their averages."""
        super().finalize_variable_values(variables)


class _SGD(_Averaging, keras.optimizers.SGD):
    pass


class _Adam(_Averaging, keras.optimizers.Adam):
    pass


class _AdamW(_Averaging, keras.optimizers.AdamW):
    pass


class LossScale(keras.optimizers.LossScaleOptimizer):
    """Keras' own, but for several devices: no step is made when any of them has gone too far.

    Keras looks at the gradients of the first device, and would let the others' infinities through.
    """

    def check_finite(self, grads: list[tf.Tensor]) -> tf.Tensor:
        """Whether all gradients are numbers, on all devices."""
        finite = super().check_finite(grads)
        here = tf.distribute.get_replica_context()
        if here is None or here.num_replicas_in_sync == 1:
            return finite
        lost = here.all_reduce(tf.distribute.ReduceOp.SUM, tf.cast(~finite, tf.float32))
        return tf.equal(lost, 0.0)


def make_optimizer(config: TrainingConfig) -> keras.Optimizer:
    """A fresh optimizer as the config asks for.

    ``sgd`` is with Nesterov's momentum. ``adamw`` (arXiv 1711.05101) shrinks all weights that learn
    by rate × ``weight_decay`` in every step. ``gradient_accumulation`` means over that many batches
    before each step.
    """
    usual = {
        "name": config.optimizer,
        "learning_rate": float(config.learning_rate),
        "use_ema": config.weight_averaging,
        "ema_momentum": AVERAGING,
        "gradient_accumulation_steps": config.gradient_accumulation
        if config.gradient_accumulation > 1
        else None,
    }
    if config.optimizer == "sgd":
        return _SGD(momentum=config.momentum, nesterov=config.momentum > 0, **usual)
    if config.optimizer == "adamw":
        return _AdamW(weight_decay=config.weight_decay, **usual)
    return _Adam(**usual)
