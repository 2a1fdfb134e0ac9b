"""Does a heatmap depend on what the network has learned? Take that away, layer by layer.

Adebayo et al. 2018, "Sanity Checks for Saliency Maps", arXiv 1810.03292: cascading randomisation.
From the answer downwards each layer is made anew by its own initialisers; what is random stays
random, and all layers below keep what they learned. A method that explains the network must change.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import keras
import numpy as np
from scipy.stats import rankdata

from cnnviz.errors import NotPossible
from cnnviz.explanation.explain import checked_method, explain
from cnnviz.explanation.faithfulness import checked_number
from cnnviz.explanation.task import Report
from cnnviz.explanation.trust_results import Randomisation
from cnnviz.inference.layers import compiled, find_layer, layer_names
from cnnviz.models.model import Model, load_model
from cnnviz.texts import N_

FORGETTING = N_("The network forgets, layer by layer")
STAGES, MOST_STAGES = 10, 40
REPEATS, MOST_REPEATS = 3, 10

OnStage = Callable[[list[str], np.ndarray, list[float]], None]


def randomisation_check(
    model: Model | str,
    image: np.ndarray,
    method: str = "grad_cam",
    target: int | None = None,
    layer: str | None = None,
    *,
    against: int | None = None,
    stages: int = STAGES,
    repeats: int = REPEATS,
    seed: int = 0,
    report: Report | None = None,
    check_cancelled: Callable[[], None] | None = None,
    on_stage: OnStage | None = None,
    **options: float,
) -> Randomisation:
    """Watch one heatmap while the network forgets from the top down.

    The network itself is never touched: a copy forgets, which is kept for the next check.

    Args:
        model: a model, its name or its reference.
        image: uint8 (h, w, c) of any size.
        method, target, layer, against, **options: see ``explain``. The class is settled before
            anything is forgotten.
        stages: heatmaps on the way. The first stage is the topmost layer with weights alone; a
            network with more layers forgets several in each of the others.
        repeats: how often, with other random numbers, the correlations are measured; small maps
            correlate by chance. Maps and votes are those of the first time.
        seed: of the random numbers.
        report: called with the fraction done and a text.
        check_cancelled: called between steps; ends the work by raising.
        on_stage: called in the first round with the names of the stages, the maps (k, h, w) and
            the correlations so far.

    Raises:
        NotPossible: no layer has weights.
        What ``explain`` raises.
    """
    model = load_model(model) if not isinstance(model, Model) else model
    checked_method(method)
    stages = checked_number(stages, "stages", 1, MOST_STAGES)
    repeats = checked_number(repeats, "repeats", 1, MOST_REPEATS)
    report, check = report or (lambda fraction, text: None), check_cancelled or (lambda: None)
    forgetting = forgetful_layers(model.keras_model)
    groups = _grouped(forgetting, stages)

    def look(network: Model, target: int | None) -> tuple[np.ndarray, float, int, str | None]:
        same = {"against": against, "check_cancelled": check, **options}
        found = explain(network, [image], method, target, layer, **same)
        return found.raw[0], float(found.shares[0]), int(found.targets[0]), found.layer

    original, share, target, used = look(model, target)
    maps, shares, correlations = [original], [share], np.full((repeats, len(groups)), np.nan)
    names = [group[-1] for group in groups]
    with _twin(model) as twin:
        for repeat in range(repeats):
            twin.keras_model.set_weights(model.keras_model.get_weights())
            for stage, group in enumerate(groups):
                check()
                for name in group:
                    place = forgetting.index(name)
                    forget(find_layer(twin.keras_model, name), seed, repeat, place)
                heat, share, *_ = look(twin, target)
                correlations[repeat, stage] = rank_correlation(np.abs(heat), np.abs(original))
                if repeat == 0:
                    maps.append(heat)
                    shares.append(share)
                    if on_stage is not None:
                        so_far = [float(x) for x in correlations[0, : stage + 1]]
                        on_stage(names, np.stack(maps), so_far)
                report((repeat + (stage + 1) / len(groups)) / repeats, FORGETTING)
    return Randomisation(
        stages=tuple(names),
        counts=tuple(int(n) for n in np.cumsum([len(group) for group in groups])),
        maps=np.stack(maps),
        correlations=correlations,
        shares=np.array(shares),
        method=method,
        layer=used,
        target=target,
    )


def rank_correlation(first: np.ndarray, second: np.ndarray) -> float:
    """Spearman's rank correlation of two arrays of one shape; NaN where one of them is flat."""
    ranks = np.stack([rankdata(x.ravel()) for x in (first, second)])
    ranks -= ranks.mean(axis=1, keepdims=True)
    below = np.sqrt((ranks**2).sum(axis=1).prod())
    return float((ranks[0] * ranks[1]).sum() / below) if below > 0 else float("nan")


