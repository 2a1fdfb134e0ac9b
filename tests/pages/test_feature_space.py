"""The page of the feature space, asked of real workers about 500 digits."""

from __future__ import annotations

import numpy as np
import pytest

from cnnviz.compute import get_engine
from cnnviz.ui.plain_text import plain
from cnnviz.ui.space_map import counts_in_words
from cnnviz.ui.space_saving import table

DIGITS = {"model": "shipped:mnist_lenet5", "dataset": "mnist"}
QUICK = {"model": "shipped:mnist_lenet5", "method": "pca", "count": "500"}
OUTSIDE = "data:mnist/train/3"


def clean(at):
    assert not at.exception
    assert not at.error, at.error[0].value
    return at


def words(at) -> str:
    return "\n".join(m.value for m in at.markdown)


@pytest.fixture(scope="module")
def answer():
    """What the page asks for; the image is placed, too, so that the star is there at once."""
    engine = get_engine()
    for image in ("data:mnist/test/0", OUTSIDE, "photo:chelsea"):
        engine.answer("place_image", **DIGITS, limit=500, image=image)
    return engine.answer("embedding", **DIGITS, limit=500, method="pca")


def test_the_image_at_hand_lands_among_its_neighbours(open_page, answer):
    at = clean(open_page("feature_space", **QUICK))
    assert "500 test images of Digits, by their features at the layer" in words(at)
    assert "The star is “Digits · 7”" in words(at).replace("\\", "")
    at = clean(open_page("feature_space", **QUICK, image=OUTSIDE))
    assert "nearest images" in words(at)
    assert "unlike all of them" not in words(at)
    at = clean(open_page("feature_space", **QUICK, image="photo:chelsea"))
    assert "unlike all of them" in words(at)


def test_colours_and_background_are_part_of_the_link(open_page, answer):
    at = clean(open_page("feature_space", **QUICK, colour="loss", ground="regions"))
    assert at.segmented_control(key="choice-colour").value == "loss"
    assert "not the network's true border" in words(at)
    for colour in ("called", "confidence", "right", "class"):
        clean(at.segmented_control(key="choice-colour").set_value(colour).run())
    assert "colour" not in at.query_params


def test_links_that_make_no_sense_show_the_usual_map(open_page, answer):
    nonsense = {"colour": "x", "ground": "1", "perplexity": "-4", "seed": "x", "pooling": "../"}
    at = clean(open_page("feature_space", **QUICK, **nonsense, at="99999999999", show="films"))
    assert "500 test images" in words(at)


def test_a_link_to_an_image_opens_it(open_page, answer):
    index = str(answer["indices"][3])
    at = clean(open_page("feature_space", **QUICK, at=index))
    assert any(index in c.value for c in at.caption)


def test_chosen_images_are_exactly_those(open_page, answer):
    at = open_page("feature_space", **QUICK)
    chosen = answer["indices"][[4, 40, 400]]
    at.session_state["_space-lasso"] = ("mnist", "test", chosen)
    clean(at.run())
    said = next(m.value for m in at.markdown if "You drew around" in m.value)
    assert "3 images" in said
    for label in set(answer["labels"][[4, 40, 400]].tolist()):
        assert f"“{label}”" in said
    at.session_state["_space-lasso"] = ("mnist", "train", chosen)
    assert "You drew around" not in words(clean(at.run()))


def test_layer_after_layer(open_page):
    engine = get_engine()
    measured = engine.answer("layer_separation", **DIGITS)
    engine.answer("layer_maps", **DIGITS)  # here, where a test may wait for it
    at = clean(open_page("feature_space", model=DIGITS["model"], show="layers"))
    slider = at.select_slider(key="choice-layer")
    assert list(slider.options) == [plain(name) for name in measured["layers"]]
    assert slider.value == "dense_relu_2"
    shown = [m.value for m in at.metric]
    assert shown[1] == f"{measured['silhouette'][-1]:.2f}"
    clean(slider.set_value("relu_1").run())
    assert at.metric[1].value == f"{measured['silhouette'][0]:.2f}"
    assert at.query_params["layer"] in ("relu_1", ["relu_1"])


@pytest.mark.slow
def test_how_far_a_map_can_be_trusted(answer):
    from streamlit.testing.v1 import AppTest

    def panel(answer):
        from cnnviz.ui import many, space_choices, space_trust

        labelled = many.choose()
        space_trust.draw(labelled, answer, space_choices.read(labelled))

    at = AppTest.from_function(panel, kwargs={"answer": answer}, default_timeout=240)
    for name, value in QUICK.items():
        at.query_params[name] = value
    clean(at.run())
    assert f"{answer['trustworthiness']:.3f}" in words(at)
    assert "Sizes of groups" in words(at)
    clean(at.button(key="other-maps").click().run())
    titles = [m.value for m in at.markdown if m.value.startswith(("**Perplexity", "**PCA"))]
    assert len(titles) == 6 and len(set(titles)) == 6
    assert sum("Trustworthiness" in c.value for c in at.caption) == 6
    at.button(key="large-50-0").click().run()
    assert at.session_state["_chosen_perplexity"] == "50"
    assert "_chosen_method" not in at.session_state


def test_points_as_a_table(answer):
    rows = table(answer, ["=cmd()", *"123456789"]).decode("utf-8-sig").splitlines()
    assert rows[0] == "index,class,called,confidence,loss,x,y" and len(rows) == 501
    zero = int(np.flatnonzero(answer["labels"] == 0)[0])
    cells = rows[1 + zero].split(",")
    assert cells[1] == "'=cmd()" and int(cells[0]) == answer["indices"][zero]
    np.testing.assert_allclose([float(c) for c in cells[5:]], answer["points"][zero], rtol=1e-4)


def test_many_classes_are_summed_up():
    said = counts_in_words(np.repeat(np.arange(8), [9, 8, 7, 6, 5, 2, 1, 1]), list("abcdefgh"))
    assert said == "9 × “a”, 8 × “b”, 7 × “c”, 6 × “d”, 5 × “e”, 4 others"
