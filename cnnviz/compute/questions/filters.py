"""Questions about what a channel is looking for: pictures that excite it, first-layer weights."""

from __future__ import annotations

import numpy as np

from cnnviz.compute.context import Context
from cnnviz.compute.questions import checking
from cnnviz.errors import NotPossible
from cnnviz.explanation.channel_kernels import kernels_of
from cnnviz.explanation.filters import (
    OBJECTIVES,
    PARAMETRISATIONS,
    starting_noise,
    visualize_filters,
)
from cnnviz.inference.layers import find_layer
from cnnviz.models.references import ModelReference
from cnnviz.texts import N_

FORMING = N_("The pictures are forming")
_MOST_PICTURES = 64
_MOST_KERNELS = 256
_FIRST = 12


def filters(
    context: Context,
    model: str,
    layer: str,
    channels: list[int] | None,
    steps: int,
    size: int | None,
    seed: int,
    objective: str,
    parametrisation: str,
) -> dict:
    """Pictures (k, H, W, c) uint8 that excite channels; frames show them as they form.

    ``objective`` and ``parametrisation`` as in :func:`visualize_filters`; a whole layer gets one
    picture a number, and the classes are numbered like the model's.
    """
    steps = checking.number(steps, "steps", 1, 1024)
    size = checking.optional_number(size, "size", 16, 256)
    seed = checking.number(seed, "seed", 0, 2**31 - 1)
    checking.choice(objective, "objective", OBJECTIVES)
    checking.choice(parametrisation, "parametrisation", PARAMETRISATIONS)
    card = ModelReference.parse(model).card
    found = checking.layer_of(card, layer)
    by_class = objective == "class"
    last = (len(card.class_names) if by_class else found.output_shape[-1]) - 1
    if channels is None:
        channels = list(range(1 if objective == "layer" else min(_FIRST, last + 1)))
    channels = checking.numbers(channels, "channels", last, _MOST_PICTURES)

    def on_frame(pictures: np.ndarray, fraction: float) -> None:
        context.report(fraction, FORMING, {"pictures": pictures, "channels": channels})

    # What all begins with is seen before the network is opened and the first steps are compiled.
    start = {"size": size, "seed": seed, "parametrisation": parametrisation}
    on_frame(starting_noise(card, channels, **start), 0.0)
    pictures = visualize_filters(
        context.model(model),
        found.name,
        channels,
        steps=steps,
        **start,
        on_frame=on_frame,
        check_cancelled=context.check_cancelled,
        objective=objective,
    )
    return {"pictures": pictures, "channels": channels}


def kernels(context: Context, model: str, layer: str | None) -> dict:
    """The weights (n, h, w, c) of a convolution, of the first one that looks at pixels by default.

    At most 256 kernels; of a layer with many input channels as many as 4 MB hold.
    """
    opened = context.model(model)
    if layer is None:
        convolutions = [x.name for x in opened.card.layers if "Conv" in x.kind and x.parameters]
        if not convolutions:
            raise NotPossible("This network has no convolutions, so it has no kernels to show.")
        layer = convolutions[0]
    layer = checking.layer_of(opened.card, layer).name
    values = kernels_of(find_layer(opened.keras_model, layer))
    if values is None:
        raise NotPossible("The layer “{layer}” is no convolution.", layer=layer[:60])
    values = np.moveaxis(values, 3, 0)
    most = min(_MOST_KERNELS, max(1, 1_000_000 // int(np.prod(values.shape[1:]))))
    return {"kernels": np.ascontiguousarray(values[:most]), "layer": layer, "total": len(values)}
