"""The simulation of a course: where queueing theory knows the answer, it gives that answer; and it
keeps the engine's rules, because it is the engine's rules that it runs."""

import math
import random
import statistics
from dataclasses import replace
from xml.etree import ElementTree

import pytest
import simpy

from benchmarks.course import page, tables
from benchmarks.course.deployment import Deployment, Lesson
from benchmarks.course.needs import BARS, NotEnough, missed, smallest
from benchmarks.course.picture import lines_svg
from benchmarks.course.pool import Pool, simulated_clock
from benchmarks.course.services import Measured, Service
from benchmarks.course.sharing import BACKGROUND, Machine
from benchmarks.course.simulation import simulate
from benchmarks.load import PAGES

PAGE = {"processor_s": 0.05, "wall_s": 0.06, "bytes": 100_000}
QUICK = {
    "cold": {"processor_s": 2.0, "wall_s": 2.0},
    "known": {"processor_s": 0.5, "wall_s": 0.5},
    "warm": {"processor_s": 0.01, "wall_s": 0.01},
}
LONG = {"processor_s": 10.0, "wall_s": 10.0, "guest_waits_s": 0.25}
MODELS = ("shipped:mnist_lenet5", "shipped:fashion_mnist_vgg", "shipped:cifar10_resnet", "own")


@pytest.fixture
def measured():
    found = {
        "web": {
            "idle_share": 0.01,
            "pages": {page or "home": PAGE for page in (*PAGES, "heatmaps")},
            "memory": {"web_mb": 200, "session_mb": 1.0},
        },
        "training": {
            "processor_s": 16.0,
            "wall_s": 10.0,
            "first_point_s": 1.0,
            "cold_start_s": 6.0,
            "mb": 750,
        },
        "worker_mb": 600,
        "queue": {"look_s": 1e-4, "enqueue_s": 1e-5, "belongings_s": 1e-5},
        "quick": dict.fromkeys(MODELS, QUICK),
        "long": dict.fromkeys(("evaluate", "embedding", "filters", "trust_curves"), LONG),
    }
    small = ("opening", "cold_visit", "start", "part")
    polls = ("poll_known", "poll_working", "poll_waiting")
    found["web"] |= dict.fromkeys(small, PAGE)
    found["web"] |= dict.fromkeys(polls, {"processor_s": 0.002, "wall_s": 0.003, "bytes": 500})
    return Measured(found)


def waits_in_line(measured, workers, service, count, apart):
    """Mean seconds in line of long questions, ``apart`` seconds (mean) from one to the next."""
    env, rand = simpy.Environment(), random.Random(1)
    with simulated_clock(env):
        pool = Pool(Machine(env), measured, workers, kept=set())

        def people():
            for number in range(count):
                yield env.timeout(rand.expovariate(1 / apart))
                seconds = service(rand)
                pool.ask("evaluate", f"p{number}", None, cost=Service(seconds, seconds))

        env.process(people())
        env.run()
    return statistics.mean(pool.noted.in_line["long"])


def erlang_c(servers, load):
    """The share of those who have to wait, for ``load`` erlangs."""
    terms = [load**k / math.factorial(k) for k in range(servers)]
    last = load**servers / math.factorial(servers) * servers / (servers - load)
    return last / (sum(terms) + last)


def test_several_workers_wait_as_erlang_says(measured):
    """M/M/c: three workers take long questions, the first one does not."""
    mean, apart, servers = 0.4, 0.25, 3
    found = waits_in_line(measured, 1 + servers, lambda r: r.expovariate(1 / mean), 20_000, apart)
    expected = erlang_c(servers, mean / apart) * mean / (servers - mean / apart)
    assert found == pytest.approx(expected, rel=0.1)


def test_one_worker_waits_as_pollaczek_and_khinchine_say(measured):
    """M/D/1: the mean wait is ρ·s / 2(1 − ρ)."""
    found = waits_in_line(measured, 1, lambda _r: 0.5, 8_000, apart=0.8)
    assert found == pytest.approx(0.625 * 0.5 / (2 * 0.375), rel=0.1)


