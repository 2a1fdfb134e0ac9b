"""Questions about the channels of a layer over a data set, and about one channel's weights."""

from __future__ import annotations

import numpy as np

from cnnviz.compute.context import Context
from cnnviz.compute.questions import checking
from cnnviz.compute.questions.looking import part_of_split
from cnnviz.explanation.channel_contributions import channel_contributions as contributions_of
from cnnviz.explanation.channel_kernels import channel_kernel as kernel_of
from cnnviz.inference.channel_statistics import channel_statistics as statistics_of
from cnnviz.inference.spreads import Spread

_NEIGHBOURS = 6
_MOST_SLICES = 12
_MOST_CLASSES = 20  # whose scores are looked at; of more, those that the network answers most


def channel_statistics(
    context: Context, model: str, layer: str, dataset: str, split: str, limit: int | None
) -> dict:
    """``ChannelStatistics`` of all channels of a layer, made small.

    ``top_indices`` are places in the split. ``neighbours`` (c, k) with their ``similarity`` stand
    for the table of all pairs; None where the layer is too wide for one.
    """
    opened = context.model(model)
    name = checking.layer_of(opened.card, layer).name
    data, indices = part_of_split(context, dataset, split, limit)
    found = statistics_of(
        opened, data, name, report=context.report, check_cancelled=context.check_cancelled
    )
    close = None if found.similarity is None else found.neighbours(_NEIGHBOURS)
    numbers = ("mean", "std", "maximum", "dead_share", "sparsity", "selectivity", "class_means")
    return {
        **{key: getattr(found, key).astype(np.float32) for key in numbers},
        "layer": name,
        "images": found.images,
        "class_names": list(found.class_names),
        "class_counts": found.class_counts.astype(np.int32),
        "maxima": _small(found.maxima),
        "means": _small(found.means),
        "neighbours": None if close is None else close[0].astype(np.int32),
        "similarity": None if close is None else close[1].astype(np.float32),
        "top_indices": indices[found.top_indices].astype(np.int32),
        "top_values": found.top_values.astype(np.float32),
        "top_positions": found.top_positions.astype(np.int16),
    }


def channel_contributions(
    context: Context, model: str, layer: str, dataset: str, split: str, limit: int
) -> dict:
    """What each channel of a layer adds to the scores of ``classes``, (channels, k), on average.

    ``classes`` are all of the model's, or the 20 with the largest share of the vote on these
    images.
    """
    limit = checking.number(limit, "limit", 1, 20_000)
    opened = context.model(model)
    name = checking.layer_of(opened.card, layer).name
    data, _ = part_of_split(context, dataset, split, limit)
    classes = list(range(len(opened.card.class_names)))
    if len(classes) > _MOST_CLASSES:
        shares = opened.predict(data.images[: 2 * _MOST_CLASSES]).mean(axis=0)
        classes = sorted(checking.pick(np.argsort(-shares, kind="stable"), _MOST_CLASSES))
    found = contributions_of(
        opened,
        data,
        name,
        classes,
        report=context.report,
        check_cancelled=context.check_cancelled,
    )
    return {"contributions": found.astype(np.float32), "classes": classes, "images": len(data)}


def channel_kernel(context: Context, model: str, layer: str, channel: int) -> dict:
    """The kernel that makes a channel: its strongest slices (m, h, w), largest norm first.

    ``inputs`` (m,) are the channels of ``input_layer`` (None: of the image) that the slices look
    at, ``total`` how many there are. All is None or empty where no single layer's weights make the
    channel.
    """
    opened = context.model(model)
    found = checking.layer_of(opened.card, layer)
    channel = checking.number(channel, "channel", 0, found.output_shape[-1] - 1)
    kernel = kernel_of(opened, found.name, channel, _NEIGHBOURS)
    if kernel is None:
        return {"layer": None, "slices": None, "inputs": [], "total": 0, "neighbours": []}
    norms = np.sqrt((kernel.kernel**2).sum(axis=(0, 1)))
    if kernel.input_layer is None:  # the colours of the image stay together, in their order
        strongest = np.arange(len(norms))
    else:
        strongest = np.argsort(-norms, kind="stable")[:_MOST_SLICES]
    return {
        "layer": kernel.layer,
        "slices": np.ascontiguousarray(np.moveaxis(kernel.kernel[:, :, strongest], 2, 0)),
        "inputs": [int(i) for i in kernel.inputs[strongest]],
        "input_layer": kernel.input_layer,
        "total": len(norms),
        "neighbours": [int(i) for i in kernel.neighbours],
        "similarity": [float(s) for s in kernel.similarity],
    }


def _small(spread: Spread) -> dict:
    kind = np.uint16 if spread.counts.max(initial=0) < 2**16 else np.uint32
    return {
        "low": spread.low.astype(np.float32),
        "high": spread.high.astype(np.float32),
        "counts": spread.counts.astype(kind),
    }
