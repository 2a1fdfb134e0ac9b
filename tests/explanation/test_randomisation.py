import keras
import numpy as np
import pytest
from keras import layers
from scipy.stats import spearmanr

from cnnviz.errors import BadInput, Cancelled, NotPossible
from cnnviz.explanation.explain import explain
from cnnviz.explanation.methods.registry import METHODS
from cnnviz.explanation.randomisation import (
    _grouped,
    forget,
    forgetful_layers,
    randomisation_check,
    rank_correlation,
)
from cnnviz.explanation.task import Explainer, Found
from tests.inference import networks

BUILDS = [networks.flat, networks.nested, networks.sequential]


class Brightness(Explainer):
    """The image itself: a “method” that ignores the network, as an edge detector would."""

    name = "gradient"  # of the catalogue: a method without a layer

    def explain(self, task):
        ones = np.ones(len(task.images), np.float32)
        return Found(task.images.mean(axis=-1), np.maximum(task.targets, 0), ones)


@pytest.fixture
def ignoring(monkeypatch):
    monkeypatch.setitem(METHODS, "gradient", Brightness())


@pytest.mark.parametrize("build", BUILDS)
def test_the_network_itself_is_never_touched(build):
    model = networks.model(build())
    before = [w.copy() for w in model.keras_model.get_weights()]
    image = networks.images(model.keras_model, 1)
    scores = model.scores(image)
    heat = explain(model, image).raw
    found = randomisation_check(model, image[0], repeats=2)
    for old, new in zip(before, model.keras_model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)
    np.testing.assert_array_equal(model.scores(image), scores)
    np.testing.assert_array_equal(explain(model, image).raw, heat)
    np.testing.assert_array_equal(found.maps[0], heat[0])
    assert found.correlations.shape == (2, len(found.stages))
    assert found.counts[-1] == len(forgetful_layers(model.keras_model))
    assert found.stages[-1] == forgetful_layers(model.keras_model)[-1]


def test_the_network_is_untouched_when_it_is_stopped_or_fails():
    model = networks.model(networks.flat())
    before = model.keras_model.get_weights()
    image = networks.images(model.keras_model, 1)[0]
    calls = []

    def stop():
        calls.append(0)
        if len(calls) > 6:
            raise Cancelled("Stopped.")

    with pytest.raises(Cancelled):
        randomisation_check(model, image, check_cancelled=stop)
    with pytest.raises(ZeroDivisionError):
        randomisation_check(model, image, on_stage=lambda *_: 1 / 0)
    for old, new in zip(before, model.keras_model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)
    # The copy is clean again at the next check, and free.
    assert randomisation_check(model, image, repeats=1).maps.any()


def test_a_method_that_ignores_the_network_is_called_out(ignoring):
    model = networks.model(networks.flat())
    image = networks.images(model.keras_model, 1)[0]
    found = randomisation_check(model, image, "gradient")
    np.testing.assert_allclose(found.correlations, 1)
    assert found.verdict == "stays"
    assert found.layer is None


def test_grad_cam_forgets_with_the_network():
    # Many positions, so that likeness by chance is small.
    model = networks.model(networks.flat(side=40))
    image = networks.images(model.keras_model, 1)[0]
    found = randomisation_check(model, image, layer="conv_2", repeats=10)
    assert found.verdict == "changes"
    assert abs(found.course[-1]) < 0.3
    assert (found.maps[1:] != found.maps[0]).any(axis=(1, 2)).all()


