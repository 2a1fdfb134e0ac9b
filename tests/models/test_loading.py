import io
import json
import zipfile

import h5py
import keras
import numpy as np
import pytest
from keras import layers

from cnnviz.errors import BadModel, NotFound
from cnnviz.models import loading, vetting
from cnnviz.models.loading import open_keras_file
from cnnviz.models.one_output import outputs_to_choose
from cnnviz.models.outputs import find_ending


def sequential(*middle, shape=(8, 8, 1)):
    return keras.Sequential([layers.Input(shape), *middle])


def saved(tmp_path, network, name="net.keras"):
    network.save(tmp_path / name)
    return tmp_path / name


@pytest.mark.parametrize("name", ["net.keras", "net.h5"])
def test_both_formats_whatever_the_file_is_called(tmp_path, tiny_network, name):
    x = np.full((1, 8, 8, 1), 7, np.float32)
    path = saved(tmp_path, tiny_network, name)
    (tmp_path / "upload").write_bytes(path.read_bytes())
    for file in (path, tmp_path / "upload"):
        network = open_keras_file(file)
        np.testing.assert_array_equal(network(x), tiny_network(x))
        assert not network.compiled


def test_an_optimizer_is_left_behind(tmp_path):
    network = sequential(layers.Flatten(), layers.Dense(2))
    network.compile("adam", "mse")
    network.fit(np.zeros((2, 8, 8, 1)), np.zeros((2, 2)), verbose=0)
    assert not open_keras_file(saved(tmp_path, network)).compiled


def test_open_sizes_and_nested_models_are_fine(tmp_path):
    base = sequential(layers.Conv2D(2, 3), shape=(None, None, 3))
    network = sequential(base, layers.GlobalAveragePooling2D(), shape=(None, None, 3))
    assert open_keras_file(saved(tmp_path, network)).inputs[0].shape == (None, None, None, 3)


def test_a_missing_file(tmp_path):
    with pytest.raises(NotFound, match="net.keras"):
        open_keras_file(tmp_path / "net.keras")


@pytest.mark.parametrize(
    ("data", "message"),
    [(b"", "not a Keras model"), (b"hello" * 100, "not a Keras model"), (b"PK\x03\x04", "damaged")],
)
def test_something_else(tmp_path, data, message):
    (tmp_path / "net.keras").write_bytes(data)
    with pytest.raises(BadModel, match=message):
        open_keras_file(tmp_path / "net.keras")


def test_a_zip_that_is_no_model(tmp_path):
    with zipfile.ZipFile(tmp_path / "photos.zip", "w") as archive:
        archive.writestr("cat.jpg", b"x")
    with pytest.raises(BadModel, match="zip file, but not a Keras model"):
        open_keras_file(tmp_path / "photos.zip")


@pytest.mark.parametrize("name", ["net.keras", "net.h5"])
def test_a_file_cut_short(tmp_path, tiny_network, name):
    path = saved(tmp_path, tiny_network, name)
    path.write_bytes(path.read_bytes()[:-3000])
    with pytest.raises(BadModel, match="damaged"):
        open_keras_file(path)


