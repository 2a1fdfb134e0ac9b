import pytest

from tests.corpus import judging

FILES = list(judging.files("images"))


def test_the_corpus_is_large_enough():
    assert len(FILES) >= judging.BARS["images"]
    assert len({name for name, *_ in FILES}) == len(FILES)
    unsure = {name for name, _data, expected in FILES if expected == judging.EITHER}
    assert unsure == set(judging.recorded("images")), "each has an outcome that was looked at"


@pytest.mark.parametrize(("name", "data", "expected"), FILES, ids=[f[0] for f in FILES])
def test_every_file_becomes_the_right_pixels_or_its_sentence(name, data, expected):
    assert judging.complaint("images", name, data, expected) is None