def test_forgetting_cascades_from_the_top_and_keeps_the_rest(monkeypatch):
    model = networks.model(networks.flat())
    order = forgetful_layers(model.keras_model)
    assert order == ["logits", "conv_2", "norm", "conv_1"], (
        "what only scales or pools has no weights"
    )
    seen = []

    class Watching(Explainer):
        name = "gradient"

        def explain(self, task):
            seen.append([w.copy() for w in task.keras_model.get_weights()])
            return Brightness().explain(task)

    monkeypatch.setitem(METHODS, "gradient", Watching())
    randomisation_check(model, networks.images(model.keras_model, 1)[0], "gradient", repeats=1)
    owners = [w.path.split("/")[-2] for w in model.keras_model.weights]
    for stage in range(1, len(seen)):
        changed = {
            owner
            for owner, old, new in zip(owners, seen[0], seen[stage], strict=True)
            if (old != new).any()
        }
        assert changed == set(order[:stage])
        for owner, old, new in zip(owners, seen[stage - 1], seen[stage], strict=True):
            if owner != order[stage - 1]:
                np.testing.assert_array_equal(old, new)


def test_layers_are_made_anew_by_their_own_initialisers():
    keras.utils.set_random_seed(0)
    inputs = layers.Input((8, 8, 3))
    constant = keras.initializers.Constant(0.25)
    x = layers.Conv2D(16, 3, bias_initializer=constant, name="conv")(inputs)
    x = layers.BatchNormalization(gamma_initializer="ones", name="norm")(x)
    x = layers.PReLU(alpha_initializer=constant, name="prelu")(x)
    x = layers.DepthwiseConv2D(3, depthwise_initializer=constant, name="depth")(x)
    x = layers.SeparableConv2D(4, 3, pointwise_initializer=constant, name="separable")(x)
    x = layers.Dropout(0.5)(x)
    network = networks.shaken(keras.Model(inputs, layers.Dense(2)(layers.Flatten()(x))))
    for name in forgetful_layers(network):
        forget(network.get_layer(name), 0)
    values = {w.path: w.numpy() for w in network.weights}
    assert (values["conv/bias"] == 0.25).all()
    limit = np.sqrt(6 / (27 + 9 * 16))
    assert np.abs(values["conv/kernel"]).max() <= limit
    assert np.abs(values["conv/kernel"]).max() > 0.9 * limit, "Glorot's uniform distribution"
    for name, start in (("gamma", 1), ("beta", 0), ("moving_mean", 0), ("moving_variance", 1)):
        assert (values[f"norm/{name}"] == start).all()
    assert (values["prelu/alpha"] == 0.25).all()
    assert (values["depth/kernel"] == 0.25).all()
    assert (values["separable/pointwise_kernel"] == 0.25).all()
    assert np.unique(values["separable/depthwise_kernel"]).size > 10


def test_a_seeded_initialiser_does_not_bring_the_first_weights_back():
    made = keras.initializers.GlorotUniform(seed=7)
    layer = layers.Dense(4, kernel_initializer=made)
    layer.build((None, 6))
    first = layer.kernel.numpy()
    forget(layer, 0)
    assert (layer.kernel.numpy() != first).all()
    second = layer.kernel.numpy()
    forget(layer, 0)
    np.testing.assert_array_equal(layer.kernel.numpy(), second)
    forget(layer, 1)
    assert (layer.kernel.numpy() != second).all()


def test_a_weight_without_an_initialiser_is_shuffled():
    class Own(layers.Layer):
        def build(self, shape):
            self.scale = self.add_weight(shape=(50,), name="scale", initializer="uniform")

    layer = Own()
    layer.build(None)
    before = layer.scale.numpy()
    forget(layer, 0)
    after = layer.scale.numpy()
    assert (before != after).any()
    np.testing.assert_array_equal(np.sort(before), np.sort(after))


def test_statistics_of_the_data_are_not_learned():
    inputs = layers.Input((4, 4, 1))
    x = layers.Normalization(mean=3.0, variance=2.0, name="scale")(inputs)
    x = layers.Conv2D(1, 2, name="conv")(x)
    network = keras.Model(inputs, layers.Dense(2, name="answer")(layers.Flatten()(x)))
    assert forgetful_layers(network) == ["answer", "conv"]
    plain = keras.Model(inputs, layers.Flatten()(inputs))
    with pytest.raises(NotPossible, match="no weights"):
        forgetful_layers(plain)


