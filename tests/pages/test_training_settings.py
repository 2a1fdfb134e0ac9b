"""The settings of a training on the page Train: links, what was changed, pictures, pairs."""

from __future__ import annotations

import time
from dataclasses import fields, replace

import pytest

from cnnviz import storage
from cnnviz.datasets.imported import delete_imported, import_dataset
from cnnviz.machine import ALL_GPUS
from cnnviz.runs import locks
from cnnviz.runs.run import Run, create_run, delete_run, list_runs
from cnnviz.training.config import TrainingConfig
from cnnviz.training.launch import dismiss_spare
from cnnviz.ui import training_address
from cnnviz.ui.augmented_samples import _samples
from cnnviz.ui.comparisons import comparisons, look_for
from tests.datasets.pictures import flat, packed

PATIENCE_S = 120
UNUSUAL = TrainingConfig(
    dataset="mnist",
    architecture="lenet5",
    epochs=7,
    parameters={"dropout": 0.35, "pooling": "average", "activation": "tanh"},
    batch_size=48,
    optimizer="sgd",
    learning_rate=0.0123,
    schedule="reduce_on_plateau",
    momentum=0.7,
    l2=0.002,
    label_smoothing=0.15,
    early_stopping=4,
    class_weights=True,
    weight_averaging=True,
    gradient_accumulation=3,
    mixed_precision=True,
    augmentation=("shift",),
    limit=1234,
    complete=True,
    seed=11,
    tensorboard=True,
)


@pytest.fixture(scope="module", autouse=True)
def no_spare_left():
    yield
    dismiss_spare()


def keys(at) -> set[str]:
    return {button.key for button in at.button}


def shown(at) -> dict[str, object]:
    """What the widgets hold, by their names in the URL."""
    widgets = [
        *at.selectbox,
        *at.select_slider,
        *at.number_input,
        *at.toggle,
        *at.button_group,
    ]
    return {w.key.removeprefix("choice-"): w.value for w in widgets if w.key}


def changed_line(at) -> str:
    return next((c.value for c in at.caption if c.value.startswith("**Changed.**")), "")


def test_a_link_with_every_setting_shows_every_setting(open_page):
    link = training_address.write(UNUSUAL.check())
    elsewhere = {"parameters", "title", "weight_decay", "devices"}
    named = {f.name for f in fields(TrainingConfig)} - elsewhere
    assert {training_address.NAMES[name] for name in named} <= set(link)
    at = open_page("train", **link)
    assert not at.exception and not at.error
    assert {name: at.query_params[name] for name in link} == {n: link[n] for n in link}
    found = shown(at)
    for name, text in link.items():
        value = found[name]
        if name == "augment":
            assert value == text.split(",")
        elif isinstance(value, bool):
            assert value is (text == "yes")
        else:
            assert str(value) == text, name
    line = changed_line(at)
    for words in ("Momentum: 0\\.7", "Label smoothing: 0\\.15", "Class weights", "Dropout: 0\\.35"):
        assert words in line


def test_all_graphics_cards_are_offered_where_there_are_several(open_page, monkeypatch):
    assert "devices" not in shown(open_page("train"))
    monkeypatch.setenv(ALL_GPUS, "0,1")
    assert shown(open_page("train"))["devices"] is False
    at = open_page("train", devices="all")
    assert shown(at)["devices"] is True and "Graphics cards: all" in changed_line(at)
    at.toggle(key="choice-devices").set_value(False).run()
    assert "devices" not in at.query_params and changed_line(at) == ""


def test_usual_settings_change_nothing_and_offer_no_way_back(open_page):
    at = open_page("train")
    assert changed_line(at) == "" and "reset-settings" not in keys(at)
    assert not set(training_address.every_name()) & set(at.query_params)


def test_one_click_makes_everything_usual_again(open_page):
    link = training_address.write(UNUSUAL.check())
    at = open_page("train", **link)
    at.button(key="reset-settings").click().run()
    assert changed_line(at) == ""
    left = set(training_address.every_name()) & set(at.query_params)
    assert left == {"data", "net", "epochs"}


def test_a_widget_set_back_to_the_usual_value_leaves_the_address(open_page):
    at = open_page("train")
    at.select_slider(key="choice-smoothing").set_value("0.1").run()
    assert at.query_params["smoothing"] in ("0.1", ["0.1"])
    assert "Label smoothing" in changed_line(at)
    at.select_slider(key="choice-smoothing").set_value("0").run()
    assert "smoothing" not in at.query_params and changed_line(at) == ""


