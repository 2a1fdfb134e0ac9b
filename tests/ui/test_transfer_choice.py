import numpy as np
import pytest

from cnnviz.datasets.bundled import DATASETS
from cnnviz.datasets.dataset import Dataset
from cnnviz.models.model import load_model
from cnnviz.models.networks import build
from cnnviz.models.structure import make_card, walk
from cnnviz.models.transfer import BASE, trainable_phase
from cnnviz.ui import transfer_choice
from cnnviz.ui.transfer_choice import _dark_on_light, learnable


def learning(base) -> int:
    operations = {id(s.operation): s.operation for s in walk(base)}.values()
    return sum(bool(getattr(x, "trainable_weights", ())) for x in operations)


@pytest.mark.parametrize("name", ["mnist_lenet5", "cifar10_resnet", "fashion_mnist_vgg"])
def test_as_many_layers_are_offered_as_can_learn(name):
    network = build("transfer", (28, 28, 1), 3, base=name)
    trainable_phase(network, 100_000)
    offered = learnable(load_model(name).card)
    assert learning(network.get_layer(BASE)) == offered
    trainable_phase(network, offered - 1)
    assert learning(network.get_layer(BASE)) == offered - 1


def test_of_a_base_on_a_base_its_own_layers_count():
    network = build("transfer", (28, 28, 1), 3, base="mnist_lenet5")
    card = make_card(network, "On digits", ["a", "b", "c"])
    assert learnable(card) == learnable(load_model("mnist_lenet5").card)


def test_ink_on_paper_is_told_from_light_on_dark(monkeypatch):
    paper = np.full((40, 28, 28, 1), 240, np.uint8)
    paper[:, 8:20, 8:20] = 10
    for images, expected in ((paper, True), (255 - paper, False)):
        data = Dataset("paper", "val", images, np.zeros(40, int), ("a", "b"))
        monkeypatch.setattr(transfer_choice, "load_dataset", lambda *_, data=data: data)
        _dark_on_light.cache_clear()
        assert _dark_on_light("paper") is expected
    _dark_on_light.cache_clear()


def test_no_bundled_data_is_dark_on_light_by_its_border():
    for name, known in DATASETS.items():
        assert known.channels == 3 or not _dark_on_light(name)
