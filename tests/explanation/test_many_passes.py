"""What holds for every method of pixels and every method that changes the image."""

import keras
import numpy as np
import pytest
from keras import layers

from cnnviz.explanation.catalogue import CATALOGUE
from cnnviz.explanation.explain import explain
from cnnviz.explanation.methods.many_passes import ASKING, ManyPasses, at_once
from cnnviz.explanation.methods.registry import METHODS
from cnnviz.explanation.task import Task
from cnnviz.inference.layers import _COMPILED
from tests.inference import networks

FEW = {
    "smooth_grad": {"samples": 4},
    "integrated_gradients": {"steps": 8},
    "rise": {"masks": 70},
}
PIXELS = [name for name, method in CATALOGUE.items() if method.kind != "cam"]
MANY = [name for name in PIXELS if isinstance(METHODS[name], ManyPasses)]


def _ask(model, images, method, target=None, **more):
    return explain(model, images, method, target, **FEW.get(method, {}), **more)


def _ending(units, activation):
    inputs = layers.Input((12, 12, 3))
    x = layers.Rescaling(1 / 255)(inputs)
    x = layers.Conv2D(6, 3, activation="relu", name="conv")(x)
    x = layers.GlobalAveragePooling2D()(x)
    return networks.shaken(keras.Model(inputs, layers.Dense(units, activation=activation)(x)))