def test_a_layer_used_twice_forgets_once():
    inputs = layers.Input((6, 6, 2))
    shared = layers.Conv2D(2, 3, padding="same", name="shared")
    x = shared(layers.ReLU()(shared(inputs)))
    network = keras.Model(inputs, layers.Dense(2, name="answer")(layers.Flatten()(x)))
    assert forgetful_layers(network) == ["answer", "shared"]


def test_it_follows_from_its_seed():
    model = networks.model(networks.nested())
    image = networks.images(model.keras_model, 1)[0]
    first, again = (randomisation_check(model, image, repeats=2) for _ in range(2))
    np.testing.assert_array_equal(first.maps, again.maps)
    np.testing.assert_array_equal(first.correlations, again.correlations)
    other = randomisation_check(model, image, repeats=2, seed=1)
    assert (first.maps[1:] != other.maps[1:]).any()
    twin = networks.model(networks.nested())  # the same network once more, in another object
    np.testing.assert_allclose(
        randomisation_check(twin, image, repeats=2).maps, first.maps, rtol=1e-5
    )


def test_a_second_check_compiles_nothing_and_sees_the_weights_of_now():
    model = networks.model(networks.flat())
    image = networks.images(model.keras_model, 1)[0]
    first = randomisation_check(model, image, repeats=1)
    twins = [v for k, v in model.keras_model._cnnviz_compiled.items() if k == ("twin",)]
    model.keras_model.set_weights([w * 1.5 for w in model.keras_model.get_weights()])
    second = randomisation_check(model, image, repeats=1)
    assert [v for k, v in model.keras_model._cnnviz_compiled.items() if k == ("twin",)] == twins
    assert (first.maps[0] != second.maps[0]).any()
    np.testing.assert_allclose(first.maps[-1], second.maps[-1], rtol=1e-5, err_msg="all forgotten")


def test_rank_correlation_is_spearmans():
    rng = np.random.default_rng(0)
    first, second = rng.integers(0, 6, (2, 9, 9)).astype(float)  # many ties
    assert rank_correlation(first, second) == pytest.approx(
        spearmanr(first.ravel(), second.ravel()).statistic
    )
    assert rank_correlation(first, np.exp(first)) == pytest.approx(1)
    assert rank_correlation(first, -first) == pytest.approx(-1)
    assert np.isnan(rank_correlation(first, np.zeros_like(first)))


def test_stages_share_the_layers():
    names = [str(i) for i in range(23)]
    groups = _grouped(names, 6)
    assert [n for group in groups for n in group] == names
    assert [len(group) for group in groups] == [1, 5, 5, 4, 4, 4]
    assert _grouped(names[:3], 6) == [["0"], ["1"], ["2"]]
    assert _grouped(names[:1], 6) == [["0"]]
    assert _grouped(names, 1) == [names]


def test_stages_are_told_while_they_come():
    model = networks.model(networks.sequential())
    shown, parts = [], []
    randomisation_check(
        model,
        networks.images(model.keras_model, 1)[0],
        repeats=2,
        on_stage=lambda names, maps, course: shown.append((len(names), len(maps), len(course))),
        report=lambda fraction, text: parts.append(fraction),
    )
    assert shown == [(2, 2, 1), (2, 3, 2)]
    assert parts == sorted(parts) and parts[-1] == 1


def test_bad_questions_are_sentences():
    model = networks.model(networks.flat())
    image = networks.images(model.keras_model, 1)[0]
    with pytest.raises(BadInput, match="“stages”"):
        randomisation_check(model, image, stages=0)
    with pytest.raises(BadInput, match="no method called"):
        randomisation_check(model, image, "magic")
    with pytest.raises(BadInput, match="numbered from 0 to 4"):
        randomisation_check(model, image, target=7)
