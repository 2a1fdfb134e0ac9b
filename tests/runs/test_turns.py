"""Whose turn it is, and when. Locks are held by this process in the place of workers."""

import json
import time

import pytest

from cnnviz import machine, storage
from cnnviz.runs import attempts, locks, queue, turns
from cnnviz.runs.events import EventWriter
from cnnviz.runs.run import Run, create_run, delete_run
from cnnviz.runs.turns import Place, next_turn, place_of


def waiting_run(owner, **settings):
    run, lock = create_run({"title": "T", "dataset": "mnist", "epochs": 2, **settings}, owner)
    queue.enqueue(run.id)
    locks.let_go(lock)
    return run


def end(run, lock, status="finished", **figures):
    outcome = {"status": status, "reason": None, "time": time.time(), **figures}
    (run.folder / "outcome.json").write_text(json.dumps(outcome))
    locks.let_go(lock)


def at_work(run, step, seconds_left):
    """What a worker at step ``step`` of 20 (two epochs) writes."""
    writer = EventWriter(run.folder)
    writer.write("start", steps_per_epoch=10, epochs=2)
    writer.write("batch", step=step, epoch=1, loss=1, accuracy=0, seconds_left=seconds_left)


def owners_in_turn(count):
    turn_of = [next_turn() for _ in range(count)]
    return [run.owner for run, _lock in turn_of]


def test_everybody_gets_one_before_anybody_gets_two():
    for owner in ("ann", "ann", "ann", "bob", "eve", "bob"):
        waiting_run(owner)
    assert owners_in_turn(6) == ["ann", "bob", "eve", "ann", "bob", "ann"]
    assert next_turn() is None


def test_who_has_none_at_work_comes_before_who_came_first():
    first, second = waiting_run("ann"), waiting_run("ann")
    run, lock = next_turn()
    assert run.id == first.id and first.status == "starting" and second.status == "waiting"
    third, late = waiting_run("ann"), waiting_run("bob")
    assert next_turn()[0].id == late.id  # there was another free worker
    end(run, lock)
    assert next_turn()[0].id == second.id  # hers has ended: who came first
    assert next_turn()[0].id == third.id


@pytest.fixture
def two_cards(monkeypatch):
    monkeypatch.setattr(machine, "gpus", lambda: ["0", "1"])


def test_a_run_on_all_cards_waits_for_the_others_and_they_for_it(two_cards):
    early = [waiting_run("ann"), waiting_run("bob")]
    locked = [next_turn()[1] for _ in early]
    wide = waiting_run("cy", devices="all")
    late = [waiting_run("dan"), waiting_run("eve", devices="one")]
    assert next_turn() is None  # there would be room for one of them: then it would never come
    end(early[0], locked[0])
    assert next_turn() is None
    end(early[1], locked[1])
    run, lock = next_turn()
    assert run.id == wide.id
    assert next_turn() is None  # nobody beside it
    end(run, lock)
    assert [next_turn()[0].id for _ in late] == [run.id for run in late]


def test_a_run_on_all_cards_has_no_better_place_than_another(two_cards):
    first, second = (waiting_run("ann", devices="all") for _ in range(2))
    run, lock = next_turn()
    assert run.id == first.id
    other = waiting_run("bob")
    end(run, lock)
    turn = next_turn()
    assert turn[0].id == second.id  # she has none at work: who came first
    third = waiting_run("ann", devices="all")
    end(*turn)
    run, lock = next_turn()
    assert run.id == other.id
    assert next_turn() is None
    end(run, lock)
    assert next_turn()[0].id == third.id


def test_with_one_card_all_is_one(monkeypatch):
    monkeypatch.setattr(machine, "gpus", lambda: ["0"])
    for _ in range(2):
        waiting_run("ann", devices="all")
    assert owners_in_turn(2) == ["ann", "ann"]


def test_a_place_behind_a_run_on_all_cards(two_cards):
    for owner, left in (("ann", 10.0), ("bob", 30.0)):
        waiting_run(owner)
        at_work(next_turn()[0], 10, left)
    wide, late = waiting_run("cy", devices="all"), waiting_run("dan")
    places = [place_of(run) for run in (wide, late)]
    assert [p.position for p in places] == [1, 2]
    assert places[0].seconds == pytest.approx(30)  # both have to end
    assert places[1].seconds is None  # nothing is known about how long it takes on all cards


def test_a_clock_that_is_set_back_lets_nobody_jump_the_queue(monkeypatch):
    runs = [waiting_run("ann")]
    for clock in (5e8, 4e8):
        monkeypatch.setattr(time, "time", lambda now=clock: now)
        runs += [waiting_run("bob"), waiting_run("cy")]
    assert queue.queued() == [run.id for run in runs]


def test_a_run_is_handed_out_once():
    run = waiting_run("ann")
    told = []
    found, lock = next_turn(told.append)
    assert (found.id, told) == (run.id, [run.id])
    assert next_turn() is None
    locks.let_go(lock)  # its worker was killed
    assert run.status == "waiting"
    assert next_turn()[0].id == run.id


def test_what_is_over_is_tidied_away():
    deleted, ended, resting, good = (waiting_run("ann") for _ in range(4))
    delete_run(deleted.id, "ann")
    queue.enqueue(deleted.id)  # as if the machine had stopped in between
    end(ended, locks.take(ended.folder))
    (resting.folder / "paused").touch()
    (queue.folder() / "a file of somebody's").write_text("1.0")
    assert next_turn()[0].id == good.id
    assert queue.queued() == [good.id]
    assert resting.status == "paused"


