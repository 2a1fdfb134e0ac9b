"""Classes held against each other, several layers and methods at once, endings of every kind."""

import keras
import numpy as np
import pytest
from keras import layers

from cnnviz.errors import BadInput, NotPossible
from cnnviz.explanation.explain import explain, explain_many
from tests.explanation.test_explain import (
    ACTIVATIONS,
    GRADIENT_CAMS,
    GRADIENTS,
    PICTURE,
    two_channels,
)
from tests.inference import networks

LEAD = GRADIENTS[0] - GRADIENTS[1]


def test_what_spoke_for_one_class_rather_than_the_other_by_hand():
    expected = {
        "grad_cam": ACTIVATIONS @ LEAD.mean((0, 1)),
        "hires_cam": (ACTIVATIONS * LEAD).sum(-1),
        "layer_cam": (ACTIVATIONS * np.maximum(LEAD, 0)).sum(-1),
    }
    assert expected["grad_cam"].min() < 0 < expected["grad_cam"].max()
    for method, by_hand in expected.items():
        found = explain(two_channels(), PICTURE, method, 0, "channels", against=1)
        np.testing.assert_allclose(found.raw[0], by_hand, rtol=1e-5, atol=1e-6)
        assert found.signed and found.against.tolist() == [1]


def test_hires_cam_held_against_adds_up_to_the_lead():
    model = two_channels()
    total = explain(model, PICTURE, "hires_cam", 1, "channels", against=0).raw.sum()
    scores = model.scores(PICTURE)[0]
    bias = -0.5 - 0.5
    assert total == pytest.approx(scores[1] - scores[0] - bias, rel=1e-5)


def test_a_class_held_against_itself_has_no_lead():
    found = explain(two_channels(), PICTURE, "grad_cam", 1, "channels", against=1)
    assert (found.raw == 0).all() and not found.positive_evidence.any()


def test_each_image_has_a_target_and_a_rival_of_its_own():
    model = networks.model(networks.flat())
    images, targets, rivals = networks.images(model.keras_model), [0, 1, 2], [3, 3, 4]
    found = explain(model, images, "grad_cam", targets, against=rivals)
    for i in range(3):
        alone = explain(model, images[[i]], "grad_cam", targets[i], against=rivals[i])
        np.testing.assert_allclose(found.raw[i], alone.raw[0], rtol=1e-4, atol=1e-5)
    for wrong in (5, [0, 1], "dog"):
        with pytest.raises(BadInput):
            explain(model, images, "grad_cam", targets, against=wrong)


def test_all_methods_at_several_layers_are_what_they_are_alone():
    model = networks.model(networks.flat())
    images = networks.images(model.keras_model, 2)
    where = ("conv_1", "relu_1", "conv_2")
    found = explain_many(model, images, GRADIENT_CAMS, [1, 3], where, against=2)
    assert list(found) == [(method, layer) for layer in where for method in GRADIENT_CAMS]
    for (method, layer), one in found.items():
        alone = explain(model, images, method, [1, 3], layer, against=2)
        assert np.abs(one.raw - alone.raw).max() <= 1e-5 * np.abs(alone.raw).max()
        assert (one.method, one.layer, one.signed) == (method, layer, True)
        assert one.heatmaps.shape == (2, 12, 12)
    with pytest.raises(BadInput, match="cannot share its pass"):
        explain_many(model, images, ("grad_cam", "score_cam"))


def _ending_in(units, activation):
    inputs = layers.Input((4, 4, 1))
    x = layers.Conv2D(2, 1, name="conv")(inputs)
    x = layers.Dense(units, activation=activation, name="answer")(layers.Flatten()(x))
    network = networks.shaken(keras.Model(inputs, x))
    kernel = network.get_layer("answer").get_weights()[0].reshape(4, 4, 2, units)
    return networks.model(network), kernel / 1.0


def test_one_sigmoid_unit_speaks_for_both_of_its_answers():
    model, kernel = _ending_in(1, "sigmoid")
    image = networks.images(model.keras_model, 1)
    conv = model.keras_model.get_layer("conv")(image.astype(np.float32)).numpy()[0]
    by_hand = (conv * kernel[..., 0]).sum(-1)  # the unit's value before the sigmoid
    yes, no = (explain(model, image, "hires_cam", c, "conv").raw[0] for c in (1, 0))
    np.testing.assert_allclose(yes, by_hand, rtol=1e-4, atol=1e-3)
    np.testing.assert_allclose(no, -by_hand, rtol=1e-4, atol=1e-3)
    held = explain(model, image, "hires_cam", 1, "conv", against=0).raw[0]
    np.testing.assert_allclose(held, 2 * by_hand, rtol=1e-4, atol=1e-3)


def test_labels_that_answer_for_themselves_are_explained_one_by_one():
    model, kernel = _ending_in(3, "sigmoid")
    image = networks.images(model.keras_model, 1)
    conv = model.keras_model.get_layer("conv")(image.astype(np.float32)).numpy()[0]
    found = explain(model, image.repeat(3, axis=0), "hires_cam", [0, 1, 2], "conv")
    for label in range(3):
        expected = (conv * kernel[..., label]).sum(-1)
        np.testing.assert_allclose(found.raw[label], expected, rtol=1e-4, atol=1e-3)
    np.testing.assert_allclose(found.shares, model.predict(image)[0], rtol=1e-5)


def test_a_layer_that_no_score_depends_on_gets_a_sentence():
    inputs = layers.Input((6, 6, 1))
    seen = layers.Conv2D(2, 3, name="seen")(inputs)
    aside = layers.Conv2D(2, 3, name="aside")(inputs)
    cut = layers.Lambda(lambda x: keras.ops.stop_gradient(x), name="cut")(aside)
    x = layers.Flatten()(layers.Add()([seen, cut]))
    model = networks.model(keras.Model(inputs, layers.Dense(2)(x)))
    image = networks.images(model.keras_model, 1)
    assert explain(model, image, target=0, layer="seen").raw.shape == (1, 4, 4)
    for _ in range(2):
        with pytest.raises(NotPossible, match="No way leads from the layer “aside”"):
            explain(model, image, target=0, layer="aside")
    with pytest.raises(NotPossible, match="“aside”"):
        explain_many(model, image, ("grad_cam",), 0, ("seen", "aside"))


class Counted(layers.Layer):
    """Passes its input on, and counts how often it was traced."""

    traced = 0

    def call(self, x):
        self.traced += 1
        return x


def test_a_second_question_compiles_nothing():
    inputs = layers.Input((6, 6, 1))
    counted = Counted(name="counted")
    x = layers.Flatten()(layers.Conv2D(2, 3, name="conv")(counted(inputs)))
    model = networks.model(keras.Model(inputs, layers.Dense(3)(x)))
    images = networks.images(model.keras_model, 5)

    def ask(batch, target):
        for method in (*GRADIENT_CAMS, "eigen_cam", "score_cam", "ablation_cam"):
            explain(model, batch, method, target, "conv")
        explain_many(model, batch, GRADIENT_CAMS, target, ("conv", "counted"))

    ask(images[:1], 0)
    before = counted.traced
    ask(images, 2)
    ask(images[:3], [0, 1, 2])
    assert counted.traced == before > 0
