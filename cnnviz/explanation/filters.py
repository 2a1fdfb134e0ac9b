"""What a channel is looking for: pictures painted so that the channel responds strongly."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import keras
import numpy as np
import tensorflow as tf

from cnnviz.errors import BadInput
from cnnviz.explanation.painting import Canvas
from cnnviz.inference.layers import compiled, ending_of, find_layer, run_through
from cnnviz.models.model import Model, load_model

LARGEST_SIDE = 128  # of pictures whose size nobody asked for
_RATE = 0.05  # Adam's step size
_WAKING_STEPS = 16  # steps in which dead ReLUs let gradients through
_PIXELS_PER_BATCH = 128 * 96 * 96
_FRAME_SECONDS = 0.25

OnFrame = Callable[[np.ndarray, float], None]


def visualize_filters(
    model: Model | str,
    layer: str,
    channels: Sequence[int] | None = None,
    steps: int = 128,
    size: int | tuple[int, int] | None = None,
    seed: int = 0,
    on_frame: OnFrame | None = None,
    check_cancelled: Callable[[], None] | None = None,
) -> np.ndarray:
    """Paint a picture for each channel of a layer that makes its mean response large.

    A channel's picture depends on ``seed`` and the channel, not on which others are painted with
    it. Pictures are painted together, as many at once as memory allows.

    Args:
        model: a model, its name or its reference.
        layer: a layer with maps, or a dense one, whose units are then the channels; in the last
            layer they are the classes, taken before the softmax.
        channels: which; all when None.
        steps: of gradient ascent; 512 give the finest pictures.
        size: side or (height, width) of the pictures in pixels; None is the network's input size,
            at most 128. Other sizes work where the layers up to this one take any size.
        seed: another seed, another picture.
        on_frame: called about four times a second with the pictures so far, (k, H, W, c) uint8,
            and the fraction done.
        check_cancelled: called as often; ends the work by raising.

    Returns:
        uint8 (k, H, W, 3), or 1 in place of 3 for a network that takes grey images.

    Raises:
        NotFound: there is no such layer.
        BadInput: no such channel, or a size that the layers before this one cannot take.
    """
    model = load_model(model) if not isinstance(model, Model) else model
    network = model.keras_model
    width = find_layer(network, layer).output.shape[-1]
    wanted = checked_channels(channels, width)
    steps = int(steps)
    if not 1 <= steps <= 4096:
        raise BadInput("The number of steps must lie between 1 and 4096, not {steps}.", steps=steps)
    canvas = Canvas(*_checked_size(model, size), model.card.input_shape[2])
    advance, finish = _compiled(network, layer, canvas)

    group = max(1, _PIXELS_PER_BATCH // (canvas.height * canvas.width))
    spectra = np.stack([canvas.noise(seed, channel) for channel in wanted])
    pictures = np.concatenate(
        [finish(spectra[i : i + group]).numpy() for i in range(0, len(wanted), group)]
    )
    if on_frame is not None:
        on_frame(pictures.copy(), 0.0)  # compiling the first step takes a moment
    for start in range(0, len(wanted), group):
        part = slice(start, start + group)
        state = (tf.constant(spectra[part]), *(tf.zeros_like(spectra[part]) for _ in range(2)))
        done, chunk = 0, 2
        while done < steps:
            if check_cancelled is not None:
                check_cancelled()
            began, count = time.monotonic(), min(chunk, steps - done)
            try:
                state = advance(*state, wanted[part], done, count, seed)
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
                pictures[part] = finish(state[0]).numpy()
            if on_frame is not None:
                fraction = (start + len(pictures[part]) * done / steps) / len(wanted)
                on_frame(pictures.copy(), fraction)
            # Frames a quarter of a second apart; the first steps also compile, and don't count.
            pace = (time.monotonic() - began) / count
            chunk = 2 if done == count else max(1, min(64, round(_FRAME_SECONDS / pace)))
    return pictures


def _compiled(network: keras.Model, layer: str, canvas: Canvas) -> tuple[Callable, Callable]:
    """``advance`` runs some steps of Adam inside one graph; ``finish`` makes uint8 pictures."""
    ending = ending_of(network)
    last = ending.operation is not None and find_layer(network, layer) is ending.operation

    def response(pictures: tf.Tensor, channels: tf.Tensor, step: tf.Tensor) -> tf.Tensor:
        seen = run_through(network, pictures * 255, [layer], stop=not last, rectifier=_waking(step))
        # A sigmoid unit is one channel, whose score is that of the second of its two classes.
        output = seen.scores[:, -ending.units :] if last else seen.outputs[layer]
        output = tf.cast(output, tf.float32)
        means = tf.reduce_mean(output, axis=list(range(1, len(output.shape) - 1)))
        return tf.gather(means, channels, batch_dims=1)

    def advance(
        spectra: tf.Tensor,
        first: tf.Tensor,
        second: tf.Tensor,
        channels: tf.Tensor,
        done: tf.Tensor,
        count: tf.Tensor,
        seed: tf.Tensor,
    ) -> tuple[tf.Tensor, ...]:
        def step(i: tf.Tensor, x: tf.Tensor, m: tf.Tensor, v: tf.Tensor) -> tuple:
            with tf.GradientTape(watch_accessed_variables=False) as tape:
                tape.watch(x)
                shaken = canvas.shake(canvas.paint(x), tf.stack([seed, i]))
                # A sum: every picture has its own gradient, as if it were painted alone.
                loss = -tf.reduce_sum(response(shaken, channels, i))
            gradient = tape.gradient(loss, x)
            t = tf.cast(i + 1, tf.float32)
            m = 0.9 * m + 0.1 * gradient
            v = 0.999 * v + 0.001 * tf.square(gradient)
            unbiased = tf.sqrt(1 - 0.999**t) / (1 - 0.9**t)
            return i + 1, x - _RATE * unbiased * m / (tf.sqrt(v) + 1e-8), m, v

        _, spectra, first, second = tf.while_loop(
            lambda i, *_: i < done + count, step, (done, spectra, first, second)
        )
        return spectra, first, second

    def finish(spectra: tf.Tensor) -> tf.Tensor:
        return tf.cast(tf.round(canvas.paint(spectra) * 255), tf.uint8)

    def build() -> tuple[Callable, Callable]:
        spectra = tf.TensorSpec((None, *canvas.spectrum_shape), tf.float32)
        scalar = tf.TensorSpec((), tf.int32)
        signature = [*[spectra] * 3, tf.TensorSpec((None,), tf.int32), *[scalar] * 3]
        return (
            tf.function(advance, input_signature=signature, autograph=False),
            tf.function(finish, input_signature=[spectra], autograph=False),
        )

    return compiled(network, ("filters", layer, canvas), build)


def _waking(step: tf.Tensor) -> Callable:
    """A rectifier that, in the first steps, lets gradients through where all would be blocked.

    From lucid's ``redirected_relu_grad``: only for pictures for which nothing passed, and never so
    as to push an input further below zero.
    """

    def rectifier(x: tf.Tensor, relu: Callable) -> tf.Tensor:
        @tf.custom_gradient
        def rectify(x: tf.Tensor) -> tuple:
            with tf.GradientTape() as tape:
                tape.watch(x)
                y = relu(x)

            def gradient(upstream: tf.Tensor) -> tf.Tensor:
                usual = tape.gradient(y, x, upstream)

                def redirected() -> tf.Tensor:
                    axes = list(range(1, len(x.shape)))
                    blocked = tf.reduce_all(tf.equal(usual, 0), axis=axes, keepdims=True)
                    upwards = tf.where((x < 0) & (upstream > 0), tf.zeros_like(x), upstream)
                    return tf.where(blocked, upwards, usual)

                return tf.cond(step < _WAKING_STEPS, redirected, lambda: usual)

            return y, gradient

        return rectify(x)

    return rectifier


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


def _checked_size(model: Model, size: int | tuple[int, int] | None) -> tuple[int, int]:
    height, width, _ = model.card.input_shape
    if size is None:
        largest = max(height, width)
        if largest <= LARGEST_SIDE or not _any_size(model):
            return height, width
        return round(height * LARGEST_SIDE / largest), round(width * LARGEST_SIDE / largest)
    height, width = (size, size) if np.ndim(size) == 0 else size
    if not (16 <= height <= 512 and 16 <= width <= 512):
        raise BadInput("The pictures' sides must lie between 16 and 512 pixels.")
    return int(height), int(width)


def _any_size(model: Model) -> bool:
    """Whether pictures of another size can go through: nested models insist on their own."""
    return not any(isinstance(layer, keras.Model) for layer in model.keras_model.layers)