def test_damaged_weights(tmp_path, tiny_network):
    path = saved(tmp_path, tiny_network)
    changed = io.BytesIO()
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(changed, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            new.writestr(name, data[:1000] if name.endswith(".h5") else data)
    path.write_bytes(changed.getvalue())
    with pytest.raises(BadModel, match="damaged"):
        open_keras_file(path)


def test_weights_alone(tmp_path, tiny_network):
    tiny_network.save_weights(tmp_path / "net.weights.h5")
    with pytest.raises(BadModel, match="only weights"):
        open_keras_file(tmp_path / "net.weights.h5")


@pytest.mark.parametrize("name", ["net.keras", "net.h5"])
def test_code_inside_a_file_is_not_run(tmp_path, name):
    network = sequential(layers.Lambda(lambda x: x / 255), layers.Flatten(), layers.Dense(2))
    with pytest.raises(BadModel, match="Lambda layer"):
        open_keras_file(saved(tmp_path, network, name))


def test_safe_mode_stands_behind_our_own_check(tmp_path):
    network = sequential(layers.Lambda(lambda x: x / 255), layers.Flatten(), layers.Dense(2))
    with pytest.raises(BadModel, match="Keras cannot open"):
        open_keras_file(saved(tmp_path, network), vetted=True)


def test_the_owner_may_trust_code_of_their_own(tmp_path):
    network = sequential(layers.Lambda(lambda x: x / 255), layers.Flatten(), layers.Dense(2))
    x = np.full((1, 8, 8, 1), 7, np.float32)
    opened = open_keras_file(saved(tmp_path, network), trusted=True)
    np.testing.assert_array_equal(opened(x), network(x))


class Strange(layers.Layer):
    def call(self, inputs):
        return inputs


@pytest.mark.parametrize("name", ["net.keras", "net.h5"])
def test_layers_that_keras_does_not_have_are_named(tmp_path, name):
    network = sequential(Strange(), layers.Flatten(), layers.Dense(2))
    with pytest.raises(BadModel, match="not opened here: Strange"):
        open_keras_file(saved(tmp_path, network, name))


def test_a_configuration_that_is_too_long_is_not_read(tmp_path, monkeypatch, tiny_network):
    path = saved(tmp_path, tiny_network)
    monkeypatch.setattr(vetting, "MAX_CONFIG_BYTES", 100)
    with pytest.raises(BadModel, match="far too long"):
        open_keras_file(path)


def test_a_file_that_is_too_large(tmp_path, monkeypatch, tiny_network):
    path = saved(tmp_path, tiny_network)
    monkeypatch.setattr(vetting, "MAX_FILE_BYTES", 100)
    with pytest.raises(BadModel, match="larger than"):
        open_keras_file(path)


def outputs(*names, as_dict=False):
    """The answers are the pixels' sum times 1, times 2, …, and a map that is no answer."""
    image = layers.Input((8, 8, 1))
    x = layers.Flatten()(image)
    found = {
        name: layers.Dense(2, name=name, kernel_initializer=keras.initializers.Constant(i + 1.0))(x)
        for i, name in enumerate(names)
    }
    found["map"] = layers.Conv2D(1, 3, name="map")(image)
    return keras.Model(image, found if as_dict else list(found.values()))


def two_inputs():
    images = layers.Input((8, 8, 1)), layers.Input((8, 8, 1))
    return keras.Model(images, layers.Dense(2)(layers.Flatten()(layers.Add()(images))))


@pytest.mark.parametrize("as_dict", [False, True])
def test_one_of_several_outputs_is_chosen(tmp_path, as_dict):
    path = saved(tmp_path, outputs("cat", "dog", as_dict=as_dict))
    x = np.full((1, 8, 8, 1), 0.5, np.float32)
    whole = loading.whole_network(path)
    for name, place in outputs_to_choose(whole).items():
        for output in (name, place):
            network = open_keras_file(path, output)
            assert network(x).numpy().tolist() == [[32.0 * (1 + (name == "dog"))] * 2]
        assert not {"cat", "dog", "map"} - {name} & {layer.name for layer in network.layers}
    for wrong in ("bird", 7, "map", True):
        with pytest.raises(BadModel, match="has no output"):
            open_keras_file(path, wrong)


def test_the_only_output_that_can_answer_needs_no_choice(tmp_path):
    network = open_keras_file(saved(tmp_path, outputs("cat")))
    assert network.output_shape == (None, 2)


def test_a_single_answer_that_is_wrapped_up_is_unwrapped(tmp_path):
    image = layers.Input((8, 8, 1))
    network = keras.Model(image, {"cat": layers.Dense(2)(layers.Flatten()(image))})
    opened = open_keras_file(saved(tmp_path, network))
    assert opened(np.zeros((1, 8, 8, 1), np.float32)).shape == (1, 2)


def test_an_answer_at_one_place_is_flattened(tmp_path):
    convolutions = sequential(layers.Conv2D(3, 8, activation="softmax"))
    network = open_keras_file(saved(tmp_path, convolutions))
    assert network.output_shape == (None, 3)
    assert find_ending(network).kind == "softmax"


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16", "float16"])
def test_half_precision_becomes_float32(tmp_path, policy):
    inner = sequential(layers.Conv2D(2, 3, dtype=policy, activation="relu"))
    halved = sequential(inner, layers.Flatten(dtype=policy), layers.Dense(2, dtype=policy))
    network = open_keras_file(saved(tmp_path, halved))
    x = np.random.default_rng(0).uniform(0, 1, (2, 8, 8, 1)).astype(np.float32)
    assert network(x).dtype == "float32"
    assert {v.dtype for v in network.weights} == {"float32"}
    np.testing.assert_allclose(network(x), halved(x), rtol=0.02, atol=0.01)
    assert open_keras_file(saved(tmp_path, network)).get_config() == network.get_config()


@pytest.mark.parametrize(
    ("network", "message"),
    [
        (sequential(layers.Dense(2), shape=(10,)), "does not take images"),
        (sequential(layers.Flatten(), layers.Dense(2), shape=(8, 8, 4)), "8 × 8 × 4"),
        (sequential(layers.Conv2D(2, 3)), "not a classifier"),
        (outputs("cat", "dog"), "several outputs. Choose one of: cat, dog"),
        (two_inputs(), "has 2 inputs"),
        (sequential(layers.Dense(2), shape=(3, 8, 8)), "channels_first"),
        (sequential(layers.Conv2D(2, 1, data_format="channels_first")), "channels_first"),
    ],
)
def test_networks_that_do_not_classify_images(tmp_path, network, message):
    with pytest.raises(BadModel, match=message):
        open_keras_file(saved(tmp_path, network))


def test_a_configuration_that_is_not_text(tmp_path):
    with h5py.File(tmp_path / "net.h5", "w") as file:
        file.attrs["model_config"] = "{"
    with pytest.raises(BadModel, match="damaged"):
        open_keras_file(tmp_path / "net.h5")


@pytest.mark.parametrize("config", [[], "text", {"class_name": 3}, {"layers": [3, None]}])
def test_a_configuration_that_is_none(tmp_path, config):
    with zipfile.ZipFile(tmp_path / "net.keras", "w") as archive:
        archive.writestr("config.json", json.dumps(config))
        archive.writestr("model.weights.h5", b"")
    with pytest.raises(BadModel):
        open_keras_file(tmp_path / "net.keras")
