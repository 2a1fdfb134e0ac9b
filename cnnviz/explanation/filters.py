"""What a channel is looking for: pictures painted so that the channel responds strongly."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import numpy as np
import tensorflow as tf

from cnnviz.errors import BadInput
from cnnviz.explanation.ascent import Ascent, Goal
from cnnviz.explanation.painting import Canvas
from cnnviz.inference.layers import ending_of, output_shape
from cnnviz.models.cards import Card
from cnnviz.models.model import Model, load_model

LARGEST_SIDE = 128  # of pictures whose size nobody asked for
OBJECTIVES = ("channel", "neuron", "class", "layer")
PARAMETRISATIONS = ("fourier", "pixels")
_PIXELS_PER_BATCH = 128 * 96 * 96
_FRAME_SECONDS = 0.25
_FIRST_CHUNK, _MOST_STEPS = 2, 64  # steps between two frames

OnFrame = Callable[[np.ndarray, float], None]


def visualize_filters(
    model: Model | str,
    layer: str | None,
    channels: Sequence[int] | None = None,
    steps: int = 128,
    size: int | tuple[int, int] | None = None,
    seed: int = 0,
    on_frame: OnFrame | None = None,
    check_cancelled: Callable[[], None] | None = None,
    *,
    objective: str = "channel",
    parametrisation: str = "fourier",
    position: tuple[int, int] | None = None,
) -> np.ndarray:
    """Paint a picture for each channel of a layer that makes its mean response large.

    A channel's picture depends on ``seed`` and the channel, not on which others are painted with
    it. Pictures are painted together, as many at once as memory allows.

    Args:
        model: a model, its name or its reference.
        layer: a layer with maps, or a dense one, whose units are then the channels; in the last
            layer they are the classes, taken before the softmax. Not needed for a class.
        channels: which; all when None. For a whole layer each number is another start; one when
            None.
        steps: of gradient ascent; 512 give the finest pictures.
        size: side or (height, width) of the pictures in pixels; None is the network's input size,
            at most 128. Other sizes work where the layers up to this one take any size.
        seed: another seed, another picture.
        on_frame: called about four times a second with the pictures so far, (k, H, W, c) uint8,
            and the fraction done.
        check_cancelled: called as often; ends the work by raising.
        objective: what is to grow: the mean of a ``channel``, one ``neuron`` of it, the score of a
            ``class`` before the softmax, or the mean square of all of a ``layer`` (DeepDream).
        parametrisation: ``fourier`` (waves, decorrelated colours, the picture shaken at every step)
            or ``pixels``: each pixel for itself, nothing shaken. The latter excites the channel,
            too, and looks like noise; it is there to compare.
        position: row and column of the neuron in the layer's map; the middle when None.

    Returns:
        uint8 (k, H, W, 3), or 1 in place of 3 for a network that takes grey images.

    Raises:
        NotFound: there is no such layer.
        BadInput: no such channel, objective or parametrisation, or a size that the layers before
            this one cannot take.
    """
    model = load_model(model) if not isinstance(model, Model) else model
    network = model.keras_model
    _checked_word(objective, "objective", OBJECTIVES)
    _checked_word(parametrisation, "parametrisation", PARAMETRISATIONS)
    if objective == "class":
        layer, width = "", ending_of(network).classes
    else:
        width = output_shape(network, layer)[-1]
    if objective == "layer" and channels is None:
        channels = [0]
    wanted = checked_channels(channels, width)
    steps = int(steps)
    if not 1 <= steps <= 4096:
        raise BadInput("The number of steps must lie between 1 and 4096, not {steps}.", steps=steps)
    place = np.array((-1, -1) if position is None else position, np.int32)
    if place.shape != (2,):
        raise BadInput("A position is a row and a column.")
    canvas = _canvas(model.card, size, parametrisation)
    ascent = Ascent.of(network, Goal(layer, objective), canvas)

    group = max(1, _PIXELS_PER_BATCH // (canvas.height * canvas.width))
    starts = np.stack([canvas.noise(seed, channel) for channel in wanted])
    pictures = np.concatenate(
        [ascent.finish(starts[i : i + group]).numpy() for i in range(0, len(wanted), group)]
    )
    if on_frame is not None:
        on_frame(pictures.copy(), 0.0)  # compiling the first step takes a moment
    for start in range(0, len(wanted), group):
        part = slice(start, start + group)
        state = (tf.constant(starts[part]), *(tf.zeros_like(starts[part]) for _ in range(2)))
        done, chunk = 0, _FIRST_CHUNK
        while done < steps:
            if check_cancelled is not None:
                check_cancelled()
            began, count = time.monotonic(), min(chunk, steps - done)
            try:
                state = ascent.advance(state, wanted[part], place, done, count, seed)
            except (ValueError, tf.errors.InvalidArgumentError):
                raise BadInput(
                    "The layers before “{layer}” do not take pictures of {height}×{width} pixels. "
                    "Leave the size open.",
                    layer=layer[:60],
                    height=canvas.height,
                    width=canvas.width,
                ) from None
            done += count
            if on_frame is not None or done == steps:
                pictures[part] = ascent.finish(state[0]).numpy()
            if on_frame is not None:
                fraction = (start + len(pictures[part]) * done / steps) / len(wanted)
                on_frame(pictures.copy(), fraction)
            # Frames a quarter of a second apart; the first steps also compile, and don't count.
            pace = (time.monotonic() - began) / count
            chunk = _FIRST_CHUNK if done == count else max(1, round(_FRAME_SECONDS / pace))
            chunk = min(chunk, _MOST_STEPS)
    return pictures


def starting_noise(
    card: Card,
    channels: Sequence[int],
    *,
    size: int | tuple[int, int] | None = None,
    seed: int = 0,
    parametrisation: str = "fourier",
) -> np.ndarray:
    """The pictures (k, H, W, 1 or 3) uint8 that :func:`visualize_filters` starts from.

    They need no network: there is something to look at while it is being opened.
    """
    canvas = _canvas(card, size, parametrisation)
    starts = np.stack([canvas.noise(seed, channel) for channel in channels])
    return np.round(canvas.paint(tf.constant(starts)).numpy() * 255).astype(np.uint8)


def _canvas(card: Card, size: int | tuple[int, int] | None, parametrisation: str) -> Canvas:
    height, width = _checked_size(card, size)
    return Canvas(height, width, card.input_shape[2], waves=parametrisation == "fourier")


def _checked_word(word: str, name: str, known: Sequence[str]) -> None:
    if word not in known:
        raise BadInput(
            "“{value}” is no {name}. Choose one of: {known}.",
            value=str(word)[:40],
            name=name,
            known=", ".join(known),
        )


def checked_channels(channels: Sequence[int] | None, width: int) -> np.ndarray:
    """Channels as int32 (k,), all ``width`` of them when None; raises BadInput."""
    wanted = np.arange(width) if channels is None else np.asarray(channels)
    if wanted.ndim != 1 or len(wanted) == 0 or wanted.dtype.kind not in "iu":
        raise BadInput("Name the channels as a list of numbers.")
    for channel in wanted:
        if not 0 <= channel < width:
            raise BadInput(
                "There is no channel {channel}: this layer's channels are numbered from 0 to "
                "{last}.",
                channel=int(channel),
                last=width - 1,
            )
    return wanted.astype(np.int32)


def _checked_size(card: Card, size: int | tuple[int, int] | None) -> tuple[int, int]:
    height, width, _ = card.input_shape
    if size is None:
        largest = max(height, width)
        if largest <= LARGEST_SIDE or not _any_size(card):
            return height, width
        return round(height * LARGEST_SIDE / largest), round(width * LARGEST_SIDE / largest)
    height, width = (size, size) if np.ndim(size) == 0 else size
    if not (16 <= height <= 512 and 16 <= width <= 512):
        raise BadInput("The pictures' sides must lie between 16 and 512 pixels.")
    return int(height), int(width)


def _any_size(card: Card) -> bool:
    """Whether pictures of another size can go through: nested models insist on their own."""
    return not any("/" in layer.name for layer in card.layers)
