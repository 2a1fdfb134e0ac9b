import json

import keras
import numpy as np
import pytest
from keras import layers

from cnnviz import storage
from cnnviz.errors import BadInput, BadModel, NotFound
from cnnviz.models.model import Model, load_model, load_weights, save_model
from cnnviz.models.networks import build
from cnnviz.models.structure import make_card

RNG = np.random.default_rng(0)
IMAGES = RNG.integers(0, 256, (4, 8, 8, 1), dtype=np.uint8)


def checkpoint(path, network):
    arrays = {f"w{i}": w.astype(np.float16) for i, w in enumerate(network.get_weights())}
    np.savez_compressed(path, **arrays)


def test_predictions_are_those_of_keras(tiny_model):
    expected = tiny_model.keras_model.predict(IMAGES.astype(np.float32), verbose=0)
    np.testing.assert_allclose(tiny_model.predict(IMAGES), expected, atol=1e-6)


def test_many_images_go_in_batches(tiny_model, monkeypatch):
    monkeypatch.setattr("cnnviz.models.batching._INPUT_VALUES", 1.5 * 64)  # three at once
    images = RNG.integers(0, 256, (7, 8, 8, 1), dtype=np.uint8)
    together = tiny_model.predict(images)
    alone = np.concatenate([tiny_model.predict(images[i : i + 1]) for i in range(7)])
    np.testing.assert_allclose(together, alone, atol=1e-6)
    assert tiny_model.predict(images[:0]).shape == (0, 3)


def test_images_of_other_sizes_are_fitted(tiny_model):
    constant = [np.full((20, 30, 3), 90, np.uint8), np.full((8, 8), 90, np.uint8)]
    prepared = tiny_model.prepare(constant)
    assert prepared.shape == (2, 8, 8, 1)
    assert prepared.dtype == np.uint8
    assert np.ptp(prepared.astype(int)) <= 1
    assert tiny_model.predict(np.zeros((2, 9, 7, 3), np.uint8)).shape == (2, 3)


def test_images_of_the_right_size_are_not_copied(tiny_model):
    assert tiny_model.prepare(IMAGES) is IMAGES


@pytest.mark.parametrize(
    "images",
    [np.zeros((8, 8, 1), np.uint8), np.zeros((1, 8, 8, 1), np.float32), [np.zeros((8, 8))]],
)
def test_anything_else_is_refused(tiny_model, images):
    with pytest.raises(BadInput):
        tiny_model.predict(images)


def test_class_names_must_fit(tiny_network):
    with pytest.raises(BadModel, match="3 classes apart, but 2"):
        Model(tiny_network, make_card(tiny_network, "x", ["a", "b"]))


def test_a_network_needs_one_input_and_one_output(tiny_model):
    network = tiny_model.keras_model
    two = keras.Model(network.inputs[0], [network.outputs[0], network.layers[-2].output])
    with pytest.raises(BadModel, match="1 inputs and 2 outputs"):
        Model(two, tiny_model.card)

    class Own(keras.Model):
        def call(self, x):
            return x

    with pytest.raises(BadModel, match="0 inputs and 0 outputs"):
        Model(Own(), tiny_model.card)


def test_one_of_several_outputs_of_a_file(tmp_path, tiny_network):
    more = keras.layers.Dense(2, activation="sigmoid", name="more")(tiny_network.layers[-2].output)
    two = keras.Model(tiny_network.inputs[0], [tiny_network.outputs[0], more])
    two.save(tmp_path / "two.keras")
    with pytest.raises(BadModel, match="several outputs"):
        load_model(tmp_path / "two.keras")
    first, second = (load_model(tmp_path / "two.keras", output=x) for x in (0, "more"))
    expected = tiny_network.predict(IMAGES.astype(np.float32), verbose=0)
    np.testing.assert_allclose(first.predict(IMAGES), expected, atol=1e-6)
    assert (first.card.answers, second.card.answers) == ("one", "several")
    assert second.predict(IMAGES).shape == (4, 2)


