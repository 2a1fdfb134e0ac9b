import pytest

from cnnviz.runs.events import EventReader, EventWriter
from cnnviz.training.config import TrainingConfig
from cnnviz.training.keeping import Position
from cnnviz.training.pace import STAIRS, Pace
from cnnviz.training.schedules import rate_at


def make(tmp_path, steps=100, position=None, **settings):
    config = TrainingConfig(dataset="mnist", learning_rate=0.01, **settings).check()
    return Pace(config, position or Position(), steps, EventWriter(tmp_path)), config


def told(tmp_path):
    return [(e["step"], e["rate"], e["why"]) for e in EventReader(tmp_path).poll()[0]]


def test_short_trainings_follow_their_schedule_step_by_step(tmp_path):
    at = Position()
    pace, config = make(tmp_path, 60, at, schedule="one_cycle")
    for at.step in range(60):
        assert pace.rate == rate_at(config, at.step, 60)


def test_long_ones_follow_it_in_stairs_that_nobody_sees(tmp_path):
    at, steps = Position(), 10_000
    pace, config = make(tmp_path, steps, at, schedule="one_cycle")
    rates = set()
    for at.step in range(steps):
        rates.add(pace.rate)
        assert pace.rate == pytest.approx(rate_at(config, at.step, steps), abs=0.02 * 0.01)
    assert len(rates) <= STAIRS + 1


def test_a_rate_that_was_asked_for_moves_the_rest_of_the_schedule(tmp_path):
    at = Position(step=40)
    pace, config = make(tmp_path, 100, at, schedule="cosine")
    pace.ask(0.5)
    assert pace.rate == pytest.approx(0.5) and told(tmp_path) == [(40, 0.5, "asked")]
    at.step = 80
    scheduled = rate_at(config, 80, 100) / rate_at(config, 40, 100)
    assert pace.rate == pytest.approx(0.5 * scheduled)
    other, _ = make(tmp_path, 100, at, schedule="cosine")  # the position is all that is kept
    assert other.rate == pace.rate


def test_it_slows_down_on_a_plateau_and_remembers_how_long_it_lasts(tmp_path):
    at = Position()
    pace, _ = make(tmp_path, 100, at, schedule="reduce_on_plateau")
    for at.step, loss in ((10, 1.0), (20, 0.5), (30, 0.5)):
        pace.end_epoch(loss)
    assert told(tmp_path) == []
    pace, _ = make(tmp_path, 100, at, schedule="reduce_on_plateau")  # after a break
    at.step = 40
    pace.end_epoch(0.6)
    assert told(tmp_path) == [(40, 0.003, "plateau")] and pace.rate == pytest.approx(0.003)


def test_other_schedules_know_no_plateau(tmp_path):
    pace, _ = make(tmp_path)
    for _ in range(9):
        pace.end_epoch(1.0)
    assert told(tmp_path) == [] and pace.rate == 0.01
