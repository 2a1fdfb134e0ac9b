"""Every method on every kind of network keeps the same promises."""

import os
import subprocess
import sys
from contextlib import contextmanager

import numpy as np
import pytest

from cnnviz.errors import CnnvizError, NotPossible
from cnnviz.explanation.catalogue import CATALOGUE
from cnnviz.explanation.explain import explain
from cnnviz.explanation.filters import visualize_filters
from cnnviz.explanation.methods.registry import METHODS
from cnnviz.inference.feature_maps import feature_maps
from cnnviz.inference.layers import layer_names, rectifiers
from tests.inference import zoo

TARGETS = [0, 1, 0]
EVERYWHERE = ("grad_cam", "hires_cam", "integrated_gradients", "occlusion")


def pairs():
    """All methods with all kinds; what is neither common nor distinct is slow."""
    for name in zoo.ZOO:
        for method in METHODS:
            quick = method in EVERYWHERE or name in zoo.DISTINCT
            yield pytest.param(method, name, marks=[] if quick else pytest.mark.slow)


def kinds():
    """All kinds for pictures of filters, whose graphs take longest to compile; few are quick."""
    quick = ("nested_twice", "one_unit_fused", "residual_with_gates", "dense_only")
    for name in zoo.ZOO:
        yield pytest.param(name, marks=[] if name in quick else pytest.mark.slow)


def cheap(method):
    """Whole numbers (of samples, masks, steps …) as small as the method allows."""
    options = METHODS[method].options
    return {name: o.low for name, o in options.items() if isinstance(o.default, int)}


@contextmanager
def nothing_compiled(network):
    """Fails where the network's Python code runs again: a compiled pass does not need it."""
    calls, call = [], network.call

    def counted(*args, **kwargs):
        calls.append(args)
        return call(*args, **kwargs)

    object.__setattr__(network, "call", counted)
    try:
        yield
    finally:
        object.__delattr__(network, "call")
    assert not calls, "the network was traced again"


def near(found, expected, share=1e-5):
    np.testing.assert_allclose(found, expected, rtol=0, atol=share * max(np.abs(expected).max(), 1))


def impossible(method, name):
    """Whether a sentence is the right answer."""
    if method.startswith("guided") and not any(rectifiers(zoo.known(name).keras_model)):
        return True
    return name in zoo.WITHOUT_MAPS and CATALOGUE[method].takes_layer


@pytest.mark.parametrize(("method", "name"), pairs())
def test_a_method_on_a_kind_of_network(method, name):
    model, options = zoo.known(name), cheap(method)
    images = zoo.pictures(model)
    if impossible(method, name):
        with pytest.raises(NotPossible):
            explain(model, images, method, TARGETS, **options)
        return
    found = explain(model, images, method, TARGETS, **options)
    assert found.heatmaps.shape == images.shape[:3]
    if CATALOGUE[method].kind == "cam":
        assert found.layer == model.card.heatmap_layer
        assert found.raw.shape == (3, *model.card.layer(found.layer).output_shape[:2])
    assert found.raw.dtype == found.heatmaps.dtype == np.float32
    assert np.isfinite(found.raw).all()
    assert np.isfinite(found.heatmaps).all()
    assert CATALOGUE[method].signed or (found.raw >= 0).all()
    assert found.targets.tolist() == TARGETS
    shares = model.predict(images)
    near(found.shares, shares[np.arange(3), TARGETS])

    with nothing_compiled(model.keras_model):
        again = explain(model, images, method, TARGETS, **options)
        alone = explain(model, images[1:2], method, TARGETS[1], **options)
        best = explain(model, images, method, **options)
    np.testing.assert_array_equal(again.raw, found.raw)
    near(alone.raw[0], found.raw[1])
    assert best.targets.tolist() == shares.argmax(axis=1).tolist()
    assert not any("call" in layer.__dict__ for layer in model.keras_model.layers)


@pytest.mark.parametrize("method", METHODS)
def test_a_nested_network_gives_what_its_flat_twin_gives(method):
    flat, nested = zoo.known("functional"), zoo.known("nested_twice")
    images = zoo.pictures(flat)
    expected, found = (
        explain(model, images, method, TARGETS, **cheap(method)) for model in (flat, nested)
    )
    near(found.raw, expected.raw)
    near(found.shares, expected.shares)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    "wrong",
    [
        {"target": 99},
        {"target": -1},
        {"target": [0, 1]},
        {"target": 0.5},
        {"against": 99},
        {"images": []},
        {"images": np.zeros((1, 8, 8), np.uint8)},
        {"images": np.zeros((1, 8, 8, 3), np.float32)},
        {"nonsense": 1},
        {"layer": "nothing"},
    ],
    ids=str,
)
def test_bad_input_is_a_sentence(method, wrong):
    if "layer" in wrong and not CATALOGUE[method].takes_layer:
        pytest.skip("it takes no layer")
    model = zoo.known("functional")
    with pytest.raises(CnnvizError) as caught:
        explain(model, **{"images": zoo.pictures(model), "method": method, **wrong})
    assert caught.value.sentence(str)[-1] in ".:…"


@pytest.mark.parametrize("name", zoo.ZOO)
def test_feature_maps_have_the_shapes_on_the_card(name):
    model = zoo.known(name)
    maps = feature_maps(model, zoo.pictures(model))
    described = {x.name: x for x in model.card.layers if x.kind != "InputLayer"}
    assert set(maps) == set(described)
    for layer, values in maps.items():
        assert values.shape == (3, *described[layer].output_shape), layer
        assert values.dtype == np.float32
        assert np.isfinite(values).all()
    assert tuple(maps) == layer_names(model.keras_model)


@pytest.mark.parametrize("name", kinds())
def test_filters_of_a_kind_of_network(name):
    model = zoo.known(name)
    layer = model.card.filter_layer or model.card.layers[-1].name
    picture = visualize_filters(model, layer, [0, 1], steps=2)
    height, width, channels = model.card.input_shape
    assert picture.shape == (2, height, width, channels)
    assert picture.dtype == np.uint8
    assert picture.std() > 0


CRASHING = """
import sys, keras, numpy as np, tensorflow as tf
from cnnviz.inference.layers import run_through
image = keras.Input((32, 32, 3))
x = keras.layers.Conv2D(8, 1, 2, padding="same")(image)
network = keras.Model(image, keras.layers.Dense(2)(keras.layers.Flatten()(x)))
picture = tf.constant(np.random.default_rng(0).uniform(0, 255, (1, 32, 32, 3)), tf.float32)
with tf.GradientTape() as tape:
    tape.watch(picture)
    score = run_through(network, picture).scores[:, 0]
gradient = tape.gradient(score, picture)
near = np.allclose(score, network(picture)[:, 0], rtol=1e-4, atol=1e-4)
seen = np.abs(gradient.numpy()[0]).sum(axis=-1) > 0
print("fine" if near and seen[::2, ::2].all() and seen.sum() == 256 else "wrong")
"""


def test_a_strided_look_at_single_pixels_does_not_crash():
    """In a process of its own: without the remedy TensorFlow takes the whole process with it."""
    done = subprocess.run(
        [sys.executable, "-c", CRASHING],
        capture_output=True,
        text=True,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
        check=False,
    )
    assert (done.returncode, done.stdout.split()[-1:]) == (0, ["fine"]), done.stderr[-800:]
