import keras
import numpy as np
from keras import layers

from cnnviz.models.layer_names import carry_names
from cnnviz.models.model import load_model

ODD = ("my conv", "卷积", "a, b", "_hidden", "<b>x</b>".replace("/", ""))


def network():
    keras.utils.set_random_seed(0)
    image = x = layers.Input((8, 8, 1), name="the image")
    for name in ODD:
        x = layers.Conv2D(2, 3, padding="same", name=name)(x)
    part = keras.Sequential([layers.Input((8, 8, 2)), layers.Flatten(name="flat ")], name="a part")
    x = part(x) * 2
    return keras.Model(image, layers.Dense(3, activation="softmax", name="my_conv")(x), name="网")


def test_names_become_what_tensorflow_can_carry_and_stay_different():
    found = network()
    carry_names(found)
    names = [layer.name for layer in found.layers]
    assert names[1:6] == ["my_conv_2", "conv2d", "a_b", "hidden", "b_x_b"]
    assert len(set(names)) == len(names)
    assert found.get_layer("a_part").layers[-1].name == "flat"
    assert found.name == "functional"


def test_usual_names_stay():
    usual = keras.Sequential(
        [layers.Input((8,)), layers.Dense(3, name="block1-conv.2_a")], name="net"
    )
    carry_names(usual)
    assert usual.layers[0].name == "block1-conv.2_a"


def test_such_a_network_is_opened_answers_and_is_kept(tmp_path):
    made = network()
    made.save(tmp_path / "net.keras")
    opened = load_model(tmp_path / "net.keras")
    x = np.random.default_rng(0).integers(0, 256, (2, 8, 8, 1), np.uint8)
    expected = made(x.astype("float32")).numpy()
    np.testing.assert_allclose(opened.predict(x), expected, rtol=1e-5)
    opened.keras_model.save(tmp_path / "again.keras")
    again = load_model(tmp_path / "again.keras")
    np.testing.assert_allclose(again.predict(x), expected, rtol=1e-5)
    assert [x.name for x in again.card.layers] == [x.name for x in opened.card.layers]