def test_only_what_applies_to_the_optimizer_is_offered(open_page):
    at = open_page("train")
    assert not {"momentum", "decay"} & set(shown(at))
    at = open_page("train", optimizer="sgd")
    assert "momentum" in shown(at) and "decay" not in shown(at)
    assert shown(at)["rate"] == "0.01" and changed_line(at).count(":") == 1  # the optimizer alone
    at = open_page("train", optimizer="adamw")
    assert "decay" in shown(at) and "momentum" not in shown(at)


def test_an_earlier_training_is_adopted_with_all_its_settings(open_page):
    config = UNUSUAL.check()
    run, lock = create_run(config.to_json(), storage.LOCAL_OWNER)
    locks.let_go(lock)
    at = open_page("runs", runs=run.id)
    at.button(key="try-again").click().run()
    assert at.title[0].value == "How does it learn?"
    link = training_address.write(config)
    adopted = {n: at.query_params[n] for n in training_address.every_name() if n in at.query_params}
    assert adopted == link
    delete_run(run.id, storage.LOCAL_OWNER)


def test_a_network_that_cannot_be_built_cannot_be_started(open_page):
    blocks = "conv 8, pool 8x8, pool 8x8, pool 8x8"
    at = open_page("train", net="own", **{"net-blocks": blocks})
    assert not at.exception
    assert at.button(key="start-training").disabled
    assert not {"compare-rate", "find-rate"} & keys(at)
    at = open_page("train", net="own", **{"net-blocks": "conv 8, relu, pool"})
    assert not at.button(key="start-training").disabled


@pytest.mark.parametrize("net", ["own", "transfer"])
def test_networks_with_a_panel_of_their_own_have_all_other_settings(open_page, net):
    at = open_page("train", net=net, smoothing="0.1")
    assert not at.exception and not at.error
    assert {"rate", "smoothing", "patience", "part", "seed"} <= set(shown(at))
    assert not at.button(key="start-training").disabled
    at.button(key="reset-settings").click().run()
    assert at.query_params["net"] in (net, [net])


def test_sixteen_images_show_what_augmentation_does(open_page):
    originals, varied = _samples("fashion_mnist", ("rotation",), 0)
    assert len(originals) == 4 and sum(len(row) for row in varied) == 16
    everything = {address for row in varied for address in row}
    assert len(everything) == 16 and not everything & set(originals)
    assert _samples("fashion_mnist", ("rotation",), 1) != (originals, varied)
    _originals, same = _samples("fashion_mnist", (), 0)
    assert all(set(row) == {original} for row, original in zip(same, originals, strict=True))
    at = open_page("train", augment="rotation")
    drawn = next(h.proto.body for h in at.get("html") if varied[0][0] in h.proto.body)
    assert drawn.count("<img") == 20
    at.button(key="augmented-again").click().run()
    assert not any(varied[0][0] in h.proto.body for h in at.get("html"))


@pytest.fixture
def own_data():
    """``own_data(size)``: a data set of one's own, with more cats than dogs; gone afterwards."""
    made = []

    def import_(size: int) -> str:
        files = flat(20, {"cat": (200, 40, 40)}) | flat(10, {"dog": (40, 40, 200)})
        made.append(import_dataset(packed(files), "Pets.zip", size=(size, size)))
        return f"upload:{made[-1]}"

    yield import_
    for identifier in made:
        delete_imported(identifier)


def test_ones_own_data_set_has_all_settings_too(open_page, own_data):
    at = open_page("train", data=own_data(32), balance="yes", part="300")
    assert not at.exception and not at.error
    assert shown(at)["part"] == "all"  # there are not so many
    assert not at.button(key="start-training").disabled
    unequal = "equally many images"
    assert not any(unequal in c.value for c in at.caption)
    at.selectbox(key="choice-data").select("cifar10").run()
    assert any(unequal in c.value for c in at.caption)


def test_images_too_small_for_a_network_are_a_sentence_before_start(open_page, own_data):
    at = open_page("train", data=own_data(16))
    assert not at.exception and not at.error
    assert any("16×16" in w.value and "28×28" in w.value for w in at.warning)
    assert at.button(key="start-training").disabled


