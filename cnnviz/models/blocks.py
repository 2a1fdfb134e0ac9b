"""Networks built of blocks: their text form, and what each block makes of the picture.

A network is a line of blocks, ``conv 16, relu, pool, conv 32 5x5 stride 2, dense 64, relu``, which
survives in a link. What the blocks make of a picture is worked out in
:mod:`cnnviz.models.block_shapes`; the layers are made in :mod:`cnnviz.models.networks`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from cnnviz.errors import BadInput
from cnnviz.models.parameters import Parameter
from cnnviz.texts import N_

MAX_BLOCKS = 60
MAX_TEXT = 3000


@dataclass(frozen=True)
class Kind:
    """A kind of block; ``word`` is how its text begins (an activation's is its function)."""

    name: str
    word: str
    title: str
    story: str
    fields: tuple[Parameter, ...] = ()
    needs_picture: bool = False


def _number(name: str, title: str, default: float, low: float, high: float) -> Parameter:
    return Parameter(name, title, "", default, minimum=low, maximum=high)


_CHANNELS = N_("Channels")
_CONVOLUTION = (
    _number("channels", _CHANNELS, 16, 1, 512),
    _number("size", N_("Kernel size"), 3, 1, 11),
    _number("stride", N_("Stride"), 1, 1, 4),
    Parameter("padding", N_("Padding"), "", "same", choices=("same", "valid")),
)
FUNCTIONS = ("relu", "gelu", "tanh", "leaky relu", "swish")

KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind(
            "conv",
            "conv",
            N_("Convolution"),
            N_("Small filters slide over the picture; each makes one channel of the next."),
            _CONVOLUTION,
            needs_picture=True,
        ),
        Kind(
            "activation",
            "",
            N_("Activation"),
            N_("Bends every value, without which all layers together were only one."),
            (Parameter("function", N_("Function"), "", "relu", choices=FUNCTIONS),),
        ),
        Kind(
            "pool",
            "pool",
            N_("Pooling"),
            N_("Shrinks the picture: one value, the largest or the average, stands for several."),
            (
                Parameter("kind", N_("What is kept"), "", "max", choices=("max", "average")),
                _number("size", N_("Window"), 2, 2, 8),
            ),
            needs_picture=True,
        ),
        Kind(
            "norm",
            "batch norm",
            N_("Batch normalisation"),
            N_(
                "Brings every channel to the same mean and spread, so that larger steps work "
                "(arXiv 1502.03167)."
            ),
        ),
        Kind(
            "dropout",
            "dropout",
            N_("Dropout"),
            N_("Sets some values to zero while training, so that none is relied on alone."),
            (_number("rate", N_("Share set to zero"), 0.3, 0.0, 0.9),),
        ),
        Kind(
            "residual",
            "residual",
            N_("Residual block"),
            N_(
                "Two 3×3 convolutions and a shortcut past them, so that depth does not hurt "
                "(arXiv 1512.03385)."
            ),
            (
                _number("channels", _CHANNELS, 32, 1, 512),
                _number("stride", N_("Stride"), 1, 1, 4),
            ),
            needs_picture=True,
        ),
        Kind(
            "squeeze",
            "squeeze excite",
            N_("Squeeze and excitation"),
            N_(
                "Looks at all channels at once and turns each of them up or down "
                "(arXiv 1709.01507)."
            ),
            (_number("reduction", N_("Narrower by a factor of"), 4, 1, 64),),
            needs_picture=True,
        ),
        Kind(
            "separable",
            "separable",
            N_("Separable convolution"),
            N_(
                "First filters each channel by itself, then mixes them: far fewer parameters "
                "(arXiv 1610.02357)."
            ),
            _CONVOLUTION,
            needs_picture=True,
        ),
        Kind(
            "average",
            "global average",
            N_("Global average"),
            N_("One number a channel: its mean over the whole picture."),
            needs_picture=True,
        ),
        Kind(
            "flatten",
            "flatten",
            N_("Flatten"),
            N_("All values of the picture in one long row."),
            needs_picture=True,
        ),
        Kind(
            "dense",
            "dense",
            N_("Dense layer"),
            N_("Every unit looks at everything that came before."),
            (_number("units", N_("Units"), 64, 1, 4096),),
        ),
    )
}
_FORMS = {"size": "{0}x{0}", "stride": "stride {0}", "rate": "{0:g}"}
_ALWAYS = ("channels", "units", "rate", "reduction", "function")  # written even when usual
_PLAIN = ("channels", "units", "rate", "reduction", "size")  # what a bare number means
_WORDS = {word: (k.name, {}) for k in KINDS.values() for word in (k.name, k.word) if word}
_WORDS |= {f: ("activation", {"function": f}) for f in FUNCTIONS}


