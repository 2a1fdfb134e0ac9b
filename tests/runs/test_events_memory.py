"""A diary in memory is small: sixty-four of them stay in the web process of a class."""

import gc
import json
import tracemalloc

import numpy as np
import pytest

from cnnviz.runs import events
from cnnviz.runs.symptoms import measure_signs

SAMPLES, CLASSES = 9, 10


def lines(moments):
    """A diary with as many looks at the sample images, and ten batch events between two."""
    rng = np.random.default_rng(0)
    for step in range(moments):
        shares = rng.dirichlet(np.ones(CLASSES), SAMPLES).round(4).tolist()
        labels = list(range(SAMPLES))
        yield {"kind": "samples", "time": 1.0, "step": step, "labels": labels} | {
            "probabilities": shares
        }
        for _ in range(10):
            yield {"kind": "batch", "time": 1.0, "step": step, "epoch": 1} | {
                "loss": rng.random(),
                "accuracy": rng.random(),
                "images_per_second": rng.random(),
                "learning_rate": 0.1,
                "seconds_left": rng.random(),
            }


@pytest.fixture
def diary(tmp_path):
    found = list(lines(200))
    (tmp_path / events.FILE).write_text("".join(json.dumps(e) + "\n" for e in found))
    return tmp_path, found


def held_by(make):
    """(what was made, the bytes of Python's memory that it holds)."""
    gc.collect()
    tracemalloc.start()
    try:
        made = make()
        gc.collect()
        return made, tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()


def test_it_takes_less_than_half_of_what_json_makes_of_it(diary):
    folder, _ = diary
    (kept, again), packed = held_by(lambda: events.EventReader(folder).poll())
    text = (folder / events.FILE).read_text().splitlines()
    plain, bare = held_by(lambda: [json.loads(line) for line in text])
    assert len(kept) == len(plain) and not again
    assert packed < bare / 2


def test_nothing_is_changed_but_the_last_digits(diary):
    folder, written = diary
    kept, _again = events.EventReader(folder).poll()
    for event, original in zip(kept, written, strict=True):
        if event["kind"] == "samples":
            found, expected = event.pop("probabilities"), original.pop("probabilities")
            np.testing.assert_allclose(found, expected, rtol=1e-7)
        assert event == original


def test_two_events_can_be_compared(diary):
    """Streamlit compares what a widget is given: that must not ask an array whether it is true."""
    folder, _ = diary
    one, other = (events.EventReader(folder).poll()[0] for _ in range(2))
    assert one == other and one[0] != one[11]


def test_signs_are_the_same_of_lists_and_of_what_is_kept(diary):
    folder, written = diary
    kept, _again = events.EventReader(folder).poll()
    found, expected = (measure_signs(events.summarise(e)) for e in (kept, written))
    for name in ("spread", "moved", "drift"):
        assert getattr(found, name) == pytest.approx(getattr(expected, name), rel=1e-6)
    assert found.spread > 0.1


@pytest.mark.parametrize(
    "line",
    [
        b'{"kind":"samples","step":1}',
        b'{"kind":"samples","probabilities":3}',
        b'{"kind":"samples","probabilities":["ab"]}',
        b'{"kind":"samples","probabilities":[[1,null]]}',
        b"[1,2]",
        b'"kind"',
        b"{",
    ],
)
def test_a_damaged_line_is_left_out(tmp_path, line):
    good = b'{"kind":"start"}\n'
    (tmp_path / events.FILE).write_bytes(good + line + b"\n" + good)
    assert events.EventReader(tmp_path).poll()[0] == [{"kind": "start"}] * 2