def differing(first: TrainingConfig, second: TrainingConfig) -> set[str]:
    names = {f.name for f in fields(first)} - {"title"}
    return {name for name in names if getattr(first, name) != getattr(second, name)}


@pytest.mark.parametrize(
    "changes", [{}, {"dataset": "mnist"}, {"dataset": "cifar10", "limit": 300}]
)
def test_the_two_of_a_pair_differ_in_one_thing_that_their_titles_say(changes, workspace):
    config = replace(TrainingConfig(), **changes).check()
    offered = {c.key: c for c in comparisons(config)}
    wanted = {"dropout": "parameters", "augmentation": "augmentation", "rate": "learning_rate"}
    assert set(offered) == set(wanted)
    for key, field in wanted.items():
        first, second = offered[key].pair
        assert differing(first.check(), second.check()) == {field}
        assert first.title != second.title
        assert first.dataset == config.dataset
    first, second = offered["rate"].pair
    assert second.learning_rate == 0.1 and "0.1" in second.title
    assert differing(first, config) == set()
    first, second = offered["augmentation"].pair
    assert first.augmentation == () and len(second.augmentation) > 1
    assert ("flip" in second.augmentation) is (config.dataset != "mnist")
    assert first.limit == 300 and first.epochs >= 40
    assert offered["dropout"].first.augmentation == ()  # it alone shall keep from learning by heart


@pytest.mark.parametrize("architecture", ["tiny_vgg", "own"])
def test_a_pair_is_recognised_by_its_settings_alone(architecture, workspace):
    blocks = {"blocks": "conv 8, relu, pool, dropout 0.4"} if architecture == "own" else {}
    config = TrainingConfig(architecture=architecture, parameters=blocks).check()
    offered = comparisons(config)
    assert len(offered) == 3
    for comparison in offered:
        first, second = (c.check().to_json() for c in comparison.pair)
        assert look_for(first, second) == look_for(second, first) == comparison.look_for
        assert look_for(first, {**second, "seed": 5}) == ""
        assert look_for(first, first) == ""
    usual = config.to_json()
    assert look_for(usual, {**usual, "learning_rate": 0.002}) == ""


def test_dropout_blocks_of_ones_own_are_compared_with_the_same_without(workspace):
    blocks = "conv 8, relu, pool, dropout 0.4, dense 16, dropout 0.2"
    config = TrainingConfig(architecture="own", parameters={"blocks": blocks}).check()
    first, second = next(c for c in comparisons(config) if c.key == "dropout").pair
    assert first.parameters["blocks"] == "conv 8, relu, pool, dense 16"
    assert second.parameters == config.parameters and "0.4" in second.title
    config = replace(config, parameters={"blocks": "conv 8, relu, pool"})
    assert "dropout" not in {c.key for c in comparisons(config)}


def test_two_trainings_start_with_one_click_and_are_shown_side_by_side(open_page):
    at = open_page("train", data="mnist", net="lenet5", part="100", epochs="1")
    at.button(key="compare-rate").click().run()
    assert not at.exception and not at.error
    assert at.title[0].value == "What did I try, and what worked?"
    [ids] = (
        [at.query_params["runs"]]
        if isinstance(at.query_params["runs"], str)
        else [at.query_params["runs"][0]]
    )
    runs = [Run(identifier) for identifier in ids.split(",")]
    assert [run.config["learning_rate"] for run in runs] == [0.001, 0.1]
    assert [run.config["limit"] for run in runs] == [100, 100]
    assert {run.id for run in list_runs()} == {run.id for run in runs}
    for run in runs:
        run.request_stop()
    deadline = time.monotonic() + PATIENCE_S
    while any(run.pending for run in runs) and time.monotonic() < deadline:
        time.sleep(0.3)
    for run in runs:
        delete_run(run.id)


def test_a_good_rate_is_found_and_taken_with_one_click(open_page):
    at = open_page("train", data="mnist", net="lenet5", part="300", batch="32")
    at.button(key="find-rate").click().run()
    assert not at.exception and not at.error
    taken = at.button(key="take-rate").label.removeprefix("Take ")
    assert 1e-4 <= float(taken) <= 1
    at.button(key="take-rate").click().run()
    assert float(shown(at)["rate"]) == float(taken)
    assert "take-rate" not in keys(at)
