import subprocess
import sys

import pytest

from cnnviz.models.batching import images_at_once
from cnnviz.models.cards import Card, Layer


def card(*shapes, side=32):
    layers = tuple(Layer(f"layer_{i}", "Conv2D", shape) for i, shape in enumerate(shapes))
    return Card("A network", ("a", "b"), (side, side, 3), layers=layers)


def test_the_widest_place_is_two_layers_one_made_of_the_other():
    described = card((32, 32, 3), (32, 32, 8), (16, 16, 64), (10,))
    assert [x.values for x in described.layers] == [3072, 8192, 16384, 10]
    assert described.widest == 8192 + 16384


def test_small_photos_that_are_enlarged_inside_count_as_large_ones():
    inside = (112, 112, 96), (112, 112, 96)
    assert images_at_once(card(*inside, side=224)) == 32
    assert images_at_once(card(*inside, side=32)) == 32
    assert images_at_once(card((32, 32, 16), side=32)) == 256
    assert images_at_once(card((1024, 1024, 64), (1024, 1024, 64), side=1024)) == 1


def test_a_share_and_a_bound():
    described = card((112, 112, 96), (112, 112, 96), side=32)
    assert [images_at_once(described, share) for share in (2, 1 / 4, 1 / 64)] == [64, 8, 1]
    assert images_at_once(described, most=5) == 5
    assert images_at_once(card((32, 32, 16)), most=None) == 1568  # that many were read


MEASURED = """
import resource, sys
from cnnviz.datasets.loading import load_dataset
from cnnviz.inference.passes import run_pass
from cnnviz.models.model import load_model
model, data = load_model(sys.argv[1]), load_dataset("cifar10", "test").limit(256)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
run_pass(model, data)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1000)
"""


@pytest.mark.slow
@pytest.mark.parametrize("name", ["cifar10_transfer", "cifar10_fast"])
def test_a_pass_takes_about_what_is_said(name):
    """In a process of its own, beyond the opened network; it was 2,437 MB for the first."""
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, name], capture_output=True, text=True, check=True
    )
    assert int(done.stdout) < 600
