"""One person's things are their own: nobody else lists, changes or guesses them, and what they
typed is text wherever it goes."""

from __future__ import annotations

import io
import json
import zipfile

import numpy as np
import pytest

from cnnviz import belongings, class_maps, images, marks, storage, uploads
from cnnviz.datasets.imported import delete_imported, import_dataset, list_imported
from cnnviz.errors import BadInput, NotFound
from cnnviz.models import store
from cnnviz.runs import archive, locks
from cnnviz.runs.run import Run, create_run, delete_run, list_runs, make_model
from cnnviz.spreadsheet import harmless
from cnnviz.training import launch
from cnnviz.ui import mistake_files, owner

ANN, EVE = "a" * 24, "e" * 24


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("CNNVIZ_HOME", str(tmp_path / "home"))
    monkeypatch.setattr("cnnviz.training.launch._spawn", lambda *_given: None)
    return tmp_path / "home"


def png(value: int = 0) -> bytes:
    return images.encode_png(np.full((4, 4, 3), value, np.uint8))


def packed(names: tuple[str, ...] = ("cats", "dogs")) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as target:
        for place, name in enumerate(names):
            for number in range(10):
                target.writestr(f"{name}/{number}.png", png(10 * number + place))
    return file.getvalue()


@pytest.fixture
def hers() -> dict[str, str]:
    """Ids of one thing of every kind, all Ann's."""
    dataset = import_dataset(packed(), "pets.zip", ANN, size=(28, 28))
    run, lock = create_run({"dataset": f"upload:{dataset}", "architecture": "lenet5"}, ANN)
    (run.folder / "model.keras").write_bytes(b"weights")
    shipped = (storage.SHIPPED / "mnist_lenet5" / "card.json").read_text(encoding="utf-8")
    (run.folder / "card.json").write_text(shipped, encoding="utf-8")
    locks.let_go(lock)
    marks.write_mark(ANN, "shipped:x mnist/test", 5, marks.Mark(True, "her note"))
    class_maps.write_class_map(ANN, "shipped:x", f"upload:{dataset}", ["a"], ["b"], [0])
    return {
        "image": uploads.save_image(png(), ANN),
        "file": uploads.save_file(b"net", "net.keras", ANN),
        "dataset": dataset,
        "run": run.id,
        "model": make_model(run.id, ANN).removeprefix("model:"),
    }


def test_ids_and_cookies_cannot_be_guessed(hers):
    """96 random bits, and 192 of a cookie, of which others see a digest only."""
    assert all(storage.is_id(identifier) for identifier in hers.values())
    many = [int(storage.new_id(), 16) for _one in range(4000)]
    assert len(set(many)) == 4000 and max(many).bit_length() == 96
    ones = np.array([[number >> bit & 1 for bit in range(96)] for number in many]).mean(0)
    assert np.all(np.abs(ones - 0.5) < 0.06), "every bit is random"
    cookies = {owner.new_cookie() for _one in range(1000)}
    assert len(cookies) == 1000 and all(owner.is_cookie(c) for c in cookies)
    cookie = cookies.pop()
    assert len(owner.owner_of(cookie)) == 24 and owner.owner_of(cookie) not in cookie
    assert owner.owner_of("") == storage.LOCAL_OWNER != owner.owner_of("local")


def test_lists_hold_ones_own_things_only(hers):
    assert belongings.of(EVE) == [] and len(belongings.of(ANN)) == 6
    assert list_imported(EVE) == [] and list_runs(EVE) == []
    listed = {entry.reference for entry in store.list_models(EVE)}
    assert all(reference.startswith("shipped:") for reference in listed)
    assert marks.read_marks(EVE, "shipped:x mnist/test") == {}
    about = ("shipped:x", f"upload:{hers['dataset']}", ["a"], ["b"])
    assert class_maps.read_class_map(EVE, *about) is None
    assert class_maps.read_class_map(ANN, *about) == (0,)


def test_nobody_else_deletes_renames_or_stops(hers):
    run = Run(hers["run"])
    attempts = [
        lambda: uploads.delete(hers["image"], EVE),
        lambda: uploads.delete(hers["file"], EVE),
        lambda: delete_imported(hers["dataset"], EVE),
        lambda: store.delete_model(f"model:{hers['model']}", EVE),
        lambda: store.rename_model(f"model:{hers['model']}", "mine", EVE),
        lambda: delete_run(hers["run"], EVE),
        lambda: run.rename("mine", EVE),
        lambda: run.request_stop(EVE),
        lambda: run.request_pause(EVE),
        lambda: run.request_learning_rate(1.0, EVE),
        lambda: launch.resume_training(hers["run"], EVE),
        lambda: launch.stop_training(hers["run"], EVE),
    ]
    for attempt in attempts:
        with pytest.raises((BadInput, NotFound)):
            attempt()
    assert len(belongings.of(ANN)) == 6 and not list((run.folder / "commands").iterdir())


