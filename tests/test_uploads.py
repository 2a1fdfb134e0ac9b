"""What people bring is kept under an id; their file names are only text."""

import io

import numpy as np
import pytest
from PIL import Image

from cnnviz import storage, uploads
from cnnviz.errors import BadImage, NotFound


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("CNNVIZ_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def png(pixels: np.ndarray, **options) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG", **options)
    return buffer.getvalue()


@pytest.mark.parametrize("shape", [(7, 9), (7, 9, 3)])
def test_an_image_comes_back_pixel_by_pixel(shape):
    pixels = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    identifier = uploads.save_image(png(pixels), "ann")
    np.testing.assert_array_equal(uploads.load_image(identifier), np.atleast_3d(pixels))
    meta = uploads.meta(identifier)
    assert (meta["kind"], meta["owner"]) == ("image", "ann") and meta["created"] > 1e9


def test_only_pixels_are_kept_of_an_image():
    """Where a photo was taken is nobody's business."""
    exif = Image.Exif()
    exif[0x010E] = "taken at home"
    data = png(np.zeros((4, 4, 3), np.uint8), exif=exif)
    assert b"taken at home" in data
    folder = storage.entry("uploads", uploads.save_image(data))
    assert all(b"taken at home" not in path.read_bytes() for path in folder.iterdir())


def test_nothing_is_kept_of_a_file_that_is_no_image(home):
    with pytest.raises(BadImage):
        uploads.save_image(b"text")
    assert not (home / "uploads").exists() or not list((home / "uploads").iterdir())


@pytest.mark.parametrize("name", ["../../evil.keras", "/etc/passwd", "模型.h5", "x" * 5000])
def test_file_names_never_become_paths(name, home):
    identifier = uploads.save_file(b"weights", name, "ann")
    path = uploads.file_of(identifier)
    assert path.read_bytes() == b"weights"
    assert path.resolve().is_relative_to((home / "uploads" / identifier).resolve())
    assert uploads.meta(identifier)["filename"] == name[:200]
    assert uploads.meta(identifier)["kind"] == "model"
    assert sorted(p.name for p in path.parent.iterdir()) == ["file", "meta.json"]


def test_an_image_is_no_file_and_a_file_no_image():
    image = uploads.save_image(png(np.zeros((4, 4), np.uint8)))
    file = uploads.save_file(b"weights", "x.keras")
    with pytest.raises(NotFound, match="not a file"):
        uploads.file_of(image)
    with pytest.raises(NotFound, match="not an image"):
        uploads.load_image(file)


@pytest.mark.parametrize("identifier", ["", "..", "../../etc", "0" * 24])
def test_what_is_not_there(identifier):
    for read in (uploads.load_image, uploads.file_of, uploads.meta):
        with pytest.raises(NotFound):
            read(identifier)
