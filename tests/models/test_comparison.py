"""The comparison of models says what the cards say."""

import json

from cnnviz import storage
from cnnviz.models import comparison
from cnnviz.models.references import ModelReference, shipped_names


def test_every_shipped_model_is_compared_by_what_its_card_says():
    rows = comparison.compared()
    assert [row.name for row in rows] == list(shipped_names())
    for row in rows:
        card = ModelReference.parse(row.name).card
        assert (row.title, row.parameters, row.flops) == (card.title, card.parameters, card.flops)
        assert row.accuracy == (card.accuracy[0] if card.accuracy else None)
        assert row.file_bytes > 4000


def test_speeds_come_from_the_measurement_and_may_be_missing(monkeypatch):
    known = {"machine": "x", "milliseconds": {"mnist_lenet5": {"1": 2.5, "64": 0.5}}}
    monkeypatch.setattr(comparison, "measured_speeds", lambda: known)
    speeds = {row.name: row.milliseconds for row in comparison.compared()}
    assert speeds["mnist_lenet5"] == (2.5, 0.5)
    assert speeds["imagenet_efficientnet_lite0"] == (None, None)


def test_before_a_measurement_there_are_no_speeds(tmp_path, monkeypatch):
    monkeypatch.setattr(storage, "SHIPPED", tmp_path)
    assert comparison.measured_speeds() == {}
    (tmp_path / comparison.SPEEDS).write_text(json.dumps({"machine": "m"}))
    assert comparison.measured_speeds()["machine"] == "m"


def test_only_right_labels_of_the_small_photos_are_compared():
    assert comparison.on_small_photos("mnist_lenet5") is None
    assert comparison.on_small_photos("cifar10_resnet").dataset == "cifar10"
    for other in comparison.PUBLISHED:
        assert 0.5 < other.accuracy < 1 and other.source
