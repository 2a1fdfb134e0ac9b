"""“Can I trust this?”, asked of real workers with small networks."""

from __future__ import annotations

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from cnnviz.explanation.trust_results import Comparison, Faithfulness, Randomisation

DIGITS = "shipped:mnist_lenet5"


def panel(method, target, against):
    from cnnviz.ui import current, trust_panel

    opened = current.model()
    trust_panel.show(opened, current.image(opened), opened.card, method, target, None, against)


def shown(method="grad_cam", target=None, against=None, **chosen):
    """The panel alone, with choices in the address."""
    arguments = {"method": method, "target": target, "against": against}
    at = AppTest.from_function(panel, kwargs=arguments, default_timeout=240)
    for name, value in {"model": DIGITS, **chosen}.items():
        at.query_params[name] = value
    return clean(at.run())


def clean(at):
    assert not at.exception
    assert not at.error, at.error[0].value
    return at


def parameter(at, name: str) -> str | None:
    value = at.query_params.get(name)
    return value[0] if isinstance(value, list) else value


def heading(at) -> str:
    return next(m.value for m in at.markdown if m.value.startswith("#### "))


def test_pixels_are_taken_away_step_by_step():
    at = shown()
    assert "Removing the brightest fifth took the vote for 7 from 99" in heading(at)
    assert "of 19 random maps" in heading(at)
    slider = at.select_slider(key="choice-trust-deletion")
    assert slider.value == 20
    before = next(m.value for m in at.markdown if m.value.startswith("### 7:"))
    clean(slider.set_value(70).run())
    assert parameter(at, "trust_deletion") == "70"
    after = next(m.value for m in at.markdown if m.value.startswith("### 7:"))
    assert after != before
    for way, words in (("insertion", "blurred beyond"), ("road", "made up from")):
        clean(at.segmented_control(key="choice-trust_way").set_value(way).run())
        assert parameter(at, "trust_way") == way
        assert any(words in c.value for c in at.caption)
    assert any("| **ROAD** |" in m.value for m in at.markdown)


def test_the_link_is_forgiven():
    at = shown(trust="nonsense", trust_way="x", trust_deletion="-7", trust_stage="y")
    assert at.select_slider(key="choice-trust-deletion").value == 0
    assert at.segmented_control(key="choice-trust").value == "pixels"


def test_classes_held_against_each_other():
    at = shown("hires_cam", target=7, against=3)
    assert any("of both votes" in m.value for m in at.markdown)


def test_a_class_without_a_vote_is_said():
    assert "too little" in heading(shown("gradient", target=1))


def test_a_network_forgets_stage_by_stage():
    at = shown(trust="forget")
    assert heading(at).startswith("#### Grad-CAM ")
    slider = at.select_slider(key="choice-trust-stage")
    assert list(slider.options)[0] == "as trained"
    clean(slider.set_value(0).run())
    assert any("Nothing is forgotten" in c.value for c in at.caption)
    last = len(slider.options) - 1
    clean(at.select_slider(key="choice-trust-stage").set_value(last).run())
    assert parameter(at, "trust_stage") == str(last)
    assert any("5 of 5 layers" in c.value for c in at.caption)


def test_methods_are_compared_when_asked():
    at = shown(trust="methods", trust_methods="grad_cam,gradient,nonsense")
    assert at.multiselect(key="choice-trust-methods").value == ["grad_cam", "gradient"]
    clean(at.button(key="trust-measure").click().run())
    assert " is best: " in heading(at)
    for measure in ("deletion", "average_drop"):
        clean(at.segmented_control(key="choice-trust_measure").set_value(measure).run())
        assert parameter(at, "trust_measure") == measure
    assert any("Averages over 20 test images" in c.value for c in at.caption)
    assert any("| **Grad-CAM** |" in m.value for m in at.markdown)
    clean(at.segmented_control(key="choice-trust_images").set_value("50").run())
    assert at.button(key="trust-measure").label == "Measure them", "another table is asked for anew"


def test_a_network_without_labelled_images_says_so():
    at = shown(trust="methods", model="shipped:imagenet_efficientnet_lite0")
    assert any("no images of exactly" in i.value for i in at.info)


