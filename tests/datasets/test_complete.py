"""Complete originals, without ever downloading one."""

import socket
import time
import urllib.error
import urllib.request

import keras
import numpy as np
import pytest
from keras.src.utils import file_utils

from cnnviz.datasets import bundled, complete
from cnnviz.datasets.loading import load_dataset
from cnnviz.errors import BadInput, NotFound, Offline


@pytest.fixture(autouse=True)
def nothing_remembered():
    complete._training_images.cache_clear()
    yield
    complete._training_images.cache_clear()


@pytest.fixture
def online(monkeypatch):
    """Keras finds originals: 600 images whose first pixel says which they are."""
    labels = np.arange(600) % 10

    def originals(shape, label_shape):
        images = np.zeros((600, *shape), np.uint8)
        images.reshape(600, -1)[:, :2] = np.stack([np.arange(600) // 256, np.arange(600) % 256], 1)
        return (images, labels.reshape(label_shape).astype(np.uint8)), (images[:5], labels[:5])

    mnist, cifar = originals((28, 28), (-1,)), originals((32, 32, 3), (-1, 1))
    monkeypatch.setattr(keras.datasets.mnist, "load_data", lambda: mnist)
    monkeypatch.setattr(keras.datasets.cifar10, "load_data", lambda: cifar)


def numbers(dataset):
    pixels = dataset.images.reshape(len(dataset), -1).astype(int)
    return pixels[:, 0] * 256 + pixels[:, 1]


@pytest.mark.parametrize(("name", "shape"), [("mnist", (28, 28, 1)), ("cifar10", (32, 32, 3))])
def test_a_fixed_stratified_tenth_is_for_validation(online, name, shape):
    train = load_dataset(name, "train", complete=True)
    val = load_dataset(name, "val", complete=True)
    assert train.images.shape == (540, *shape) and train.images.dtype == np.uint8
    assert train.labels.shape == (540,) and train.labels.dtype == np.int64
    assert np.bincount(val.labels).tolist() == [6] * 10
    assert sorted([*numbers(train), *numbers(val)]) == list(range(600))
    np.testing.assert_array_equal(numbers(train) % 10, train.labels)
    complete._training_images.cache_clear()
    np.testing.assert_array_equal(numbers(load_dataset(name, "val", complete=True)), numbers(val))
    assert train.class_names == bundled.DATASETS[name].class_names
    assert len(load_dataset(name, limit=30, complete=True)) == 30


def test_the_test_set_is_the_bundled_one():
    test = load_dataset("mnist", "test", complete=True)
    np.testing.assert_array_equal(test.images[:9], load_dataset("mnist", "test").images[:9])


def test_a_failing_download_is_one_sentence(monkeypatch, tmp_path):
    def unreachable(*_arguments, **_options):
        raise urllib.error.URLError(OSError(101, "Network is unreachable"))

    monkeypatch.setattr(file_utils, "urlretrieve", unreachable)
    monkeypatch.setattr(file_utils.config, "keras_home", lambda: str(tmp_path))
    for name in (d.name for d in bundled.DATASETS.values() if not d.base):
        with pytest.raises(Offline, match=f"“{name}” has to be downloaded"):
            load_dataset(name, complete=True)


def test_an_unreachable_proxy_is_one_sentence_within_seconds(monkeypatch, tmp_path):
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(urllib.request, "_opener", None)  # it remembers the proxies it started with
    monkeypatch.setattr(file_utils.config, "keras_home", lambda: str(tmp_path))
    before, start = socket.getdefaulttimeout(), time.monotonic()
    with pytest.raises(Offline, match="Go online"):
        complete.load_complete("mnist")
    assert time.monotonic() - start < 30
    assert socket.getdefaulttimeout() == before


def test_only_what_there_is():
    with pytest.raises(NotFound, match="no data set called"):
        complete.load_complete("imagenet")
    with pytest.raises(BadInput, match="A split is one of"):
        complete.load_complete("mnist", "dev")
    with pytest.raises(BadInput, match="Only the bundled"):
        load_dataset("upload:" + "0" * 24, complete=True)
