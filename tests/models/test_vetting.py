"""Every file of the corpus is looked at; what passes is opened by Keras in test_sandbox."""

import json
from pathlib import Path

import keras
import pytest

from cnnviz.models import allowed, vetting
from cnnviz.models.allowed import LAYERS, OPERATIONS, is_allowed, is_known_name
from tests.corpus import judging, model_files

FILES = list(judging.files("models"))


def test_the_corpus_is_large_enough():
    assert len(FILES) >= judging.BARS["models"]
    assert len({name for name, *_ in FILES}) == len(FILES)


@pytest.mark.parametrize(("name", "data", "expected"), FILES, ids=[f[0] for f in FILES])
def test_every_file_is_opened_or_gets_its_sentence(name, data, expected):
    assert judging.complaint("models", name, data, expected) is None
    assert not model_files.TRACE.exists()


def test_what_is_allowed_exists_in_keras():
    assert {name for name in LAYERS if not hasattr(keras.layers, name)} == set()
    for module, names in OPERATIONS.items():
        there = vars(__import__(f"keras.src.ops.{module}", fromlist=["x"]))
        assert names - set(there) == set()
    for name in allowed._ACTIVATIONS:
        assert keras.activations.get(name)
    for module in ("initializers", "regularizers", "constraints", "losses", "metrics"):
        there = getattr(keras, module)
        missing = {n for n in allowed._HELPERS[f"keras.{module}"] if not hasattr(there, n)}
        assert missing == set()
    both = {*vars(keras.optimizers), *vars(keras.optimizers.schedules)}
    assert allowed._HELPERS["keras.optimizers"] - both == set()


@pytest.mark.parametrize(
    ("key", "name", "known"),
    [
        ("activation", "relu", True),
        ("recurrent_activation", "hard_sigmoid", True),
        ("kernel_initializer", "glorot_uniform", True),
        ("kernel_initializer", "GlorotUniform", True),
        ("bias_initializer", "zeros", True),
        ("kernel_constraint", "max_norm", True),
        ("kernel_regularizer", "l1_l2", True),
        ("name", "deserialize", True),
        ("padding", "same", True),
        ("activation", "my_own", False),
        ("activation", "deserialize", False),
        ("kernel_initializer", "evil>thing", False),
        ("data_format", "deserialize", False),
    ],
)
def test_functions_that_are_named_by_text(key, name, known):
    assert is_known_name(key, name) == known


@pytest.mark.parametrize("name", ["MobileNetV3Small", "ConvNeXtTiny", "EfficientNetV2B0"])
@pytest.mark.slow
def test_networks_of_keras_itself_may_be_opened(name):
    network = getattr(keras.applications, name)(weights=None)
    vetting.check_description(json.loads(network.to_json()), Path("net.keras"))


def test_old_files_and_files_of_tensorflow_are_meant_too():
    assert is_allowed("tensorflow.keras.layers", "Dense")
    assert is_allowed(None, "Conv2D")
    assert not is_allowed("tensorflow.keras.layers", "Lambda")
    assert not is_allowed("keras.src.ops.core", "Map")
