import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from cnnviz.datasets.dataset import Dataset
from cnnviz.errors import BadInput, Cancelled, NotFound
from cnnviz.figures.receptive import field_of
from cnnviz.inference import channel_statistics as module
from cnnviz.inference.channel_statistics import channel_statistics, most_similar
from cnnviz.inference.feature_maps import feature_maps
from tests.inference import networks

CLASSES = ("a", "b", "c")


def dataset(network, count, classes=3, seed=1):
    images = networks.images(network, count)
    labels = np.random.default_rng(seed).integers(0, classes, count)
    return Dataset("noise", "train", images, labels, CLASSES[:classes])


def same_spread(spread, row, numbers, labels):
    """The histogram is that of the numbers, for each class; float32 may move one over an edge."""
    edges = spread.edges(row)
    room = 1e-4 * max(np.abs(edges).max(), 1e-3)
    for group, counts in enumerate(spread.counts[row]):
        own = numbers[labels == group]
        assert counts.sum() == len(own)
        for edge, below in zip(edges[1:-1], counts.cumsum(), strict=False):
            assert (own < edge - room).sum() <= below <= (own < edge + room).sum()


@pytest.mark.parametrize(("layer", "make"), [("relu_1", "flat"), ("middle/inner/norm", "nested")])
def test_statistics_are_numpys_on_the_feature_maps(layer, make):
    network = getattr(networks, make)()
    model = networks.model(network)
    data = dataset(network, 37)
    found = channel_statistics(model, data, layer, batch_size=8)
    maps = feature_maps(model, data.images, layer)[layer].astype(np.float64)
    positions = maps.reshape(37, -1, maps.shape[-1])
    values = positions.reshape(-1, maps.shape[-1])
    near = {"rtol": 1e-4, "atol": 1e-5}
    np.testing.assert_allclose(found.mean, values.mean(axis=0), **near)
    np.testing.assert_allclose(found.std, values.std(axis=0), **near)
    np.testing.assert_allclose(found.maximum, values.max(axis=0), **near)
    np.testing.assert_allclose(found.sparsity, (values <= 0).mean(axis=0), **near)
    largest = positions.max(axis=1)
    np.testing.assert_allclose(found.dead_share, (largest <= 0).mean(axis=0), **near)
    means, firing = positions.mean(axis=1), np.maximum(positions, 0).mean(axis=1)
    profiles = means - means.mean(axis=0)
    profiles /= np.maximum(np.linalg.norm(profiles, axis=0), 1e-30)
    np.testing.assert_allclose(found.similarity, profiles.T @ profiles, atol=1e-4)
    by_class = np.stack([means[data.labels == k].mean(axis=0) for k in range(3)], axis=1)
    np.testing.assert_allclose(found.class_means, by_class, **near)
    fires = np.stack([firing[data.labels == k].mean(axis=0) for k in range(3)], axis=1)
    rest = (fires.sum(axis=1) - fires.max(axis=1)) / 2
    total = np.maximum(fires.max(axis=1) + rest, 1e-30)  # a silent channel: 0
    wanted = (fires.max(axis=1) - rest) / total
    np.testing.assert_allclose(found.selectivity, wanted, **near)
    for channel in range(maps.shape[-1]):
        firing = largest[:, channel] > 0
        same_spread(found.means, channel, means[:, channel], data.labels)
        same_spread(found.maxima, channel, largest[firing, channel], data.labels[firing])
    order = np.argsort(-largest, axis=0, kind="stable")[:9].T
    np.testing.assert_allclose(
        found.top_values, np.take_along_axis(largest.T, order, axis=1), **near
    )
    for c, i, (y, x), value in zip(
        range(maps.shape[-1]),
        found.top_indices[:, 0],
        found.top_positions[:, 0],
        found.top_values[:, 0],
        strict=True,
    ):
        assert maps[i, y, x, c] == pytest.approx(value, rel=1e-4, abs=1e-6)


def test_the_size_of_a_batch_does_not_matter():
    network = networks.flat()
    model, data = networks.model(network), dataset(network, 20)
    one, all_ = (channel_statistics(model, data, "relu_1", batch_size=n) for n in (3, 20))
    for name in ("mean", "std", "selectivity", "similarity", "class_means", "dead_share"):
        np.testing.assert_allclose(getattr(one, name), getattr(all_, name), atol=1e-5)
    np.testing.assert_array_equal(one.top_indices, all_.top_indices)


def colours():
    """Red, green and blue images: a 1 × 1 convolution tells them apart by design.

    Channels: red alone; the same for all; red again, three times as strong; never positive;
    red and green alike.
    """
    inputs = layers.Input((4, 4, 3))
    x = layers.Conv2D(5, 1, activation="relu", name="conv")(inputs)
    x = layers.GlobalAveragePooling2D()(x)
    network = keras.Model(inputs, layers.Dense(3, name="logits")(x))
    kernel = np.zeros((1, 1, 3, 5), np.float32)
    kernel[0, 0] = [[1, 0, 3, -1, 1], [0, 0, 0, -1, 1], [0, 0, 0, -1, 0]]
    network.get_layer("conv").set_weights([kernel, np.float32([0, 7, 0, 0, 0])])
    images = np.zeros((30, 4, 4, 3), np.uint8)
    labels = np.arange(30) % 3
    images[np.arange(30), ..., labels] = (100 + np.arange(30))[:, None, None]
    return networks.model(network), Dataset("colours", "train", images, labels, CLASSES)


