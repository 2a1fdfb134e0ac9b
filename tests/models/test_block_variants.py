import pytest

from cnnviz.errors import BadInput
from cnnviz.models.block_variants import vary
from cnnviz.models.blocks import PRESETS, parse

TEXT = "conv 16 5x5 stride 2, relu, pool, conv 32, batch norm, relu, dense 64, relu"


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({}, TEXT),
        ({"filters": 2}, TEXT.replace("conv 16", "conv 32", 1).replace("l, conv 32", "l, conv 64")),
        ({"filters": 0.5}, TEXT.replace("conv 32", "conv 16").replace("conv 16 5", "conv 8 5")),
        ({"norm": False}, TEXT.replace("batch norm, ", "")),
        ({"norm": True}, TEXT.replace("stride 2,", "stride 2, batch norm,")),
        ({"dropout": 0}, TEXT),
        ({"dropout": 0.3}, TEXT.replace("pool,", "pool, dropout 0.3,")),
        (
            {"repeats": 2},
            "conv 16 5x5 stride 2, relu, conv 16 5x5, relu, pool, "
            "conv 32, batch norm, relu, conv 32, batch norm, relu, dense 64, relu",
        ),
    ],
)
def test_each_rule(wanted, expected):
    assert vary(TEXT, **wanted) == expected


def test_dropout_is_changed_where_it_is_and_goes():
    text = "conv 8, relu, dropout 0.2, pool, conv 8, dropout 0.4, global average"
    assert vary(text, dropout=0.5).count("dropout 0.5") == 2
    assert "dropout" not in vary(text, dropout=0)
    assert vary("conv 8, relu, global average", dropout=0.1).endswith("global average, dropout 0.1")


def test_copies_keep_the_size_of_the_picture():
    text = vary("conv 8 3x3 stride 2 valid, relu, residual 16 stride 2, flatten", repeats=3)
    strides = [b.settings["stride"] for b in parse(text) if "stride" in b.settings]
    assert strides == [2, 1, 1, 2, 1, 1]
    paddings = [b.settings["padding"] for b in parse(text) if "padding" in b.settings]
    assert paddings == ["valid", "same", "same"]


def test_several_at_once_on_every_preset():
    for _title, text in PRESETS.values():
        varied = parse(vary(text, filters=2, norm=True, dropout=0.1, repeats=2))
        assert len(varied) > len(parse(text))
        convolutions = sum(b.kind in ("conv", "separable") for b in varied)
        assert sum(b.kind == "norm" for b in varied) == convolutions


def test_a_network_that_grows_too_long_is_refused():
    long = ", ".join(["conv 8, relu"] * 25)
    with pytest.raises(BadInput, match="at most 60"):
        vary(long, repeats=2)
    assert vary("conv 400", filters=2) == "conv 512"
