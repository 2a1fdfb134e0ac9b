import json
import math

import keras
import numpy as np
import pytest

from cnnviz.training.config import TrainingConfig
from cnnviz.training.schedules import Plateau, rate_at

STEPS = 201


def rates(schedule, steps=STEPS):
    config = TrainingConfig(learning_rate=0.1, schedule=schedule)
    return [rate_at(config, step, steps) for step in range(steps)]


@pytest.mark.parametrize("schedule", ["constant", "reduce_on_plateau"])
def test_some_schedules_leave_the_rate_alone(schedule):
    assert set(rates(schedule)) == {0.1}


def test_cosine_is_half_a_wave_from_the_rate_to_almost_nothing():
    found = rates("cosine", 200)
    assert found == [pytest.approx(0.05 * (1 + math.cos(math.pi * i / 200))) for i in range(200)]
    assert found[0] == 0.1 and found[100] == pytest.approx(0.05) and 0 < found[-1] < 1e-4


def test_one_cycle_rises_to_the_rate_and_falls():
    found = rates("one_cycle")
    assert found[0] == pytest.approx(0.1 / 25) and max(found) == pytest.approx(0.1)
    assert found.index(max(found)) == 60  # 30 % of the way from the first to the last step
    assert found[30] == pytest.approx((0.1 + 0.1 / 25) / 2)
    assert found[130] == pytest.approx((0.1 + 0.1 / 250_000) / 2)
    assert found[-1] == pytest.approx(0.1 / 250_000)
    assert found[:61] == sorted(found[:61]) and found[60:] == sorted(found[60:], reverse=True)


@pytest.mark.parametrize("schedule", ["constant", "cosine", "one_cycle"])
@pytest.mark.parametrize("steps", [1, 2, 3])
def test_the_shortest_trainings_have_a_rate(schedule, steps):
    assert all(0 < rate <= 0.1 for rate in rates(schedule, steps))


def test_a_plateau_is_two_epochs_without_a_better_loss():
    plateau = Plateau()
    losses = [1.0, 0.9, 0.95, 0.89995, 0.91, 0.8, 0.85, 0.83]
    assert [plateau.update(x) for x in losses] == [False] * 3 + [True] + [False] * 3 + [True]
    again = Plateau()  # a reduction that did not help is followed by another
    assert [again.update(1.0) for _ in range(7)] == [False, False, True, False, True, False, True]


def test_a_plateau_goes_on_from_its_state():
    plateau, later = Plateau(), Plateau()
    later.restore(json.loads(json.dumps(plateau.state(), allow_nan=False)))
    assert later == plateau
    for loss in (1.0, 1.2):
        plateau.update(loss)
    later.restore(json.loads(json.dumps(plateau.state(), allow_nan=False)))
    assert later == plateau and later.update(1.1) is True and later.best == 1.0


@pytest.mark.parametrize("seed", range(20))
def test_a_plateau_is_what_keras_takes_for_one(seed):
    model = keras.Sequential([keras.layers.Input((1,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(1.0), "mse")
    theirs = keras.callbacks.ReduceLROnPlateau(factor=0.3, patience=2)
    theirs.set_model(model)
    theirs.on_train_begin()
    plateau, rate = Plateau(), 1.0
    for epoch, loss in enumerate(np.random.default_rng(seed).normal(1, 0.2, 12)):
        theirs.on_epoch_end(epoch, {"val_loss": loss})
        rate *= plateau.factor if plateau.update(loss) else 1.0
        assert float(model.optimizer.learning_rate) == pytest.approx(rate, rel=1e-5)
