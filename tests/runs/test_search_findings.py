import numpy as np

from cnnviz.runs.search_findings import ENOUGH, what_matters

RATES = (0.1, 0.01, 0.001)


def trials(count, seed=0):
    rng = np.random.default_rng(seed)
    return [
        {
            "learning_rate": RATES[rng.integers(3)],
            "dropout": round(float(rng.uniform(0, 0.5)), 3),
            "augmentation": [[], ["flip"]][rng.integers(2)],
        }
        for _ in range(count)
    ]


def test_a_setting_that_decides_is_found_and_no_other():
    values = trials(24)
    noise = np.random.default_rng(1).normal(0, 0.01, 24)
    scores = [
        0.5 + 0.4 * (v["learning_rate"] == 0.01) + n for v, n in zip(values, noise, strict=True)
    ]
    (matter,) = what_matters(values, scores)
    assert matter.name == "learning_rate" and matter.best == (0.01,) and matter.p < 0.05
    right = [s for s, v in zip(scores, values, strict=True) if v["learning_rate"] == 0.01]
    assert np.isclose(matter.best_mean, np.mean(right)) and matter.worst_mean < 0.55


def test_a_range_is_told_by_thirds():
    values = trials(24)
    scores = [1 - (v["dropout"] - 0.1) ** 2 for v in values]
    (matter,) = what_matters(values, scores)
    low, high = matter.best
    assert matter.name == "dropout" and 0 <= low < high < 0.3 and matter.worst[0] > 0.25


def test_chance_is_rarely_taken_for_more():
    """Of a hundred searches in which nothing matters, about five may say that something does."""
    rng = np.random.default_rng(0)
    said = sum(bool(what_matters(trials(12, seed), rng.random(12))) for seed in range(60))
    assert said <= 8


def test_a_few_trials_say_nothing():
    values = trials(ENOUGH - 1)
    assert what_matters(values, [float(v["learning_rate"]) for v in values]) == []
    assert what_matters(trials(12), [0.5] * 12) == []
