"""A layer in words: what its kind does, its shape, kernel and size."""

from __future__ import annotations

import re
from html import escape

from babel.numbers import format_compact_decimal

from cnnviz.models.cards import Card, Layer
from cnnviz.texts import N_
from cnnviz.ui.language import _, language

# By the kind's name in Keras; the first pattern that is found counts.
_WORDS: tuple[tuple[str, str], ...] = (
    ("InputLayer", N_("The image comes in here, as numbers from 0 to 255.")),
    ("Rescaling", N_("Turns the pixels 0–255 into small numbers, which are easier to learn from.")),
    (
        "BatchNorm|GroupNorm|LayerNorm",
        N_(
            "Brings every channel to a similar range of values, so that the layers after it learn "
            "more easily."
        ),
    ),
    (
        "^Normalization",
        N_("Brings the pixels to a similar range of values, with numbers taken from the training."),
    ),
    (
        "Depthwise",
        N_(
            "Slides one small window over each channel on its own: it looks at neighbouring places "
            "without mixing the channels."
        ),
    ),
    (
        "Separable",
        N_("Slides a small window over each channel on its own, then mixes the channels."),
    ),
    ("Conv.*Transpose", N_("A convolution that makes the maps larger again.")),
    (
        "Conv",
        N_(
            "Slides small windows over its input. Each channel has a pattern of its own and "
            "answers strongly where it finds it."
        ),
    ),
    (
        "GlobalMax",
        N_("Keeps the largest value of each channel: where something was is forgotten."),
    ),
    (
        "GlobalAverage",
        N_(
            "Averages each channel over all places: what was found stays, where it was is "
            "forgotten."
        ),
    ),
    (
        "MaxPool",
        N_("Keeps the largest of neighbouring values: the maps get smaller, strong finds stay."),
    ),
    ("AveragePool", N_("Averages neighbouring values: the maps get smaller.")),
    ("Pooling", N_("Summarises neighbouring values: the maps get smaller.")),
    (
        "Softmax",
        N_("Turns the scores of the classes into shares of a vote that add up to 100 %."),
    ),
    (
        "ReLU|Activation|ELU|GELU|Swish",
        N_(
            "Bends the values. Without such bends, all layers together could do no more than one. "
            "ReLU lets positive values through and sets negative ones to zero."
        ),
    ),
    ("Flatten|Reshape", N_("Puts the same numbers into another order, here mostly one long row.")),
    (
        "Dense",
        N_("Every unit looks at all values of the layer before and adds them up with weights."),
    ),
    (
        "Dropout",
        N_("Switches off random values during training, against learning by heart. Now it rests."),
    ),
    (
        "Add$",
        N_(
            "Adds up two paths through the network; the shortcut lets the signal, and the "
            "correction while learning, pass undisturbed."
        ),
    ),
    ("Multiply", N_("Multiplies two paths: one decides how much of the other passes.")),
    ("Concatenate", N_("Puts the channels of several paths side by side.")),
    ("Padding", N_("Adds a border of zeros around the maps.")),
    ("Cropping", N_("Cuts off a border of the maps.")),
    ("UpSampling|Resizing", N_("Changes the size of the maps.")),
    ("^Random", N_("Changes images a little at random during training. Now it rests.")),
)


_TABLE_STYLE = """<style>
.facts { border-collapse: collapse; width: 100%; max-width: 34rem; }
.facts th, .facts td { padding: .35rem .9rem .35rem 0; text-align: left; vertical-align: top;
  border-bottom: 1px solid var(--st-border-color, rgba(128,128,128,.3)); }
.facts th { font-weight: 400; opacity: .75; }
.facts td { font-weight: 600; }
</style>"""


def in_words(layer: Layer) -> str:
    """What this kind of layer does, in plain words; empty for a kind we do not know.

    Of a layer that is used several times it is said which use is shown.
    """
    if "softmax" in layer.name.lower() and layer.kind == "Activation":
        words = _(dict(_WORDS)["Softmax"])
    else:
        words = next((_(text) for kind, text in _WORDS if re.search(kind, layer.kind)), "")
    if layer.uses == 1:
        return words
    passes = _("An image passes this layer {count} times; what it shows the last time is shown.")
    return f"{words} {passes.format(count=layer.uses)}".strip()


def kernel(card: Card, layer: Layer) -> tuple[tuple[int, int], tuple[int, int]] | None:
    """Window and step (rows, columns) of a convolution or pooling, from the fields of view.

    A window of w steps of s pixels widens the view by (w − 1) · s. None for other layers, and
    where the view is unknown. A dilated window counts with the gaps in it.
    """
    if not layer.inputs or layer.receptive_field is None or len(layer.output_shape) != 3:
        return None
    if not ("Conv" in layer.kind or "Pooling" in layer.kind) or "Transpose" in layer.kind:
        return None
    before = next((x for x in card.layers if x.name == layer.inputs[0]), None)
    if before is None or before.receptive_field is None:
        return None
    after, before = layer.receptive_field, before.receptive_field
    window = tuple(1 + (after.size[a] - before.size[a]) // before.stride[a] for a in (0, 1))
    step = tuple(max(1, after.stride[a] // before.stride[a]) for a in (0, 1))
    return window, step


def shape_in_words(layer: Layer) -> str:
    """“28 × 28 places, 6 channels” or “120 numbers”."""
    shape = layer.output_shape
    if len(shape) != 3:
        return _("{count} numbers").format(count=f"{shape[-1]:,}")
    return _("{height} × {width} places, {count} channels").format(
        height=shape[0], width=shape[1], count=f"{shape[2]:,}"
    )


def facts(card: Card, layer: Layer) -> list[tuple[str, str]]:
    """Pairs of a fact's name and its value, for a short table."""
    found = [(_("Kind"), layer.kind), (_("Output"), shape_in_words(layer))]
    if looked := kernel(card, layer):
        window, step = looked
        text = _("{height} × {width}").format(height=window[0], width=window[1])
        if max(step) > 1:
            text += _(", moving {step} places at a time").format(step=max(step))
        found.append((_("Window"), text))
    found.append((_("Parameters (learnt numbers)"), f"{layer.parameters:,}"))
    found.append((_("Calculations for one image"), large(layer.flops)))
    return found


def large(number: int) -> str:
    """784,425,384 → “784 million” (“7.8亿”); below ten thousand every digit."""
    if number < 10_000:
        return f"{number:,}"
    if language() == "zh_CN":
        return format_compact_decimal(number, locale="zh_CN", fraction_digits=1)
    for size, text in (
        (10**9, _("{number} billion")),
        (10**6, _("{number} million")),
        (10**3, _("{number} thousand")),
    ):
        if number >= size:
            share = number / size
            return text.format(number=f"{share:.1f}" if share < 10 else f"{share:.0f}")
    return f"{number:,}"


def table(card: Card, layer: Layer) -> str:
    """The facts as HTML; everything in it is escaped."""
    rows = "".join(
        f"<tr><th scope='row'>{escape(name)}</th><td>{escape(value)}</td></tr>"
        for name, value in facts(card, layer)
    )
    return f"{_TABLE_STYLE}<table class='facts'>{rows}</table>"
