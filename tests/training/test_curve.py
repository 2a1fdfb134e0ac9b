"""What the curve makes of the running means that Keras gives, with numbers one can check."""

import pytest

from cnnviz.errors import NotPossible
from cnnviz.runs.events import EventReader, EventWriter
from cnnviz.training import curve
from cnnviz.training.curve import LiveCurve

LOSSES = [float(i * i % 17) for i in range(60)]


def follow(live, first, last, epoch_start=0, begun=None):
    """Steps ``first`` to before ``last`` of an epoch, with means since ``begun``."""
    seen = []
    for step in range(epoch_start if begun is None else begun, last):
        seen.append(LOSSES[step])
        if step >= first:
            mean = sum(seen) / len(seen)
            live.after(step + 1, {"loss": mean, "accuracy": 0.5})


def batches(tmp_path):
    return [e for e in EventReader(tmp_path).poll()[0] if e["kind"] == "batch"]


@pytest.fixture
def at_leisure(monkeypatch):
    """After the first batches, no event is due by itself."""
    monkeypatch.setattr(curve, "INTERVAL_S", 3600)


def test_the_first_batches_have_an_event_each(tmp_path, at_leisure):
    live = LiveCurve(EventWriter(tmp_path), 8, 60, 1)
    live.begin_epoch(0)
    follow(live, 0, 50)
    found = batches(tmp_path)
    assert [e["step"] for e in found] == list(range(1, curve.FIRST_BATCHES + 1))
    assert [e["loss"] for e in found] == pytest.approx(LOSSES[: curve.FIRST_BATCHES], abs=1e-5)
    assert found[3]["seconds_left"] is None and found[9]["seconds_left"] >= 0
    live.flush(50)
    live.flush(50)
    assert [e["step"] for e in batches(tmp_path)][curve.FIRST_BATCHES :] == [50]
    since = LOSSES[curve.FIRST_BATCHES : 50]
    assert batches(tmp_path)[-1]["loss"] == pytest.approx(sum(since) / len(since), abs=1e-5)
    assert live.sums["loss"] == pytest.approx(sum(LOSSES[:50]))


def test_who_goes_on_tells_the_right_speed_at_once(tmp_path, monkeypatch):
    now = [0.0]
    monkeypatch.setattr(curve.time, "monotonic", lambda: now[0])
    live = LiveCurve(EventWriter(tmp_path), 8, 60, 1)
    live.begin_epoch(0, 33, {"loss": 33.0, "accuracy": 16.5})
    now[0] = 2.0
    live.after(35, {"loss": 1.0, "accuracy": 0.5})
    (event,) = batches(tmp_path)
    assert (event["images_per_second"], event["seconds_left"]) == (8.0, 25.0)


def test_an_epoch_that_was_broken_off_goes_on_with_its_sums(tmp_path, at_leisure):
    live = LiveCurve(EventWriter(tmp_path), 8, 60, 1)
    live.begin_epoch(0)
    follow(live, 0, 33)
    live.flush(33)
    other = LiveCurve(EventWriter(tmp_path), 8, 60, 1)
    other.begin_epoch(0, 33, live.sums)
    follow(other, 33, 60, begun=33)  # Keras' means begin anew
    other.flush(60)
    assert other.sums["loss"] == pytest.approx(sum(LOSSES))
    assert other.sums["accuracy"] == pytest.approx(30)
    total, before = 0.0, 0
    for event in batches(tmp_path):
        total += event["loss"] * (event["step"] - before)
        before = event["step"]
    assert total == pytest.approx(sum(LOSSES), abs=1e-3) and before == 60


def test_pauses_do_not_count_as_training(tmp_path, at_leisure, monkeypatch):
    now = [100.0]
    monkeypatch.setattr(curve.time, "monotonic", lambda: now[0])
    live = LiveCurve(EventWriter(tmp_path), 8, 60, 1)
    live.begin_epoch(0)
    now[0] += 1
    with live.paused():
        now[0] += 50
    live.after(1, {"loss": 1.0, "accuracy": 0.0})
    assert batches(tmp_path)[0]["images_per_second"] == 8


def test_a_loss_that_is_no_number_is_said_with_the_rate(tmp_path):
    live = LiveCurve(EventWriter(tmp_path), 8, 60, 1)
    live.begin_epoch(0)
    live.learning_rate = 30.0
    with pytest.raises(NotPossible, match="At step 1 .* was 30") as caught:
        live.after(1, {"loss": float("nan"), "accuracy": 0.0})
    assert caught.value.values["rate"] == 30 and batches(tmp_path) == []
