import json

import numpy as np
import pytest

from cnnviz import storage
from cnnviz.errors import BadInput, NotFound
from cnnviz.models.model import load_model, save_model
from cnnviz.models.references import ModelReference
from cnnviz.models.store import delete_model, list_models, rename_model


def made(owner=None):
    return [e for e in list_models(owner) if not e.reference.startswith("shipped:")]


def run_folder(card, owner, *labels):
    identifier = storage.new_id()
    with storage.publish("runs", identifier) as folder:
        (folder / "checkpoints").mkdir()
        for label in labels:
            np.savez(folder / "checkpoints" / f"{label}.npz", w0=np.zeros(1))
        (folder / "card.json").write_text(card.to_json())
        (folder / "owner.json").write_text(json.dumps({"owner": owner, "created": 5.0}))
    return identifier


def test_shipped_models_are_always_there_and_first(home, tiny_model):
    save_model(tiny_model)
    entries = list_models()
    shipped = [e.reference.startswith("shipped:") for e in entries]
    assert shipped == sorted(shipped, reverse=True)
    assert not any(e.deletable for e in entries if e.reference.startswith("shipped:"))


def test_what_is_saved_is_listed_for_its_owner(home, tiny_model):
    reference = save_model(tiny_model, owner="ada")
    (entry,) = made("ada")
    assert (entry.reference, entry.owner, entry.deletable) == (reference, "ada", True)
    assert entry.card.title == "Tiny"
    assert entry.created > 1e9
    assert made("bob") == []
    assert len(made()) == 1


def test_newest_first_and_runs_once_they_have_weights(home, tiny_model):
    run_folder(tiny_model.card, "ada")
    going = run_folder(tiny_model.card, "ada", "step-0")
    saved = save_model(tiny_model, owner="ada")
    assert [e.reference for e in made("ada")] == [saved, f"run:{going}@best"]
    assert not made("ada")[1].deletable


def test_half_made_folders_are_passed_over(home):
    (storage.area("models") / ".new-0123").mkdir()
    (storage.area("models") / storage.new_id()).mkdir()  # without a card
    assert made() == []


def test_only_the_owner_deletes(home, tiny_model):
    reference = save_model(tiny_model, owner="ada")
    with pytest.raises(BadInput, match="somebody else"):
        delete_model(reference, "bob")
    delete_model(reference, "ada")
    assert made() == []
    assert list(storage.area("models").iterdir()) == []
    with pytest.raises(NotFound):
        delete_model(reference, "ada")


def test_shipped_models_and_runs_cannot_be_deleted_here(home, tiny_model):
    with pytest.raises(BadInput, match="part of cnnviz"):
        delete_model("shipped:mnist_lenet5", "local")
    run = run_folder(tiny_model.card, "ada", "step-0")
    with pytest.raises(BadInput, match="run"):
        delete_model(f"run:{run}", "ada")
    assert ModelReference.parse(f"run:{run}").folder.is_dir()


def test_renaming_changes_the_title_only(home, tiny_model):
    reference = save_model(tiny_model, owner="ada")
    rename_model(reference, "  Mine ", "ada")
    model = load_model(reference)
    assert model.card.title == "Mine"
    assert model.card.layers == tiny_model.card.layers
    with pytest.raises(BadInput, match="somebody else"):
        rename_model(reference, "Theirs", "bob")
    with pytest.raises(BadInput, match="needs a name"):
        rename_model(reference, " ", "ada")
    with pytest.raises(BadInput):
        rename_model("shipped:mnist_lenet5", "Mine", "ada")