@dataclass(frozen=True)
class Block:
    """One block with all its settings."""

    kind: str
    settings: dict[str, str | int | float] = field(default_factory=dict)

    @classmethod
    def make(cls, kind: str, given: dict | None = None) -> Block:
        """A block of that kind, what is left out as usual; raises BadInput."""
        if kind not in KINDS:
            raise _unknown(kind)
        given = given or {}
        fields = KINDS[kind].fields
        return cls(kind, {f.name: f.check(given.get(f.name, f.default)) for f in fields})

    @property
    def text(self) -> str:
        """As it is written: ``conv 16 5x5 stride 2``."""
        kind = KINDS[self.kind]
        parts = [kind.word] if kind.word else []
        for f in kind.fields:
            value = self.settings[f.name]
            if f.name in _ALWAYS or value != f.default:
                parts.append(_FORMS.get(f.name, "{0}").format(value))
        return " ".join(parts)


PRESETS: dict[str, tuple[str, str]] = {
    "small": (N_("Small"), "conv 16, relu, pool, conv 32, relu, pool, dense 64, relu"),
    "vgg": (
        N_("VGG-like"),
        "conv 32, batch norm, relu, conv 32, batch norm, relu, pool, dropout 0.2, "
        "conv 64, batch norm, relu, conv 64, batch norm, relu, pool, dropout 0.2, global average",
    ),
    "residual": (
        N_("Residual"),
        "conv 16, batch norm, relu, residual 16, residual 32 stride 2, residual 64 stride 2, "
        "global average",
    ),
    "squeeze": (
        N_("With squeeze and excitation"),
        "conv 16, batch norm, relu, squeeze excite 4, pool, "
        "conv 32, batch norm, relu, squeeze excite 4, pool, "
        "conv 64, batch norm, relu, squeeze excite 4, global average",
    ),
}


def parse(text: str) -> tuple[Block, ...]:
    """The blocks of a text; raises BadInput that names the part which makes no sense."""
    parts = [" ".join(part.lower().split()) for part in str(text)[:MAX_TEXT].split(",")]
    parts = [part for part in parts if part]
    if not parts:
        raise BadInput("A network needs at least one block, such as “conv 16”.")
    if len(parts) > MAX_BLOCKS:
        raise BadInput(
            "This network has {count} blocks; at most {limit} can be built here.",
            count=len(parts),
            limit=MAX_BLOCKS,
        )
    return tuple(_read(part) for part in parts)


def write(blocks: Sequence[Block]) -> str:
    """The text of the blocks, such as ``conv 16, relu, pool``."""
    return ", ".join(block.text for block in blocks)


def canonical(text: str) -> str:
    """The same network in the one spelling under which it is kept; raises BadInput."""
    return write(parse(text))


def _unknown(name: str) -> BadInput:
    return BadInput(
        "There is no block called “{name}”. Choose one of: {known}.",
        name=str(name)[:40],
        known=", ".join([*(k.word for k in KINDS.values() if k.word), *FUNCTIONS]),
    )


def _read(part: str) -> Block:
    word = max((w for w in _WORDS if part == w or part.startswith(w + " ")), key=len, default=None)
    if word is None:
        raise _unknown(part.partition(" ")[0])
    name, given = _WORDS[word][0], dict(_WORDS[word][1])
    fields = {f.name: f for f in KINDS[name].fields}
    rest = part[len(word) :].split()
    while rest:
        token = rest.pop(0)
        square = re.fullmatch(r"(\d+)[x×](\d+)", token)
        choice = next((f.name for f in fields.values() if token in f.choices), None)
        if token == "stride" and "stride" in fields and rest:
            setting, value = "stride", rest.pop(0)
        elif square and square[1] == square[2] and "size" in fields:
            setting, value = "size", square[1]
        elif choice:
            setting, value = choice, token
        else:
            setting = next((f for f in _PLAIN if f in fields and f not in given), "")
            value = token
        if not setting or setting in given:
            raise BadInput(
                "“{part}” is not understood: “{word}” does not belong there.",
                part=part[:60],
                word=token[:40],
            )
        given[setting] = value
    return Block.make(name, given)
