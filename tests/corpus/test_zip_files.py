import pytest

from cnnviz import storage
from cnnviz.datasets.imported import import_dataset, load_imported
from cnnviz.datasets.zips import read_zip
from cnnviz.errors import BadDataset
from tests.corpus import zip_files

FILES = list(zip_files.files())


def test_the_corpus_is_large_enough():
    assert len(FILES) >= 80
    assert len({name for name, *_ in FILES}) == len(FILES)


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("CNNVIZ_HOME", str(tmp_path / "home"))
    storage.area("uploads")
    return tmp_path


def everything(folder):
    return {str(f.relative_to(folder)) for f in folder.rglob("*")}


@pytest.mark.parametrize(("name", "data", "expected"), FILES, ids=[f[0] for f in FILES])
def test_every_zip_becomes_a_data_set_or_a_sentence(home, name, data, expected):
    before = everything(home)
    if isinstance(expected, str) and expected != zip_files.EITHER:
        with pytest.raises(BadDataset, match=expected):
            import_dataset(data, "mine.zip", size=(8, 8))
        assert everything(home) == before
        return
    try:
        identifier = import_dataset(data, "mine.zip", size=(8, 8))
    except BadDataset:
        assert expected == zip_files.EITHER
        assert everything(home) == before
        return
    made = everything(home) - before
    assert all(f.startswith(f"home/uploads/{identifier}") for f in made)
    if expected != zip_files.EITHER:
        counts = dict.fromkeys(expected, 0)
        for split in ("train", "val", "test"):
            part = load_imported(identifier, split)
            for label in part.labels:
                counts[part.class_names[label]] += 1
        assert counts == expected


def test_nothing_is_written_while_a_zip_is_read(home):
    before = everything(home)
    read_zip(next(data for name, data, _ in FILES if name == "flat folders"), size=(8, 8))
    assert everything(home) == before
