import keras
import numpy as np
import pytest
from keras import layers

from cnnviz.errors import BadInput, Cancelled, NotFound
from cnnviz.explanation import ascent
from cnnviz.explanation.filters import starting_noise, visualize_filters
from tests.inference import networks

SIDE = 28
# Upright stripes and lying stripes, six pixels apart; both sum to nothing on a flat picture.
STRIPES = np.sin(2 * np.pi * np.arange(7) / 6).astype(np.float32)
KERNELS = np.stack([np.tile(STRIPES, (7, 1)), np.tile(STRIPES, (7, 1)).T], axis=-1)


def edges():
    """One convolution whose channels look for upright and for lying stripes."""
    inputs = layers.Input((SIDE, SIDE, 1), name="image")
    x = layers.Rescaling(1 / 255)(inputs)
    x = layers.Conv2D(2, 7, name="conv")(x)
    x = layers.ReLU(name="relu")(x)
    x = layers.GlobalAveragePooling2D()(x)
    network = keras.Model(inputs, layers.Dense(2, activation="softmax", name="answer")(x))
    kernels = KERNELS - KERNELS.mean(axis=(0, 1))
    network.set_weights(
        [
            kernels[:, :, None],
            np.zeros(2, np.float32),
            np.eye(2, dtype=np.float32),
            np.zeros(2, np.float32),
        ]
    )
    return networks.model(network)


def response(model, pictures):
    """Mean response of the channels (n, 2), by the network itself."""
    network = model.keras_model
    cut = keras.Model(network.inputs[0], network.get_layer("relu").output)
    return cut(pictures.astype(np.float32)).numpy().mean(axis=(1, 2))


def waves(picture):
    """Energy of a picture's waves that run rather across, and rather down."""
    energy = np.abs(np.fft.fft2(picture[..., 0] - picture.mean())) ** 2
    frequency = np.abs(np.fft.fftfreq(SIDE))
    down, across = frequency[:, None], frequency[None]
    return energy[across > down].sum(), energy[down > across].sum()


def test_a_channel_gets_the_picture_it_looks_for():
    model = edges()
    pictures = visualize_filters(model, "relu", steps=64)
    assert pictures.shape == (2, SIDE, SIDE, 1)
    assert pictures.dtype == np.uint8
    found = response(model, pictures)
    rng = np.random.default_rng(0)
    noise = response(model, rng.integers(0, 256, (200, SIDE, SIDE, 1))).max(axis=0)
    # Real pictures of the kind that others are looking for: a smooth slope, a disc, a cross.
    rows, columns = np.mgrid[:SIDE, :SIDE]
    disc = ((rows - 14) ** 2 + (columns - 14) ** 2 < 80) * 255
    cross = ((np.abs(rows - 14) < 3) | (np.abs(columns - 14) < 3)) * 255
    real = response(model, np.stack([rows * 9, disc, cross])[..., None]).max(axis=0)
    for own, other in ((0, 1), (1, 0)):
        assert found[own, own] > 2 * max(noise[own], real[own])
        assert found[own, own] > 3 * found[own, other]
    # Not far from the best picture there can be: black and white stripes, three pixels each.
    best = np.tile((np.arange(SIDE) % 6 < 3) * 255, (SIDE, 1))[None, :, :, None]
    assert found[0, 0] > 0.6 * response(model, best)[0, 0]
    assert found[1, 1] > 0.6 * response(model, best.transpose(0, 2, 1, 3))[0, 1]
    across, down = waves(pictures[0])
    assert across > 3 * down
    across, down = waves(pictures[1])
    assert down > 3 * across


def test_a_dead_channel_is_woken(monkeypatch):
    # Channel 0 adds up 49 pixels and answers above 30: a grey picture gives 24.5, a white one 49.
    def bright():
        model = edges()
        weights = model.keras_model.get_weights()
        weights[0][..., 0] = 1
        weights[1][0] = -30
        model.keras_model.set_weights(weights)
        return model

    model = bright()
    start = visualize_filters(model, "relu", [0], steps=1)
    assert response(model, start)[0, 0] == 0
    assert response(model, visualize_filters(model, "relu", [0], steps=48))[0, 0] > 5
    monkeypatch.setattr(ascent, "WAKING_STEPS", 0)
    assert response(model, visualize_filters(bright(), "relu", [0], steps=48))[0, 0] == 0


