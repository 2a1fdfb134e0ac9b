import subprocess
import sys

import pytest

from cnnviz import machine
from cnnviz.training import slots


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("CNNVIZ_HOME", str(tmp_path))
    monkeypatch.delenv("CNNVIZ_TRAINING_SLOTS", raising=False)
    return tmp_path


@pytest.mark.parametrize(
    ("setting", "cores", "cards", "gigabytes", "wanted"),
    [
        ("", 2, 0, 16, 2),  # two runs to be compared learn together
        ("", 1, 0, 16, 2),
        ("", 16, 0, 64, 8),
        ("", 16, 0, 5, 4),  # memory for no more
        ("", 2, 0, 2, 1),
        ("", 16, 4, 64, 4),
        ("", 16, 1, 64, 2),
        ("1", 16, 0, 64, 1),
        ("6", 2, 0, 2, 6),  # somebody knows better
        ("0", 2, 0, 16, 2),
        ("many", 2, 0, 16, 2),
        ("-3", 2, 0, 16, 2),
    ],
)
def test_how_many(setting, cores, cards, gigabytes, wanted, monkeypatch):
    monkeypatch.setenv("CNNVIZ_TRAINING_SLOTS", setting)
    monkeypatch.setattr(machine, "cores", lambda: cores)
    monkeypatch.setattr(machine, "gpus", lambda: [str(n) for n in range(cards)])
    monkeypatch.setattr(machine, "memory", lambda: gigabytes * 10**9)
    assert slots.slot_count() == wanted


def test_each_card_has_its_worker(monkeypatch):
    monkeypatch.setattr(machine, "gpus", lambda: ["0", "3"])
    told = [slots.environment(number)["CUDA_VISIBLE_DEVICES"] for number in range(4)]
    assert told == ["0", "3", "0", "3"]
    monkeypatch.setattr(machine, "gpus", list)
    assert slots.environment(0) == {}


def test_a_worker_that_was_given_one_card_knows_of_the_others(monkeypatch):
    monkeypatch.setattr(machine, "gpus", lambda: ["0", "1", "4"])
    for name, value in slots.environment(1).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(machine, "gpus", lambda: ["1"])  # what it sees itself
    assert machine.all_gpus() == ["0", "1", "4"]
    assert slots.environment(2)["CUDA_VISIBLE_DEVICES"] == "4"  # of one that it starts
    assert slots.environment(0, every_card=True)["CUDA_VISIBLE_DEVICES"] == "0,1,4"
    monkeypatch.setattr(machine, "cores", lambda: 2)
    monkeypatch.setattr(machine, "memory", lambda: 64e9)
    assert slots.slot_count() == 3


def test_a_slot_is_free_again_when_its_worker_is_killed(monkeypatch):
    monkeypatch.setenv("CNNVIZ_TRAINING_SLOTS", "2")
    one, two = slots.take(), slots.take()
    assert (one.number, two.number) == (0, 1) and slots.take() is None
    child = subprocess.Popen(
        [sys.executable, "-c", "import time; time.sleep(60)"], pass_fds=(one.descriptor,)
    )
    one.let_go()
    two.note("a" * 24)
    assert slots.occupied() == {0: "", 1: "a" * 24}
    child.kill()
    child.wait()
    assert slots.occupied() == {1: "a" * 24}
    two.note()
    assert slots.occupied() == {1: ""}
    assert slots.take().number == 0


def test_what_a_killed_worker_left_is_wiped():
    slot = slots.take()
    slot.note("b" * 24)
    slot.let_go()
    assert slots.at_work(0) == "b" * 24 and slots.occupied() == {}
    slots.take()
    assert slots.at_work(0) == ""


def test_fewer_slots_than_before_wait_for_those_at_work(monkeypatch):
    monkeypatch.setenv("CNNVIZ_TRAINING_SLOTS", "3")
    held = [slots.take() for _ in range(3)]
    monkeypatch.setenv("CNNVIZ_TRAINING_SLOTS", "2")
    held[0].let_go()
    assert slots.take() is None
    held[2].let_go()
    assert slots.take().number == 0


def test_a_slot_knows_when_its_home_has_gone(home):
    slot = slots.take()
    assert slot.valid
    (home / "queue").rename(home / "elsewhere")
    assert not slot.valid
    slots.take()  # another one under the same name
    assert not slot.valid
