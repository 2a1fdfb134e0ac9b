import keras
import numpy as np
import tensorflow as tf
from keras import layers

from cnnviz.models.exporting import export_keras, export_tflite
from cnnviz.models.loading import open_keras_file
from cnnviz.models.model import Model, load_model
from cnnviz.models.structure import make_card

RNG = np.random.default_rng(0)


def answers(tflite, images):
    """What the LiteRT interpreter says, image by image."""
    interpreter = tf.lite.Interpreter(model_content=tflite)
    interpreter.allocate_tensors()
    (into,), (out,) = interpreter.get_input_details(), interpreter.get_output_details()
    found = []
    for image in images:
        interpreter.set_tensor(into["index"], image[None].astype(np.float32))
        interpreter.invoke()
        found.append(interpreter.get_tensor(out["index"])[0])
    return np.stack(found)


def test_litert_gives_the_same_answers(tiny_model):
    images = RNG.integers(0, 256, (5, 8, 8, 1), dtype=np.uint8)
    found = answers(export_tflite(tiny_model), images)
    np.testing.assert_allclose(found, tiny_model.predict(images), atol=1e-6)


def test_litert_of_a_shipped_model():
    model = load_model("mnist_lenet5")
    images = RNG.integers(0, 256, (3, 28, 28, 1), dtype=np.uint8)
    found = answers(export_tflite(model), images)
    np.testing.assert_allclose(found, model.predict(images), atol=1e-5)


def test_litert_of_an_open_input_size():
    network = keras.Sequential(
        [layers.Input((None, None, 3)), layers.Conv2D(2, 3), layers.GlobalMaxPooling2D()]
    )
    model = Model(network, make_card(network, "x", "ab", input_shape=(9, 7, 3)))
    images = RNG.integers(0, 256, (2, 9, 7, 3), dtype=np.uint8)
    found = answers(export_tflite(model), images)
    np.testing.assert_allclose(found, network(images.astype(np.float32)), rtol=1e-5)


def test_the_keras_file_opens_again(tiny_model, tmp_path):
    (tmp_path / "net.keras").write_bytes(export_keras(tiny_model))
    x = RNG.uniform(0, 255, (2, 8, 8, 1)).astype(np.float32)
    again = open_keras_file(tmp_path / "net.keras")
    np.testing.assert_array_equal(again(x), tiny_model.keras_model(x))
