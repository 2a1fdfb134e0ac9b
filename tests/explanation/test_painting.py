import numpy as np
import pytest

from cnnviz.explanation import painting
from cnnviz.explanation.painting import Canvas


def by_definition(canvas, seed, number):
    """The picture as lucid makes it: weighted noise, inverse FFT, mixed colours, sigmoid."""
    rng = np.random.default_rng((seed, number))
    real, imaginary = rng.normal(
        0, 0.01, (canvas.channels, 2, canvas.height, canvas.width // 2 + 1)
    ).swapaxes(0, 1)
    rows, columns = np.fft.fftfreq(canvas.height)[:, None], np.fft.rfftfreq(canvas.width)
    frequency = np.maximum(np.hypot(rows, columns), 1 / max(canvas.height, canvas.width))
    scale = np.sqrt(canvas.height * canvas.width)
    waves = np.fft.irfft2((real + 1j * imaginary) / frequency * scale, canvas_size(canvas)) / 4
    picture = waves.transpose(1, 2, 0)
    if canvas.channels == 3:
        picture = picture @ painting._COLOURS.T
    return 1 / (1 + np.exp(-picture))


def canvas_size(canvas):
    return canvas.height, canvas.width


@pytest.mark.parametrize("size", [(16, 16), (20, 31), (17, 12)])
@pytest.mark.parametrize("channels", [1, 3])
def test_matrices_add_up_the_waves_like_an_inverse_fft(size, channels):
    canvas = Canvas(*size, channels)
    drawn = canvas.paint(np.stack([canvas.noise(3, 7), canvas.noise(3, 8)])).numpy()
    assert drawn.shape == (2, *size, channels)
    np.testing.assert_allclose(drawn[0], by_definition(canvas, 3, 7), atol=1e-6)
    np.testing.assert_allclose(drawn[1], by_definition(canvas, 3, 8), atol=1e-6)


def test_plain_pixels_are_what_they_are():
    canvas = Canvas(4, 5, 3, waves=False)
    values = np.zeros((1, 4, 5, 3), np.float32)
    values[0, 1, 2] = [100, -100, 0]
    drawn = canvas.paint(values).numpy()
    np.testing.assert_allclose(drawn[0, 1, 2], [1, 0, 0.5], atol=1e-6)
    assert (drawn[0, 0] == 0.5).all()


def test_shaking_moves_little_and_brings_in_grey():
    canvas = Canvas(64, 64, 1)
    white = np.ones((2, 64, 64, 1), np.float32)
    for step in range(5):
        shaken = canvas.shake(white, [0, step]).numpy()
        assert (shaken[0] == shaken[1]).all()
        assert (shaken[:, 16:-16, 16:-16] == 1).all()
        assert shaken.min() >= 0.5