def forgetful_layers(network: keras.Model) -> list[str]:
    """The layers that have learned something, last to first; raises NotPossible without any.

    Layers that only scale their input by statistics of the data have not.
    """
    names, seen = [], set()
    for name in reversed(layer_names(network)):
        layer = find_layer(network, name)
        if id(layer) not in seen and any(True for _ in _learned(layer)):
            names.append(name)
        seen.add(id(layer))
    if not names:
        raise NotPossible("This network has no weights, so there is nothing that it could forget.")
    return names


def forget(layer: keras.layers.Layer, *seed: int) -> None:
    """Make a layer's weights, and what a normalisation has averaged, as new.

    By the layer's own initialisers, with random numbers that follow from ``seed``. A weight
    without an initialiser gets its own values in another order.
    """
    for number, (variable, made) in enumerate(_learned(layer)):
        rng = np.random.default_rng((*seed, number))
        if made is None:
            variable.assign(rng.permutation(variable.numpy().ravel()).reshape(variable.shape))
            continue
        config = made.get_config()
        if "seed" in config:  # its own seed would bring back what the training began with
            made = type(made).from_config({**config, "seed": int(rng.integers(2**31))})
        variable.assign(made(variable.shape, dtype=variable.dtype))


def _learned(
    layer: keras.layers.Layer,
) -> Iterator[tuple[keras.Variable, keras.initializers.Initializer | None]]:
    """What training changes in a layer and the layers inside it, each with its initialiser."""
    for owner in layer._flatten_layers():
        if isinstance(owner, keras.layers.Normalization):
            continue
        for variable in owner._trainable_variables:
            yield variable, _initialiser(owner, variable)
        for variable in owner._non_trainable_variables:  # averages, but no seeds of random numbers
            made = _initialiser(owner, variable)
            if made is not None:
                yield variable, made


def _initialiser(
    layer: keras.layers.Layer, variable: keras.Variable
) -> keras.initializers.Initializer | None:
    """Keras keeps that of ``bias`` as ``bias_initializer``, of ``pointwise_kernel`` as
    ``pointwise_initializer``, and of the ``kernel`` of a depthwise convolution likewise."""
    names = [variable.name, variable.name.removesuffix("_kernel")]
    if variable.name == "kernel":
        names.append("depthwise")
    for name in names:
        made = getattr(layer, f"{name}_initializer", None)
        if isinstance(made, keras.initializers.Initializer):
            return made
    return None


def _grouped(names: Sequence[str], stages: int) -> list[list[str]]:
    """Names in at most ``stages`` groups, the first one alone, the others about equally large."""
    rest = min(stages - 1, len(names) - 1)
    if rest < 1:
        return [list(names)] if stages == 1 else [[names[0]]]
    parts = np.array_split(np.arange(1, len(names)), rest)
    return [[names[0]], *([names[i] for i in part] for part in parts)]


@contextmanager
def _twin(model: Model) -> Iterator[Model]:
    """A copy of a model that may be changed, by one thread at a time; it is kept with the model."""

    def build() -> tuple[Model, threading.Lock]:
        copy = keras.models.clone_model(model.keras_model)
        copy.set_weights(model.keras_model.get_weights())
        return Model(copy, model.card), threading.Lock()

    twin, lock = compiled(model.keras_model, ("twin",), build)
    with lock:
        twin.keras_model.set_weights(model.keras_model.get_weights())
        yield twin
