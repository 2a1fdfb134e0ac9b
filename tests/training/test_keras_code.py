"""Scripts that are really run, each from its own zip: every architecture, every setting."""

from __future__ import annotations

import io
import json
import math
import os
import subprocess
import sys
import zipfile

import numpy as np
import pytest

from cnnviz.compute.context import Context, Models
from cnnviz.compute.questions.code import keras_code, keras_project
from cnnviz.models.networks import build
from cnnviz.models.source import network_source
from cnnviz.runs import locks
from cnnviz.runs.run import create_run
from cnnviz.training.augment import AUGMENTATIONS
from cnnviz.training.config import TrainingConfig
from cnnviz.training.loop import train

BLOCKS = (
    "conv 6, batch norm, relu, residual 8, squeeze excite 4, separable 8, swish, pool, "
    "dropout 0.2, conv 8 3x3 stride 2, leaky relu, pool average, global average, dense 12, tanh"
)
CONFIGS = {
    "plain": TrainingConfig("mnist", "lenet5", epochs=4, limit=1000),
    "vgg": TrainingConfig(
        "fashion_mnist",
        "vgg_bn",
        epochs=2,
        limit=64,
        batch_size=32,
        parameters={"width": 4, "blocks": 1, "activation": "gelu"},
        optimizer="adamw",
        schedule="one_cycle",
        augmentation=tuple(AUGMENTATIONS),
        class_weights=True,
        weight_averaging=True,
    ),
    "resnet": TrainingConfig(
        "cifar10",
        "cifar_resnet",
        epochs=1,
        limit=64,
        batch_size=32,
        parameters={"width": 4},
        optimizer="sgd",
        gradient_accumulation=2,
        l2=1e-3,
        schedule="reduce_on_plateau",
        mixed_precision=True,
    ),
    "own": TrainingConfig(
        "mnist",
        "own",
        epochs=2,
        limit=64,
        batch_size=32,
        parameters={"blocks": BLOCKS},
        label_smoothing=0.1,
        class_weights=True,
        early_stopping=2,
        schedule="cosine",
    ),
    "transfer": TrainingConfig(
        "cifar10",
        "transfer",
        epochs=2,
        limit=64,
        batch_size=32,
        parameters={"base": "shipped:mnist_lenet5", "invert": "yes", "frozen_epochs": 1}
        | {"unfreeze": 2},
        schedule="cosine",
        early_stopping=3,
    ),
    "frozen": TrainingConfig(
        "mnist",
        "transfer",
        epochs=1,
        limit=64,
        parameters={"base": "shipped:cifar10_resnet", "frozen_epochs": 1},
    ),
}
LATER = ("plain", "resnet", "own", "frozen")  # of `make test-all`: tracing takes seconds
FULL = ("plain",)  # learns from all its images, and is measured on all validation images
RUNNER = """
import json, runpy, sys, time
import keras
found = {}
for name, path in json.loads(sys.argv[1]).items():
    began = time.process_time()
    keras.config.set_dtype_policy("float32")
    made = runpy.run_path(path)
    model = made["model"]
    found[name] = {
        "parameters": model.count_params(),
        "layers": [layer.name for layer in model.layers],
        "val_accuracy": made["val_accuracy"],
        "test_accuracy": made["test_accuracy"],
        "rate": "rate_at" in made
        and made["schedule"].factor * made["rate_at"](made["schedule"].step - 1),
        "cnnviz": "cnnviz" in sys.modules,
        "seconds": time.process_time() - began,  # shown when a test fails
        "learning": [w.path for w in model.trainable_weights],
    }
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def context():
    return Context(Models())


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    patch = pytest.MonkeyPatch()
    patch.setenv("CNNVIZ_HOME", str(tmp_path_factory.mktemp("home")))
    yield
    patch.undo()


@pytest.fixture(scope="module")
def real(home):
    """The training that “plain” is to be compared with."""
    return train(CONFIGS["plain"])


@pytest.fixture(scope="module")
def scripts(home, real, context):
    """The source of each."""
    made = {}
    for name, config in CONFIGS.items():
        run, lock = create_run(config.check().to_json(), "local")
        locks.let_go(lock)
        made[name] = run
    made["plain"] = real
    return {name: (run, keras_code(context, run.id)["source"]) for name, run in made.items()}


@pytest.fixture(scope="module")
def outcomes(scripts, context, tmp_path_factory):
    """``outcomes(names)`` → what came of running them."""
    known = {}

    def outcomes_(*names: str) -> dict:
        if not set(names) <= known.keys():
            known.update(_run({n: scripts[n] for n in names}, context, tmp_path_factory))
        return known

    return outcomes_


def _run(scripts: dict, context, tmp_path_factory) -> dict:
    """From their zips, far from this project, in one process for all."""
    folder, paths = tmp_path_factory.mktemp("scripts"), {}
    for name, (run, source) in scripts.items():
        answer = keras_project(context, run.id)
        with zipfile.ZipFile(io.BytesIO(answer["data"])) as archive:
            assert archive.testzip() is None
            archive.extractall(folder)
        place = folder / answer["filename"].removesuffix(".zip")
        assert (place / "train.py").read_text() == source
        if name not in FULL:
            _shrink(place / "data.npz")
        paths[name] = str(place / "train.py")
    done = subprocess.run(
        [sys.executable, "-c", RUNNER, json.dumps(paths)],
        cwd=folder,
        env={k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "CNNVIZ_HOME")},
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


def _shrink(path) -> None:
    with np.load(path) as data:
        arrays = {k: v[:48] if k.startswith(("val_", "test_")) else v for k, v in data.items()}
    np.savez(path, **arrays)


NOW = tuple(name for name in CONFIGS if name not in LATER)


@pytest.mark.parametrize("name", NOW)
def test_a_script_runs_and_trains_the_same_network(outcomes, name):
    _check(name, outcomes(*NOW)[name])


@pytest.mark.slow
@pytest.mark.parametrize("name", LATER)
def test_more_scripts_run_and_train_the_same_networks(outcomes, name):
    _check(name, outcomes(*LATER)[name])


def _check(name: str, found: dict) -> None:
    config = CONFIGS[name].check()
    shape = (32, 32, 3) if config.dataset == "cifar10" else (28, 28, 1)
    network = build(config.architecture, shape, 10, **config.parameters)
    assert found["parameters"] == network.count_params()
    assert {layer.name for layer in network.layers} <= set(found["layers"])
    assert not found["cnnviz"]
    assert 0 <= found["test_accuracy"] <= 1


@pytest.mark.slow
def test_it_gets_as_far_as_the_training_here(outcomes, real):
    here, there = real.outcome, outcomes(*LATER)["plain"]
    assert here["val_accuracy"] > 0.75
    assert there["val_accuracy"] == pytest.approx(here["val_accuracy"], abs=0.04)
    assert there["test_accuracy"] == pytest.approx(here["test_accuracy"], abs=0.04)


STEPS = 2 * 2  # of those below: two epochs of two batches
LAST = 1e-3 * (1 + math.cos(math.pi * (STEPS - 1) / STEPS)) / 2  # of half a cosine wave


def test_schedules_arrive_at_their_end(outcomes):
    found = outcomes(*NOW)
    assert found["vgg"]["rate"] == pytest.approx(1e-3 / 250_000, rel=1e-3)
    assert found["transfer"]["rate"] == pytest.approx(0.1 * LAST)  # the base learns too


def test_of_a_base_only_the_last_layers_learn(outcomes):
    inside = [path for path in outcomes(*NOW)["transfer"]["learning"] if "logits" not in path]
    assert len(inside) == 4  # two layers, weights and bias each


@pytest.mark.slow
def test_of_a_frozen_base_nothing_learns(outcomes):
    found = outcomes(*LATER)
    assert all("logits" in path for path in found["frozen"]["learning"])
    assert found["own"]["rate"] == pytest.approx(LAST)


def test_what_was_not_asked_for_leaves_no_trace(scripts):
    source = scripts["plain"][1]
    for word in ("L2", "EMA", "Schedule", "EarlyStopping", "class_weight", "math", "Random"):
        assert word not in source, word
    assert "keras.optimizers.Adam(LEARNING_RATE)" in source
    assert "# 28×28×6, 156 parameters" in source


def test_scripts_compile_and_name_nothing_of_ours(scripts):
    for run, source in scripts.values():
        compile(source, "train.py", "exec")
        assert "cnnviz" not in source
        assert run.owner not in source.split("\n", 1)[1]


def test_a_title_cannot_become_code(home, context):
    config = TrainingConfig("mnist", "lenet5", limit=64, title='"""\nimport os\r# é\u2028x = 1')
    run, lock = create_run({**config.check().to_json(), "title": config.title}, "local")
    locks.let_go(lock)
    source = keras_code(context, run.id)["source"]
    assert source.splitlines()[0].startswith('# """')
    assert "import os" not in source.splitlines()[1:]
    compile(source, "train.py", "exec")


@pytest.mark.parametrize("architecture", ["tiny_vgg", "cifar_resnet"])
def test_the_same_seed_gives_the_same_first_weights(architecture):
    import keras

    keras.utils.set_random_seed(3)
    here = build(architecture, (32, 32, 3), 10)
    source, made = network_source(here), {"keras": keras, "layers": keras.layers}
    keras.utils.set_random_seed(3)
    exec(source, made)
    ours = {w.path: w.numpy() for w in here.weights}
    theirs = {w.path: w.numpy() for w in made["model"].weights}
    assert ours.keys() == theirs.keys()
    for path, value in ours.items():
        np.testing.assert_array_equal(theirs[path], value)
