import numpy as np
import pytest

from cnnviz import uploads
from cnnviz.datasets.bundled import image_at
from cnnviz.datasets.image_references import FOLDER, PHOTOS, open_image
from cnnviz.errors import BadInput, CnnvizError, NotFound
from tests.datasets.pictures import picture


@pytest.mark.parametrize("name", PHOTOS)
def test_photos(name):
    opened = open_image(f"photo:{name}")
    assert (
        opened.image.ndim == 3 and opened.image.shape[2] == 3 and min(opened.image.shape[:2]) > 200
    )
    assert opened.reference == f"photo:{name}" and opened.title and opened.label is None
    assert opened.image is open_image(f"photo:{name}").image  # decoded once
    assert PHOTOS[name].licence


def test_every_photo_file_is_listed():
    assert {p.stem for p in FOLDER.glob("*.jpg")} == set(PHOTOS)


def test_images_of_data_sets():
    opened = open_image("data:mnist/test/3")
    np.testing.assert_array_equal(opened.image, image_at("mnist", "test", 3)[0])
    assert (opened.title, opened.label) == ("Digits", "0")


def test_uploads(home):
    identifier = uploads.save_image(picture((1, 2, 3)))
    opened = open_image(f"upload:{identifier}")
    assert opened.image[5, 5].tolist() == [1, 2, 3] and opened.label is None


@pytest.mark.parametrize(
    ("reference", "error"),
    [
        ("", BadInput),
        ("chelsea", BadInput),
        ("file:///etc/passwd", BadInput),
        ("photo:../../../etc/passwd", NotFound),
        ("photo:", NotFound),
        ("photo:" + "x" * 10_000, NotFound),
        ("upload:../../etc", NotFound),
        ("upload:" + "0" * 24, NotFound),
        ("upload:" + "0" * 24 + "\n", NotFound),
        ("data:mnist/test", BadInput),
        ("data:mnist/test/-1", BadInput),
        ("data:mnist/test/1.5", BadInput),
        ("data:mnist/test/٣", BadInput),
        ("data:mnist/test/" + "9" * 9, NotFound),
        ("data:mnist/test/" + "9" * 5000, BadInput),
        ("data:mnist/../test/1", NotFound),
        ("data:mnist/dev/1", BadInput),
        ("data:/etc/test/1", NotFound),
        ("data:upload:../../etc/test/1", NotFound),
        ("data:upload:" + "0" * 24 + "/test/1", NotFound),
    ],
)
def test_hostile_references_get_a_short_sentence(reference, error, home):
    with pytest.raises(CnnvizError) as caught:
        open_image(reference)
    assert type(caught.value) is error and len(str(caught.value)) < 200
