"""What the tools write about a training can be read by the pages."""

import importlib.util
import json
import sys
from pathlib import Path

import numpy as np
import pytest

TOOLS = Path(__file__).parents[2] / "tools"


@pytest.fixture(scope="module")
def fast():
    sys.path.insert(0, str(TOOLS))  # tools import each other by name
    try:
        spec = importlib.util.spec_from_file_location("fast", TOOLS / "train_cifar10_fast.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(TOOLS))
    return module


def test_the_history_of_cifar10_fast_plays_as_it_was(fast):
    from cnnviz.ui.training_film import _since_the_last

    steps = [1, 2, 5, 10, 11, 15, 20]
    rows = [{"step": s, "loss": 2.0 / s, "accuracy": s / 40} for s in steps]
    epochs = [{"epoch": e, "step": 10 * e, "loss": 1.0, "accuracy": 0.5} for e in (1, 2)]
    history = {"steps": rows, "epochs": epochs, "seconds": 30.0}
    made = fast.in_common_form(json.loads(json.dumps(history)))
    assert [row["seconds"] for row in made["epochs"]] == [15.0, 15.0]
    played = _since_the_last(made["steps"], 10)
    np.testing.assert_allclose(played["loss"], [2.0 / s for s in steps])
    np.testing.assert_allclose(played["accuracy"], [s / 40 for s in steps])
    assert fast.in_common_form(made) == made  # once is enough
