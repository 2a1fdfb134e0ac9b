"""What nobody uses goes, what anything still names stays; with real files that are made old."""

from __future__ import annotations

import io
import json
import os
import time

import numpy as np
import pytest
from PIL import Image

from cnnviz import ageing, belongings, clearing, marks, quotas, storage, uploads
from cnnviz.class_maps import write_class_map
from cnnviz.errors import NotFound, OverQuota
from cnnviz.runs import locks, queue
from cnnviz.runs.run import Run, create_run

DAY = 24 * 3600


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("CNNVIZ_HOME", str(tmp_path / "home"))
    for name in (ageing.DAYS, ageing.DAYS_OF_MODELS, quotas.LIMIT):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "home"


def picture() -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(np.zeros((4, 4), np.uint8)).save(buffer, "PNG")
    return buffer.getvalue()


def make_old(folder, days: float = 31) -> None:
    """As if it had been made, and used last, so many days ago."""
    then = time.time() - days * DAY
    for name in ("meta.json", "owner.json"):
        if (file := folder / name).exists():
            said = json.loads(file.read_text()) | {"created": then}
            file.write_text(json.dumps(said))
            os.utime(file, (then, then))


def old_image(owner: str = "ann", days: float = 31) -> str:
    identifier = uploads.save_image(picture(), owner)
    make_old(storage.entry("uploads", identifier), days)
    return identifier


def old_run(config: dict | None = None, days: float = 31) -> Run:
    run, lock = create_run(config or {}, "ann")
    locks.let_go(lock)
    make_old(run.folder, days)
    return run


def old_model() -> str:
    identifier = storage.new_id()
    with storage.publish("models", identifier) as folder:
        (folder / "card.json").write_text("{}")
        (folder / "owner.json").write_text('{"owner": "ann"}')
    make_old(storage.entry("models", identifier))
    return identifier


def test_unused_uploads_go_and_the_sentence_is_clear():
    old, young = old_image(), old_image(days=29)
    file = uploads.save_file(b"net", "net.keras", "ann")
    make_old(storage.entry("uploads", file))
    aged = ageing.age_out()
    assert (aged.things, aged.leftovers) == (2, 0) and aged.size > 0
    assert uploads.load_image(young).shape == (4, 4, 1)
    for gone in (old, file):
        with pytest.raises(NotFound, match="nothing kept under"):
            uploads.meta(gone)


def test_what_is_looked_at_stays():
    identifier = old_image()
    uploads.load_image(identifier)
    assert ageing.age_out().things == 0
    [thing] = belongings.of("ann")
    assert time.time() - thing.used < 60


def test_what_is_looked_at_again_and_again_is_not_written_each_time():
    identifier = old_image(days=0.01)  # a quarter of an hour
    meta = storage.entry("uploads", identifier) / "meta.json"
    before = meta.stat().st_mtime_ns
    uploads.load_image(identifier)
    assert meta.stat().st_mtime_ns == before


def test_what_something_still_names_stays():
    data, image, mapped, noted = (old_image() for _one in range(4))
    old_run({"dataset": f"upload:{data}"})
    model = storage.entry("models", old_model())
    (model / "card.json").write_text(json.dumps({"source": f"upload:{image}"}))
    write_class_map("ann", "shipped:x", f"upload:{mapped}", ["a"], ["b"], [0])
    marks.write_mark("ann", f"shipped:x upload:{noted}/test", 0, marks.Mark(True))
    free = old_image()
    assert ageing.age_out().things == 1
    for kept in (data, image, mapped, noted):
        uploads.meta(kept)
    with pytest.raises(NotFound):
        uploads.meta(free)


def test_models_and_trainings_stay_unless_it_is_wished_for(monkeypatch):
    run, model = old_run(), old_model()
    assert ageing.age_out().things == 0
    monkeypatch.setenv(ageing.DAYS_OF_MODELS, "30")
    base = old_model()
    old_run({"parameters": {"base": f"model:{base}"}}, days=1)
    assert ageing.age_out().things == 2
    storage.entry("models", base)
    for kind, gone in (("runs", run.id), ("models", model)):
        with pytest.raises(NotFound):
            storage.entry(kind, gone)


def test_a_training_at_work_never_goes(monkeypatch):
    monkeypatch.setenv(ageing.DAYS_OF_MODELS, "30")
    run = old_run()
    lock = locks.take(run.folder)
    assert ageing.age_out().things == 0 and run.folder.is_dir()
    locks.let_go(lock)
    assert ageing.age_out().things == 1


@pytest.mark.parametrize(("days", "gone"), [("0", 0), ("-1", 0), ("x", 1), ("40", 0), ("0.5", 1)])
def test_the_period_is_read_from_the_environment(monkeypatch, days, gone):
    monkeypatch.setenv(ageing.DAYS, days)
    old_image()
    assert ageing.age_out().things == gone


def test_leftovers_of_killed_processes_go_wherever_they_lie(home):
    upload = storage.entry("uploads", uploads.save_file(b"net", "net.keras", "ann"))
    run = old_run(days=0)
    left = [
        upload / ".new-abc.keras",
        upload / ".new-abc.part.keras",
        run.folder / "commands" / ".new-stop-1234",
        run.folder / "checkpoints" / ".new-epoch-1.npz-1234",
        storage.area("marks") / ".new-x.json-1234",
        storage.area("cache") / "answers" / ".new-x.bin-1234",
        home / ".new-server.key-1234",
    ]
    (storage.area("cache") / "answers").mkdir()
    (home / "queue").mkdir(exist_ok=True)
    for path in (*left, home / "queue" / ".new-x-1"):
        path.write_bytes(b"x")
    young = storage.area("uploads") / ".new-young"
    young.mkdir()
    assert ageing.age_out().leftovers == 0, "it may still be written"
    for path in (*left, home / "queue" / ".new-x-1"):
        os.utime(path, (0, 0))
    assert ageing.age_out().leftovers == len(left) + 1
    assert not [p for p in home.rglob(".new-*") if p != young] and young.is_dir()
    assert (upload / "file").read_bytes() == b"net"


def test_set_aside_brought_back_and_freed():
    image, model, run = old_image(), old_model(), old_run()
    queue.enqueue(run.id)
    busy = old_run()
    lock = locks.take(busy.folder)
    things = belongings.of("ann")
    taken = clearing.set_aside(things)
    assert {t.identifier for t in taken} == {image, model, run.id}
    assert [t.identifier for t in belongings.of("ann")] == [busy.id] and not queue.queued()
    assert clearing.free(clearing.UNDO_S) == 0, "it can be brought back for a while"
    assert len(clearing.bring_back(taken)) == 3 and len(belongings.of("ann")) == 4
    assert uploads.load_image(image).shape == (4, 4, 1)
    clearing.set_aside(belongings.of("ann"))
    assert clearing.free() > 0 and clearing.bring_back(taken) == []
    assert [t.identifier for t in belongings.of("ann")] == [busy.id]
    locks.let_go(lock)


def test_bringing_back_is_no_way_around_the_quota(monkeypatch):
    monkeypatch.setenv(quotas.LIMIT, "1")
    uploads.save_file(bytes(900_000), "a", "ann")
    taken = clearing.set_aside(belongings.of("ann"))
    uploads.save_file(bytes(900_000), "b", "ann")
    with pytest.raises(OverQuota):
        clearing.bring_back(taken)


def test_notes_are_nobodys_but_their_owners():
    marks.write_mark("ann", "x", 1, marks.Mark(True))
    assert clearing.set_aside(belongings.of("ann")) == []
    assert marks.read_marks("ann", "x")
