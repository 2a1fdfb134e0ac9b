"""What is asked before a training begins."""

import pytest

from cnnviz.compute.context import Context, Models
from cnnviz.compute.inline import InlineEngine
from cnnviz.compute.questions.training import find_learning_rate
from cnnviz.errors import BadInput, Cancelled
from cnnviz.training import rate_finder
from cnnviz.training.config import TrainingConfig

CONFIG = TrainingConfig(dataset="mnist", architecture="lenet5", limit=300, batch_size=32)


def test_a_rate_is_found_and_the_curve_is_seen_growing():
    frames, fractions = [], []

    def on_report(fraction, text, frame):
        assert text == "The rate grows, step by step"
        fractions.append(fraction)
        frames.append(frame)

    engine = InlineEngine(on_report=on_report)
    answer = engine.answer("find_learning_rate", config=CONFIG.check().to_json())
    assert 1e-4 <= answer["suggested"] <= 3e-2
    assert len(answer["rates"]) == len(answer["losses"]) == len(answer["smoothed"]) > 50
    assert answer["rates"][0] == 1e-6 and 2 < answer["losses"][0] < 2.8
    lengths = [len(f["rates"]) for f in frames]
    assert lengths == sorted(set(lengths)) and len(lengths) > 2
    assert fractions == sorted(fractions) and all(f["suggested"] is None for f in frames)
    last = frames[-1]
    assert last["losses"] == answer["losses"][: lengths[-1]]


def test_it_can_be_stopped():
    steps = []
    context = Context(Models(), is_cancelled=lambda: bool(steps.append(1)) or len(steps) > 5)
    with pytest.raises(Cancelled):
        find_learning_rate(context, CONFIG.check().to_json())


@pytest.mark.parametrize(
    "config",
    [
        "mnist",
        {"dataset": "/etc"},
        {"surprise": 1},
        {"learning_rate": "fast"},
        {**CONFIG.to_json(), "architecture": "unheard_of"},
    ],
)
def test_what_a_link_may_say_is_checked(config, monkeypatch):
    monkeypatch.setattr(rate_finder, "network_for", lambda *a: pytest.fail("went on"))
    with pytest.raises(BadInput):
        InlineEngine().answer("find_learning_rate", config=config)