def test_selectivity_of_channels_that_are_known():
    model, data = colours()
    found = channel_statistics(model, data, "conv", batch_size=7)
    assert found.selectivity[0] == found.selectivity[2] == 1
    assert found.selectivity[1] == found.selectivity[3] == 0
    green, red = 114.5, 113.5
    wanted = (green - red / 2) / (green + red / 2)
    assert found.selectivity[4] == pytest.approx(wanted, rel=1e-5)
    np.testing.assert_array_equal(found.dead, [False, False, False, True, False])
    np.testing.assert_allclose(found.dead_share, [2 / 3, 0, 2 / 3, 1, 1 / 3])
    assert found.maxima.counts[3].sum() == 0
    np.testing.assert_array_equal(found.maxima.counts[0].sum(axis=-1), [10, 0, 0])


def test_a_duplicated_channel_is_the_nearest_neighbour():
    model, data = colours()
    found = channel_statistics(model, data, "conv")
    neighbours, similarity = found.neighbours(2)
    assert neighbours[0, 0] == 2 and neighbours[2, 0] == 0
    assert similarity[0, 0] == similarity[2, 0] == pytest.approx(1, abs=1e-9)
    assert not similarity[1].any(), "what never varies is like nothing"


def test_many_channels_are_not_all_compared(monkeypatch):
    monkeypatch.setattr(module, "MOST_COMPARED", 4)
    model, data = colours()
    found = channel_statistics(model, data, "conv")
    assert found.similarity is None
    assert found.std[0] == pytest.approx(
        feature_maps(model, data.images, "conv")["conv"][..., 0].std(), rel=1e-5
    )


def test_classes_without_images_are_nan_and_do_not_count():
    model, data = colours()
    two = data.subset(np.flatnonzero(data.labels < 2))
    found = channel_statistics(model, two, "conv")
    assert np.isnan(found.class_means[:, 2]).all()
    assert found.selectivity[0] == 1
    one = channel_statistics(model, data.subset(np.flatnonzero(data.labels == 0)), "conv")
    assert not one.selectivity.any()


def test_units_of_a_dense_layer_are_channels_too():
    model, data = colours()
    found = channel_statistics(model, data, "logits")
    np.testing.assert_allclose(found.mean, model.scores(data.images).mean(axis=0), rtol=1e-4)
    assert not found.top_positions.any()


def test_most_similar_leaves_oneself_out():
    table = np.array([[1, 0.2, 0.9], [0.2, 1, 0.3], [0.9, 0.3, 1]])
    order, values = most_similar(table, 5)
    np.testing.assert_array_equal(order, [[2, 1], [2, 0], [0, 1]])
    np.testing.assert_array_equal(values[0], [0.9, 0.2])


def test_it_reports_can_be_cancelled_and_refuses_in_sentences():
    model, data = colours()
    done = []
    channel_statistics(model, data, "conv", batch_size=10, report=lambda f, _: done.append(f))
    assert done == pytest.approx([1 / 3, 2 / 3, 1])

    def cancelled():
        raise Cancelled("Stopped.")

    with pytest.raises(Cancelled):
        channel_statistics(model, data, "conv", check_cancelled=cancelled)
    with pytest.raises(NotFound, match="“nothing”"):
        channel_statistics(model, data, "nothing")
    with pytest.raises(BadInput, match="no images"):
        channel_statistics(model, data.subset(np.arange(0)), "conv")


@pytest.mark.parametrize("layer", ["conv_1", "pool", "conv_2"])
def test_the_patch_outlined_is_what_the_strongest_unit_sees(layer):
    """The window around the pixels with a gradient is the receptive field, inside the image."""
    model = networks.model(networks.flat())
    found = channel_statistics(model, dataset(model.keras_model, 12), layer)
    network = keras.Model(
        model.keras_model.inputs, model.keras_model.get_layer(layer).output, name="cut"
    )
    field, looked_at = model.card.layer(layer).receptive_field, 0
    for channel in range(6):
        y, x = (int(n) for n in found.top_positions[channel, 0])
        # Many images: a ReLU or a maximum must not hide a pixel for good.
        images = np.random.default_rng(0).uniform(0, 255, (40, 12, 12, 3)).astype(np.float32)
        images = tf.constant(images)
        with tf.GradientTape() as tape:
            tape.watch(images)
            answer = tf.reduce_sum(network(images)[:, y, x, channel])
        seen = np.abs(tape.gradient(answer, images)).sum(axis=(0, 3)) > 0
        if not seen.any():
            continue  # behind a ReLU that noise never wakes
        looked_at += 1
        rows, columns = np.flatnonzero(seen.any(axis=1)), np.flatnonzero(seen.any(axis=0))
        inside = field_of(field, (y, x)).clipped(12, 12)
        assert (inside.top, inside.bottom) == (rows[0], rows[-1] + 1)
        assert (inside.left, inside.right) == (columns[0], columns[-1] + 1)
    assert looked_at