@pytest.mark.parametrize("opened", [False, True])
def test_what_is_deleted_at_this_very_moment_is_passed_over(monkeypatch, opened):
    """Before its lock file is opened, or when it is open already."""
    deleted, good = waiting_run("ann"), waiting_run("bob")
    take = locks.take

    def take_meanwhile(folder, patience):
        monkeypatch.setattr(locks, "take", take)
        if not opened:
            delete_run(deleted.id, "ann")
            return take(folder, patience)
        lock = take(folder, patience)
        folder.rename(folder.with_name(f".gone-{folder.name}"))  # as delete_run does
        return lock

    monkeypatch.setattr(locks, "take", take_meanwhile)
    assert next_turn()[0].id == good.id


def test_so_many_deaths_without_progress_are_enough():
    run = waiting_run("ann")
    (run.folder / "resume").mkdir()
    for death in range(2):
        _, lock = next_turn()
        attempts.begin(run.folder)
        locks.let_go(lock)
        assert attempts.in_vain(run.folder) == death + 1
    (run.folder / "resume" / "state.npz").write_bytes(b"further")  # it got somewhere
    assert attempts.in_vain(run.folder) == 0
    for _ in range(attempts.ENOUGH):
        found, lock = next_turn()
        assert found.id == run.id
        attempts.begin(run.folder)
        locks.let_go(lock)
    assert next_turn() is None
    assert run.status == "failed" and "memory" in str(run.error)
    assert not queue.is_queued(run.id)


def test_a_worker_that_leaves_by_itself_is_no_death():
    run = waiting_run("ann")
    for _ in range(attempts.ENOUGH + 2):
        found, lock = next_turn()
        attempts.begin(run.folder)
        attempts.leave(run.folder)
        locks.let_go(lock)
    assert run.status == "waiting"


def test_a_failure_told_from_outside_keeps_what_the_diary_knows():
    run = waiting_run("ann")
    writer = EventWriter(run.folder)
    writer.write("start", steps_per_epoch=10, epochs=3, val_images=100)
    for epoch, accuracy in ((1, 0.5), (2, 0.4)):
        writer.write(
            "epoch", epoch=epoch, step=10 * epoch, val_accuracy=accuracy, val_loss=1.0, seconds=2
        )
    lock = locks.take(run.folder)
    run.end("failed")
    locks.let_go(lock)
    outcome = Run(run.id).outcome
    assert (outcome["epoch"], outcome["step"], outcome["seconds"]) == (2, 20, 4)
    assert (outcome["best_epoch"], outcome["val_accuracy"], outcome["val_images"]) == (1, 0.5, 100)
    assert run.events()[-1]["kind"] == "end"


def test_places_and_nothing_known():
    runs = [waiting_run(owner) for owner in ("ann", "bob", "ann")]
    assert [place_of(r).position for r in runs] == [1, 2, 3]
    assert place_of(runs[0]) == Place(1, 0, 0.0)
    assert place_of(runs[2]) == Place(3, 2, None)


def test_the_estimate_follows_what_is_at_work_and_what_was_usual():
    for seconds in (100, 20, 21, 19, 22, 18):  # the oldest does not count any more
        run = waiting_run("past")
        end(*next_turn(), epoch=2, seconds=seconds)
    at_work(waiting_run("ann"), 5, 12.0)
    at_work(waiting_run("bob"), 10, 30.0)
    next_turn(), next_turn()
    one, two, three = waiting_run("cy"), waiting_run("di", epochs=4), waiting_run("eve")
    assert place_of(one).seconds == pytest.approx(12)
    assert place_of(two).seconds == pytest.approx(30)
    assert place_of(three).seconds == pytest.approx(12 + 20)
    four = waiting_run("flo", dataset="cifar10")
    assert place_of(four).seconds == pytest.approx(30 + 40 - 18, abs=20)
    assert place_of(waiting_run("gus")).seconds is None or place_of(four).seconds is not None
    assert place_of(run) == Place(1, 0, 0.0)  # not in the queue


def test_the_first_of_a_class_know_from_those_at_work():
    at_work(waiting_run("ann"), 5, 15.0)  # 15 s for three quarters: 20 s in all
    next_turn()
    one, two = waiting_run("bob"), waiting_run("cy")
    assert place_of(one).seconds == pytest.approx(15)
    assert place_of(two).seconds == pytest.approx(35)


def test_sixty_viewers_of_a_long_queue_are_cheap():
    for number in range(500):
        run, lock = create_run_quickly(number)
        end(run, lock, epoch=2, seconds=20)
    waiting = [waiting_run(f"owner {n}") for n in range(40)]
    for _ in range(2):
        at_work(next_turn()[0], 5, 15.0)
    place_of(waiting[-1])  # reads the old runs
    began = time.process_time()
    for _ in range(5):
        turns._shared._until = 0.0
        for run in waiting:
            assert place_of(run) is not None
    assert (time.process_time() - began) / 5 < 0.25  # measured: about 0.01


def create_run_quickly(number):
    """A run folder without the flushing to disk that makes 500 of them slow."""
    folder = storage.area("runs") / f"{number:024x}"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps({"dataset": "mnist", "epochs": 2}))
    (folder / "owner.json").write_text(json.dumps({"owner": "past", "created": number}))
    return Run(folder.name), locks.take(folder)