def faithfulness(deletion, insertion, chance, evidence=True):
    """Curves of one image with two points each."""
    curves = {
        name: np.array([values])
        for name, values in (("deletion", deletion), ("insertion", insertion))
    }
    return Faithfulness(
        shares=np.array([0.0, 0.2, 1.0]),
        **curves,
        random_deletion=np.array([[deletion[:1] + [c, 0.0] for c in chance]]),
        random_insertion=np.array([[[0.0, 1 - c, 1.0] for c in chance]]),
        road_shares=np.zeros(0),
        road_most=np.zeros((1, 0)),
        road_least=np.zeros((1, 0)),
        road_random=np.zeros((1, 0, 0)),
        kept=np.zeros(1),
        orders=np.zeros((1, 4), np.int32),
        evidence=np.array([evidence]),
        targets=np.array([7]),
        against=np.array([-1]),
    )


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (faithfulness([0.9, 0.1, 0.0], [0.0, 0.9, 0.9], [0.8, 0.7]), "points at what"),
        (faithfulness([0.9, 0.9, 0.8], [0.0, 0.0, 0.1], [0.2, 0.3]), "does not show"),
        (faithfulness([0.9, 0.5, 0.0], [0.0, 0.5, 0.9], [0.2, 0.8]), "better than 1 of 2"),
        (faithfulness([0.9, 0.5, 0.0], [0.0, 0.5, 0.9], [0.2], False), "points nowhere"),
        (faithfulness([0.01, 0.03, 0.0], [0.0, 0.5, 0.9], [0.2]), "too little"),
    ],
)
def test_the_conclusion_follows_the_curves(found, words):
    def script(found):
        import streamlit as st

        from cnnviz.ui import current
        from cnnviz.ui.trust_curves import conclusion
        from cnnviz.ui.trust_subject import Subject

        opened = current.model()
        subject = Subject(opened, None, opened.card, "grad_cam", None, None, None)
        st.markdown(conclusion(found, subject))

    at = AppTest.from_function(script, kwargs={"found": found})
    at.query_params["model"] = DIGITS
    assert words in clean(at.run()).markdown[0].value


@pytest.mark.parametrize(
    ("last", "words"), [(0.9, "rather than what"), (0.4, "keeps part"), (0.0, "as it should")]
)
def test_methods_that_do_not_change_are_called_out(last, words):
    found = Randomisation(
        stages=("answer",),
        counts=(1,),
        maps=np.arange(8, dtype=np.float32).reshape(2, 2, 2),
        correlations=np.array([[last]]),
        shares=np.ones(2),
        method="guided_backprop",
        layer=None,
        target=0,
    )

    def script(found):
        import streamlit as st

        from cnnviz.ui import current
        from cnnviz.ui.trust_forgetting import conclusion
        from cnnviz.ui.trust_subject import Subject

        opened = current.model()
        subject = Subject(opened, None, opened.card, found.method, None, None, None)
        st.markdown(conclusion(found, subject))

    at = clean(AppTest.from_function(script, kwargs={"found": found}).run())
    assert words in at.markdown[0].value and "Guided backpropagation" in at.markdown[0].value


def table(means, measure="insertion"):
    """A row for each mean, two methods and their yardstick, with a little noise."""
    noise = np.random.default_rng(0).normal(0, 0.01, (3, 1, 30))
    return Comparison(
        rows=("grad_cam", "hires_cam", "random:7x7"),
        measures=(measure,),
        values=np.array(means)[:, None, None] + noise,
        yardsticks=(2, 2, 2),
        empty=(0, 0, 0),
        indices=np.arange(30),
        dataset="mnist",
        split="test",
    )


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (table([0.5, 0.9, 0.3]), ["HiResCAM is best", "All others are clearly", "All are clearly"]),
        (table([0.3, 0.9, 0.5], "deletion"), ["Grad-CAM is best", "random maps: HiResCAM"]),
        (table([0.5, 0.5, 0.5]), ["not clearly worse", "None is clearly better"]),
    ],
)
def test_the_table_is_put_into_words(found, words):
    def script(found):
        import streamlit as st

        from cnnviz.ui.trust_table import conclusion

        st.markdown(conclusion(found, found.measures[0]))

    at = clean(AppTest.from_function(script, kwargs={"found": found}).run())
    for part in words:
        assert part in at.markdown[0].value