def test_classes_are_painted_by_their_score():
    model = edges()
    pictures = visualize_filters(model, "answer", steps=48)
    scores = model.scores(pictures)
    assert scores.argmax(axis=1).tolist() == [0, 1]


def test_pictures_depend_on_the_seed_and_not_on_the_company():
    model = networks.model(networks.flat(side=16))
    both = visualize_filters(model, "conv_2", [3, 5], steps=12)
    assert both.shape == (2, 16, 16, 3)
    again = visualize_filters(model, "conv_2", [3, 5], steps=12)
    np.testing.assert_array_equal(again, both)
    alone = visualize_filters(model, "conv_2", [5], steps=12)
    assert np.abs(alone[0].astype(int) - both[1]).max() <= 2  # sums in another order
    other = visualize_filters(model, "conv_2", [3, 5], steps=12, seed=1)
    assert np.abs(other.astype(int) - both).mean() > 5


def test_frames_grow_and_the_work_can_be_stopped():
    model = networks.model(networks.flat(side=16))
    frames = []
    final = visualize_filters(
        model, "conv_1", [0, 1], steps=40, on_frame=lambda p, done: frames.append((p, done))
    )
    fractions = [done for _, done in frames]
    assert fractions == sorted(fractions)
    assert (fractions[0], fractions[-1]) == (0, 1)
    assert len(frames) >= 3
    assert all(p.shape == final.shape and p.dtype == np.uint8 for p, _ in frames)
    np.testing.assert_array_equal(frames[-1][0], final)

    checks = []

    def cancelled():
        checks.append(1)
        if len(checks) == 3:
            raise Cancelled("Stopped.")

    with pytest.raises(Cancelled):
        visualize_filters(model, "conv_1", steps=4000, check_cancelled=cancelled)


def test_other_sizes_and_nested_layers():
    model = networks.model(networks.flat())
    pictures = visualize_filters(model, "conv_2", [0], steps=2, size=(20, 31))
    assert pictures.shape == (1, 20, 31, 3)
    nested = networks.model(networks.nested())
    inner = visualize_filters(nested, "middle/inner/conv_2", [1], steps=8)
    flat = visualize_filters(model, "conv_2", [1], steps=8)
    assert np.abs(inner.astype(int) - flat).max() <= 2


def test_bad_questions_are_sentences():
    model = networks.model(networks.flat())
    with pytest.raises(BadInput, match="numbered from 0 to 7"):
        visualize_filters(model, "conv_2", [8])
    with pytest.raises(BadInput, match="list of numbers"):
        visualize_filters(model, "conv_2", [])
    with pytest.raises(NotFound, match="“conv_9”"):
        visualize_filters(model, "conv_9")
    with pytest.raises(BadInput, match="steps"):
        visualize_filters(model, "conv_2", steps=0)
    with pytest.raises(BadInput, match="between 16 and 512"):
        visualize_filters(model, "conv_2", size=8)
    with pytest.raises(BadInput, match="do not take pictures of 20×20"):
        visualize_filters(model, "logits", [0], size=20)


def test_the_best_picture_of_a_linear_network_is_known():
    """A score that adds up weighted pixels is largest where they are white or black by sign."""
    inputs = layers.Input((16, 16, 1), name="image")
    x = layers.Flatten()(inputs)
    network = keras.Model(inputs, layers.Dense(2, name="scores")(x))
    weights = np.random.default_rng(0).choice([-1, 1], (16, 16, 2)).astype(np.float32)
    network.set_weights([weights.reshape(256, 2) / 256, np.zeros(2, np.float32)])
    model = networks.model(network)
    for wanted in ({"layer": "scores"}, {"layer": None, "objective": "class"}):
        pictures = visualize_filters(model, steps=200, parametrisation="pixels", **wanted)
        for unit in (0, 1):
            best = (weights[..., unit] > 0) * 255
            assert np.abs(pictures[unit, ..., 0].astype(int) - best).max() <= 4


