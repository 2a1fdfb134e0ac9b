"""Every setting of a network against plain Keras, scikit-learn, or a few lines of NumPy."""

from dataclasses import replace

import keras
import numpy as np
import pytest
import tensorflow as tf
from sklearn.utils.class_weight import compute_class_weight

from cnnviz.models.networks import build
from cnnviz.training import network as network_module
from cnnviz.training.config import TrainingConfig
from cnnviz.training.network import Network, network_for, precision

SHAPE, CLASSES = (28, 28, 1), 5
CONFIG = TrainingConfig(dataset="mnist", architecture="lenet5", learning_rate=0.01)
KERNELS = [i for i, v in enumerate(build("lenet5", SHAPE, CLASSES).weights) if v.name == "kernel"]


@pytest.fixture(scope="module")
def data():
    chance = np.random.default_rng(0)
    labels = chance.permutation(np.repeat(np.arange(CLASSES), [60, 30, 20, 10, 8]))
    return chance.integers(0, 256, (128, *SHAPE), np.uint8), labels


def make(**settings) -> Network:
    return network_for(replace(CONFIG, **settings).check(), SHAPE, CLASSES)


def learn(model, images, labels, batch=64, **how):
    pairs = tf.data.Dataset.from_tensor_slices((images, labels)).batch(batch)
    return model.fit(pairs, verbose=0, shuffle=False, **how).history


def plain(optimizer, weights, loss="sparse_categorical_crossentropy", change=None):
    """What somebody would write with Keras alone, with the same weights to begin with."""
    model = build("lenet5", SHAPE, CLASSES)
    if change:
        model = keras.models.clone_model(model, clone_function=change)
    model.set_weights(weights)
    model.compile(optimizer, loss, jit_compile=False)
    return model


