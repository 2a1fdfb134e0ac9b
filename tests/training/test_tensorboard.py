"""Logs of real trainings, read by the real TensorBoard."""

import errno
import importlib
import sys
import time

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from cnnviz.runs import locks
from cnnviz.runs.insights import Histogram, Insight, LayerInsight, read_insight
from cnnviz.runs.run import create_run
from cnnviz.training import tensorboard
from cnnviz.training.config import TrainingConfig
from cnnviz.training.loop import carry_out, train
from cnnviz.training.tensorboard import Logs

CONFIG = TrainingConfig(
    dataset="mnist", architecture="lenet5", epochs=2, limit=300, tensorboard=True
)


class Killed(BaseException):
    """As sudden as kill -9, but in this process."""


def read(folder, name):
    found = EventAccumulator(str(folder / "tensorboard" / name), {"histograms": 0})  # all
    found.Reload()
    return found


def series(found, tag):
    return [(point.step, pytest.approx(point.value, rel=1e-6)) for point in found.Scalars(tag)]


def expected(run, kind, field):
    return [(e["step"], e[field]) for e in run.events() if e["kind"] == kind]


def assert_complete(run):
    learning, validation = read(run.folder, "train"), read(run.folder, "validation")
    for tag in ("loss", "accuracy", "learning_rate", "images_per_second"):
        assert series(learning, tag) == expected(run, "batch", tag), tag
    for tag in ("loss", "accuracy"):
        assert series(validation, tag) == expected(run, "validation", tag), tag
    steps = [e["step"] for e in run.events() if e["kind"] == "insight"]
    weights = learning.Histograms("conv_1/weights")
    assert [h.step for h in weights] == steps and len(steps) >= 3
    return learning


def test_tensorboard_sees_what_the_diary_says():
    run = train(CONFIG)
    learning = assert_complete(run)
    label = [e["label"] for e in run.events() if e["kind"] == "insight"][-1]
    for layer in read_insight(run.folder, label).layers:
        for what in ("weights", "activations"):
            known = getattr(layer, what)
            if known is None:
                assert f"{layer.name}/{what}" not in learning.Tags()["histograms"]
                continue
            told = learning.Histograms(f"{layer.name}/{what}")[-1].histogram_value
            assert (told.min, told.max) == (known.low, known.high)
            assert tuple(told.bucket) == known.counts and told.num == sum(known.counts)
            assert told.bucket_limit[-1] == pytest.approx(known.high)
            assert told.sum / told.num == pytest.approx(known.mean)


def test_a_killed_training_leaves_no_double_steps():
    run, lock = create_run(CONFIG.check().to_json(), "ann")

    def kill(event):
        if event["kind"] == "validation" and event["step"] == 8:
            raise Killed

    with pytest.raises(Killed):
        carry_out(run, kill)
    before = read(run.folder, "train").Scalars("loss")
    assert before[-1].step > 4  # beyond the epoch from whose end it goes on
    carry_out(run)
    locks.let_go(lock)
    assert run.status == "finished"
    assert len(list((run.folder / "tensorboard" / "train").iterdir())) == 2
    assert_complete(run)


def test_without_the_setting_nothing_is_logged():
    run = train(TrainingConfig(dataset="mnist", architecture="lenet5", epochs=1, limit=100))
    assert not (run.folder / "tensorboard").exists()


def test_a_histogram_of_one_value_can_be_drawn(tmp_path):
    flat = Histogram(0.0, 0.0, (7, *[0] * 29), 0.0, 0.0)
    Insight("step-0", 0, None, (LayerInsight("relu", "ReLU", activations=flat),)).save(tmp_path)
    logs = Logs(tmp_path)
    logs.write({"kind": "start", "time": time.time()})
    logs.write({"kind": "insight", "time": time.time(), "step": 0, "label": "step-0"})
    logs.write({"kind": "insight", "time": time.time(), "step": 9, "label": "thinned-out"})
    logs.close()
    (only,) = read(tmp_path, "train").Histograms("relu/activations")
    assert (only.step, only.histogram_value.num, only.histogram_value.max) == (0, 7, 0)


def test_its_files_do_not_tell_on_which_machine(tmp_path):
    logs = Logs(tmp_path)
    logs.write({"kind": "batch", "time": 1.5, "step": 3, "loss": 0.25, "accuracy": 0.5})
    told = read(tmp_path, "train").Scalars("loss")  # while it is still being written
    assert [(p.wall_time, p.step, p.value) for p in told] == [(1.5, 3, 0.25)]
    logs.close()
    names = sorted(p.name for p in (tmp_path / "tensorboard").rglob("events*"))
    assert names == ["events.out.tfevents.0000000000"] * 2


def test_a_full_disk_is_called_that(tmp_path):
    (tmp_path / "tensorboard" / "train").mkdir(parents=True)
    (tmp_path / "tensorboard" / "train" / "events.out.tfevents.0000000001").symlink_to("/dev/full")
    with pytest.raises(OSError) as caught:
        Logs(tmp_path)
    assert caught.value.errno == errno.ENOSPC


def test_no_tensorboard_is_needed_to_write(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorboard", None)  # as if it were not installed
    logs = importlib.reload(tensorboard).Logs(tmp_path)
    logs.write({"kind": "batch", "time": 1.0, "step": 1, "loss": 2.0})
    logs.close()
    monkeypatch.undo()
    assert [p.value for p in read(tmp_path, "train").Scalars("loss")] == [2.0]
