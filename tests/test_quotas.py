"""What a person may keep: counted from what really lies there, refused in words, no way around."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import threading
import zipfile

import numpy as np
import pytest
from PIL import Image

from cnnviz import belongings, class_maps, marks, quotas, storage, uploads
from cnnviz.datasets.imported import import_dataset, list_imported
from cnnviz.errors import NotPossible, OverQuota, from_code
from cnnviz.runs import locks, queue
from cnnviz.runs.run import create_run, make_model
from cnnviz.training import launch
from cnnviz.training.config import TrainingConfig


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("CNNVIZ_HOME", str(tmp_path / "home"))
    monkeypatch.setenv(quotas.LIMIT, "1")
    return tmp_path / "home"


def kinds(owner: str) -> list[str]:
    return sorted(thing.kind for thing in belongings.of(owner))


def png(side: int = 8) -> bytes:
    noise = np.random.default_rng(0).integers(0, 256, (side, side, 3), np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(noise).save(buffer, "PNG")
    return buffer.getvalue()


def test_the_limit_is_read_from_the_environment(monkeypatch):
    assert quotas.limit_bytes("ann") == 1_000_000
    for text, limit in (("", 2_000_000_000), ("x", 2_000_000_000), ("0", None), ("nan", None)):
        monkeypatch.setenv(quotas.LIMIT, text)
        assert quotas.limit_bytes("ann") == limit
    monkeypatch.setenv(quotas.LIMIT, "0.5")
    assert quotas.limit_bytes("ann") == 500_000
    assert quotas.limit_bytes(storage.LOCAL_OWNER) is None


def test_everything_that_is_kept_is_counted(home):
    uploads.save_image(png(), "ann")
    uploads.save_file(bytes(1000), "net.keras", "ann")
    marks.write_mark("ann", "mnist", 3, marks.Mark(True, "odd"))
    run, lock = create_run({"dataset": "mnist"}, "ann")
    (run.folder / "checkpoints" / "epoch-1.npz").write_bytes(bytes(5000))
    (run.folder / "model.keras").write_bytes(bytes(7000))
    (run.folder / "card.json").write_text(json.dumps({"title": "x"}))
    locks.let_go(lock)
    make_model(run.id, "ann")
    uploads.save_image(png(), "ben")
    assert kinds("ann") == ["file", "image", "model", "note", "run"] and kinds("ben") == ["image"]
    files = [p for p in home.rglob("*") if p.is_file() and p.parent.name != "quotas"]
    whole = sum(p.stat().st_size for p in files if p.suffix != ".lock")
    assert sum(thing.size for thing in belongings.everything()) == whole
    assert quotas.used_bytes("ann") + quotas.used_bytes("ben") == whole


def test_a_training_that_grows_is_counted_anew():
    run, lock = create_run({}, "ann")
    before = quotas.used_bytes("ann")
    (run.folder / "checkpoints" / "epoch-1.npz").write_bytes(bytes(5000))
    assert quotas.used_bytes("ann") == before + 5000
    queue.enqueue(run.id)
    assert quotas.used_bytes("ann") == quotas.RUN_TAKES, "as it will probably be"
    locks.let_go(lock)


def test_over_it_nothing_is_kept(home):
    uploads.save_file(bytes(900_000), "a.keras", "ann")
    with pytest.raises(OverQuota, match=r"needs 0\.2 MB.*1\.0 MB.*used 0\.9 MB.*Your things"):
        uploads.save_file(bytes(200_000), "b.keras", "ann")
    with pytest.raises(OverQuota):
        uploads.save_image(png(300), "ann")
    with pytest.raises(OverQuota):
        launch.start_training(TrainingConfig("mnist", "lenet5"), "ann")
    assert kinds("ann") == ["file"] and not queue.queued()
    assert sum(1 for p in (home / "uploads").iterdir()) == 1
    uploads.save_file(bytes(200_000), "b.keras", "ben")  # another's room is another's


def test_deleting_makes_room():
    first = uploads.save_file(bytes(900_000), "a.keras", "ann")
    uploads.delete(first, "ann")
    uploads.save_file(bytes(900_000), "b.keras", "ann")


def test_whoever_sits_at_the_machine_has_no_limit():
    for _again in range(3):
        uploads.save_file(bytes(900_000), "a.keras")


def test_a_data_set_has_to_fit(home, monkeypatch):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name in ("cats", "dogs"):
            for number in range(10):
                archive.writestr(f"{name}/{number}.png", png())
    monkeypatch.setenv(quotas.LIMIT, "0.2")
    with pytest.raises(OverQuota, match="Your things"):
        import_dataset(packed.getvalue(), "pets.zip", "ann", size=(64, 64))
    assert not list_imported("ann") and not list((home / "uploads").iterdir())
    import_dataset(packed.getvalue(), "pets.zip", "ann", size=(28, 28))
    assert kinds("ann") == ["dataset"]


def test_notes_have_to_fit():
    uploads.save_file(bytes(999_900), "a.keras", "ann")
    with pytest.raises(OverQuota):
        marks.write_mark("ann", "mnist", 1, marks.Mark(True, "x" * 400))
    assert marks.read_marks("ann", "mnist") == {}


def test_classes_are_not_confirmed_beyond_it():
    uploads.save_file(bytes(999_900), "net.keras", "ann")
    pair, names = ("shipped:mnist_lenet5", "upload:" + "a" * 24), (("ones",), ("0", "1"))
    with pytest.raises(OverQuota):
        class_maps.write_class_map("ann", *pair, *names, (1,))
    assert class_maps.read_class_map("ann", *pair, *names) is None
    class_maps.write_class_map("bob", *pair, *names, (1,))


def test_nobody_keeps_things_without_end(monkeypatch):
    monkeypatch.setattr(quotas, "MOST_THINGS", 3)
    for _again in range(3):
        uploads.save_image(png(), "ann")
    with pytest.raises(OverQuota, match="You keep 3 things"):
        uploads.save_image(png(), "ann")


def test_several_tabs_at_once_do_not_get_more():
    refused = []

    def bring() -> None:
        try:
            uploads.save_file(bytes(300_000), "a.keras", "ann")
        except OverQuota:
            refused.append(1)

    tabs = [threading.Thread(target=bring) for _tab in range(8)]
    for tab in tabs:
        tab.start()
    for tab in tabs:
        tab.join()
    assert len(refused) == 5 and quotas.used_bytes("ann") < 1_000_000


def test_several_processes_at_once_do_not_get_more():
    code = (
        "from cnnviz import uploads\n"
        "from cnnviz.errors import OverQuota\n"
        "for n in range(4):\n"
        "    try: uploads.save_file(bytes(150_000), 'a', 'ann')\n"
        "    except OverQuota: pass\n"
    )
    processes = [subprocess.Popen([sys.executable, "-c", code]) for _process in range(3)]
    assert [process.wait(60) for process in processes] == [0, 0, 0]
    assert len(belongings.of("ann")) == 6 and quotas.used_bytes("ann") < 1_000_000


def test_an_owner_is_never_a_path(home):
    uploads.save_file(b"x", "a", "../../evil")
    assert quotas.used_bytes("../../evil") > 0 and not list(home.parent.glob("evil*"))


def test_the_refusal_crosses_a_process_border():
    error = from_code("over_quota", "no {what}", {"what": "room"})
    assert isinstance(error, OverQuota) and isinstance(error, NotPossible)


def test_damaged_entries_are_nobodys(home):
    identifier = uploads.save_image(png(), "ann")
    (home / "uploads" / identifier / "meta.json").write_text("[")
    (home / "uploads" / storage.new_id()).mkdir()
    (home / "marks").mkdir(exist_ok=True)
    (home / "marks" / "x.json").write_text('{"owner"')
    assert belongings.everything() == []
