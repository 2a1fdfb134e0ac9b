"""Every file of the corpus is looked at; what passes is opened by Keras in test_sandbox."""

import json
from pathlib import Path

import keras
import pytest

from cnnviz.errors import BadModel
from cnnviz.models import vetting
from cnnviz.models.allowed import LAYERS, OPERATIONS, is_allowed
from cnnviz.models.loading import open_keras_file
from tests.corpus import model_files

FILES = list(model_files.files())


def test_the_corpus_is_large_enough():
    assert len(FILES) >= 100
    assert len({name for name, *_ in FILES}) == len(FILES)


@pytest.mark.parametrize(("name", "data", "expected"), FILES, ids=[f[0] for f in FILES])
def test_every_file_is_opened_or_gets_its_sentence(tmp_path, name, data, expected):
    path = tmp_path / "net.keras"
    path.write_bytes(data)
    if expected in (model_files.OPENS, model_files.EITHER):
        try:
            open_keras_file(path)
        except BadModel:
            assert expected == model_files.EITHER
    else:
        with pytest.raises(BadModel, match=expected):
            vetting.vet(path)
    assert not model_files.TRACE.exists()
    assert [f.name for f in tmp_path.iterdir()] == ["net.keras"]


def test_what_is_allowed_exists_in_keras():
    assert {name for name in LAYERS if not hasattr(keras.layers, name)} == set()
    for module, names in OPERATIONS.items():
        there = vars(__import__(f"keras.src.ops.{module}", fromlist=["x"]))
        assert names - set(there) == set()


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
