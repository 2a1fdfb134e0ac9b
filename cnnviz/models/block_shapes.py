"""What the blocks of a network make of a picture: shapes and parameters, without TensorFlow.

So a page can say what does not fit before anything is built.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

from cnnviz.errors import BadInput
from cnnviz.models.blocks import KINDS, Block

MAX_PARAMETERS = 20_000_000
MAX_VALUES = 6_000_000  # of all layers for one image: 1.5 GB for a batch of 64
_OUTPUTS = {"residual": 9, "flatten": 0}  # layers of a block that hold values of their own

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Step:
    """What one block makes of its input.

    ``shape`` is (h, w, channels) or (units,), None from the first problem on. ``index`` is the
    block's place in the list, None for what comes by itself: the flattening before the first dense
    layer, and the classifier at the end.
    """

    block: Block
    shape: Shape | None
    parameters: int = 0
    problem: BadInput | None = None
    index: int | None = None


def check(blocks: Sequence[Block], input_shape: Shape, classes: int) -> None:
    """Raise the BadInput of the first block that cannot be built."""
    for step in trace(blocks, input_shape, classes):
        if step.problem:
            raise step.problem


def trace(blocks: Sequence[Block], input_shape: Shape, classes: int) -> tuple[Step, ...]:
    """What each block makes of a picture (h, w, c), the final classifier included.

    The first block that does not fit has the problem; nothing is known about those after it.
    """
    tracer = _Tracer(input_shape)
    for index, block in enumerate(blocks):
        if block.kind == "dense":
            tracer.flatten()
        tracer.add(block, index)
    tracer.flatten()
    tracer.add(Block("dense", {"units": classes}), None)
    return tuple(tracer.steps)


class _Tracer:
    def __init__(self, input_shape: Shape) -> None:
        self.shape: Shape | None = tuple(input_shape)
        self.steps: list[Step] = []
        self.parameters, self.values = 0, prod(input_shape)
        self.before = ""  # the block after which there is no picture any more

    def flatten(self) -> None:
        if self.shape is not None and len(self.shape) == 3:
            self.add(Block("flatten"), None)

    def add(self, block: Block, index: int | None) -> None:
        if self.shape is None:
            self.steps.append(Step(block, None, index=index))
            return
        parameters = 0
        try:
            shape = self._output(block, index)
            parameters = _parameters(block, self.shape)
            self._weigh(block, shape, parameters, index)
        except BadInput as problem:
            self.shape = None
            self.steps.append(Step(block, None, parameters, problem, index))
            return
        if len(shape) == 1 and not self.before and index is not None:
            self.before = block.text
        self.shape = shape
        self.steps.append(Step(block, shape, parameters, None, index))

    def _output(self, block: Block, index: int | None) -> Shape:
        """The shape after the block; raises BadInput when the picture does not allow it."""
        if KINDS[block.kind].needs_picture and len(self.shape) < 3:
            raise BadInput(
                "Block {number}, “{block}”, needs a picture, but there is none any more after "
                "“{before}”. Move it further up.",
                number=index + 1,
                block=block.text,
                before=self.before,
            )
        if block.kind == "dense":
            return (block.settings["units"],)
        if block.kind == "average":
            return self.shape[2:]
        if block.kind == "flatten":
            return (prod(self.shape),)
        sides = [_side(block, side) for side in self.shape[:2]]
        if block.kind not in ("conv", "separable", "pool", "residual"):
            return self.shape
        if min(sides) < 1:
            raise BadInput(
                "The image has shrunk to nothing at block {number}, “{block}”: before it, only "
                "{width}×{height} pixels are left. Take out a pooling or a stride above it, or "
                "this block.",
                number=index + 1,
                block=block.text,
                width=self.shape[1],
                height=self.shape[0],
            )
        return (*sides, block.settings.get("channels", self.shape[2]))

    def _weigh(self, block: Block, shape: Shape, parameters: int, index: int | None) -> None:
        """Add up what the network takes; raises BadInput when it is too much."""
        self.parameters += parameters
        self.values += prod(shape) * _OUTPUTS.get(block.kind, 1)
        name = block.text if index is None else f"{index + 1}, {block.text}"
        if self.parameters > MAX_PARAMETERS:
            raise BadInput(
                "The network is too large: up to block “{block}” it has {count} million "
                "parameters, and {limit} million is the limit here. Take fewer channels or units, "
                "or shrink the image with a pooling before it.",
                block=name,
                count=round(self.parameters / 1e6),
                limit=MAX_PARAMETERS // 1_000_000,
            )
        if self.values > MAX_VALUES:
            raise BadInput(
                "The network is too large: up to block “{block}” it computes {count} million "
                "values for one image, and {limit} million is the limit here. Take fewer "
                "channels, or shrink the image earlier.",
                block=name,
                count=round(self.values / 1e6, 1),
                limit=MAX_VALUES // 1_000_000,
            )


def _side(block: Block, side: int) -> int:
    """A side of the picture after a block, in pixels; below 1 when nothing is left."""
    settings = block.settings
    if block.kind == "pool":
        return side // settings["size"]
    stride = settings.get("stride", 1)
    if settings.get("padding") == "valid":
        return (side - settings["size"]) // stride + 1
    return -(-side // stride)


def _parameters(block: Block, shape: Shape) -> int:
    """How many numbers the layers of a block hold, for an input of that shape."""
    settings, inputs = block.settings, shape[-1]
    if block.kind == "dense":
        return (inputs + 1) * settings["units"]
    if block.kind == "norm":  # a factor and a shift that are learnt, a mean and a spread measured
        return 4 * inputs
    if block.kind == "squeeze":
        narrow = squeezed(inputs, settings["reduction"])
        return (inputs + 1) * narrow + (narrow + 1) * inputs
    if block.kind not in ("conv", "separable", "residual"):
        return 0
    outputs = settings["channels"]
    if block.kind == "conv":
        return (settings["size"] ** 2 * inputs + 1) * outputs
    if block.kind == "separable":
        return settings["size"] ** 2 * inputs + (inputs + 1) * outputs
    shortcut = inputs != outputs or settings["stride"] > 1
    return (9 * inputs + 9 * outputs + 8) * outputs + (inputs + 4) * outputs * shortcut


def squeezed(channels: int, reduction: int) -> int:
    """Units of the narrow layer of a squeeze-and-excitation block."""
    return max(1, channels // reduction)
