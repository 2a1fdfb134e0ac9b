"""The list of shipped models: narrowed by purpose and subject, and compared side by side."""

from __future__ import annotations

from cnnviz.models import store
from cnnviz.models.shipped import SHIPPED
from cnnviz.ui import model_cards, model_choice

SHIPPED_ENTRIES = [e for e in store.list_models() if e.reference.startswith("shipped:")]


def titles(at):
    return {s.value for s in at.subheader}


def test_every_shipped_model_has_a_card(open_page):
    at = open_page("models")
    assert not at.exception
    assert {e.card.title for e in SHIPPED_ENTRIES} <= titles(at)
    assert len(at.dataframe[0].value) == len(SHIPPED_ENTRIES)


def test_many_models_are_narrowed_by_the_address(open_page, monkeypatch):
    monkeypatch.setattr(model_choice, "_FEW", 1)
    wanted = {
        e.card.title
        for e in SHIPPED_ENTRIES
        if SHIPPED[e.reference.removeprefix("shipped:")].purpose == "simple"
    }
    others = {e.card.title for e in SHIPPED_ENTRIES} - wanted
    at = open_page("models", purpose="simple")
    assert not at.exception
    assert wanted <= titles(at) and not others & titles(at)
    at = open_page("models", purpose="simple", subject="mnist")
    assert "Digits" in titles(at) and "Small photos" not in titles(at)
    at = open_page("models", purpose="simple", subject="photos")
    assert any("no such model" in i.value for i in at.info)
    at = open_page("models", purpose="nonsense", subject="../..")
    assert others <= titles(at)


def test_the_second_number_stands_below_the_first(monkeypatch):
    from cnnviz.models.cards import Accuracy, Card

    monkeypatch.setattr(model_cards, "_", lambda text: text)
    monkeypatch.setattr(model_cards, "percent", lambda share, digits=0: f"{share:.{digits + 0}%}")
    monkeypatch.setattr(model_cards, "split_names", dict)
    first = Accuracy(0.99, "fashion_mnist_marked", "test", 10_000)
    second = Accuracy(0.21, "fashion_mnist", "test", 10_000)
    card = Card("A", ("a", "b"), (28, 28, 1), accuracy=(first, second))
    [line] = model_cards.further_numbers(card)
    assert "10,000 test images of “Clothes”" in line and "21.00%" in line
