import os

import numpy as np
import pytest

from cnnviz import storage
from cnnviz.errors import BadInput, NotFound
from cnnviz.models.model import save_model
from cnnviz.models.references import ModelReference, shipped_names
from cnnviz.models.shipped import SHIPPED

ID = "0123456789abcdef01234567"


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("mnist_lenet5", "shipped:mnist_lenet5"),
        ("shipped:mnist_lenet5@step-10", "shipped:mnist_lenet5@step-10"),
        (f"model:{ID}", f"model:{ID}"),
        (f"run:{ID}", f"run:{ID}@best"),
        (f"run:{ID}@3", f"run:{ID}@epoch-3"),
        (f"run:{ID}@last", f"run:{ID}@last"),
        (f"upload:{ID}", f"upload:{ID}"),
    ],
)
def test_a_reference_is_read_and_written(text, written):
    reference = ModelReference.parse(text)
    assert str(reference) == written
    assert ModelReference.parse(reference) is reference
    assert ModelReference.parse(written) == reference


@pytest.mark.parametrize(
    "text",
    [
        "",
        "shipped:",
        "shipped:../secrets",
        "model:../../etc",
        "model:123",
        f"model:{ID}@best",
        f"run:{ID}@",
        f"run:{ID}@../x",
        f"run:{ID}@step-",
        f"upload:{ID}@best",
        f"other:{ID}",
    ],
)
def test_anything_else_is_refused_with_a_sentence(text):
    with pytest.raises(BadInput, match="not the name of a model"):
        ModelReference.parse(text)


def test_what_is_not_there_is_not_found(home):
    with pytest.raises(NotFound, match="mnist_lenet5"):
        _ = ModelReference.parse("no_such_model").folder
    for text in (f"model:{ID}", f"run:{ID}", f"upload:{ID}"):
        with pytest.raises(NotFound):
            _ = ModelReference.parse(text).folder


def test_shipped_models_come_in_teaching_order():
    names = shipped_names()
    assert names[:3] == ("imagenet_efficientnet_lite0", "fashion_mnist_vgg", "mnist_lenet5")
    order = list(SHIPPED)
    assert list(names) == sorted(names, key=order.index)
    assert order.index("mnist_lenet5") < order.index("mnist_overfit")
    assert order.index("fashion_mnist_vgg") < order.index("fashion_shortcut")


def checkpoints(home, *labels):
    with storage.publish("runs", ID) as folder:
        (folder / "checkpoints").mkdir()
        for label in labels:
            np.savez(folder / "checkpoints" / f"{label}.npz", w0=np.zeros(1))
    return home / "runs" / ID


def test_best_and_last_of_a_run_that_is_still_going(home):
    checkpoints(home, "step-0", "step-300", "epoch-1", "epoch-10", "epoch-9")
    for name in ("best", "last"):
        assert ModelReference.parse(f"run:{ID}@{name}").checkpoint_file.stem == "epoch-10"
    assert ModelReference.parse(f"run:{ID}@9").checkpoint_file.stem == "epoch-9"
    with pytest.raises(NotFound, match="epoch-7"):
        _ = ModelReference.parse(f"run:{ID}@7").checkpoint_file


def test_best_is_the_best_checkpoint_and_at_the_end_the_whole_network(home):
    folder = checkpoints(home, "epoch-1", "epoch-2", "best")
    reference = ModelReference.parse(f"run:{ID}")
    assert reference.checkpoint_file.stem == "best"
    (folder / "model.keras").write_bytes(b"x")
    assert reference.checkpoint_file is None
    assert ModelReference.parse(f"run:{ID}@last").checkpoint_file.stem == "epoch-2"


@pytest.mark.parametrize("name", ["best", "last"])
def test_best_and_last_of_a_shipped_network_are_the_finished_one(name):
    assert ModelReference.parse(f"shipped:mnist_lenet5@{name}").checkpoint_file is None


def test_a_run_before_its_first_checkpoint(home):
    checkpoints(home)
    with pytest.raises(NotFound):
        _ = ModelReference.parse(f"run:{ID}").fingerprint


def test_the_fingerprint_follows_weights_and_preparation_but_not_the_title(home, tiny_model):
    reference = ModelReference.parse(save_model(tiny_model))
    first = reference.fingerprint
    card = reference.folder / "card.json"
    text = card.read_text()
    card.write_text(text.replace("Tiny", "Teeny-weeny"))
    assert reference.card.title == "Teeny-weeny"
    assert reference.fingerprint == first
    card.write_text(text.replace('"fit": "stretch"', '"fit": "crop"'))
    assert reference.fingerprint != first
    card.write_text(text)
    assert reference.fingerprint == first
    os.utime(reference.folder / "model.keras", (1, 1))
    assert reference.fingerprint != first


def test_the_fingerprint_of_a_shipped_model_does_not_depend_on_the_time_of_the_checkout(
    home, tiny_model, monkeypatch
):
    folder = ModelReference.parse(save_model(tiny_model)).folder
    folder.rename(home / "tiny")
    monkeypatch.setattr(storage, "SHIPPED", home)
    reference = ModelReference.parse("tiny")
    first = reference.fingerprint
    os.utime(home / "tiny" / "model.keras", (1, 1))
    assert reference.fingerprint == first
    with (home / "tiny" / "model.keras").open("ab") as stream:
        stream.write(b"x")
    assert reference.fingerprint != first
