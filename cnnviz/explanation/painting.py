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


@dataclass(frozen=True)
class Canvas:
    """Pictures of ``height`` × ``width`` with 1 (grey) or 3 (colour) ``channels``."""

    height: int
    width: int
    channels: int

    @property
    def spectrum_shape(self) -> tuple[int, int, int, int]:
        """Of one picture: channels, real and imaginary part, rows and columns of frequencies."""
        return self.channels, 2, self.height, self.width // 2 + 1

    def noise(self, seed: int, number: int) -> np.ndarray:
        """The spectrum that picture ``number`` starts from, whatever its neighbours are."""
        rng = np.random.default_rng((seed, number))
        return rng.normal(0, 0.01, self.spectrum_shape).astype(np.float32)

    def paint(self, spectra: tf.Tensor) -> tf.Tensor:
        """Spectra (n, *spectrum_shape) → pictures (n, height, width, channels) from 0 to 1."""
        spectrum = tf.complex(spectra[:, :, 0], spectra[:, :, 1]) * self._weights()
        waves = tf.signal.irfft2d(spectrum, (self.height, self.width)) / 4
        colours = tf.transpose(waves, (0, 2, 3, 1))
        if self.channels == 3:
            colours = tf.tensordot(colours, _COLOURS.T, 1)
        return tf.sigmoid(colours)

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

    def _weights(self) -> np.ndarray:
        """Natural images have energy falling with frequency; so the optimiser treats all alike."""
        rows = np.fft.fftfreq(self.height)[:, None]
        columns = np.fft.rfftfreq(self.width)[None]
        frequency = np.sqrt(rows**2 + columns**2)
        lowest = 1 / max(self.height, self.width)
        weights = np.sqrt(self.height * self.width) / np.maximum(frequency, lowest)
        return weights.astype(np.complex64)
