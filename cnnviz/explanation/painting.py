"""Pictures as something to be optimised: in frequencies, in decorrelated colours, and shaken.

The recipe of Olah, Mordvintsev, Schubert, "Feature Visualization" (distill.pub, 2017) and its
implementation in lucid (Apache-2.0).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import tensorflow as tf

# Lucid: how the colours of natural images vary together, as a square root of their covariance.
_COLOURS = np.array([[0.26, 0.09, 0.02], [0.27, 0.0, -0.05], [0.27, -0.09, 0.03]], np.float32)
_COLOURS /= np.linalg.norm(_COLOURS, axis=0).max()

_USUAL_SIDE = 128  # the side for which the amounts below are meant
_JITTER = (8, 4)  # pixels, before and after turning
_SCALE = 0.1  # ± this share
_TURN = 10.0  # ± degrees
_NOISE = 0.01  # spread of what a picture starts from


@dataclass(frozen=True)
class Canvas:
    """Pictures of ``height`` × ``width`` with 1 (grey) or 3 (colour) ``channels``.

    What is optimised are the picture's *coefficients*: its waves, when ``waves``, weighted like
    those of natural images, and its colours decorrelated; else simply its pixels, before a sigmoid.
    """

    height: int
    width: int
    channels: int
    waves: bool = True

    @property
    def shape(self) -> tuple[int, ...]:
        """Of one picture's coefficients.

        Waves: (channels · columns of frequencies, 2 · height), in a row the real parts of all rows
        of frequencies, then the imaginary parts. Pixels: (height, width, channels).
        """
        if self.waves:
            return self.channels * (self.width // 2 + 1), 2 * self.height
        return self.height, self.width, self.channels

    def noise(self, seed: int, number: int) -> np.ndarray:
        """The coefficients that picture ``number`` starts from, whatever its neighbours are."""
        rng = np.random.default_rng((seed, number))
        if not self.waves:
            return rng.normal(0, _NOISE, self.shape).astype(np.float32)
        drawn = rng.normal(0, _NOISE, (self.channels, 2, self.height, self.width // 2 + 1))
        return (drawn.transpose(0, 3, 1, 2).reshape(self.shape) * self.paces()).astype(np.float32)

    def paces(self) -> np.ndarray:
        """How far each coefficient moves while others move by one.

        Natural images have energy falling with frequency; so the optimiser treats all alike.
        """
        if not self.waves:
            return np.ones((), np.float32)
        rows = np.fft.fftfreq(self.height)[None]
        columns = np.fft.rfftfreq(self.width)[:, None]
        frequency = np.maximum(np.sqrt(rows**2 + columns**2), 1 / max(self.height, self.width))
        weights = np.sqrt(self.height * self.width) / frequency / 4
        return np.tile(weights, (self.channels, 2)).astype(np.float32)

    def paint(self, coefficients: tf.Tensor) -> tf.Tensor:
        """Coefficients (n, *shape) → pictures (n, height, width, channels) from 0 to 1.

        Waves are added up by two matrix products: at these sizes they take less than half the time
        of an inverse FFT and its gradient, and the colours are mixed on the way.
        """
        if not self.waves:
            return tf.sigmoid(coefficients)
        down, across = self._matrices()
        mixed = tf.matmul(tf.reshape(coefficients, (-1, 2 * self.height)), down)
        mixed = tf.transpose(tf.reshape(mixed, (-1, len(across), self.height)), (0, 2, 1))
        mixed = tf.matmul(tf.reshape(mixed, (-1, len(across))), across)
        return tf.sigmoid(tf.reshape(mixed, (-1, self.height, self.width, self.channels)))

    def shake(self, pictures: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        """The pictures a little moved, turned and scaled, all alike; grey comes in at the edges.

        Small canvases are moved less, in proportion. ``seed`` is two int32.
        """
        amount = min(1.0, min(self.height, self.width) / _USUAL_SIDE)
        draws = tf.random.stateless_uniform((6,), seed, -1, 1)
        shift = draws[:2] * _JITTER[0] / 2 * amount
        moved = draws[2:4] * _JITTER[1] / 2 * amount
        scale, turn = 1 + _SCALE * draws[4], draws[5] * (_TURN * np.pi / 180)
        cos, sin = tf.cos(turn) / scale, tf.sin(turn) / scale
        # Output pixel → input pixel, about the centre, between two shifts by whole pixels.
        y, x = (self.height - 1) / 2, (self.width - 1) / 2
        shift, moved = tf.round(shift), tf.round(moved)
        right, down = -x + moved[1], -y + moved[0]
        matrix = tf.stack(
            [
                cos,
                -sin,
                cos * right - sin * down + x + shift[1],
                sin,
                cos,
                sin * right + cos * down + y + shift[0],
                0.0,
                0.0,
            ]
        )
        return tf.raw_ops.ImageProjectiveTransformV3(
            images=pictures,
            transforms=matrix[None],
            output_shape=(self.height, self.width),
            fill_value=0.5,
            interpolation="BILINEAR",
            fill_mode="CONSTANT",
        )

    def _matrices(self) -> tuple[np.ndarray, np.ndarray]:
        """The inverse transform of columns (2h, 2h), then of rows, with the colours
        (channels · columns of frequencies · 2, width · channels)."""
        angles = 2 * np.pi / self.height * np.outer(np.arange(self.height), np.arange(self.height))
        cos, sin = np.cos(angles), np.sin(angles)
        down = np.block([[cos, sin], [-sin, cos]]) / self.height
        columns = np.arange(self.width // 2 + 1)
        angles = 2 * np.pi / self.width * np.outer(columns, np.arange(self.width))
        # Frequencies that stand for their mirror image, too, count twice.
        twice = np.where((columns == 0) | (2 * columns == self.width), 1, 2)[:, None] / self.width
        across = np.stack([np.cos(angles), -np.sin(angles)], axis=1) * twice[:, None]
        colours = _COLOURS.T if self.channels == 3 else np.eye(1)
        across = np.einsum("kpw,cd->ckpwd", across, colours)
        across = across.reshape(2 * self.shape[0], self.width * self.channels)
        return down.astype(np.float32), across.astype(np.float32)
