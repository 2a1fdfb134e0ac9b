"""A person's own network meets their own folder: which class is which comes before any number."""

from __future__ import annotations

import errno
import io
import json
import shutil
import zipfile

import numpy as np
import pytest

from cnnviz import images, storage
from cnnviz.compute import get_engine
from cnnviz.datasets.bundled import split_arrays
from cnnviz.datasets.imported import import_dataset, load_imported
from cnnviz.models.cards import Card
from cnnviz.models.references import ModelReference
from cnnviz.storage import SHIPPED

NAMES = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
QUESTION = "Which class is which?"


def zipped(folders: dict[str, int], each: int = 20) -> bytes:
    """Pictures of digits in folders: name → the digit that its images show."""
    pictures, labels = split_arrays("mnist", "val")
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, digit in folders.items():
            for i, index in enumerate(np.flatnonzero(labels == digit)[:each]):
                archive.writestr(f"{name}/{i}.png", images.encode_png(pictures[index]))
    return buffer.getvalue()


@pytest.fixture
def own_model():
    """The shipped network for digits as if somebody had brought it, with names of its own."""
    made = []

    def make(names: list[str] = NAMES) -> str:
        identifier = storage.new_id()
        shipped = ModelReference.parse("shipped:mnist_lenet5")
        data = json.loads(shipped.card.to_json())
        data |= {"class_names": names, "title": "My *net*", "dataset": None, "accuracy": []}
        with storage.publish("models", identifier) as folder:
            shutil.copy(SHIPPED / "mnist_lenet5" / "model.keras", folder / "model.keras")
            (folder / "card.json").write_text(Card.from_json(json.dumps(data)).to_json())
            (folder / "owner.json").write_text('{"owner": "local", "created": 1}')
        made.append(storage.area("models") / identifier)
        return f"model:{identifier}"

    yield make
    for folder in made:
        shutil.rmtree(folder)


@pytest.fixture
def own_folder():
    made = []

    def make(folders: dict[str, int], each: int = 20) -> str:
        made.append(import_dataset(zipped(folders, each), "mine.zip", size=(28, 28)))
        return f"upload:{made[-1]}"

    yield make
    for identifier in made:
        shutil.rmtree(storage.area("uploads") / identifier)
    for path in storage.area("class_maps").iterdir():
        path.unlink()


def heading(at) -> list[str]:
    return [h.value for h in at.subheader]


def boxes(at) -> list:
    return [b for b in at.selectbox if (b.key or "").startswith("class-map-")]


def said(at) -> str:
    kinds = ("markdown", "caption", "metric", "info", "subheader", "header")
    return " ".join(
        f"{e.value} {getattr(e, 'label', '')}" for kind in kinds for e in at.main.get(kind)
    )


def by_hand(model: str, dataset: str, meaning: dict[str, int]) -> float:
    """Accuracy on the test images, one image after the other."""
    data = load_imported(dataset.removeprefix("upload:"), "test")
    right = []
    for i, label in enumerate(data.labels):
        name = data.class_names[label]
        if name in meaning:
            image = f"data:{dataset}/test/{i}"
            answer = get_engine().ask("predict", model=model, image=image).result()
            right.append(answer["classes"][0]["index"] == meaning[name])
    return sum(right) / len(right)


def test_other_names_and_another_order_are_asked_about_then_measured(
    open_page, own_model, own_folder
):
    # 9 looks like 4 at times, and the folder “nine” shows fours: a wrong map would show
    dataset = own_folder({"sevens": 7, "One": 1, "eggs": 0, "nine": 4}, each=60)
    model = own_model()
    at = open_page("evaluation", model=model, data=dataset)
    assert not at.exception and not at.error
    assert QUESTION in heading(at) and at.title[0].value == "How good is it?"
    assert not at.metric and "%" not in said(at), "no number before it is confirmed"
    rows = {b.label: b for b in boxes(at)}
    assert rows["What is “sevens” for the network?"].value == 7
    assert rows["What is “One” for the network?"].value == 1
    assert rows["What is “nine” for the network?"].value == 9
    assert rows["What is “eggs” for the network?"].value == -1
    assert "This network knows 3 of your 4 classes. Left out: 6 of 24 test images" in said(at)
    rows["What is “nine” for the network?"].select(4).run()
    assert "%" not in said(at)
    at.button(key="confirm-classes").click().run()
    assert not at.exception and not at.error and QUESTION not in heading(at)
    assert "This network knows 3 of your 4 classes. Left out: 6 of 24 test images" in said(at)

    names = load_imported(dataset.removeprefix("upload:"), "test").class_names
    meaning = {"sevens": 7, "One": 1, "nine": 4}
    class_map = [meaning.get(name) for name in names]
    answer = (
        get_engine().ask("evaluate", model=model, dataset=dataset, class_map=class_map).result()
    )
    assert len(answer["labels"]) == 18 and 0 not in answer["labels"]
    accuracy = float((answer["top_classes"][:, 0] == answer["labels"]).mean())
    assert accuracy == by_hand(model, dataset, meaning) > 0.8
    assert f"{100 * accuracy:.0f}" in said(at)

    for page in ("mistakes", "feature_space"):  # it is not asked twice
        other = open_page(page, model=model, data=dataset)
        assert not other.exception and not other.error, other.error
        assert QUESTION not in heading(other)

    at.button(key="change-classes").click().run()
    assert QUESTION in heading(at) and not at.metric
    kept = {b.label: b.value for b in boxes(at)}
    assert kept["What is “nine” for the network?"] == 4
    at.button(key="keep-classes").click().run()
    assert QUESTION not in heading(at)


