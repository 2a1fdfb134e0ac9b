"""What a session holds on to after its page: sixty of them share one process's memory."""

import gc
import weakref

import pytest

from cnnviz.ui import data_view


@pytest.mark.parametrize("name", ["cifar10", "mnist"])
def test_no_data_set_stays(open_page, monkeypatch, name):
    """Streamlit keeps the functions of widgets, and with them whatever those know."""
    seen = []
    load = data_view.load_dataset

    def loaded(*given):
        dataset = load(*given)
        seen.append(weakref.ref(dataset.images))
        return dataset

    monkeypatch.setattr(data_view, "load_dataset", loaded)
    at = open_page("data", data=name)
    assert seen and not at.exception
    gc.collect()
    assert [ref() is None for ref in seen] == [True] * len(seen)
