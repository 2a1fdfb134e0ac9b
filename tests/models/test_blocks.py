import random

import pytest

from cnnviz.errors import BadInput
from cnnviz.models.architectures import get_architecture
from cnnviz.models.block_shapes import check
from cnnviz.models.blocks import (
    KINDS,
    MAX_BLOCKS,
    PRESETS,
    Block,
    canonical,
    parse,
    write,
)


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("conv 16, relu, pool", "conv 16, relu, pool"),
        ("CONV  16 3x3,,  Pool 2x2 MAX,", "conv 16, pool"),
        ("conv 16 5 stride 2 valid", "conv 16 5x5 stride 2 valid"),
        ("conv valid 8", "conv 8 valid"),
        ("pool average 3", "pool average 3x3"),
        ("leaky relu, swish, activation gelu, activation", "leaky relu, swish, gelu, relu"),
        ("norm, batch norm, squeeze 8", "batch norm, batch norm, squeeze excite 8"),
        ("dropout 0.25, dense 64", "dropout 0.25, dense 64"),
        ("residual 32 stride 2, global average", "residual 32 stride 2, global average"),
        ("separable 8 7×7, flatten", "separable 8 7x7, flatten"),
    ],
)
def test_texts_are_read_generously_and_kept_in_one_spelling(written, kept):
    assert canonical(written) == kept
    assert canonical(kept) == kept


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "at least one block"),
        (" , ", "at least one block"),
        ("conv 16, wavelet 3", "no block called “wavelet”"),
        ("conv 16 3x4", "must be a number, not “3x4”"),
        ("conv 16 3 5", "“5” does not belong there"),
        ("relu gelu", "“gelu” does not belong"),
        ("flatten 3", "“3” does not belong"),
        ("conv 0", "between 1 and 512"),
        ("dense 99999", "between 1 and 4096"),
        ("dropout 1.5", "between 0.0 and 0.9"),
        ("conv 16 stride 9", "between 1 and 4"),
        ("conv 1e3", "must be a number"),
        ("dropout nan", "between 0.0 and 0.9"),
        (", ".join(["relu"] * (MAX_BLOCKS + 1)), "61 blocks"),
    ],
)
def test_what_makes_no_sense_is_said(text, message):
    with pytest.raises(BadInput, match=message):
        parse(text)


def random_block(rng: random.Random) -> Block:
    kind = rng.choice(list(KINDS.values()))
    given = {
        f.name: rng.choice(f.choices)
        if f.choices
        else round(rng.uniform(f.minimum, min(f.maximum, 40)), 2 if f.name == "rate" else 0)
        for f in kind.fields
    }
    return Block.make(kind.name, given)


def test_any_block_survives_its_text():
    rng = random.Random(0)
    for _ in range(500):
        blocks = tuple(random_block(rng) for _ in range(rng.randint(1, 12)))
        assert parse(write(blocks)) == blocks


def test_every_kind_has_its_own_words_and_no_setting_is_lost():
    for kind in KINDS.values():
        assert parse(Block.make(kind.name).text) == (Block.make(kind.name),)
        assert kind.title and kind.story
    with pytest.raises(BadInput, match="no block called"):
        Block.make("wavelet")


def test_a_block_from_elsewhere_is_checked():
    assert Block.make("conv", {"channels": "8", "colour": "red"}).text == "conv 8"
    with pytest.raises(BadInput):
        Block.make("conv", {"channels": [1]})


@pytest.mark.parametrize("name", PRESETS)
@pytest.mark.parametrize("shape", [(28, 28, 1), (96, 64, 3)])
def test_presets_can_be_built_everywhere(name, shape):
    text = PRESETS[name][1]
    assert canonical(text) == text
    check(parse(text), shape, 10)


def test_the_text_is_the_setting_of_the_architecture():
    own = get_architecture("own")
    assert own.settings() == {"blocks": PRESETS["small"][1]}
    assert own.settings({"blocks": "Conv 8, POOL"}) == {"blocks": "conv 8, pool"}
    with pytest.raises(BadInput, match="wavelet"):
        own.settings({"blocks": "wavelet"})