def assert_same(model, other, **how):
    how = {"rtol": 1e-4, "atol": 1e-6, **how}
    for mine, theirs in zip(model.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_allclose(mine, theirs, **how)


def gradients(model, images, labels):
    with tf.GradientTape() as tape:
        losses = keras.losses.sparse_categorical_crossentropy(labels, model(images, training=True))
        loss = tf.reduce_mean(losses)
    return float(loss), [g.numpy() for g in tape.gradient(loss, model.trainable_weights)]


def test_a_step_is_the_rate_times_the_gradient(data):
    images, labels = data[0][:64], data[1][:64]
    network = make(optimizer="sgd", momentum=0.0, learning_rate=0.05)
    before = network.model.get_weights()
    loss, slopes = gradients(network.model, images, labels)
    told = learn(network.model, images, labels)
    assert told["loss"][0] == pytest.approx(loss, rel=1e-5)
    for was, slope, now in zip(before, slopes, network.model.get_weights(), strict=True):
        np.testing.assert_allclose(now, was - 0.05 * slope, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    ("settings", "optimizer"),
    [
        (
            {"optimizer": "sgd", "momentum": 0.7},
            keras.optimizers.SGD(0.01, momentum=0.7, nesterov=True),
        ),
        ({"optimizer": "adam"}, keras.optimizers.Adam(0.01)),
        (
            {"optimizer": "adamw", "weight_decay": 0.3},
            keras.optimizers.AdamW(0.01, weight_decay=0.3),
        ),
    ],
    ids=lambda x: x.get("optimizer") if isinstance(x, dict) else "",
)
def test_optimizers_are_those_of_keras(data, settings, optimizer):
    network = make(**settings)
    other = plain(optimizer, network.model.get_weights())
    learn(network.model, *data, batch=32)
    learn(other, *data, batch=32)
    assert_same(network.model, other)


def test_l2_is_that_of_keras_and_stays_out_of_what_is_kept(data, tmp_path):
    def regularized(layer):
        settings = layer.get_config()
        if "kernel_regularizer" in settings:
            settings["kernel_regularizer"] = keras.regularizers.L2(0.02)
        return type(layer).from_config(settings)

    network = make(l2=0.02, optimizer="sgd")
    start = network.model.get_weights()
    other = plain(
        keras.optimizers.SGD(0.01, momentum=0.9, nesterov=True), start, change=regularized
    )
    entropy, _ = gradients(network.model, data[0][:64], data[1][:64])
    first = learn(network.model, data[0][:64], data[1][:64])["loss"][0]
    squares = sum((start[i] ** 2).sum() for i in KERNELS)
    assert first == pytest.approx(entropy + 0.02 * squares, rel=1e-5)
    learn(other, data[0][:64], data[1][:64])
    assert_same(network.model, other)
    assert network.measure(*data)[0] < first  # validation tells the cross-entropy alone

    network.without_optimizer().save(tmp_path / "model.keras")
    kept = keras.models.load_model(tmp_path / "model.keras")
    assert not kept.losses and "L2" not in kept.to_json()
    assert_same(kept, network.model, rtol=0)


def test_label_smoothing_is_that_of_keras_and_of_the_formula(data):
    images, labels = data
    network = make(label_smoothing=0.3)
    shares = network.probabilities(images[:64])
    wanted = np.full((64, CLASSES), 0.3 / CLASSES)
    wanted[np.arange(64), labels[:64]] += 0.7
    formula = -(wanted * np.log(shares)).sum(axis=1).mean()
    other = plain(
        keras.optimizers.Adam(0.01),
        network.model.get_weights(),
        keras.losses.CategoricalCrossentropy(label_smoothing=0.3),
    )
    told = learn(network.model, images[:64], labels[:64])
    assert told["loss"][0] == pytest.approx(formula, rel=1e-4)
    assert told["accuracy"][0] == pytest.approx((shares.argmax(1) == labels[:64]).mean())
    learn(other, images[:64], keras.utils.to_categorical(labels[:64], CLASSES))
    assert_same(network.model, other)


def test_class_weights_are_balanced(data):
    images, labels = data
    network = make(class_weights=True, optimizer="sgd", momentum=0.0)
    weights = network.class_weights(labels)
    known = compute_class_weight("balanced", classes=np.arange(CLASSES), y=labels)
    assert list(weights.values()) == pytest.approx(known.tolist())
    assert make().class_weights(labels) is None

    entropies = -np.log(network.probabilities(images)[np.arange(128), labels])
    told = learn(network.model, images, labels, batch=128, class_weight=weights)
    assert told["loss"][0] == pytest.approx((entropies * known[labels]).mean(), rel=1e-4)


def test_a_class_without_images_has_some_weight():
    network = make(class_weights=True)
    assert network.class_weights(np.array([0, 0, 0, 4])) == {
        0: pytest.approx(2 / 3), 1: 1.0, 2: 1.0, 3: 1.0, 4: 2.0
    }  # fmt: skip


def test_two_halves_accumulated_are_one_batch(data):
    accumulating, whole = make(gradient_accumulation=2), make()
    learn(accumulating.model, *data, batch=32)
    learn(whole.model, *data, batch=64)
    assert int(accumulating.optimizer.iterations) == int(whole.optimizer.iterations) == 2
    assert_same(accumulating.model, whole.model, rtol=1e-3, atol=2e-5)


def test_averages_of_the_weights_by_hand(data):
    images, labels = data
    network = make(weight_averaging=True, learning_rate=0.02)
    with network.evaluating():  # nothing to average yet
        untouched = network.model.get_weights()
    assert any(w.any() for w in untouched)
    average = None
    for step in range(12):
        network.model.train_on_batch(images, labels)
        now = network.model.get_weights()
        share = min(0.99, (1 + step) / (10 + step)) if step else 0.0
        average = [
            w if average is None else share * a + (1 - share) * w
            for a, w in zip(average or now, now, strict=True)
        ]
    outside = network.measure(images, labels)
    with network.evaluating(), network.evaluating():
        for mine, known in zip(network.model.get_weights(), average, strict=True):
            np.testing.assert_allclose(mine, known, rtol=1e-4, atol=1e-6)
        assert network.measure(images, labels) != outside
        kept = network.without_optimizer().get_weights()
    for mine, before in zip(network.model.get_weights(), now, strict=True):
        np.testing.assert_array_equal(mine, before)  # to the last bit
    assert any((a != b).any() for a, b in zip(kept, now, strict=True))


def test_averages_disturb_nothing(data):
    averaging, plainly = make(weight_averaging=True), make()
    for _ in range(2):  # the end of a fit is no interruption
        learn(averaging.model, *data)
        with averaging.evaluating():
            averaging.measure(*data)
        learn(plainly.model, *data)
    for mine, other in zip(averaging.model.get_weights(), plainly.model.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, other)


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_half_precision_learns_and_what_is_kept_is_whole(data, policy, monkeypatch, tmp_path):
    few = data[0][:16], data[1][:16]  # float16 crawls on a processor
    monkeypatch.setattr(network_module, "precision", lambda config: policy)
    network = make(mixed_precision=True)
    assert network.model.get_layer("conv_1").compute_dtype == policy.removeprefix("mixed_")
    assert keras.config.dtype_policy().name == "float32"
    assert all(v.dtype == "float32" for v in network.model.trainable_variables)
    for variable, fresh in zip(
        network.model.trainable_variables, make().model.trainable_variables, strict=True
    ):
        np.testing.assert_array_equal(variable.numpy(), fresh.numpy())
    state = network.state()
    losses = [network.model.train_on_batch(*few)[0] for _ in range(5)]
    assert losses[-1] < losses[0]
    after = network.state()
    network.restore(state)
    assert network.model.train_on_batch(*few)[0] == losses[0]
    network.restore(after)
    alone = network.without_optimizer()
    alone.save(tmp_path / "model.keras")
    kept = keras.models.load_model(tmp_path / "model.keras", compile=False, safe_mode=True)
    assert {layer.compute_dtype for layer in kept.layers} == {"float32"}
    shares = kept.predict(few[0], verbose=0)
    np.testing.assert_allclose(shares, network.probabilities(few[0]), atol=0.02)


def test_precision_is_half_only_where_it_is_of_use(monkeypatch):
    mixed = replace(CONFIG, mixed_precision=True)
    assert precision(CONFIG) == "float32"
    for fast, name in ((True, "mixed_bfloat16"), (False, "float32")):
        monkeypatch.setattr(network_module, "_has_bfloat16", lambda fast=fast: fast)
        assert precision(mixed) == name
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: [kind])
    assert precision(mixed) == "mixed_float16"


