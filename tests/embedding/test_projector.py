import io
import zipfile

import cv2
import numpy as np
import pytest

from cnnviz.embedding.projector import projector_files

METADATA = {
    "index": range(10),
    "class": ["a\tb", "c\nd", "<b>", "", "“e”", "f", "g", "h", "i", "j"],
}


def unpacked(data):
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.fixture
def made():
    features = np.random.default_rng(0).normal(size=(10, 6)).astype(np.float16)
    tiles = [np.full((5, 4, 3), 20 * i, np.uint8) for i in range(10)]
    return features, unpacked(projector_files(features, METADATA, tiles, 'la"yer 1'))


def test_vectors_and_what_is_known_of_them(made):
    features, files = made
    rows = np.loadtxt(io.BytesIO(files["tensors.tsv"]), delimiter="\t")
    np.testing.assert_allclose(rows, features, rtol=1e-4)
    lines = files["metadata.tsv"].decode().splitlines()
    assert lines[:4] == ["index\tclass", "0\ta b", "1\tc d", "2\t<b>"]
    assert lines[4] == "3\t-" and len(lines) == 11


def test_the_sheet_has_each_image_in_its_place(made):
    _, files = made
    sheet = cv2.imdecode(np.frombuffer(files["sprite.png"], np.uint8), cv2.IMREAD_COLOR)
    assert sheet.shape == (20, 16, 3)
    for i in range(10):
        assert sheet[i // 4 * 5 + 2, i % 4 * 4 + 2, 0] == 20 * i


def test_many_columns_become_principal_components_and_the_note_says_so():
    rng = np.random.default_rng(0)
    features = rng.normal(size=(300, 3)) @ rng.normal(size=(3, 400))
    tiles = [np.zeros((100, 80, 1), np.uint8)] * 300
    files = unpacked(projector_files(features, {"a": range(300), "b": range(300)}, tiles, "x"))
    rows = np.loadtxt(io.BytesIO(files["tensors.tsv"]), delimiter="\t")
    assert rows.shape == (300, 256)
    whole, kept = (np.linalg.norm(x[0] - x[1:], axis=1) for x in (features, rows))
    np.testing.assert_allclose(kept, whole, rtol=1e-3)
    assert "principal components of 400 features; they hold 100%" in files["README.txt"].decode()
    sheet = cv2.imdecode(np.frombuffer(files["sprite.png"], np.uint8), cv2.IMREAD_GRAYSCALE)
    assert sheet.shape == (18 * 64, 18 * 51)


def test_tensorboard_reads_it(made, tmp_path):
    """Its own code opens the configuration, the vectors, the table and the sheet."""
    features, files = made
    plugin = pytest.importorskip("tensorboard.plugins.projector.projector_plugin")
    context = pytest.importorskip("tensorboard.plugins.base_plugin").TBContext
    from werkzeug.test import Client

    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    opened = plugin.ProjectorPlugin(context(logdir=str(tmp_path), data_provider=None))
    opened._append_plugin_asset_directories = lambda pairs: None  # runs of a real event file
    served = opened.get_plugin_apps()

    def get(path, **query):
        answer = Client(served[path]).get(path, query_string={"run": ".", **query})
        assert answer.status_code == 200, answer.data
        return answer

    info = get("/info").json
    name = info["embeddings"][0]["tensorName"]
    assert name == "la_yer_1"
    assert info["embeddings"][0]["sprite"]["singleImageDim"] == [4, 5]
    found = np.frombuffer(get("/tensor", name=name).data, np.float32).reshape(10, 6)
    np.testing.assert_allclose(found, features, rtol=1e-4)
    assert get("/metadata", name=name, num_rows="11").data == files["metadata.tsv"]
    assert get("/sprite_image", name=name).data == files["sprite.png"]
