"""One training on two devices against the same on one."""

import json
import subprocess
import sys
from dataclasses import asdict, replace

import numpy as np
import pytest

from cnnviz import storage
from cnnviz.runs import locks
from cnnviz.runs.run import Run, create_run
from cnnviz.training import strategies
from cnnviz.training.config import TrainingConfig
from cnnviz.training.strategies import ONE, strategy_for
from tests.training.two_devices import carry_out_until

ALONE = TrainingConfig(
    dataset="mnist", architecture="lenet5", epochs=2, limit=300, batch_size=30, augmentation=()
)
SHARED = replace(ALONE, devices="all")
NORMALISED = {
    "architecture": "vgg_bn",
    "parameters": {"width": 8, "blocks": 1, "dropout": 0.0},
    "limit": 120,
}
TRANSFER = {
    "architecture": "transfer",
    "parameters": {
        "base": "shipped:mnist_lenet5",
        "frozen_epochs": 1,
        "unfreeze": 2,
        "dropout": 0.0,
    },
    "dataset": "fashion_mnist",
    "limit": 120,
}


@pytest.fixture(scope="module")
def two_devices():
    """Gives an order to the process with two devices; returns the run and how it was left."""
    command = [sys.executable, "-m", "tests.training.two_devices"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, cwd=storage.ROOT) as process:

        def order(**what):
            process.stdin.write(json.dumps(what) + "\n")
            process.stdin.flush()
            run_id, left = json.loads(process.stdout.readline())
            return Run(run_id), left

        yield order
        process.stdin.close()


def settings(config):
    return {name: value for name, value in asdict(config).items() if value is not None}


def alone(config):
    run, lock = create_run(config.check().to_json(), "ann")
    carry_out_until(run, lock, None)
    return run


def figures(run, kind, *names):
    return np.array(
        [[e["step"], *(e[n] for n in names)] for e in run.events() if e["kind"] == kind]
    )


def assert_same_course(run, other, rtol):
    """The same losses, batch by batch in the first two epochs, and epoch by epoch."""
    count = min(20, run.progress.steps_per_epoch * 2)  # after twenty, not every batch has an event
    batches = [figures(r, "batch", "loss", "accuracy")[:count] for r in (run, other)]
    np.testing.assert_array_equal(batches[0][:, 0], np.arange(1, count + 1))
    np.testing.assert_allclose(*batches, rtol=rtol, atol=1e-5)
    epochs = [
        figures(r, "epoch", "loss", "accuracy", "val_loss", "val_accuracy") for r in (run, other)
    ]
    np.testing.assert_allclose(*epochs, rtol=rtol, atol=0.002)  # a validation image or two


def test_one_device_is_as_ever(monkeypatch):
    monkeypatch.setattr(strategies, "devices", lambda: ["CPU:0", "CPU:1"])
    assert strategy_for(ALONE, 30) is ONE
    assert strategy_for(SHARED, 31) is ONE  # parts would not be equal
    monkeypatch.setattr(strategies, "devices", lambda: ["CPU:0"])
    assert strategy_for(SHARED, 30) is ONE


@pytest.mark.parametrize(
    ("batch", "found", "wanted"), [(64, 3, 2), (30, 3, 3), (7, 8, 7), (1, 4, 1)]
)
def test_as_many_devices_as_the_batch_can_be_shared_among(monkeypatch, batch, found, wanted):
    monkeypatch.setattr(strategies, "devices", lambda: [f"CPU:{n}" for n in range(found)])
    used = [ONE]
    monkeypatch.setattr(strategies, "_mirrored", lambda *chosen: used.append(chosen))
    strategy_for(replace(SHARED, batch_size=batch), batch)
    assert (used[-1] is ONE and wanted == 1) or len(used[-1]) == wanted


# What differs is the order in which float32 numbers are added up: 1e-7 of a gradient, which Adam's
# division by its size makes 1e-4 of a loss within some steps.
@pytest.mark.slow
@pytest.mark.parametrize(
    ("how", "rtol"),
    [
        ({}, 1e-3),
        ({"optimizer": "sgd", "learning_rate": 0.01, "l2": 1e-3}, 1e-4),
        ({"optimizer": "adamw", "class_weights": True, "label_smoothing": 0.1}, 1e-3),
        ({"weight_averaging": True, "schedule": "cosine"}, 1e-3),
        ({"augmentation": ("shift", "rotation"), "tensorboard": False}, 1e-3),
        (NORMALISED, 2e-2),
        (TRANSFER, 1e-3),
    ],
    ids=[
        "adam",
        "sgd l2",
        "adamw weights smoothing",
        "average cosine",
        "augmented",
        "batch norm",
        "transfer",
    ],
)
def test_two_devices_learn_what_one_does(two_devices, how, rtol):
    known = alone(replace(ALONE, **how))
    run, left = two_devices(config=settings(replace(SHARED, **how)))
    assert left == "finished" and run.status == "finished"
    assert run.events()[0]["device_name"].startswith("2 × ")
    assert not known.events()[0]["device_name"].startswith("2 × ")
    assert_same_course(run, known, rtol)


@pytest.mark.slow
def test_a_run_goes_on_with_another_number_of_devices(two_devices):
    """From two to one and from one to two, in the middle of an epoch: the same losses."""
    known = alone(ALONE)

    begun, left = two_devices(config=settings(SHARED), until=14)
    assert left == "yielded" and begun.outcome is None
    carry_out_until(begun, locks.take(begun.folder), None)  # one device, whatever the config says
    assert begun.status == "finished"
    assert_same_course(begun, known, 1e-3)

    run, lock = create_run(SHARED.check().to_json(), "ann")
    assert carry_out_until(run, lock, 5) == "yielded"
    run, left = two_devices(run=run.id)
    assert left == "finished"
    assert_same_course(run, known, 1e-3)
    assert {f.name for f in run.folder.iterdir()} == {f.name for f in known.folder.iterdir()}


_ONE_GOES_TOO_FAR = """
import keras, tensorflow as tf
from cnnviz.training.optimizers import LossScale
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
with strategy.scope():
    weight = keras.Variable([1.0, 2.0])
    optimizer = LossScale(keras.optimizers.SGD(0.5), initial_scale=8.0)
    optimizer.build([weight])

@tf.function
def step(second):
    def one():
        number = tf.distribute.get_replica_context().replica_id_in_sync_group
        gradient = tf.where(number == 1, second, 1.0) * optimizer.dynamic_scale
        optimizer.apply([gradient * tf.ones(2)], [weight])
    strategy.run(one)

for second in (float("inf"), 3.0):
    step(tf.constant(second))
    print(*weight.numpy(), optimizer.dynamic_scale.numpy())
"""


@pytest.mark.slow
def test_no_step_is_made_when_any_device_has_gone_too_far():
    """Keras' own LossScaleOptimizer looks at the first device only, and makes weights infinite."""
    command = [sys.executable, "-c", _ONE_GOES_TOO_FAR]
    done = subprocess.run(command, capture_output=True, text=True, cwd=storage.ROOT, check=True)
    lines = [list(map(float, line.split())) for line in done.stdout.splitlines()]
    assert lines == [[1.0, 2.0, 4.0], [-1.0, 0.0, 4.0]]  # less the rate times 1 + 3