EVERYTHING = {
    "optimizer": "adamw",
    "l2": 1e-3,
    "label_smoothing": 0.1,
    "class_weights": True,
    "weight_averaging": True,
    "gradient_accumulation": 3,
    "parameters": {"dropout": 0.3},
}


def test_a_state_is_everything_there_is(data):
    """Interrupted in the middle of an accumulation, with dropout: the same to the last bit."""
    images, labels = data
    network = make(**EVERYTHING)
    weights = network.class_weights(labels)
    learn(network.model, images[:64], labels[:64], batch=16, class_weight=weights)
    state = network.state()
    learn(network.model, images[64:], labels[64:], batch=16, class_weight=weights)
    wanted = network.state()

    other = make(**EVERYTHING)
    other.restore(state)
    learn(other.model, images[64:], labels[64:], batch=16, class_weight=weights)
    for name, values in other.state().items():
        np.testing.assert_array_equal(values, wanted[name])


def test_beginning_again_leaves_no_trace(data):
    network = make(**EVERYTHING)
    fresh = network.state()
    network.warm_up(32)
    network.learning_rate = 0.5
    network.begin(replace(CONFIG, **EVERYTHING).check())
    for name, values in network.state().items():
        np.testing.assert_array_equal(values, fresh[name])
    assert network.learning_rate == pytest.approx(0.01)


def test_what_is_ready_is_used_where_it_fits():
    ready = make()
    free = {"learning_rate": 0.1, "seed": 5, "schedule": "cosine", "class_weights": True,
            "batch_size": 7, "epochs": 9, "early_stopping": 2, "limit": 100}  # fmt: skip
    for name, value in free.items():
        config = replace(CONFIG, **{name: value}).check()
        assert network_for(config, SHAPE, CLASSES, ready) is ready, name
        assert ready.config == config
    for name, value in {**EVERYTHING, "architecture": "tiny_vgg", "optimizer": "sgd"}.items():
        if name not in free:
            config = replace(CONFIG, **{name: value}).check()
            assert network_for(config, SHAPE, CLASSES, ready) is not ready, name


def test_the_rate_is_set_between_steps(data):
    network = make(optimizer="sgd", momentum=0.0)
    before = network.model.get_weights()
    network.learning_rate = 0.0
    learn(network.model, *data)
    assert_same(network.model, plain("sgd", before), rtol=0, atol=0)
    state = network.state()
    network.learning_rate = 0.25
    assert network.learning_rate == 0.25
    network.restore(state)
    network.learning_rate = 0.25  # although it was the last one that was set
    assert network.learning_rate == 0.25


TRANSFER = {
    "architecture": "transfer",
    "parameters": {"base": "shipped:mnist_lenet5", "unfreeze": 2, "frozen_epochs": 1},
    "l2": 1e-3,
    "weight_averaging": True,
}


def moved(network, before):
    """Names of the weights that have changed."""
    pairs = zip(network.model.weights, before, strict=True)
    return {v.path for v, was in pairs if (v.numpy() != was).any()}


def test_more_of_a_pretrained_base_learns_from_a_phase_on(data, tmp_path):
    network = make(**TRANSFER)
    fresh = network.state()
    start = network.model.get_weights()
    learn(network.model, *data)
    assert network.phase == 0
    assert {path.split("/")[0] for path in moved(network, start)} == {"logits"}

    network.learning_rate = 0.005
    network.begin_phase(2)
    assert network.phase == 2 and network.learning_rate == pytest.approx(0.005)
    network.begin_phase(2)  # changes nothing
    learned, before = network.state(), network.model.get_weights()
    learn(network.model, *data)
    inside = {path for path in moved(network, before) if not path.startswith("logits")}
    assert {path.split("/")[-2] for path in inside} == {"dense_1", "dense_2"}

    other = make(**TRANSFER)  # somebody else goes on from there
    other.restore(learned)
    assert other.phase == 2
    learn(other.model, *data)
    for name, values in other.state().items():
        np.testing.assert_array_equal(values, network.state()[name])

    alone = network.without_optimizer()
    alone.save(tmp_path / "model.keras")
    kept = keras.models.load_model(tmp_path / "model.keras", compile=False, safe_mode=True)
    np.testing.assert_allclose(
        kept.predict(data[0], verbose=0), network.probabilities(data[0]), atol=1e-6
    )

    network.begin(replace(CONFIG, **TRANSFER).check())  # the next training begins frozen again
    for name, values in network.state().items():
        np.testing.assert_array_equal(values, fresh[name])