@pytest.mark.parametrize("service", [lambda r: 1.0, lambda r: r.expovariate(1.0)])
def test_a_process_that_shares_its_time_does_not_mind_how_work_varies(service):
    """M/G/1 with equal shares: mean seconds to the end are s / (1 − ρ), whatever the spread."""
    env, rand, took = simpy.Environment(), random.Random(2), []
    process = Machine(env).process()

    def one(seconds):
        began = env.now
        yield process.work(seconds)
        took.append(env.now - began)

    def people():
        for _number in range(8_000):
            yield env.timeout(rand.expovariate(0.6))
            env.process(one(service(rand)))

    env.process(people())
    env.run()
    assert statistics.mean(took) == pytest.approx(1 / 0.4, rel=0.1)
    assert process.busy_s / env.now == pytest.approx(0.6, rel=0.05)


def test_cores_go_by_weight_and_none_gets_more_than_it_can_use():
    env = simpy.Environment()
    machine = Machine(env, cores=2)
    web, training = machine.process(width=1), machine.process(width=2, weight=BACKGROUND)
    ended = {}

    def work(name, process, seconds):
        yield process.work(seconds)
        ended[name] = env.now

    env.process(work("web", web, 10.0))
    env.process(work("training", training, 30.0))
    env.run()
    # The page has its one core, the training the other; then it has both.
    assert ended == {"web": pytest.approx(10.0), "training": pytest.approx(20.0)}


def asked_in_turn(measured, workers, questions, until=60.0):
    """Seconds from asking to the answer, of (moment, name, key, long) each."""
    env, took = simpy.Environment(), {}
    with simulated_clock(env):
        pool = Pool(Machine(env), measured, workers, kept=set())

        def person(moment, name, key, long):
            yield env.timeout(moment)
            cost = measured.long[name] if long else None
            yield pool.ask(name, key, key, "shipped:mnist_lenet5", cost)
            took[key] = env.now - moment

        for question in questions:
            env.process(person(*question))
        env.run(until=until)
    return took, pool


def test_a_guest_waits_for_a_step_and_not_for_the_whole(measured):
    quick = [(1.2, "predict", "q1", False), (4.2, "predict", "q2", False)]
    took, _pool = asked_in_turn(measured, 1, [(0.0, "evaluate", "long", True), *quick])
    assert took["q1"] < 0.5 + 2.0 + 1e-6  # a step of the long one, then loading the network
    assert took["q2"] < 0.5 + 0.01 + 1e-6
    assert took["long"] == pytest.approx(10.0 + 2.01)  # it has rested meanwhile


def test_the_same_question_is_computed_once(measured):
    env = simpy.Environment()
    with simulated_clock(env):
        pool = Pool(Machine(env), measured, 2, kept=set())
        asked = [pool.ask("predict", f"p{n}", "same", "own") for n in range(5)]
        env.run(until=5.0)
        assert all(event.triggered for event in asked)
        assert pool.noted.answered == 1 and pool.noted.shared == 4
        assert pool.ask("predict", "late", "same", "own").triggered
        assert pool.noted.answered == 1


def test_a_reserve_comes_when_quick_questions_wait(measured):
    env = simpy.Environment()
    with simulated_clock(env):
        pool = Pool(Machine(env), measured, 2, kept=set(), reserve=True)
        for number in range(8):
            pool.ask("predict", f"p{number}", None, f"own {number}")
        env.run(until=0.5)
        assert len(pool.workers) == 2
        env.run(until=1.0)
        assert len(pool.workers) == 3


LESSON = Lesson(20, arrive_s=20, start_at_s=40, last_s=240)


def test_more_slots_let_the_last_curve_begin_sooner_until_all_have_one(measured):
    last = [
        simulate(LESSON, Deployment(slots=slots, spares=slots), measured).p("first point", 1.0)
        for slots in (1, 4, 20)
    ]
    # Twenty trainings of ten seconds, one after the other, against a minute of presses.
    assert last[0] == pytest.approx(19 * 10 + 1 - 60, abs=15)
    assert last[0] > last[1] > last[2] == pytest.approx(1.0, abs=0.3)