@pytest.mark.parametrize("method", PIXELS)
def test_an_images_map_does_not_depend_on_its_batch(method):
    model = networks.model(networks.flat())
    images = networks.images(model.keras_model, 5)
    targets = [0, 1, 2, 3, 4]
    together = _ask(model, images, method, targets, against=[1, 2, 3, 4, 0])
    scale = np.abs(together.raw).max()
    for i in (0, 3):
        alone = _ask(model, images[i : i + 1], method, targets[i], against=(i + 1) % 5)
        np.testing.assert_allclose(together.raw[i], alone.raw[0], rtol=0, atol=1e-5 * scale)
        for name, values in alone.details.items():
            np.testing.assert_allclose(together.details[name][i], values[0], rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize("method", PIXELS)
def test_the_two_classes_of_one_sigmoid_unit_are_opposites(method):
    model = networks.model(_ending(1, "sigmoid"))
    images = networks.images(model.keras_model, 2)
    yes, no = (_ask(model, images, method, target).raw for target in (1, 0))
    assert yes.any()
    if CATALOGUE[method].signed and not method.startswith("guided"):
        # RISE adds up shares of the vote, which are rounded near 1, other than near 0
        rounding = 1e-3 if method == "rise" else 1e-5
        np.testing.assert_allclose(yes, -no, rtol=1e-3, atol=rounding * np.abs(yes).max())
    elif method in ("gradient", "smooth_grad"):
        np.testing.assert_allclose(yes, no, rtol=1e-3, atol=1e-5 * yes.max())
    else:
        assert np.abs(yes - no).max() > 0.01 * np.abs(yes).max()


@pytest.mark.parametrize("method", PIXELS)
@pytest.mark.parametrize("form", ["layer", "logits"])
def test_how_a_network_ends_makes_no_difference(method, form):
    fused = _ending(4, "softmax")
    if form == "logits":
        other = _ending(4, None)
    else:
        inputs = layers.Input((12, 12, 3))
        other = keras.Sequential([inputs, _ending(4, None), layers.Softmax()])
    other.set_weights(fused.get_weights())
    images = networks.images(fused, 2)
    layer = {"layer": "conv"} if CATALOGUE[method].takes_layer else {}
    expected = _ask(networks.model(fused), images, method, [3, 0], **layer)
    if layer and form == "layer":
        layer = {"layer": f"{other.layers[0].name}/conv"}
    found = _ask(networks.model(other), images, method, [3, 0], **layer)
    scale = np.abs(expected.raw).max()
    np.testing.assert_allclose(found.raw, expected.raw, rtol=0, atol=1e-5 * scale)
    assert scale > 0


@pytest.mark.parametrize("method", PIXELS)
def test_several_answers_at_once_each_speak_for_themselves(method):
    network = _ending(3, "sigmoid")
    model, images = networks.model(network), networks.images(network, 1)
    found = _ask(model, images.repeat(3, axis=0), method, [0, 1, 2])
    shares = network.predict(images.astype(np.float32), verbose=0)[0]
    np.testing.assert_allclose(found.shares, shares, rtol=1e-4)
    # The other answers have no part in one: a network without them says the same.
    single = _ending(1, "sigmoid")
    kernel, bias = network.layers[-1].get_weights()
    single.set_weights([*network.get_weights()[:-2], kernel[:, 1:2], bias[1:2]])
    alone = _ask(networks.model(single), images, method, 1).raw[0]
    np.testing.assert_allclose(found.raw[1], alone, rtol=1e-3, atol=1e-3 * np.abs(alone).max())


@pytest.mark.parametrize("method", PIXELS)
def test_mixed_precision_changes_little(method):
    expected = _ask(networks.model(networks.flat()), _noise(), method, [0, 1])
    keras.config.set_dtype_policy("mixed_float16")
    try:
        mixed = networks.flat()
    finally:
        keras.config.set_dtype_policy("float32")
    found = _ask(networks.model(mixed), _noise(), method, [0, 1])
    assert found.raw.dtype == np.float32
    for one, other in zip(found.raw, expected.raw, strict=True):
        assert np.corrcoef(one.ravel(), other.ravel())[0, 1] > 0.97


def _noise():
    return np.random.default_rng(1).integers(0, 256, (2, 12, 12, 3)).astype(np.uint8)


@pytest.mark.parametrize("method", PIXELS)
def test_a_second_question_compiles_nothing(method):
    network = networks.flat()
    model = networks.model(network)
    _ask(model, networks.images(network, 1), method)
    known = dict(getattr(network, _COMPILED))
    _ask(model, networks.images(network, 3), method, [0, 1, 2], against=4)
    assert dict(getattr(network, _COMPILED)) == known
    traced = [f for f in known.values() if hasattr(f, "experimental_get_tracing_count")]
    assert all(f.experimental_get_tracing_count() == 1 for f in traced)


@pytest.mark.parametrize("method", MANY)
def test_several_classes_of_one_image_are_what_each_is_alone(method):
    model = networks.model(networks.flat())
    first, second = networks.images(model.keras_model, 2)
    images = np.stack([first, first, second, second, first])
    targets, against = [0, 3, 3, 1, 2], [1, 1, 2, 4, 0]
    found = _ask(model, images, method, targets, against=against)
    for i in range(5):
        alone = _ask(model, images[i : i + 1], method, targets[i], against=against[i])
        scale = np.abs(alone.raw).max()
        np.testing.assert_allclose(found.raw[i], alone.raw[0], rtol=0, atol=1e-5 * scale)
        for name, values in alone.details.items():
            np.testing.assert_allclose(found.details[name][i], values[0], rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize("method", ["occlusion", "rise"])
def test_several_classes_of_one_image_share_its_passes(method):
    model = networks.model(networks.flat())
    image = networks.images(model.keras_model, 1)
    told = {}
    for count in (1, 4):
        fractions = told.setdefault(count, [])
        images, classes = image.repeat(count, axis=0), list(range(count))
        explain(model, images, method, classes, report=lambda f, _, to=fractions: to.append(f))
    assert told[1] == told[4]


class _Enough(Exception):
    pass


@pytest.mark.parametrize("method", MANY)
def test_work_in_progress_is_shown_told_and_can_be_stopped(method):
    model = networks.model(networks.flat())
    images = networks.images(model.keras_model, 2)
    told, frames = [], []
    found = explain(
        model,
        images,
        method,
        report=lambda fraction, text: told.append((fraction, text)),
        on_frame=frames.append,
        **({"masks": 130} if method == "rise" else FEW.get(method, {})),
    )
    fractions = [fraction for fraction, _ in told]
    assert fractions[0] > 0 and fractions[-1] == 1 and max(fractions) <= 1
    assert {text for _, text in told} == {ASKING}
    assert len(frames) == len(told) and all(frame.shape == (2, 12, 12) for frame in frames)
    assert not frames[0][1].any() and frames[0][0].any()
    if method != "integrated_gradients":  # whose frames are rough until the way is complete
        np.testing.assert_allclose(frames[-1], found.raw, rtol=1e-4, atol=1e-6)

    calls = []

    def stop():
        calls.append(1)
        if len(calls) > 2:
            raise _Enough

    with pytest.raises(_Enough):
        explain(model, images, method, check_cancelled=stop)
    assert len(calls) == 3


def test_large_images_go_through_the_network_a_few_at_a_time():
    def size(batch):
        return at_once(Task(None, np.zeros((1, 8, 8, 3)), np.zeros(1), np.zeros(1), batch))

    assert size(1568) == 64
    assert size(32) == 4
    assert size(1) == 1
