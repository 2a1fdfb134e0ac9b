import subprocess
import sys

import numpy as np
import pytest

from cnnviz.datasets import loading
from cnnviz.datasets.loading import load_dataset
from cnnviz.errors import BadInput, NotFound
from tests.datasets.pictures import flat, packed, picture, write


def test_folders_and_zips_by_their_path(tmp_path):
    folder = write(tmp_path / "animals", flat(10))
    (tmp_path / "animals.zip").write_bytes(packed(flat(10)))
    for path in (folder, str(folder), tmp_path / "animals.zip"):
        assert len(load_dataset(path)) == 24 and len(load_dataset(path, "val")) == 3
        assert load_dataset(path, "test", size=(20, 30)).images.shape == (3, 20, 30, 3)
        assert np.bincount(load_dataset(path, limit=6).labels).tolist() == [2, 2, 2]


def test_images_are_decoded_once_until_a_file_changes(tmp_path, monkeypatch):
    folder = write(tmp_path / "animals", flat(10))
    first = load_dataset(folder)
    assert load_dataset(folder).images is first.images
    write(folder, {"cat/new.png": picture((200, 40, 40), shade=99)})
    assert len(load_dataset(folder)) == 25
    loading._read.cache_clear()


def test_what_is_not_there(tmp_path):
    with pytest.raises(NotFound, match="mnist, .*folders or zips"):
        load_dataset(tmp_path / "nothing")
    with pytest.raises(BadInput, match="A split is one of"):
        load_dataset(write(tmp_path / "animals", flat(3)), "dev")


def test_reading_data_brings_no_tensorflow():
    code = "import sys, cnnviz.datasets.image_references, cnnviz.datasets.imported\n"
    code += "cnnviz.datasets.image_references.open_image('data:mnist/test/0')\n"
    code += "print([m for m in ('tensorflow', 'keras', 'streamlit') if m in sys.modules])"
    output = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert output.stdout.strip() == "[]"
