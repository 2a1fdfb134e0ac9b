"""Your things: what there is, what it takes, and deleting it."""

from __future__ import annotations

import io
import os

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from cnnviz import belongings, quotas, uploads
from cnnviz.errors import CnnvizError, NotFound
from cnnviz.storage import LOCAL_OWNER
from cnnviz.ui.sentences import in_words


def png(seed: int = 0) -> bytes:
    noise = np.random.default_rng(seed).integers(0, 256, (40, 20, 3), np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(noise).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.fixture(autouse=True)
def nobody_else(tmp_path, monkeypatch):
    """Other page tests leave things behind."""
    monkeypatch.setenv("CNNVIZ_HOME", str(tmp_path))


@pytest.fixture
def things():
    """Three things of whoever looks, and one of somebody else."""
    made = [uploads.save_image(png(n)) for n in range(2)]
    made.append(uploads.save_file(bytes(50_000), "![x](http://evil.example/y.png)<b>.keras"))
    theirs = uploads.save_image(png(9), "somebody-else")
    yield [*made, theirs]
    for identifier in (*made, theirs):
        for owner in (LOCAL_OWNER, "somebody-else"):
            try:
                uploads.delete(identifier, owner)
            except NotFound:
                continue


def test_nothing_yet(open_page):
    at = open_page("your_things")
    assert not at.exception and not at.error
    assert at.title[0].value == "What have I brought and made?"
    assert not belongings.of(LOCAL_OWNER) and not at.dataframe and at.info


def test_everything_of_ones_own_is_listed_and_nothing_else(open_page, things):
    at = open_page("your_things")
    assert not at.exception and not at.error
    shown = at.dataframe[0].value
    assert list(shown["what"]) == ["![x](http://evil.example/y.png)<b>.keras", "Image", "Image"]
    assert list(shown["kind"]) == ["brought files", "images", "images"]
    assert [str(p)[:22] for p in shown[" "]][1:] == ["data:image/png;base64,"] * 2
    taken = quotas.megabytes(sum(t.size for t in belongings.of(LOCAL_OWNER)))
    assert any(taken in m.value for m in at.markdown)
    assert any("30 days" in c.value for c in at.caption)


def test_looking_at_the_list_is_no_use_of_an_image(open_page, things):
    meta = belongings.of(LOCAL_OWNER)[0].folder / "meta.json"
    os.utime(meta, (1e9, 1e9))
    open_page("your_things")
    assert meta.stat().st_mtime == 1e9


def ticked() -> None:
    """A page on which everything is ticked: AppTest cannot tick rows of a table."""
    from cnnviz import belongings
    from cnnviz.ui import address, own_things

    own = belongings.of("local")
    address.choose(
        "image", next((f"upload:{t.identifier}" for t in own if t.kind == "image"), None)
    )
    own_things.actions(own)


def test_ticked_things_are_deleted_after_a_question(things):
    at = AppTest.from_function(ticked, default_timeout=60).run()
    assert not at.exception and len(belongings.of(LOCAL_OWNER)) == 3
    text = "\n".join(m.value for m in at.markdown)
    assert r"\!\[x\]\(http" in text and "![x]" not in text
    at.button(key="sure-delete-things").click().run()
    assert not at.exception and not at.error
    assert belongings.of(LOCAL_OWNER) == []
    assert len(belongings.of("somebody-else")) == 1
    assert "_chosen_image" not in at.session_state, "what was open is gone"


def test_what_a_link_brings_into_a_sentence_is_shown_as_itself():
    error = CnnvizError("There is no “{name}” (any more). {count}", name="![x](//evil)", count=3)
    assert in_words(error) == r"There is no “\!\[x\]\(//evil\)” (any more). 3"
