"""Networks of ``keras.applications``: the same answers from raw pixels, and no half a download."""

import http.server
import inspect
import threading
import time

import keras
import numpy as np
import pytest
from keras.src.applications import mobilenet
from keras.src.backend import config as backend_config

import cnnviz
from cnnviz import storage
from cnnviz.errors import BadModel, Cancelled, NotFound, Offline
from cnnviz.models import applications
from cnnviz.models.application_list import APPLICATIONS, FAMILIES, Application, application
from cnnviz.models.loading import open_keras_file
from cnnviz.models.store import list_models

# The smallest of each family, and the smallest input that it takes.
SMALLEST = {
    "MobileNet": ("MobileNetV2", 32),
    "MobileNetV3": ("MobileNetV3Small", 32),
    "VGG": ("VGG16", 32),
    "ResNet": ("ResNet50", 32),
    "ResNetV2": ("ResNet50V2", 32),
    "Inception": ("InceptionV3", 75),
    "Xception": ("Xception", 71),
    "DenseNet": ("DenseNet121", 32),
    "NASNet": ("NASNetMobile", 32),
    "EfficientNet": ("EfficientNetB0", 32),
    "EfficientNetV2": ("EfficientNetV2B0", 32),
    "ConvNeXt": ("ConvNeXtTiny", 32),
}
DEEP = ("NASNet", "Inception", "DenseNet", "ConvNeXt")  # ten seconds and more each
MODULES = {
    "MobileNet": "mobilenet_v2",
    "MobileNetV3": "mobilenet_v3",
    "VGG": "vgg16",
    "ResNet": "resnet",
    "ResNetV2": "resnet_v2",
    "Inception": "inception_v3",
    "Xception": "xception",
    "DenseNet": "densenet",
    "NASNet": "nasnet",
    "EfficientNet": "efficientnet",
    "EfficientNetV2": "efficientnet_v2",
    "ConvNeXt": "convnext",
}


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("CNNVIZ_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(backend_config, "_KERAS_DIR", str(tmp_path / "keras"))
    (tmp_path / "keras").mkdir()
    return tmp_path


def lively(network: keras.Model) -> keras.Model:
    """Random weights that let the picture through: with fresh ones all answers are but even."""
    rng = np.random.default_rng(0)

    def drawn(weight: np.ndarray) -> np.ndarray:
        if weight.ndim == 4:  # depthwise kernels look at one channel
            fan = np.prod(weight.shape[:2] if weight.shape[-1] == 1 else weight.shape[:3])
            return rng.normal(0, np.sqrt(2 / fan), weight.shape)
        return weight + 0.02 * np.abs(rng.normal(0, 1, weight.shape)) * (weight.ndim == 1)

    network.set_weights([drawn(w).astype(w.dtype) for w in network.get_weights()])
    return network


def last_features(network: keras.Model, values: np.ndarray) -> np.ndarray:
    """What goes into the last layer: a softmax would hide differences."""
    inner = keras.Model(network.inputs, network.layers[-1].input)
    return np.asarray(inner(values, training=False)).reshape(len(values), -1)


@pytest.mark.parametrize(
    "family", [pytest.param(f, marks=pytest.mark.slow) if f in DEEP else f for f in FAMILIES]
)
def test_raw_pixels_give_what_keras_own_preprocessing_gives(family, tmp_path):
    name, side = SMALLEST[family]
    network = lively(
        getattr(keras.applications, name)(weights=None, input_shape=(side, side, 3), classes=7)
    )
    pixels = np.random.default_rng(1).integers(0, 256, (2, side, side, 3)).astype(np.float32)
    pixels[1] *= (1, 0.5, 0)  # the order of the colours counts
    prepare = getattr(keras.applications, MODULES[family]).preprocess_input
    expected = last_features(network, prepare(pixels.copy()))
    ready = applications.on_raw_pixels(network, APPLICATIONS[name])
    scale = np.abs(expected).max()
    np.testing.assert_allclose(last_features(ready, pixels), expected, rtol=0, atol=1e-4 * scale)
    if APPLICATIONS[name].about.pixels != "raw":  # and it was needed
        assert not any(isinstance(layer, keras.Model) for layer in ready.layers), "flat"
        assert np.abs(expected[0] - expected[1]).max() > 1e-2 * scale, "the picture counts"
        assert np.abs(last_features(network, pixels) - expected).max() > 1e-2 * scale
    if family in ("ConvNeXt", "VGG"):  # layers of their own, and a kernel that was turned round
        ready.save(tmp_path / "kept.keras")
        again = open_keras_file(tmp_path / "kept.keras", vetted=True)
        np.testing.assert_allclose(
            last_features(again, pixels), expected, rtol=0, atol=1e-4 * scale
        )


def test_every_network_of_keras_is_listed_once():
    known = {name for name, made in vars(keras.applications).items() if inspect.isfunction(made)}
    assert known == set(APPLICATIONS)
    assert {a.family for a in APPLICATIONS.values()} == set(FAMILIES)


@pytest.mark.parametrize(
    "wanted",
    [
        pytest.param(a, marks=() if a.parameters < 4e6 else pytest.mark.slow)
        for a in APPLICATIONS.values()
    ],
    ids=lambda a: a.name,
)
def test_parameters_and_input_are_what_keras_builds(wanted: Application):
    with keras.StatelessScope():  # no memory for the weights
        shape = (wanted.side, wanted.side, 3)
        network = getattr(keras.applications, wanted.name)(weights=None, input_shape=shape)
    assert sum(int(np.prod(v.shape)) for v in network.weights) == wanted.parameters
    assert network.input_shape == (None, wanted.side, wanted.side, 3)


def test_names_in_any_case_and_unknown_ones():
    assert application("keras:mobilenetv2").name == "MobileNetV2"
    with pytest.raises(NotFound, match="MobileNetV2"):
        application("../etc")


def test_without_a_connection_it_is_a_sentence_within_seconds(home):
    start = time.perf_counter()
    with pytest.raises(Offline, match=r"storage\.googleapis\.com.*Go online"):
        cnnviz.fetch_model("MobileNetV2")
    assert time.perf_counter() - start < 60  # seconds by itself; many on a busy machine
    assert not list((home / "home").glob("models/*")) and not list((home / "keras").rglob("*.h5"))


def test_a_name_that_nobody_looks_up_is_not_waited_for(monkeypatch):
    monkeypatch.setattr(applications, "CONNECT_SECONDS", 0.3)
    monkeypatch.setattr("socket.getaddrinfo", lambda *a, **k: time.sleep(5))
    start = time.perf_counter()
    with pytest.raises(Offline):
        applications.fetch_model("MobileNetV2")
    assert time.perf_counter() - start < 4


class Server:
    """Serves a file as Keras' host would; ``whole`` False breaks off in the middle."""

    def __init__(self, data: bytes, whole: bool = True) -> None:
        outer, self.asked = self, []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                outer.asked.append(self.path)
                self.send_response(200)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data if whole else data[: len(data) // 2])

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.address = f"http://127.0.0.1:{self.server.server_port}/"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture(scope="module")
def weights(tmp_path_factory) -> bytes:
    path = tmp_path_factory.mktemp("weights") / "small.weights.h5"
    keras.utils.set_random_seed(3)
    keras.applications.MobileNet(weights=None).save_weights(path)
    return path.read_bytes()


@pytest.fixture
def at(monkeypatch):
    def at_(server: Server) -> None:
        monkeypatch.setattr(mobilenet, "BASE_WEIGHT_PATH", server.address)
        monkeypatch.setattr(applications, "_HOST", server.address)

    return at_


def test_a_network_is_fetched_kept_and_not_fetched_twice(weights, at, home, monkeypatch):
    # Keras' own files are of an older form that has no ending of its own
    load = keras.Model.load_weights

    def load_weights(self, path, **options):
        renamed = f"{path}.weights.h5"
        keras.src.utils.file_utils.shutil.copy(path, renamed)
        return load(self, renamed, **options)

    monkeypatch.setattr(keras.Model, "load_weights", load_weights)
    said = []
    with Server(weights) as server:
        at(server)
        reference = cnnviz.fetch_model("mobilenet", report=lambda f, text: said.append(f))
        assert cnnviz.fetch_model("MobileNet") == reference
        other = cnnviz.fetch_model("MobileNet", owner="somebody")
        assert other != reference
        assert len([path for path in server.asked if "mobilenet" in path]) == 1
    assert said == sorted(said) and len(said) > 5 and said[-1] < 1
    [entry] = [e for e in list_models(storage.LOCAL_OWNER) if e.reference == reference]
    card = entry.card
    assert card.title == "MobileNet" and card.licence == "Apache-2.0" and card.fit == "crop"
    assert card.class_names[281] == "tabby" and card.parameters == 4_253_864
    assert not list(home.rglob("*.part-*"))
    model = cnnviz.load_model(reference)
    images = np.random.default_rng(0).integers(0, 256, (1, 224, 224, 3), np.uint8)
    keras.utils.set_random_seed(3)
    network = keras.applications.MobileNet(weights=None)
    expected = network(keras.applications.mobilenet.preprocess_input(images.astype("float32")))
    np.testing.assert_allclose(model.predict(images), expected, atol=1e-6)


def test_half_a_file_is_not_left(weights, at, home):
    with Server(weights, whole=False) as server:
        at(server)
        with pytest.raises(Offline, match="broke off"):
            cnnviz.fetch_model("MobileNet")
    assert not [f for f in (home / "keras").rglob("*") if f.is_file() and "mobilenet" in f.name]
    assert not [e for e in list_models() if e.reference.startswith("model:")]


def test_a_wrong_file_is_not_left_either(at, home):
    """What an access point answers that wants a login first."""
    with Server(b"<html>Please log in</html>") as server:
        at(server)
        with pytest.raises(Offline, match="damaged"):
            cnnviz.fetch_model("MobileNet")
    assert not [f for f in (home / "keras").rglob("*") if f.is_file() and "mobilenet" in f.name]


def test_a_damaged_file_in_keras_folder_is_a_sentence(home):
    (home / "keras" / "models").mkdir()
    (home / "keras" / "models" / "mobilenet_1_0_224_tf.h5").write_bytes(b"not a file of weights")
    with pytest.raises(BadModel, match="Delete it from the folder"):
        cnnviz.fetch_model("MobileNet")


def test_a_download_can_be_stopped(weights, at, home):
    seen = []

    def cancelled():
        if seen and seen[-1] > 0.2:
            raise Cancelled("Stopped.")

    with Server(weights) as server:
        at(server)
        with pytest.raises(Cancelled):
            applications.fetch_model(
                "MobileNet", report=lambda f, text: seen.append(f), check_cancelled=cancelled
            )
    assert seen[-1] < 0.5
    assert not [f for f in (home / "keras").rglob("*") if f.is_file() and "mobilenet" in f.name]