def test_two_web_processes_share_the_work_and_cost_memory_twice(measured):
    one, two = (simulate(LESSON, Deployment(web=n), measured) for n in (1, 2))
    assert two.busy["web processes"] == pytest.approx(one.busy["web processes"] / 2, rel=0.2)
    assert two.memory_mb == one.memory_mb + 200 + 2 * 600  # its pool comes with it
    assert len(one.waits["first point"]) == len(two.waits["first point"]) == LESSON.students


def test_the_same_lesson_twice_is_the_same(measured):
    first, second = (simulate(LESSON, Deployment(), measured) for _time in range(2))
    assert first.waits == second.waits and first.busy == second.busy


def test_who_still_waits_when_the_lesson_ends_counts(measured):
    short = Lesson(20, arrive_s=5, start_at_s=6, start_within_s=5, last_s=30)
    outcome = simulate(short, Deployment(slots=1), measured)
    assert outcome.unanswered > 10
    assert outcome.p("first point") > 15


def test_the_smallest_numbers_hold_every_bar_and_fewer_slots_do_not(measured):
    bars = BARS | {"quick question": (4.0, "workers"), "first point": (20.0, "training slots")}
    deployment, outcome = smallest(LESSON, measured, Deployment(), bars)
    assert missed(outcome, bars) == []
    fewer = replace(deployment, slots=deployment.slots - 1)
    assert [m.because for m in missed(simulate(LESSON, fewer, measured), bars)] == [
        "training slots"
    ]


def test_a_lock_that_is_held_all_the_time_is_not_made_up_for_by_slots(measured):
    measured.found["queue"]["look_s"] = 2.0
    slow = Measured(measured.found)
    with pytest.raises(NotEnough, match="lock of the queue"):
        smallest(LESSON, slow, Deployment(), {"first point": (20.0, "training slots")})


def test_the_table_is_made_although_a_bar_cannot_be_held_and_says_which(measured):
    """A Start that keeps a core busy for three seconds takes three, however many processes."""
    measured.found["web"]["start"] = {"processor_s": 3.0, "wall_s": 3.0, "bytes": 100}
    need = tables._need(measured.found, 20, Deployment())
    assert [one.kind for one in need.never] == ["start"]
    assert need.never[0].seconds >= 3
    rest = {kind: bar for kind, bar in BARS.items() if kind != "start"}
    assert missed(need.outcome, rest) == [] and need.deployment.slots < 20
    row = tables._needs_row("today", need)
    assert f"no number holds “start”: {need.never[0].seconds:.1f} s of 2" in row[1]


def test_slots_alone_are_not_looked_for_beyond_what_a_single_web_process_lets_through(measured):
    """A Start keeps its core busy for two seconds: with one process, no number of slots helps."""
    measured.found["web"]["start"] = {"processor_s": 2.0, "wall_s": 2.0, "bytes": 100}
    slow, bars = Measured(measured.found), {"first point": (30.0, "training slots")}
    lesson = replace(LESSON, think_s=(1e6, 1e6), start_within_s=5.0)
    assert missed(simulate(lesson, Deployment(slots=lesson.students), slow), bars)
    deployment, outcome = smallest(lesson, slow, Deployment(), bars)
    assert deployment.slots <= lesson.students and missed(outcome, bars) == []


def test_the_page_has_a_place_for_everything_that_is_made():
    text = page.PAGE.read_text(encoding="utf-8")
    for name in (*page.MADE, "validated"):
        begin = page.mark(name)
        assert text.count(begin) == 1 and page.END in text.partition(begin)[2]


def test_a_line_that_is_higher_stands_higher_in_the_picture():
    drawn = lines_svg({"a": [1.0, 10.0], "b": [1.0, 1.0]}, [10, 100], "people", "seconds")
    root = ElementTree.fromstring(drawn)
    names = {t.text: float(t.get("y")) for t in root.iter() if t.text in ("a", "b")}
    assert names["a"] < names["b"]
