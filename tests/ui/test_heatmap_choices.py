"""What a network allows, told from its card alone."""

from dataclasses import replace

import pytest

from cnnviz.explanation.catalogue import CATALOGUE
from cnnviz.models import store
from cnnviz.ui import heatmap_choices

CARDS = [e.card for e in store.list_models() if e.reference.startswith("shipped:")]


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.title)
def test_layers_go_from_coarse_to_fine_and_begin_with_the_usual_one(card):
    names = heatmap_choices.coarse_to_fine(card)
    sizes = [card.layer(name).output_shape[0] for name in names]
    assert 3 <= len(names) <= heatmap_choices.MOST_LAYERS
    assert sizes == sorted(sizes)
    assert names[0] == card.heatmap_layer


def test_a_network_without_maps_offers_what_needs_none():
    card = replace(CARDS[0], heatmap_layer=None)
    names = heatmap_choices.offered(card)
    assert names and not any(CATALOGUE[name].takes_layer for name in names)
    assert "layers" not in heatmap_choices.views(card)
    assert heatmap_choices.usual_method(card) in names


def test_the_layers_view_offers_what_reads_a_layer():
    names = heatmap_choices.offered(CARDS[0], "layers")
    assert set(heatmap_choices.TOGETHER) < set(names)
    assert all(CATALOGUE[name].kind == "cam" for name in names)


def test_the_chosen_method_stands_beside_those_of_one_pass():
    rise = CATALOGUE["rise"]
    assert heatmap_choices.together(CARDS[0], rise) == (*heatmap_choices.TOGETHER, "rise")


def test_classes_of_a_link_are_known_ones():
    card = replace(CARDS[0], class_names=("a", "b", "c"))
    assert heatmap_choices.numbers("2,2,0,7,x,-1,٣,999999999999", card) == [2, 0]