def test_save_and_load(home, tiny_model):
    reference = save_model(tiny_model)
    again = load_model(reference)
    assert again.reference == reference
    assert again.card == tiny_model.card
    np.testing.assert_array_equal(again.predict(IMAGES), tiny_model.predict(IMAGES))


def test_a_failed_save_leaves_nothing(home, tiny_model, monkeypatch):
    monkeypatch.setattr(Model, "keras_model", None, raising=False)
    broken = object.__new__(Model)
    broken.card = tiny_model.card
    with pytest.raises(AttributeError):
        save_model(broken)
    assert list(storage.area("models").iterdir()) == []


def test_a_file_without_a_card_numbers_its_classes(tmp_path, tiny_network):
    tiny_network.save(tmp_path / "My Net.keras")
    model = load_model(tmp_path / "My Net.keras")
    assert model.card.class_names == ("0", "1", "2")
    assert model.card.title == "My Net"
    assert model.reference is None
    named = load_model(str(tmp_path / "My Net.keras"), card=make_card(tiny_network, "x", "abc"))
    assert named.card.class_names == ("a", "b", "c")


def test_a_checkpoint_replaces_the_weights(home, tiny_model):
    other = keras.models.clone_model(tiny_model.keras_model)
    identifier = storage.new_id()
    with storage.publish("runs", identifier) as folder:
        (folder / "checkpoints").mkdir()
        checkpoint(folder / "checkpoints" / "epoch-1.npz", other)
        tiny_model.keras_model.save(folder / "model.keras")
        (folder / "card.json").write_text(tiny_model.card.to_json())
    x = IMAGES.astype(np.float32)
    best = load_model(f"run:{identifier}").predict(IMAGES)
    first = load_model(f"run:{identifier}@epoch-1").predict(IMAGES)
    np.testing.assert_allclose(best, tiny_model.predict(IMAGES), atol=1e-6)
    np.testing.assert_allclose(first, other(x), atol=2e-3)  # float16
    assert not np.allclose(best, first, atol=1e-2)


def test_a_run_without_its_final_network_is_built_from_its_settings(home):
    network = build("tiny_vgg", (28, 28, 1), 3, width=4)
    identifier = storage.new_id()
    config = {"architecture": "tiny_vgg", "parameters": {"width": 4}}
    with storage.publish("runs", identifier) as folder:
        (folder / "checkpoints").mkdir()
        checkpoint(folder / "checkpoints" / "step-10.npz", network)
        (folder / "config.json").write_text(json.dumps(config))
        (folder / "card.json").write_text(make_card(network, "Run", "abc").to_json())
    images = RNG.integers(0, 256, (2, 28, 28, 1), dtype=np.uint8)
    model = load_model(f"run:{identifier}@last")
    np.testing.assert_allclose(model.predict(images), network(images.astype("f4")), atol=5e-3)
    (home / "runs" / identifier / "config.json").unlink()
    with pytest.raises(NotFound):
        load_model(f"run:{identifier}@last")


def test_the_checkpoint_of_another_network_is_refused(tmp_path, tiny_network):
    checkpoint(tmp_path / "epoch-1.npz", build("tiny_vgg", (28, 28, 1), 3))
    with pytest.raises(BadModel, match="another network"):
        load_weights(tiny_network, tmp_path / "epoch-1.npz")


def test_an_open_input_size_takes_the_cards(tmp_path):
    network = keras.Sequential(
        [layers.Input((None, None, 3)), layers.Conv2D(2, 3), layers.GlobalMaxPooling2D()]
    )
    model = Model(network, make_card(network, "x", "ab", input_shape=(12, 10, 3)))
    assert model.prepare([np.zeros((40, 40, 3), np.uint8)]).shape == (1, 12, 10, 3)
    assert model.predict([np.zeros((40, 40, 3), np.uint8)]).shape == (1, 2)
