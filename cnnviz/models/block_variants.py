"""Variants of a network built of blocks: wider or narrower, deeper, with and without parts.

Each is made by a rule that can be said in a sentence, so that a search for good settings can try
them by ticks; what comes out is the text of an ordinary network.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from cnnviz.models.blocks import KINDS, Block, parse, write

MORE = ("filters", "norm", "dropout", "repeats")
_CONVOLUTIONS = ("conv", "separable", "residual")
_FOLLOW = ("norm", "activation", "squeeze")  # belong to the convolution before them


def vary(text: str, **wanted: object) -> str:
    """The network ``text`` with the wanted variations, in this order.

    Args:
        text: blocks, as ``cnnviz.models.blocks`` reads them.
        **wanted: ``filters`` (a factor for the channels of all convolutions), ``norm`` (True or
            False: batch normalisation after every convolution, or nowhere), ``dropout`` (the share
            of all dropout blocks, after each pooling where there are none; 0 takes them away),
            ``repeats`` (each convolution with what belongs to it so many times; the copies keep the
            size of the picture).

    Raises:
        BadInput: the text makes no sense, or the network has become too long.
    """
    rules: dict[str, Callable[[Sequence[Block], object], list[Block]]] = {
        "filters": _filters,
        "norm": _norm,
        "dropout": _dropout,
        "repeats": _repeats,
    }
    blocks: Sequence[Block] = parse(text)
    for name in MORE:
        if name in wanted:
            blocks = rules[name](blocks, wanted[name])
    return write(parse(write(blocks)))


def _filters(blocks: Sequence[Block], factor: object) -> list[Block]:
    highest = int(KINDS["conv"].fields[0].maximum)
    found = []
    for block in blocks:
        if block.kind in _CONVOLUTIONS:
            channels = round(int(block.settings["channels"]) * float(factor))
            block = _with(block, channels=min(max(1, channels), highest))
        found.append(block)
    return found


def _norm(blocks: Sequence[Block], wanted: object) -> list[Block]:
    found: list[Block] = []
    for block in (b for b in blocks if b.kind != "norm"):
        found.append(block)
        if wanted and block.kind in ("conv", "separable"):
            found.append(Block.make("norm"))
    return found


def _dropout(blocks: Sequence[Block], share: object) -> list[Block]:
    if not share:
        return [block for block in blocks if block.kind != "dropout"]
    one = Block.make("dropout", {"rate": share})
    if any(block.kind == "dropout" for block in blocks):
        return [one if block.kind == "dropout" else block for block in blocks]
    found: list[Block] = []
    for block in blocks:
        found += [block, one] if block.kind == "pool" else [block]
    return found if one in found else [*found, one]


def _repeats(blocks: Sequence[Block], times: object) -> list[Block]:
    found: list[Block] = []
    unit: list[Block] = []
    for block in [*blocks, None]:
        if unit and (block is None or block.kind not in _FOLLOW):
            found += unit
            copy = [_with(unit[0], stride=1), *unit[1:]]
            found += copy * (int(times) - 1)
            unit = []
        if block is None:
            break
        if unit or block.kind in _CONVOLUTIONS:
            unit.append(block)
        else:
            found.append(block)
    return found


def _with(block: Block, **changed: object) -> Block:
    if block.settings.get("padding") == "valid" and "stride" in changed:
        changed["padding"] = "same"
    return replace(block, settings={**block.settings, **changed})
