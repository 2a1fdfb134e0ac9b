"""Which data sets a model can be measured on, and the sentences about a map of classes."""

from __future__ import annotations

import numpy as np
import pytest

from cnnviz.class_maps import write_class_map
from cnnviz.datasets.bundled import DATASETS
from cnnviz.datasets.imported import import_dataset
from cnnviz.images import encode_png
from cnnviz.models.references import ModelReference
from cnnviz.ui import class_mapping, labelled_sets
from cnnviz.ui.current import Opened
from cnnviz.ui.language import one_language

CLOTHES = "shipped:fashion_mnist_vgg"


@pytest.fixture(autouse=True)
def english(tmp_path, monkeypatch):
    monkeypatch.setenv("CNNVIZ_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(labelled_sets, "current_owner", lambda: "ann")
    with one_language("en"):
        yield


def opened(reference: str = CLOTHES) -> Opened:
    return Opened(reference, ModelReference.parse(reference).card)


@pytest.fixture
def folder(tmp_path):
    """``folder("bags", dresses=3)`` → reference of a data set with that many images a class."""

    def make(owner: str = "ann", **classes: int) -> str:
        rng = np.random.default_rng(0)
        for name, count in classes.items():
            (tmp_path / "data" / name).mkdir(parents=True, exist_ok=True)
            for i in range(count):
                pixels = rng.integers(0, 255, (28, 28, 1), np.uint8)
                (tmp_path / "data" / name / f"{i}.png").write_bytes(encode_png(pixels))
        return f"upload:{import_dataset(tmp_path / 'data', 'mine', owner, size=(28, 28))}"

    return make


def test_what_fits_comes_first_and_its_own_before_all(folder):
    own = folder(bags=3, dress=3, whale=3)
    sets = labelled_sets.labelled_sets(opened())
    names = list(sets)
    assert names[0] == "fashion_mnist"
    assert set(names[:2]) == {"fashion_mnist", "fashion_mnist_marked"}
    assert names[2] == own, "then what has classes in common"
    assert set(names) == {*DATASETS, own}
    assert sets["mnist"].proposal.matched == 0 and not sets["mnist"].related
    assert sets[own].related and not sets[own].ready
    assert dict(zip(sets[own].class_names, sets[own].proposal.classes, strict=True)) == {
        "bags": 8,
        "dress": 3,
        "whale": None,
    }


def test_a_confirmed_map_makes_a_set_ready_and_its_images_count(folder):
    own = folder(bags=10, dress=10, whale=10)
    names = labelled_sets.labelled_sets(opened())[own].class_names
    known = tuple({"bags": 8, "dress": 3}.get(name) for name in names)
    write_class_map("ann", CLOTHES, own, names, opened().card.class_names, known)
    chosen = labelled_sets.labelled_sets(opened())[own]
    assert chosen.ready and chosen.class_map == known
    assert chosen.known_images() == {"train": 16, "val": 2, "test": 2}
    said = class_mapping.summary(known, chosen.counts("test"), "test")
    assert said == ("This network knows 2 of your 3 classes. Left out: 1 of 3 test images.")


def test_somebody_elses_set_counts_only_where_a_link_names_it(folder):
    foreign = folder(owner="bob", bags=3, dress=3)
    assert foreign not in labelled_sets.labelled_sets(opened())
    assert labelled_sets.labelled_sets(opened(), foreign)[foreign].related
    assert "upload:../../etc" not in labelled_sets.labelled_sets(opened(), "upload:../../etc")


def test_folders_may_be_named_in_the_readers_language(folder):
    """The catalogues know the network's names in Chinese."""
    own = folder(**{"连衣裙": 3, "包": 3})
    assert labelled_sets.labelled_sets(opened())[own].proposal.matched == 2


@pytest.mark.parametrize("name", DATASETS)
def test_bundled_sets_know_their_images(name):
    one = labelled_sets.labelled_sets(opened())[name]
    assert sum(one.counts("test")) == 10_000 and len(one.counts("train")) == len(one.class_names)


def test_classes_that_count_as_one_are_told():
    model = ["cat", "dog *"]
    assert class_mapping.merged([0, 1, None], ["a", "b", "c"], model) == []
    said = class_mapping.merged([1, 1, 0], ["<b>", "b", "c"], model)
    assert said == ["“\\<b\\>”, “b” count as one class: “dog \\*”."]
    many = class_mapping.merged([i // 2 for i in range(12)], list("abcdefghijkl"), list("uvwxyz"))
    assert len(many) == 5 and many[-1] == "2 more such classes."


def test_all_classes_known_is_a_shorter_sentence():
    said = class_mapping.summary((0, 1), (3, 4), "test")
    assert said == "The network knows all of your 2 classes."
