"""What the page of heatmaps says about its pictures, told from a panel and a card alone."""

from dataclasses import replace

import numpy as np
import pytest

from cnnviz.explanation.catalogue import CATALOGUE
from cnnviz.models.references import ModelReference
from cnnviz.ui import heatmap_choices, heatmap_panels, heatmap_words
from cnnviz.ui.heatmap_panels import Panel
from cnnviz.ui.photo import Seen

CARD = ModelReference.parse("shipped:mnist_lenet5").card
HEAT = np.float32([[0, 1], [2, -1]])


def panel(method: str, against: int | None = None) -> Panel:
    signed = CATALOGUE[method].is_signed(against is not None)
    return Panel(CATALOGUE[method], 7, 0.9, HEAT, signed, against=against)


@pytest.mark.parametrize("method", CATALOGUE)
def test_only_signed_evidence_is_for_the_one_class_or_the_other(method):
    """A gradient has no direction, the sign of guided backpropagation another meaning."""
    told = method not in (
        "gradient",
        "smooth_grad",
        "guided_backprop",
        "guided_grad_cam",
        "eigen_cam",
    )
    low, _middle, high = heatmap_words.ends(panel(method, against=3), CARD)
    assert (low == "for 3" and high == "for the class above") is told
    choices = replace(heatmap_choices_of(method), against=3)
    assert heatmap_words.how_to_read(choices, CARD).startswith("**Red** spoke") is told


def heatmap_choices_of(method: str) -> heatmap_choices.Choices:
    return heatmap_choices.Choices(
        "classes", CATALOGUE[method], (), (7,), True, None, None, (), 0.75, False
    )


@pytest.mark.parametrize("method", ["guided_backprop", "guided_grad_cam"])
def test_the_sign_of_guided_methods_is_about_brightness(method):
    assert heatmap_words.ends(panel(method), CARD)[0] == "would lower it"


def test_names_that_somebody_typed_are_no_markdown():
    card = replace(CARD, class_names=("![x](https://example.org/x.png)",) * 10, dataset=None)
    shown = panel("grad_cam")
    said = [
        heatmap_words.title(shown, heatmap_choices_of("grad_cam"), card),
        heatmap_words.explained([shown], card),
        heatmap_words.subtitle(panel("grad_cam", against=3), heatmap_choices_of("grad_cam"), card),
        *heatmap_words.about(replace(shown, heat=-np.abs(HEAT)), card),
    ]
    assert len(said) == 4
    assert not any("](" in text for text in said)


def test_a_method_that_failed_is_left_out_while_another_forms(monkeypatch):
    drawn = []
    monkeypatch.setattr(heatmap_panels, "show_png", lambda data, **more: drawn.append(data))
    nothing = replace(panel("occlusion"), heat=np.zeros((0, 0), np.float32), problem="Stopped.")
    base = Seen(np.zeros((4, 4, 1), np.uint8), (4, 4), "stretch", True)
    heatmap_panels.show_forming([nothing, panel("rise")], base, heatmap_choices_of("rise"))
    assert len(drawn) == 1