def test_a_neuron_is_excited_inside_the_part_that_it_sees():
    model = edges()
    # Unit (2, 9) of a 7 × 7 convolution without padding sees rows 2 to 8 and columns 9 to 15.
    for position, (top, left) in (((2, 9), (2, 9)), (None, (11, 11)), ((0, 99), (0, 21))):
        picture = visualize_filters(
            model,
            "conv",
            [0],
            steps=150,
            objective="neuron",
            parametrisation="pixels",
            position=position,
        )[0, ..., 0].astype(int)
        window = np.zeros((SIDE, SIDE), bool)
        window[top : top + 7, left : left + 7] = True
        assert np.abs(picture[~window] - 127.5).max() < 4  # never touched: weak noise
        kernel = KERNELS[..., 0] - KERNELS[..., 0].mean()
        best = (kernel > 0) * 255
        seen = picture[window].reshape(7, 7)
        strong = np.abs(kernel) > 0.1
        assert np.abs(seen - best)[strong].max() <= 8


@pytest.mark.parametrize("parametrisation", ["fourier", "pixels"])
@pytest.mark.parametrize("objective", ["channel", "neuron", "layer", "class"])
def test_what_is_asked_for_grows(objective, parametrisation):
    network = networks.flat(side=16)
    model = networks.model(network)

    def value(pictures):
        if objective == "class":
            return model.scores(pictures)[0, 2]
        pictures = pictures.astype(np.float32)
        cut = keras.Model(network.inputs[0], network.get_layer("relu_1").output)
        output = cut(pictures).numpy()
        if objective == "layer":
            return (output**2).mean()
        return output[0, 8, 8, 2] if objective == "neuron" else output[0, ..., 2].mean()

    options = {"objective": objective, "parametrisation": parametrisation}
    start, end = (
        value(visualize_filters(model, "relu_1", [2], steps=n, **options)) for n in (1, 60)
    )
    assert end > start + 0.2 * abs(start)


def test_a_hidden_dense_unit_is_a_channel():
    inputs = layers.Input((16, 16, 3), name="image")
    x = layers.Dense(6, activation="relu", name="hidden")(layers.Flatten()(inputs))
    model = networks.model(networks.shaken(keras.Model(inputs, layers.Dense(3, name="out")(x))))
    cut = keras.Model(model.keras_model.inputs[0], model.keras_model.get_layer("hidden").output)
    pictures = visualize_filters(model, "hidden", steps=40)
    assert (cut(pictures.astype(np.float32)).numpy().argmax(axis=1) == np.arange(6)).all()


def test_a_woken_neighbour_changes_nothing():
    def half_dead():
        model = edges()
        weights = model.keras_model.get_weights()
        weights[0][..., 0] = 1
        weights[1][0] = -30
        model.keras_model.set_weights(weights)
        return model

    model = half_dead()
    both = visualize_filters(model, "relu", [0, 1], steps=24).astype(int)
    for channel in (0, 1):
        alone = visualize_filters(model, "relu", [channel], steps=24)
        assert np.abs(alone[0] - both[channel]).max() <= 2


def test_unknown_words_are_sentences():
    model = networks.model(networks.flat())
    with pytest.raises(BadInput, match="channel, neuron, class, layer"):
        visualize_filters(model, "conv_2", objective="dream")
    with pytest.raises(BadInput, match="fourier, pixels"):
        visualize_filters(model, "conv_2", parametrisation="wavelets")
    with pytest.raises(BadInput, match="row and a column"):
        visualize_filters(model, "conv_2", objective="neuron", position=(1, 2, 3))
    with pytest.raises(BadInput, match="numbered from 0 to 4"):
        visualize_filters(model, None, [5], objective="class")


@pytest.mark.parametrize("parametrisation", ["fourier", "pixels"])
def test_the_noise_is_known_before_the_network_is_opened(parametrisation):
    model, frames = edges(), []
    visualize_filters(
        model,
        "relu",
        [1, 0],
        steps=1,
        seed=3,
        parametrisation=parametrisation,
        on_frame=lambda pictures, _done: frames.append(pictures),
    )
    noise = starting_noise(model.card, [1, 0], seed=3, parametrisation=parametrisation)
    assert np.abs(noise.astype(int) - frames[0]).max() <= 1
    assert noise.std() > 0.5 and np.abs(noise.astype(int) - frames[-1]).max() > 1
