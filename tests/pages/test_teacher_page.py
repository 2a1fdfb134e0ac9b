"""The class page: closed without the key; who takes what; stopping and cleaning with a way back."""

from __future__ import annotations

import json
import os
import time

import pytest

from cnnviz import ageing, belongings, clearing, quotas, storage, uploads
from cnnviz.compute import get_engine
from cnnviz.errors import CnnvizError
from cnnviz.runs import locks, queue
from cnnviz.runs.run import Run, create_run
from cnnviz.training.config import TrainingConfig
from cnnviz.training.launch import dismiss_spare
from cnnviz.ui import teacher_people
from cnnviz.ui.owner import KEY
from cnnviz.ui.teacher import name_of

pytestmark = pytest.mark.usefixtures("alone")
ANN, BEN = "a" * 24, "b" * 24


@pytest.fixture
def alone(tmp_path, monkeypatch):
    """A home of its own, without workers that would carry out what waits."""
    get_engine()
    monkeypatch.setenv("CNNVIZ_HOME", str(tmp_path))
    monkeypatch.setenv(KEY, "sesame")
    monkeypatch.setattr(teacher_people, "FRESH_S", 0.0)
    monkeypatch.setattr("cnnviz.training.launch._spawn", lambda *_given: None)
    yield tmp_path
    dismiss_spare()


def waiting_run(owner: str) -> Run:
    run, lock = create_run(TrainingConfig("mnist", "lenet5").check().to_json(), owner)
    queue.enqueue(run.id)
    locks.let_go(lock)
    return run


@pytest.fixture
def opened(open_page):
    at = open_page("teacher")
    at.text_input(key="teacher-key").set_value("sesame")
    at.button[[b.label for b in at.button].index("Come in")].click().run()
    assert not at.exception and not at.error
    return at


def keys(at) -> set[str]:
    return {button.key for button in at.button}


def numbers(at) -> dict[str, str]:
    return {metric.label: metric.value for metric in at.metric}


def choose(at, owner: str):
    at.selectbox(key="class-person").set_value(owner).run()
    assert not at.exception
    return at


def test_it_is_closed_without_the_key(open_page, monkeypatch):
    uploads.save_file(bytes(5000), "a", ANN)
    at = open_page("teacher")
    assert not at.exception and not at.metric and not at.dataframe
    assert not {"stop-all", "age-out"} & keys(at)
    at.text_input(key="teacher-key").set_value("wrong")
    at.button[[b.label for b in at.button].index("Come in")].click().run()
    assert any("not the key" in e.value for e in at.error) and not at.metric
    monkeypatch.delenv(KEY)
    with pytest.raises(ValueError, match="Could not find a navigation page"):
        open_page("teacher")


def test_everybody_is_counted(opened):
    uploads.save_file(bytes(3_000_000), "a", ANN)
    uploads.save_file(bytes(1_000_000), "b", BEN)
    waiting_run(BEN)
    at = opened.run()
    assert not at.exception and not at.error
    shown = numbers(at)
    assert shown["trainings waiting"] == "1" and shown["trainings learning"] == "0"
    assert shown["room taken"] == "4.0 MB" and shown["people here"] == "0 / 2"
    table = at.dataframe[0].value
    assert list(table["who"]) == [name_of(ANN), name_of(BEN)]
    assert list(table["MB"]) == [3.0, 1.0] and list(table["trainings"]) == [0, 1]
    assert ANN[:8] not in str(table)


def test_one_persons_trainings_are_stopped(opened):
    hers, his = waiting_run(ANN), waiting_run(BEN)
    at = choose(opened.run(), ANN)
    at.button(key="stop-theirs").click().run()
    assert not at.exception and hers.status == "stopped" and his.status == "waiting"
    at.button(key="stop-all").click().run()
    assert not at.exception and his.status == "stopped"
    assert any("1 training is being stopped" in s.value for s in at.success)


def test_removing_asks_first_and_can_be_undone(opened):
    for _again in range(2):
        uploads.save_file(bytes(1_000_000), "a", ANN)
    uploads.save_file(bytes(1_000_000), "b", BEN)
    at = choose(opened.run(), ANN)
    at.multiselect(key=f"clean-{ANN}").set_value(["file"]).run()
    assert any("2 things (2.0 MB)" in m.value for m in at.markdown)
    assert len(belongings.of(ANN)) == 2, "nothing yet"
    at.button(key="sure-clean").click().run()
    assert not at.exception and belongings.of(ANN) == [] and len(belongings.of(BEN)) == 1
    at.button(key="bring-back").click().run()
    assert len(belongings.of(ANN)) == 2 and "bring-back" not in keys(at)
    at = choose(at, ANN)
    at.multiselect(key=f"clean-{ANN}").set_value(["file"]).run()
    at.button(key="sure-clean").click().run()
    at.button(key="free-now").click().run()
    assert not at.exception and clearing.free() == 0 and belongings.of(ANN) == []


def remove(at, owner):
    at = choose(at, owner)
    at.multiselect(key=f"clean-{owner}").set_value(["file"]).run()
    at.button(key="sure-clean").click().run()
    return at


def test_what_was_removed_before_can_still_be_undone(opened):
    for owner in (ANN, BEN):
        uploads.save_file(bytes(1000), "a", owner)
    at = remove(remove(opened.run(), ANN), BEN)
    assert belongings.of(ANN) == belongings.of(BEN) == []
    at.button(key="bring-back").click().run()
    assert not at.exception and len(belongings.of(ANN)) == len(belongings.of(BEN)) == 1


def test_without_room_it_can_be_undone_later(opened, monkeypatch):
    for _again in range(2):
        uploads.save_file(bytes(600_000), "a", ANN)
    at = remove(opened.run(), ANN)
    new = uploads.save_file(bytes(500_000), "b", ANN)
    monkeypatch.setenv(quotas.LIMIT, "1.3")
    at.button(key="bring-back").click().run()
    assert not at.exception and len(belongings.of(ANN)) == 2 and "bring-back" in keys(at)
    uploads.delete(new, ANN)
    at.button(key="bring-back").click().run()
    assert not at.exception and len(belongings.of(ANN)) == 2 and "bring-back" not in keys(at)


def test_what_is_old_goes_at_once(opened):
    identifier = uploads.save_file(bytes(1000), "a", ANN)
    meta = storage.entry("uploads", identifier) / "meta.json"
    then = time.time() - 40 * 24 * 3600
    meta.write_text(json.dumps(json.loads(meta.read_text()) | {"created": then}))
    os.utime(meta, (then, then))
    at = opened.run()
    at.button(key="age-out").click().run()
    assert not at.exception and any("1 old thing" in s.value for s in at.success)
    with pytest.raises(CnnvizError):
        uploads.meta(identifier)
    assert ageing.keep_days() == 30


def test_sixty_people_are_looked_at_quickly(tmp_path):
    for number in range(60):
        owner = f"{number:024x}"
        for _again in range(3):
            uploads.save_file(b"x", "a", owner)
        waiting_run(owner)
    teacher_people.look(afresh=True)
    begun = time.process_time()
    found = teacher_people.look(afresh=True)
    assert len(found.people) == 60 and found.total("waiting") == 60
    assert time.process_time() - begun < 0.5
    assert found.size == sum(size_of(owner) for owner in {p.owner for p in found.people})


def size_of(owner: str) -> int:
    return sum(thing.size for thing in belongings.of(owner))
