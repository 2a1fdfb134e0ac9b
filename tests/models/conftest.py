from pathlib import Path

import keras
import pytest
from keras import layers

from cnnviz.models.model import Model
from cnnviz.models.structure import make_card


@pytest.fixture
def home(tmp_path, monkeypatch):
    """An empty $CNNVIZ_HOME."""
    monkeypatch.setenv("CNNVIZ_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture(scope="session")
def fixtures():
    return Path(__file__).parent / "fixtures"


@pytest.fixture(scope="session")
def tiny_network():
    """8×8 grey images, three classes, softmax as a layer of its own."""
    keras.utils.set_random_seed(0)
    return keras.Sequential(
        [
            layers.Input((8, 8, 1)),
            layers.Rescaling(1 / 255),
            layers.Conv2D(4, 3, activation="relu"),
            layers.GlobalAveragePooling2D(),
            layers.Dense(3),
            layers.Softmax(),
        ]
    )


@pytest.fixture(scope="session")
def tiny_model(tiny_network):
    return Model(tiny_network, make_card(tiny_network, "Tiny", ["a", "b", "c"]))
