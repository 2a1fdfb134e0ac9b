import threading

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from cnnviz.errors import BadInput, NotFound
from cnnviz.inference.layers import as_batch, capture, compiled, find_layer, layer_names
from tests.inference import networks


def test_layers_are_found_by_their_path():
    network = networks.nested()
    assert find_layer(network, "middle/inner/conv_2").name == "conv_2"
    assert layer_names(network) == (
        "middle/scale",
        *(f"middle/inner/{x}" for x in ("conv_1", "norm", "relu_1", "pool", "conv_2")),
        "flatten",
        "logits",
        "softmax",
    )


@pytest.mark.parametrize("name", ["conv_9", "middle/conv_1", "flatten/conv_1", "", "x" * 300])
def test_an_unknown_layer_is_a_sentence(name):
    with pytest.raises(NotFound, match="no layer called"):
        capture(networks.nested(), [name])


@pytest.mark.parametrize("make", [networks.flat, networks.sequential])
def test_captured_outputs_are_those_of_a_sub_model(make):
    network = make()
    images = networks.images(network)
    names = layer_names(network)
    seen = capture(network, names)(images)
    for name in names:
        sub_model = keras.Model(network.inputs[0], network.get_layer(name).output)
        expected = sub_model(images.astype(np.float32), training=False)
        np.testing.assert_allclose(seen.outputs[name], expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(seen.probabilities, seen.outputs[names[-1]], atol=1e-6)


def test_nested_layers_give_what_the_flat_twin_gives():
    flat, nested = networks.flat(), networks.nested()
    images = networks.images(flat)
    expected = capture(flat, ["relu_1", "conv_2"])(images)
    seen = capture(nested, ["middle/inner/relu_1", "middle/inner/conv_2"])(images)
    np.testing.assert_allclose(
        seen.outputs["middle/inner/relu_1"], expected.outputs["relu_1"], rtol=1e-5
    )
    np.testing.assert_allclose(
        seen.outputs["middle/inner/conv_2"], expected.outputs["conv_2"], rtol=1e-5
    )
    np.testing.assert_allclose(seen.scores, expected.scores, rtol=1e-5)


def _ended_by(*ending):
    """A linear network with a given end; its scores are x·w."""
    inputs = layers.Input((1, 1, 1))
    x = layers.Flatten()(inputs)
    for layer in ending:
        x = layer(x)
    return keras.Model(inputs, x)


def test_scores_come_before_the_softmax_however_it_is_attached():
    kernel = np.array([[1.0, -2.0, 0.5]], np.float32)
    endings = {
        "fused": [layers.Dense(3, use_bias=False, activation="softmax")],
        "activation": [layers.Dense(3, use_bias=False), layers.Activation("softmax")],
        "layer": [layers.Dense(3, use_bias=False), layers.Softmax()],
        "logits": [layers.Dense(3, use_bias=False)],
        "reshaped": [
            layers.Dense(3, use_bias=False),
            layers.Softmax(),
            layers.Reshape((3,)),
            layers.Activation("linear", dtype="float32"),
        ],
    }
    for name, ending in endings.items():
        network = _ended_by(*ending)
        network.set_weights([kernel])
        seen = capture(network, [])(np.full((1, 1, 1, 1), 2, np.uint8))
        np.testing.assert_allclose(seen.scores, [[2, -4, 1]], rtol=1e-6, err_msg=name)
        expected = np.exp([2, -4, 1]) / np.exp([2, -4, 1]).sum()
        np.testing.assert_allclose(seen.probabilities, [expected], rtol=1e-5, err_msg=name)


def test_one_sigmoid_unit_is_two_classes():
    network = _ended_by(layers.Dense(1, use_bias=False, activation="sigmoid"))
    network.set_weights([np.array([[0.5]], np.float32)])
    seen = capture(network, [])(np.full((1, 1, 1, 1), 3, np.uint8))
    np.testing.assert_allclose(seen.scores, [[-1.5, 1.5]])
    share = 1 / (1 + np.exp(-1.5))
    np.testing.assert_allclose(seen.probabilities, [[1 - share, share]], rtol=1e-5)


def test_a_second_question_compiles_nothing_whatever_the_batch():
    network = networks.sequential()
    traces = []

    def build():
        traces.append("built")
        return tf.function(lambda x: traces.append("traced") or x)

    for _ in range(2):
        compiled(network, ("test",), build)(tf.constant(1.0))
    assert traces == ["built", "traced"]
    first = capture(network, ["relu"])
    for count in (1, 2, 7):
        assert len(first(networks.images(network, count)).outputs["relu"]) == count
    assert capture(network, ["relu"]) is first


def test_the_network_is_left_as_it_was(tmp_path):
    network = networks.flat()
    images = networks.images(network).astype(np.float32)
    before = network(images).numpy()
    capture(network, ["conv_2", "softmax"])(images)
    assert not any("call" in layer.__dict__ for layer in network.layers)
    np.testing.assert_array_equal(network(images), before)
    network.save(tmp_path / "again.keras")
    again = keras.models.load_model(tmp_path / "again.keras")
    np.testing.assert_allclose(again(images), before, rtol=1e-6)


def test_threads_that_ask_at_once_get_their_own_answers():
    network = networks.flat()
    names = ["conv_1", "relu_1", "conv_2", "softmax"]
    images = networks.images(network)
    expected = {name: capture(networks.flat(), [name])(images) for name in names}
    wrong = []

    def ask(name):
        for _ in range(5):
            seen = capture(network, [name])(images)
            if not np.allclose(seen.outputs[name], expected[name].outputs[name], rtol=1e-4):
                wrong.append(name)
            if list(seen.outputs) != [name]:
                wrong.append(name)

    threads = [threading.Thread(target=ask, args=(name,)) for name in names * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_images_of_a_wrong_shape_are_a_sentence():
    network = networks.flat()
    with pytest.raises(BadInput, match="no images"):
        as_batch(network, np.zeros((0, 12, 12, 3)))
    with pytest.raises(BadInput, match="12 × 12 × 3"):
        as_batch(network, np.zeros((1, 12, 13, 3)))
    with pytest.raises(BadInput, match="12 × 12 × 3"):
        as_batch(network, np.zeros((12, 12, 3)))
