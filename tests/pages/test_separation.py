"""What somebody with a browser can find of others: nothing but what a link names."""

from __future__ import annotations

import io
import json
import shutil
import zipfile

import numpy as np
import pytest

from cnnviz import images, marks, storage, uploads
from cnnviz.datasets.imported import delete_imported, import_dataset
from cnnviz.models import store
from cnnviz.runs import locks
from cnnviz.runs.run import TEACHER, create_run, delete_run
from cnnviz.training.config import TrainingConfig
from cnnviz.ui.lesson import PAGES

HERS = "somebody-else"
NAMES = ("secret-cats", "secret-dogs")


def packed() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as target:
        for place, name in enumerate(NAMES):
            for number in range(10):
                pixels = np.full((4, 4, 3), 20 * number + place, np.uint8)
                target.writestr(f"{name}/{number}.png", images.encode_png(pixels))
    return file.getvalue()


@pytest.fixture(scope="module")
def hers(workspace) -> dict[str, str]:
    """Somebody else's things, each with something that would give it away."""
    dataset = import_dataset(packed(), "secret pets.zip", HERS, size=(28, 28))
    config = TrainingConfig(f"upload:{dataset}", "lenet5", title="secret training").check()
    run, lock = create_run(config.to_json(), HERS)
    locks.let_go(lock)
    figures = {"epoch": 1, "val_accuracy": 0.5, "val_images": 2, "step": 10}
    (run.folder / "outcome.json").write_text(
        json.dumps({"status": "stopped", "reason": None, **figures})
    )
    event = {"kind": "start", "steps_per_epoch": 10, "epochs": 3, "val_images": 2, "time": 0}
    (run.folder / "events.jsonl").write_text(json.dumps(event) + "\n")
    model = storage.new_id()
    with storage.publish("models", model) as folder:
        shutil.copy(storage.SHIPPED / "mnist_lenet5" / "model.keras", folder)
        card = json.loads((storage.SHIPPED / "mnist_lenet5" / "card.json").read_text())
        card |= {"title": "secret net", "dataset": f"upload:{dataset}"}
        (folder / "card.json").write_text(json.dumps(card))
        (folder / "owner.json").write_text(json.dumps({"owner": HERS, "created": 1.0}))
    image = uploads.save_image(images.encode_png(np.zeros((28, 28, 1), np.uint8)), HERS)
    marks.write_mark(HERS, f"model:{model} mnist/test", 5, marks.Mark(True, "secret note"))
    yield {"dataset": dataset, "run": run.id, "model": model, "image": image}
    delete_imported(dataset, HERS)
    delete_run(run.id, TEACHER)
    store.delete_model(f"model:{model}", HERS)
    uploads.delete(image, HERS)


def everything_on(at) -> str:
    """All that was sent to the browser, as one text."""
    assert not at.exception
    return "".join(
        str(getattr(node, "proto", "")) for part in (at.main, at.sidebar) for node in part
    )


@pytest.mark.parametrize("page", [p.key for p in PAGES] + ["your_things"])
def test_no_page_lists_anything_of_others(open_page, hers, page):
    sent = everything_on(open_page(page, model="shipped:mnist_lenet5"))
    assert "mnist" in sent or "Digits" in sent, "this finds what is on a page"
    assert "secret" not in sent and not [i for i in hers.values() if i in sent]
    assert HERS not in sent


@pytest.mark.parametrize("page", ["home", "models", "data", "filters", "mistakes"])
def test_a_models_link_shares_the_model_alone(open_page, hers, page):
    at = open_page(page, model=f"model:{hers['model']}")
    sent = everything_on(at)
    assert "secret net" in sent
    for other in ("secret pets", "secret-cats", "secret note", "secret training"):
        assert other not in sent
    for kind in ("dataset", "run", "image"):
        assert hers[kind] not in sent
    changing = {f"delete-model:{hers['model']}", "delete-data", "rename-run"}
    assert not changing & {b.key for b in at.button}


@pytest.mark.parametrize("page", ["runs", "train"])
def test_a_trainings_link_shows_it_and_does_not_name_its_data(open_page, hers, page):
    name = "runs" if page == "runs" else "run"
    at = open_page(page, **{name: hers["run"]})
    sent = everything_on(at)
    assert "secret training" in sent
    assert hers["dataset"] not in sent and hers["image"] not in sent and "secret note" not in sent
    changing = {"rename-run", "delete-run", "stop-training", "resume-training"}
    assert not changing & {b.key for b in at.button}


def test_trying_it_again_does_not_open_its_data(open_page, hers):
    at = open_page("runs", runs=hers["run"])
    at.button(key="try-again").click().run()
    assert not at.exception and at.title[0].value == "How does it learn?"
    assert hers["dataset"] not in everything_on(at)
    assert hers["dataset"] not in str(dict(at.query_params))
    assert hers["dataset"] not in str(at.session_state["_chosen_data"] if _chose(at) else "")


def _chose(at) -> bool:
    return "_chosen_data" in at.session_state


def test_the_zip_with_the_images_is_for_their_owner(open_page, hers):
    at = open_page("runs", runs=hers["run"])
    at.session_state[f"code-{hers['run']}"] = True
    at.run()
    sent = everything_on(at)
    assert "save-code" not in sent and "somebody else" in sent
    assert "secret-cats" not in sent, "class names are the data set's"
