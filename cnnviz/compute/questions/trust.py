"""The questions whether a heatmap can be trusted: of one image, of a network, of a data set."""

from __future__ import annotations

import numpy as np

from cnnviz.compute.context import Context
from cnnviz.compute.questions import checking
from cnnviz.compute.questions.looking import part_of_split
from cnnviz.errors import BadInput
from cnnviz.explanation.catalogue import CATALOGUE
from cnnviz.explanation.comparing import compare_methods, quick_methods
from cnnviz.explanation.explain import checked_method, explain
from cnnviz.explanation.faithfulness import RANDOMS, STEPS, faithfulness, made_up
from cnnviz.explanation.perturbing import baseline
from cnnviz.explanation.randomisation import MOST_STAGES, randomisation_check
from cnnviz.models.model import Model
from cnnviz.texts import N_

EXPLAINING = N_("Making the heatmap")
_MOST_METHODS, _MOST_IMAGES = 16, 1000
_LARGE = 64 * 64  # pixels; above that, fewer random maps and rounds keep an answer within bounds
_RANDOMS_OF_LARGE = 9
_EXPLAINED = 0.2  # of the time, for methods that take long


def trust_curves(
    context: Context,
    model: str,
    image: str,
    method: str,
    target: int | None,
    layer: str | None,
    against: int | None,
) -> dict:
    """The curves of one heatmap, as ``Faithfulness.to_message()``.

    ``target`` None: the class with the largest share. With them ``seen``, ``mean`` and ``blurred``
    (h, w, c) uint8: the image as the network received it, and what takes the place of its pixels;
    and ``made_up`` (t, h, w, c) uint8: the image as ROAD shows it.
    """
    opened, method, layer = _checked(context, model, method, layer)
    target, against = (_class(opened, x, n) for x, n in ((target, "target"), (against, "against")))
    prepared = opened.prepare([checking.image(image)])
    long = CATALOGUE[method].cost != "quick"
    before = _EXPLAINED if long else 0.0
    explained = explain(
        opened,
        prepared,
        method,
        target,
        layer,
        against=against,
        report=lambda fraction, text: context.report(before * fraction, EXPLAINING),
        check_cancelled=context.check_cancelled,
    )
    found = faithfulness(
        opened,
        prepared,
        explained,
        steps=STEPS,
        randoms=RANDOMS if prepared[0, ..., 0].size <= _LARGE else _RANDOMS_OF_LARGE,
        report=lambda fraction, text: context.report(before + (1 - before) * fraction, text),
        check_cancelled=context.check_cancelled,
    )
    fills = {
        name: np.round(baseline(prepared, kind)[0]).astype(np.uint8)
        for name, kind in (("mean", "mean"), ("blurred", "blur"))
    }
    road = [made_up(prepared[0], found.orders[0], share) for share in found.road_shares]
    return {
        **found.to_message(),
        "seen": prepared[0],
        **fills,
        "made_up": np.clip(np.round(np.stack(road)), 0, 255).astype(np.uint8),
        "layer": explained.layer,
    }


def trust_forgetting(
    context: Context,
    model: str,
    image: str,
    method: str,
    target: int | None,
    layer: str | None,
    against: int | None,
    stages: int,
    repeats: int,
    seed: int,
) -> dict:
    """What became of a heatmap as the network forgot, as ``Randomisation.to_message()``.

    Frames have ``stages``, and the ``maps`` and ``correlations`` (stages so far,) of the first
    round. Methods that take long are measured once where the images are large, whatever
    ``repeats`` says.
    """
    opened, method, layer = _checked(context, model, method, layer)
    target, against = (_class(opened, x, n) for x, n in ((target, "target"), (against, "against")))
    stages = checking.number(stages, "stages", 1, MOST_STAGES)
    repeats = checking.number(repeats, "repeats", 1, 10)
    large = opened.card.input_shape[0] * opened.card.input_shape[1] > _LARGE
    found = randomisation_check(
        opened,
        checking.image(image),
        method,
        target,
        layer,
        against=against,
        stages=stages,
        repeats=repeats if CATALOGUE[method].cost == "quick" or not large else 1,
        seed=checking.number(seed, "seed", 0, 2**31 - 1),
        report=context.report,
        check_cancelled=context.check_cancelled,
        on_stage=lambda names, maps, course: context.frame(
            {"stages": names, "maps": maps, "correlations": np.array(course)}
        ),
    )
    return found.to_message()


def trust_table(
    context: Context,
    model: str,
    dataset: str,
    split: str,
    limit: int,
    methods: list[str] | None,
    layer: str | None,
) -> dict:
    """Methods × measures over images of a data set, as ``Comparison.to_message()``.

    ``methods`` None: the quick ones. ``indices`` are places in the split.
    """
    limit = checking.number(limit, "limit", 5, _MOST_IMAGES)
    if methods is None:
        methods = list(quick_methods())
    if not isinstance(methods, list) or not 1 <= len(methods) <= _MOST_METHODS:
        raise BadInput("Compare 1 to {most} methods.", most=_MOST_METHODS)
    methods = [checked_method(checking.text(name, "method")) for name in methods]
    opened = context.model(model)
    if layer is not None:
        layer = checking.spatial_layer_of(opened.card, layer).name
    data, indices = part_of_split(context, dataset, split, limit)
    found = compare_methods(
        opened,
        data,
        methods,
        None,
        layer=layer,
        indices=indices,
        report=context.report,
        check_cancelled=context.check_cancelled,
    )
    return found.to_message()


def _checked(
    context: Context, model: str, method: str, layer: str | None
) -> tuple[Model, str, str | None]:
    """The opened model, a known method, and its layer where it takes one."""
    method = checked_method(checking.text(method, "method"))
    opened = context.model(model)
    if not CATALOGUE[method].takes_layer:
        layer = None
    if layer is not None:
        layer = checking.spatial_layer_of(opened.card, layer).name
    return opened, method, layer


def _class(opened: Model, value: int | None, name: str) -> int | None:
    return checking.optional_number(value, name, 0, len(opened.card.class_names) - 1)
