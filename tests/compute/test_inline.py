import os

import numpy as np
import pytest

from cnnviz.compute.inline import InlineEngine
from cnnviz.errors import BadInput, Cancelled, NotPossible, Unexpected
from tests.compute.conftest import SAMPLES


def test_it_answers_in_this_process():
    engine = InlineEngine(SAMPLES)
    assert engine.answer("deaf", seconds=0)["pid"] == os.getpid()
    np.testing.assert_array_equal(engine.answer("arrays", n=2)["floats"], np.float32([0, 1 / 3]))


def test_errors_are_those_of_a_worker():
    engine = InlineEngine(SAMPLES)
    for how, error in (("input", BadInput), ("memory", NotPossible), ("other", Unexpected)):
        with pytest.raises(error):
            engine.answer("wrong", how=how)
    with pytest.raises(KeyError):
        engine.ask("no such question")


def test_reports_are_passed_on_and_can_stop_it():
    seen = []
    engine = InlineEngine(SAMPLES, on_report=lambda *report: seen.append(report))
    engine.answer("slow", seconds=0.5)
    assert len(seen) >= 2 and seen[0][1] == "Counting steps"
    assert seen[-1][0] > seen[0][0] and "step" in seen[-1][2]

    def stop(*_):
        raise Cancelled("This was stopped.")

    with pytest.raises(Cancelled):
        InlineEngine(SAMPLES, on_report=stop).answer("slow", seconds=5)
