import numpy as np
import pytest

from cnnviz import images
from cnnviz.errors import BadImage
from tests.corpus import image_files

FILES = list(image_files.files())


def test_the_corpus_is_large_enough():
    assert len(FILES) >= 120
    assert len({name for name, *_ in FILES}) == len(FILES)


@pytest.mark.parametrize(("name", "data", "expected"), FILES, ids=[f[0] for f in FILES])
def test_every_file_becomes_pixels_or_a_sentence(name, data, expected):
    if isinstance(expected, str) and expected != image_files.EITHER:
        with pytest.raises(BadImage, match=expected):
            images.decode(data)
        return
    try:
        found = images.decode(data)
    except BadImage:
        assert expected == image_files.EITHER
        return
    assert found.dtype == np.uint8
    assert found.ndim == 3
    assert found.shape[2] in (1, 3)
    assert max(found.shape[:2]) <= images.MAX_SIDE
    if expected != image_files.EITHER:
        assert found.shape == expected