def test_the_same_names_in_the_same_order_are_not_asked_about(open_page, own_model, own_folder):
    dataset = own_folder({name.upper(): i for i, name in enumerate(("a", "b"))})
    model = own_model([*"ab", *"cdefghij"])
    at = open_page("evaluation", model=model, data=dataset)
    assert QUESTION in heading(at)  # eight classes of the model have no images: that is said
    every = own_folder({f"{i}": i for i in range(10)})
    at = open_page("evaluation", model=own_model([f"{i}" for i in range(10)]), data=every)
    assert not at.exception and QUESTION not in heading(at)


def test_nothing_matched_is_a_sentence_with_a_way_out(open_page, own_model, own_folder):
    dataset = own_folder({"cats": 0, "dogs": 1})
    model = own_model()
    at = open_page("evaluation", model=model)
    assert QUESTION not in heading(at)  # unrelated: not the default
    at.selectbox(key="measure-on").select(dataset).run()
    assert QUESTION in heading(at) and "No class of “mine”" in said(at)
    assert "My \\*net\\*" in said(at)  # a title is text
    assert at.button(key="confirm-classes").disabled
    at.selectbox(key="choice-data").select("mnist").run()
    assert QUESTION in heading(at)
    assert [b.value for b in boxes(at)] == list(range(10)), "zero is 0"


def test_a_model_with_numbers_for_names_is_shown_its_own_answers(open_page, own_model, own_folder):
    dataset = own_folder({f"sort {'abcdefghij'[i]}": i for i in range(10)}, each=5)
    at = open_page("mistakes", model=own_model([f"class {i}" for i in range(10)]), data=dataset)
    if not boxes(at):
        at.selectbox(key="measure-on").select(dataset).run()
    assert not at.exception and not at.error
    assert "order of the alphabet" in said(at)
    assert [b.value for b in boxes(at)] == list(range(10))
    assert any("What the network calls its classes" in e.label for e in at.expander)


def test_a_thousand_classes_are_searched_not_listed(open_page, own_folder):
    dataset = own_folder({"cats": 0, "Sandals": 1, "persian cats": 2})
    at = open_page("evaluation", data=dataset)  # the network for everyday photos
    assert QUESTION in heading(at)
    rows = {b.label: b for b in boxes(at)}
    assert all(len(b.options) < 20 for b in rows.values())
    sandals = rows["What is “Sandals” for the network?"]
    assert "sandal" in sandals.options[0] and sandals.value != -1
    assert rows["What is “cats” for the network?"].value == -1  # many cats: a person's choice
    before = len(rows["What is “cats” for the network?"].options)
    at.text_input(key="class-search").set_value("tabby").run()
    cats = next(b for b in boxes(at) if "“cats”" in b.label)
    assert "tabby" in cats.options and len(cats.options) == before + 1


def test_where_nothing_can_be_kept_the_choice_stays(open_page, own_model, own_folder, monkeypatch):
    dataset, model = own_folder({"sevens": 7, "ones": 1}), own_model()
    at = open_page("evaluation", model=model, data=dataset)

    def full(path, data):
        raise OSError(errno.ENOSPC, "No space left on device")

    boxes(at)[0].select(3).run()
    with monkeypatch.context() as patch:
        patch.setattr(storage, "write_whole", full)
        at.button(key="confirm-classes").click().run()
    assert not at.exception and [t.value for t in at.toast] == [
        "The disk is full. Delete old trainings, then try again."
    ]
    assert QUESTION in heading(at) and boxes(at)[0].value == 3
    at.button(key="confirm-classes").click().run()
    assert not at.exception and QUESTION not in heading(at)


def test_a_hostile_stored_map_is_not_believed(open_page, own_model, own_folder):
    dataset, model = own_folder({"sevens": 7, "ones": 1}), own_model()
    at = open_page("evaluation", model=model, data=dataset)
    at.button(key="confirm-classes").click().run()
    [path] = storage.area("class_maps").glob("*.json")
    kept = json.loads(path.read_text())
    for classes in ([7, 10_000], [7], "<script>", [True, 1], None):
        path.write_text(json.dumps(kept | {"class_map": classes}))
        at = open_page("evaluation", model=model, data=dataset)
        assert not at.exception and QUESTION in heading(at)


def test_splits_without_images_are_not_offered(open_page, own_model, own_folder):
    """Of the class that the network knows, nobody put an image into the test folder."""
    dataset = own_folder({"train/ones": 1, "train/eggs": 0, "test/eggs": 6}, each=10)
    at = open_page("mistakes", model=own_model(), data=dataset, split="test")
    at.button(key="confirm-classes").click().run()
    assert not at.exception and not at.error
    [control] = [c for c in at.main.get("button_group") if c.key == "choice-split"]
    assert [o.content for o in control.proto.options] == ["training (9)", "validation (1)"]


def test_without_images_a_folder_is_offered_first(open_page):
    at = open_page("evaluation")
    assert not at.exception
    links = [link.proto.label for link in at.get("page_link")]
    assert links[0] == "Bring a folder"
    assert "shows “Clothes”" in said(at)


def test_looking_at_other_data_does_not_change_what_is_measured(open_page):
    at = open_page("evaluation", model="shipped:fashion_mnist_vgg", data="mnist")
    assert not at.exception and QUESTION not in heading(at)
    assert "“Digits” are images of other things" in said(at)
    at.button(key="measure-all-the-same").click().run()
    assert QUESTION in heading(at)
