import random

import pytest

from cnnviz.errors import BadInput
from cnnviz.models.block_shapes import MAX_PARAMETERS, check, trace
from cnnviz.models.blocks import KINDS, Block, parse, write
from cnnviz.models.networks import build
from tests.models.test_blocks import random_block

SHAPES = ((28, 28, 1), (41, 33, 3))


def random_network(rng: random.Random, shape: tuple[int, int, int]) -> tuple[Block, ...]:
    """Blocks that fit one after the other; mostly those that need a picture come first."""
    found: list[Block] = []
    for _ in range(rng.randint(1, 9)):
        candidate = random_block(rng)
        with_it = [*found, candidate]
        if not any(s.problem for s in trace(with_it, shape, 3)):
            found = with_it
    return tuple(found) or (Block.make("flatten"),)


def shapes_in_keras(network) -> list[tuple[int, ...]]:
    return [tuple(x.output.shape[1:]) for x in network.layers]


@pytest.mark.parametrize("seed", range(24))
def test_shapes_and_parameters_are_those_of_the_network_that_is_built(seed):
    rng = random.Random(seed)
    shape = rng.choice(SHAPES)
    blocks = random_network(rng, shape)
    steps = trace(blocks, shape, 3)
    network = build("own", shape, 3, blocks=write(blocks))
    assert sum(s.parameters for s in steps) == network.count_params(), write(blocks)
    # The outputs of the blocks appear among the layers' outputs, in this order.
    outputs = iter(shapes_in_keras(network))
    for step in steps:
        assert step.shape in outputs, (write(blocks), step)
    assert [s.index for s in steps if s.index is not None] == list(range(len(blocks)))


def test_random_networks_cover_every_kind():
    kinds = set()
    for seed in range(24):
        rng = random.Random(seed)
        kinds |= {b.kind for b in random_network(rng, rng.choice(SHAPES))}
    assert kinds == set(KINDS)


def test_flattening_comes_by_itself_and_is_shown():
    steps = trace(parse("pool, dense 5, relu"), (28, 28, 1), 10)
    assert [(s.block.text, s.shape, s.parameters, s.index) for s in steps] == [
        ("pool", (14, 14, 1), 0, 0),
        ("flatten", (196,), 0, None),
        ("dense 5", (5,), 985, 1),
        ("relu", (5,), 0, 2),
        ("dense 10", (10,), 60, None),
    ]


@pytest.mark.parametrize(
    ("text", "at", "message"),
    [
        ("pool, pool, pool, pool, pool", 4, "shrunk to nothing at block 5, “pool”.* 1×1 pixels"),
        ("pool 8x8, conv 4 5x5 valid, relu", 1, "block 2, “conv 4 5x5 valid”.* 3×3 pixels"),
        ("dense 8, conv 4", 1, "Block 2, “conv 4”, needs a picture.*after “dense 8”"),
        ("global average, relu, pool", 2, "needs a picture.*after “global average”"),
        ("flatten, flatten", 1, "needs a picture.*after “flatten”"),
        ("dense 4096, dense 4096, dense 4096", 2, "too large.*block “3, dense 4096”.*37 million"),
        ("conv 512 1x1, " * 16 + "relu", 14, "too large.*million values"),
    ],
)
def test_the_first_block_that_does_not_fit_is_named_before_anything_is_built(text, at, message):
    blocks = parse(text)
    steps = [s for s in trace(blocks, (28, 28, 1), 10) if s.index is not None]
    assert [s.index for s in steps if s.problem] == [at]
    assert all(s.shape for s in steps[:at]) and not any(s.shape for s in steps[at:])
    with pytest.raises(BadInput, match=message):
        check(blocks, (28, 28, 1), 10)
    with pytest.raises(BadInput, match=message):
        build("own", (28, 28, 1), 10, blocks=text)


def test_the_classifier_alone_can_be_too_large():
    steps = trace(parse("conv 200"), (128, 128, 3), 10)
    assert steps[-1].problem and steps[-1].index is None
    assert MAX_PARAMETERS < 200 * 128 * 128 * 10
