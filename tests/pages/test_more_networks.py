"""Networks of Keras by name, on a machine that cannot reach where they are."""

from __future__ import annotations

import socket
import time

import pytest

from cnnviz.compute import get_engine
from cnnviz.errors import NotFound
from cnnviz.models.application_list import APPLICATIONS
from cnnviz.models.store import list_models


def reachable() -> bool:
    try:
        socket.create_connection(("storage.googleapis.com", 443), 2).close()
    except OSError:
        return False
    return True


def test_every_network_can_be_chosen_with_what_it_is_known_for(open_page):
    at = open_page("models")
    box = at.selectbox(key="network-name")
    assert box.options == list(APPLICATIONS)
    box.select("VGG16").run()
    assert not at.exception and not at.error
    assert at.button(key="fetch-network").label == "Fetch VGG16 (553 MB)"
    assert any("nothing but 3×3 convolutions" in m.value for m in at.markdown)
    assert any("138,357,544 parameters" in c.value for c in at.caption)


@pytest.mark.skipif(reachable(), reason="this machine is online: it would download")
def test_offline_is_one_sentence_soon(open_page):
    at = open_page("models")
    start = time.perf_counter()
    at.button(key="fetch-network").click().run()
    assert time.perf_counter() - start < 60  # seconds by itself
    assert not at.exception
    assert [e.value.replace("\\", "") for e in at.error] == [
        "The network has to be downloaded from storage.googleapis.com, which cannot be reached "
        "from here. Go online and try again."
    ]
    assert not [e for e in list_models() if e.reference.startswith("model:")]
    at.run()
    assert not at.error, "it is not tried again by itself"


def test_a_name_that_keras_does_not_know_is_a_sentence():
    with pytest.raises(NotFound, match="Keras has no network called"):
        get_engine().ask("fetch_application", network="../../etc").result()
