import keras
import numpy as np
import pytest
from keras import layers

from cnnviz.runs.insights import BINS, read_insight
from cnnviz.training.looking import Look, confusion_of, histogram


@pytest.fixture(scope="module")
def network():
    inputs = layers.Input((28, 28, 1))
    x = layers.Conv2D(4, 3, name="conv")(inputs)
    x = layers.ReLU(name="relu")(x)
    x = layers.MaxPooling2D(name="pool")(x)
    inner = keras.Sequential([layers.Input(x.shape[1:]), layers.Flatten(), layers.Dense(6)])
    x = layers.SeparableConv2D(3, 3, name="separable", activation="relu")(x)
    x = layers.Flatten(name="flatten")(x)
    return keras.Model(inputs, layers.Dense(5, name="logits")(x)), inner


def look(model, images=70):
    values = np.random.default_rng(0).integers(0, 256, (images, 28, 28, 1)).astype(np.uint8)
    return Look(model, values).insight("step-3", 3, None, None), values[:64].astype(np.float32)


def test_what_it_tells_is_what_is_there(network, tmp_path):
    model, _ = network
    kernel, bias = model.get_layer("conv").get_weights()
    bias[:] = [0, -1e6, 0, -1e6]  # two channels die
    model.get_layer("conv").set_weights([kernel, bias])
    insight, images = look(model)
    assert [x.name for x in insight.layers] == ["conv", "relu", "separable", "logits"]
    conv, relu, separable, logits = insight.layers
    out = np.asarray(model.get_layer("relu")(model.get_layer("conv")(images)))
    assert (relu.kind, relu.channels, relu.dead) == ("ReLU", 4, 2)
    assert relu.zeros == pytest.approx((out == 0).mean(), abs=1e-6)
    assert (conv.dead, conv.zeros) == (0, 0)
    assert sum(conv.weights.counts) == 36 and relu.weights is None
    assert conv.weights.low == pytest.approx(kernel.min(), rel=1e-5)
    assert conv.weights.std == pytest.approx(kernel.std(), rel=1e-5)
    assert sum(separable.weights.counts) == 4 * 9 + 4 * 3  # both of its kernels
    assert relu.activations.mean == pytest.approx(out.mean(), rel=0.05)  # of a sample
    assert relu.activations.high <= out.max() * 1.001 and logits.channels == 5
    insight.save(tmp_path)
    assert read_insight(tmp_path, "step-3") == insight


def test_a_nested_model_counts_as_one_layer(network):
    _, inner = network
    inputs = layers.Input((13, 13, 4), name="image")
    outer = keras.Model(inputs, layers.Dense(3, name="logits")(inner(inputs)))
    images = np.random.default_rng(0).integers(0, 256, (8, 13, 13, 4)).astype(np.uint8)
    insight = Look(outer, images).insight("step-0", 0, None, None)
    assert [x.name for x in insight.layers] == [inner.name, "logits"]
    assert insight.layers[0].weights is None and insight.layers[0].channels == 6


def test_a_large_network_is_looked_at_through_fewer_images(network, monkeypatch):
    monkeypatch.setattr("cnnviz.training.looking.MAX_VALUES", 30_000)
    insight, _ = look(network[0])
    assert sum(insight.layers[0].activations.counts) == 5 * 26 * 26 * 4  # five images


def test_histograms_count_as_numpy_does():
    values = np.random.default_rng(1).normal(size=(50, 40)).astype(np.float32)
    found = histogram(values)
    counts, edges = np.histogram(values, BINS)
    assert abs(np.array(found.counts) - counts).sum() <= 4  # values on an edge
    assert (found.low, found.high) == pytest.approx((edges[0], edges[-1]), rel=1e-5)
    assert (found.mean, found.std) == pytest.approx((values.mean(), values.std()), rel=1e-4)


def test_histograms_of_odd_values():
    same = histogram(np.full(7, 2.5, np.float32))
    assert same.counts[0] == 7 and same.low == same.high == 2.5
    assert histogram(np.zeros(0, np.float32)) is None
    assert histogram(np.array([1, np.nan], np.float32)) is None
    assert histogram(np.array([1, np.inf], np.float32)) is None


def test_a_sample_sees_all_channels():
    values = np.zeros((64, 40, 40, 16), np.float32) + np.arange(16, dtype=np.float32)
    counts = np.array(histogram(values).counts)
    there = counts[counts > 0]
    assert len(there) == 16 and there.max() - there.min() <= 2


def test_confusion_counts_pairs():
    shares = np.array([[0.9, 0.1, 0], [0.2, 0.8, 0], [0.3, 0.3, 0.4], [0.6, 0.2, 0.2]])
    found = confusion_of(shares, np.array([0, 1, 1, 2]))
    assert found.tolist() == [[1, 0, 0], [0, 1, 1], [1, 0, 0]]