def test_writing_marks_under_the_same_key_changes_ones_own(hers):
    marks.write_marks(EVE, "shipped:x mnist/test", {5: marks.Mark(True, "hers is gone")})
    assert marks.read_marks(ANN, "shipped:x mnist/test")[5].note == "her note"
    file = next(p for p in storage.area("marks").glob("*.json") if "her note" in p.read_text())
    stolen = marks._file(EVE, "shipped:x mnist/test")
    stolen.write_bytes(file.read_bytes())
    with pytest.raises(BadInput, match="damaged"):
        marks.read_marks(EVE, "shipped:x mnist/test")


def test_a_trainings_link_does_not_hand_out_its_data_set(hers):
    """Whoever has the id of a data set has its images, so the id is not in the zip."""
    whole = b"".join(archive.stream(Run(hers["run"]), "x"))
    with zipfile.ZipFile(io.BytesIO(whole)) as found:
        inside = b"".join(found.read(name) for name in found.namelist())
        config = json.loads(found.read(next(n for n in found.namelist() if "config" in n)))
    assert hers["dataset"].encode() not in inside and config["dataset"] == "upload"
    assert ANN.encode() not in inside, "nor whose it is"


TYPED = [
    "../../etc/passwd",
    "/etc/passwd",
    "..\\..\\evil.exe",
    "C:\\Windows\\x",
    "a\0b",
    "a\r\nset-cookie: x=y",
    "<img src=x onerror=alert(1)>",
    "![x](http://evil.example/y.png)",
    "[x](javascript:alert(1))",
    '=HYPERLINK("http://evil.example","x")',
    "con",
    ".",
    "~",
    "\u202egnp.exe",
    "模型",
    "x" * 500,
]


@pytest.mark.parametrize("text", TYPED)
def test_a_title_never_becomes_a_path(text, hers, home):
    run = Run(hers["run"])
    name = archive.file_name(run, text)
    assert not set(name) & set('/\\\0\r\n<>:"|?*') and not name.startswith((".", "~"))
    assert name.endswith(".zip") and len(name) < 100
    for entry in zipfile.ZipFile(io.BytesIO(b"".join(archive.stream(run, text)))).namelist():
        assert ".." not in entry and not entry.startswith("/") and entry.count("/") <= 2
    before = {p for p in home.rglob("*") if p.is_dir()}
    store.rename_model(f"model:{hers['model']}", text, ANN)
    run.rename(text, ANN)
    uploads.save_file(b"x", text, ANN)
    marks.write_mark(ANN, text, 1, marks.Mark(True, text))
    marks.write_mark(text, "x", 1, marks.Mark(True, text))
    class_maps.write_class_map(text, text, text, ["a"], ["b"], [0])
    new = {p for p in home.rglob("*") if p.is_dir()} - before
    assert all(storage.is_id(p.name) or p.name == "quotas" for p in new)
    safe = mistake_files.safe(text, "class")
    assert safe and not set(safe) & set("/\\.\0\r\n<>:=")
    assert mistake_files.file_name("model:x", text, "csv").count(".") == 1


FORMULAS = ["=1+1", "+1", "-1+2", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "  =1"]
FORMULAS += ["\u00a0=1", "\uff1d1", "\ufeff=1"]


@pytest.mark.parametrize("text", FORMULAS)
def test_no_cell_becomes_a_formula(text):
    assert harmless(text) == f"'{text}"


@pytest.mark.parametrize("text", ["cat", "3.5", "a=b", "", "  cat", "'=1"])
def test_other_cells_stay_as_they_are(text):
    assert harmless(text) == text


def test_class_names_of_a_zip_are_text(home):
    names = ("=cmd()", "<b>dogs")
    identifier = import_dataset(packed(names), "../../x.zip", ANN, size=(28, 28))
    [found] = list_imported(ANN)
    assert found.identifier == identifier and set(found.class_names) <= {*names, "dogs", "b>dogs"}
    assert found.title == "x" and not list(home.parent.glob("x*"))
    for place in range(2):
        folder = mistake_files.folder_name(place, found.class_names)
        assert folder.startswith(f"{place}-") and not set(folder) & set("<>=()/")
