import time

from cnnviz.compute.engine import Job
from cnnviz.compute.pool import PATIENCE_S, Slot, Task, choose, waiting_too_long
from cnnviz.compute.registry import QuestionKind

QUICK, LONG = QuestionKind("m:f"), QuestionKind("m:f", cost="long")
MODEL = "shipped:mnist_lenet5"


def slots(count, quick_only=1):
    made = [Slot(i, only_quick=i < quick_only) for i in range(count)]
    for slot in made:
        slot.ready = slot.came_up = True
    return made


def task(kind=QUICK, **parameters):
    return Task(Job("name", parameters), kind)


def at_work(slot, *tasks):
    for number, given in enumerate(tasks):
        given.give()
        slot.held[number] = given
    next(iter(slot.held.values())).started_at = time.monotonic()


def test_without_a_model_the_first_worker_is_the_one():
    first, _other = made = slots(2)
    assert choose(task(), made) is first


def test_a_model_that_nobody_has_loaded_is_kept_off_the_first_worker():
    first, other = made = slots(2)
    wanted = task(model=MODEL)
    assert choose(wanted, made) is other
    first.has_answered(("name", MODEL))
    assert choose(wanted, made) is first, "everything is compiled there"
    other.has_answered(("another question", MODEL))
    assert choose(task(model=MODEL), made) is first
    assert choose(Task(Job("third", {"model": MODEL}), QUICK), made) is other, "both have the model"


def test_a_guests_place_comes_after_free_workers():
    first, other = made = slots(2)
    at_work(other, task(LONG))
    assert choose(task(), made) is first
    at_work(first, task())
    assert choose(task(), made) is other
    other.held[1] = task()
    assert choose(task(), made) is None, "one guest at a time"


def test_a_cold_question_tries_the_guests_place_first_and_not_for_long():
    first, other = made = slots(2)
    at_work(other, task(LONG))
    wanted = task(model=MODEL)
    assert choose(wanted, made) is other
    wanted.asked_at -= PATIENCE_S
    assert choose(wanted, made) is first


def test_what_has_ended_a_worker_is_nobodys_guest_and_no_host():
    (only,) = made = slots(1, 0)
    at_work(only, task(LONG))
    again = task()
    again.attempts = 1
    assert choose(again, made) is None
    host = next(iter(only.held.values()))
    host.attempts = 2
    assert choose(task(), made) is None


def test_who_is_to_blame():
    (only,) = slots(1, 0)
    host, guest = task(LONG), task()
    at_work(only, host, guest)
    assert only.culprit() is host and not only.guest_at_work
    guest.started_at = time.monotonic()
    assert only.culprit() is guest and only.guest_at_work
    only.blamed = host
    assert only.culprit() is host
    assert only.clear() == [host, guest] and only.culprit() is host


def test_what_does_not_begin_is_noticed():
    made = slots(2)
    given = task()
    given.give()
    made[0].held[7] = given
    assert waiting_too_long(made) == []
    assert given.next_moment(time.monotonic()) <= time.monotonic() + PATIENCE_S
    given.given_at -= PATIENCE_S
    assert waiting_too_long(made) == [(made[0], 7, given)]
    assert given.next_moment(time.monotonic()) == given.limit_at, "it does not wake the watch again"
    given.started_at = time.monotonic()
    assert waiting_too_long(made) == []
