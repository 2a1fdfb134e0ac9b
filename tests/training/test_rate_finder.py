"""The learning-rate range test, on real images and on curves made by hand."""

import os
from dataclasses import replace

import numpy as np
import pytest

from cnnviz.datasets.loading import load_dataset
from cnnviz.errors import NotFound
from cnnviz.training import rate_finder
from cnnviz.training.batches import Batches
from cnnviz.training.config import TrainingConfig
from cnnviz.training.network import Network
from cnnviz.training.rate_finder import find_learning_rate, smooth, suggest

CONFIG = TrainingConfig(dataset="mnist", architecture="lenet5", limit=1000, epochs=1).check()


@pytest.fixture(scope="module")
def search():
    seen = []
    found = find_learning_rate(CONFIG, lambda fraction, so_far: seen.append((fraction, so_far)))
    return found, seen


def test_the_rates_grow_by_equal_factors_until_the_loss_is_lost(search):
    found, seen = search
    assert found.rates[0] == rate_finder.LOWEST and found.rates[-1] <= 10.001
    factors = np.diff(np.log(found.rates))[rate_finder._FIRST :]
    assert factors == pytest.approx(factors[0])
    assert len(found.rates) == len(found.losses) == len(found.smoothed) > rate_finder.FEWEST_STEPS
    assert min(found.smoothed) < 1.0 < found.smoothed[0] < 2.6  # it did learn on the way
    lost = [s.smoothed[-1] > rate_finder.LOST * min(s.smoothed) for _, s in seen]
    assert not any(lost[:-1]) and (lost[-1] or found.rates[-1] > 9.9)
    assert len(seen) == len(found.rates)
    assert [f for f, _ in seen] == sorted(f for f, _ in seen) and seen[-1][0] <= 1
    assert seen[9][1].losses == found.losses[:10]


def test_the_suggestion_is_sane_and_learns_better_than_much_more_and_much_less(search):
    suggested = search[0].suggested
    assert 2e-4 <= suggested <= 2e-2
    data, val = load_dataset("mnist", "train", limit=1000), load_dataset("mnist", "val")
    network = Network(CONFIG, (28, 28, 1), 10)
    reached = {}
    for factor in (0.01, 1, 100):
        network.begin(replace(CONFIG, learning_rate=suggested * factor))
        batches = Batches(data.images, data.labels, 64, (), seed=0)
        network.model.fit(batches.as_tensors(last=60), verbose=0, shuffle=False)
        reached[factor] = network.measure(val.images, val.labels)[1]
    assert reached[1] > 0.75
    assert reached[1] > reached[0.01] + 0.1 and reached[1] > reached[100] + 0.1


def test_the_suggestion_is_where_the_curve_is_steepest():
    rates = np.geomspace(1e-6, 10, 201)
    places = np.log10(rates)
    falling = 2.3 - 2 / (1 + np.exp(-4 * (places + 2.5)))  # steepest at 10^-2.5
    rising = 5 / (1 + np.exp(-6 * (places - 0.5)))
    assert suggest(list(rates), falling + rising) == pytest.approx(3e-3)
    assert suggest(list(rates), np.full(201, 2.3)) is None  # it never fell
    assert suggest(list(rates), 2.3 + rising) is None
    assert suggest([1e-6, 1e-5], np.array([2.0, 1.0])) is None


def test_smoothing_takes_noise_away_and_nothing_else():
    rates = list(np.geomspace(1e-4, 1, 161))
    noise = np.random.default_rng(0).normal(0, 0.1, 161)
    line = 3 + np.log10(rates)
    assert smooth(rates, list(np.full(161, 2.0))) == pytest.approx(2.0)
    assert smooth(rates, list(line))[40:-40] == pytest.approx(line[40:-40], abs=1e-3)
    assert np.std(smooth(rates, list(line + noise))[40:-40] - line[40:-40]) < 0.04


def test_a_slow_network_takes_larger_strides(monkeypatch):
    monkeypatch.setattr(rate_finder, "BUDGET_S", 0.0)
    found = find_learning_rate(replace(CONFIG, limit=100, batch_size=16))
    assert len(found.rates) <= rate_finder.FEWEST_STEPS + rate_finder._FIRST
    assert max(found.rates) > 0.05


def test_every_setting_can_be_searched_for(monkeypatch):
    monkeypatch.setattr(rate_finder, "BUDGET_S", 0.0)
    everything = replace(
        CONFIG,
        optimizer="adamw",
        limit=200,
        gradient_accumulation=4,
        weight_averaging=True,
        class_weights=True,
        label_smoothing=0.1,
        l2=1e-4,
        augmentation=("rotation", "cutout"),
        schedule="one_cycle",
    )
    assert find_learning_rate(everything).suggested


def test_a_network_that_cannot_learn_gets_no_suggestion(monkeypatch):
    real = rate_finder.load_dataset

    def shuffled(*args, **how):
        data = real(*args, **how)
        return replace(data, images=np.zeros_like(data.images), labels=np.arange(len(data)) % 10)

    monkeypatch.setattr(rate_finder, "BUDGET_S", 0.0)
    monkeypatch.setattr(rate_finder, "load_dataset", shuffled)
    assert find_learning_rate(replace(CONFIG, batch_size=100)).suggested is None


def test_what_is_gone_is_said(tmp_path):
    with pytest.raises(NotFound):
        find_learning_rate(replace(CONFIG, dataset="upload:" + os.urandom(8).hex()))
