import pytest

from cnnviz import storage
from cnnviz.datasets.zips import read_zip
from tests.corpus import judging

FILES = list(judging.files("zips"))


def test_the_corpus_is_large_enough():
    assert len(FILES) >= judging.BARS["zips"]
    assert len({name for name, *_ in FILES}) == len(FILES)
    unsure = {name for name, _data, expected in FILES if expected == judging.EITHER}
    assert unsure == set(judging.recorded("zips")), "each has an outcome that was looked at"


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("CNNVIZ_HOME", str(tmp_path / "home"))
    storage.area("uploads")
    return tmp_path


def everything(folder):
    return {str(f.relative_to(folder)) for f in folder.rglob("*") if f.is_file()}


@pytest.mark.parametrize(("name", "data", "expected"), FILES, ids=[f[0] for f in FILES])
def test_every_zip_becomes_a_data_set_or_its_sentence_and_leaves_nothing(
    home, name, data, expected
):
    before = everything(home)
    assert judging.complaint("zips", name, data, expected) is None
    assert everything(home) == before


def test_nothing_is_written_while_a_zip_is_read(home):
    before = everything(home)
    read_zip(next(data for name, data, _ in FILES if name == "flat folders"), size=(8, 8))
    assert everything(home) == before
