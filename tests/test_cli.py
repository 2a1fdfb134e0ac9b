"""The terminal's verbs, on the shipped digits network and small numbers of images."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
import time

import numpy as np
import pytest
from PIL import Image

from cnnviz import cli
from cnnviz.datasets.image_references import FOLDER as PHOTOS
from cnnviz.datasets.image_references import open_image
from cnnviz.runs.run import Run
from cnnviz.storage import ROOT
from cnnviz.training import launch

DIGITS = ["--model", "mnist_lenet5"]


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CNNVIZ_HOME", str(tmp_path / "home"))


def test_explain_writes_the_picture_and_says_the_class(capsys):
    assert cli.main(["explain", str(PHOTOS / "coffee.jpg"), "--out", "heat.png", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["class"] == "espresso"
    assert 0.5 < answer["share"] <= 1
    photo = Image.open(PHOTOS / "coffee.jpg")
    heat = Image.open("heat.png")
    assert heat.size == photo.size
    assert np.abs(np.asarray(heat).astype(int) - np.asarray(photo)).mean() > 3


def test_explain_another_class_by_name(capsys):
    arguments = ["explain", str(PHOTOS / "coffee.jpg"), "--target", "cup", "--json"]
    assert cli.main([*arguments, "--out", "cup.png"]) == 0
    assert json.loads(capsys.readouterr().out)["class"] == "cup"


def test_explain_one_class_rather_than_another_by_a_slow_method(capsys):
    digit = Image.fromarray(open_image("data:mnist/test/0").image[..., 0])
    digit.save("seven.png")
    arguments = ["explain", "seven.png", *DIGITS, "--method", "score_cam", "--layer", "relu_2"]
    arguments += ["--target", "7", "--against", "9", "--option", "channels=4", "--json"]
    assert cli.main(arguments) == 0
    answer = json.loads(capsys.readouterr().out)
    assert (answer["class"], answer["against"], answer["layer"]) == ("7", "9", "relu_2")
    assert answer["details"] == {"channels": 4} and answer["evidence"]
    drawn = np.asarray(Image.open("seven-heatmap.png").convert("RGB")).astype(int)
    assert (drawn[..., 0] - drawn[..., 2]).max() > 60, "what spoke for the seven is red"


def test_feature_maps_writes_a_grid_for_each_layer(tmp_path):
    photo = str(PHOTOS / "coffee.jpg")
    assert cli.main(["feature-maps", photo, *DIGITS, "--layer", "conv_1", "--out", "maps"]) == 0
    (picture,) = (tmp_path / "maps").glob("*.png")
    assert picture.name == "000-conv_1.png"
    assert Image.open(picture).width > 6 * 28  # six tiles side by side


def test_filters_writes_one_picture(capsys):
    assert cli.main(["filters", *DIGITS, "--steps", "4", "--channels", "2", "--out", "f.png"]) == 0
    assert "2 channels of relu_2" in capsys.readouterr().out
    assert Image.open("f.png").size == (56, 28)


def test_evaluate_prints_json(capsys):
    assert cli.main(["evaluate", *DIGITS, "--limit", "200", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["images"] == 200
    assert answer["split"] == "test"
    confusion = np.asarray(answer["confusion"])
    assert answer["accuracy"] == pytest.approx(np.trace(confusion) / confusion.sum())
    assert answer["accuracy"] > 0.95
    low, high = answer["interval_95"]
    assert low < answer["accuracy"] < high
    assert answer["top"]["1"] == answer["accuracy"] <= answer["top"]["5"]
    assert answer["weighted"]["recall"] == pytest.approx(answer["accuracy"])
    assert 0.95 < answer["mean_average_precision"] <= answer["roc_auc"] <= 1
    assert 0 <= answer["calibration"]["error"] < 0.1


def test_evaluate_says_it_in_lines(capsys):
    assert cli.main(["evaluate", *DIGITS, "--limit", "60"]) == 0
    said = capsys.readouterr().out
    assert "95 % interval" in said and "macro" in said and "temperature" in said


def test_channels_writes_a_row_for_each_channel(tmp_path, capsys):
    assert cli.main(["channels", *DIGITS, "--limit", "40", "--layer", "conv_1"]) == 0
    with (tmp_path / "channels.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["channel"] for row in rows] == list("012345")
    assert all(0 <= float(row["selectivity"]) <= 1 and row["mean 9"] for row in rows)
    assert "6 channels of conv_1, 0 dead, 40 images" in capsys.readouterr().out


def test_embed_writes_a_row_for_each_image(tmp_path):
    assert cli.main(["embed", *DIGITS, "--limit", "60", "--method", "pca"]) == 0
    rows = (tmp_path / "embedding.csv").read_text().splitlines()
    assert rows[0] == "index,label,predicted,x,y"
    assert len(rows) == 61


def test_train_ends_with_a_reference(capsys):
    arguments = ["train", "--dataset", "mnist", "--architecture", "lenet5", "--epochs", "1"]
    assert cli.main([*arguments, "--limit", "200", "--json"]) == 0
    captured = capsys.readouterr()
    answer = json.loads(captured.out)
    assert answer["status"] == "finished"
    assert "epoch 1" in captured.err
    assert cli.main(["evaluate", "--model", answer["reference"], "--limit", "50", "--json"]) == 0


@pytest.fixture
def quick_worker(monkeypatch):
    """One worker, whose trainings take milliseconds."""
    worker = (sys.executable, "-m", "tests.training.quick_worker")
    monkeypatch.setattr(launch, "COMMAND", worker)
    monkeypatch.setenv("CNNVIZ_TRAINING_SLOTS", "1")
    yield
    for worker in launch._workers:
        worker.process.kill()
        worker.process.wait()
    launch._reap()


def test_trainings_in_the_background(quick_worker, capsys, tmp_path):
    (tmp_path / "photos").mkdir()

    def said(*arguments):
        assert cli.main(list(arguments)) == 0
        return capsys.readouterr().out.strip()

    def wait_for(reference, *statuses):
        while not said("runs").split(reference[4:28])[1].lstrip().startswith(statuses):
            time.sleep(0.05)

    busy = said("train", "--background", "--epochs", "1000")
    waits = said("train", "--background", "--dataset", "photos", "--epochs", "1")
    wait_for(busy, "running")
    rows = {row["run"]: row for row in json.loads(said("runs", "--json"))}
    assert rows[waits[4:28]]["place"] in (1, 2)  # the look may be a second old
    assert 0 <= rows[busy[4:28]]["share_done"] < 1
    assert said("pause", waits) == f"paused: {waits}"
    assert said("resume", waits[4:28]) == f"waiting: {waits}"
    said("stop", busy)
    wait_for(busy, "stopped")
    wait_for(waits, "finished")
    assert Run(waits[4:28]).config["dataset"] == str(tmp_path / "photos")
    assert cli.main(["resume", waits]) == 2
    assert "rests or broke off" in capsys.readouterr().err


def test_lists(capsys):
    assert cli.main(["models", "--json"]) == 0
    models = json.loads(capsys.readouterr().out)
    assert {"shipped:mnist_lenet5", "shipped:fashion_mnist_vgg"} <= {m["reference"] for m in models}
    assert cli.main(["datasets", "--json"]) == 0
    names = [d["name"] for d in json.loads(capsys.readouterr().out)]
    assert names[:3] == ["fashion_mnist", "mnist", "cifar10"] and "cifar10_noisy" in names


@pytest.mark.parametrize(
    "arguments",
    [
        ["explain", "nothing.jpg"],
        ["explain", str(PHOTOS / "LICENCES.md")],
        ["explain", str(PHOTOS / "coffee.jpg"), "--target", "unicorn"],
        ["explain", str(PHOTOS / "coffee.jpg"), "--against", "unicorn"],
        ["explain", str(PHOTOS / "coffee.jpg"), *DIGITS, "--option", "channels"],
        ["explain", str(PHOTOS / "coffee.jpg"), *DIGITS, "--option", "target=3"],
        ["explain", str(PHOTOS / "coffee.jpg"), *DIGITS, "--option", "channels=nan"],
        ["evaluate", "--model", "nothing"],
        ["evaluate", "--model", "imagenet_efficientnet_lite0"],
        ["train", "--epochs", "0"],
        ["train", "--set", "dropout"],
        ["train", "--dataset", "nowhere"],
        ["serve", "--port", "0"],
    ],
    ids=" ".join,
)
def test_bad_input_is_one_sentence_and_status_2(arguments, capsys):
    assert cli.main(arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert len(captured.err.strip().splitlines()) == 1
    assert captured.err.startswith("cnnviz: ")


def test_unknown_verbs_exit_with_2():
    run = subprocess.run(
        [sys.executable, "-m", "cnnviz", "dance"], cwd=ROOT, capture_output=True, text=True
    )
    assert run.returncode == 2
    assert "invalid choice" in run.stderr


def test_code_in_a_file_of_ones_own_runs_only_when_one_says_so(capsys, tmp_path):
    import keras

    network = keras.Sequential(
        [
            keras.layers.Input((8, 8, 1)),
            keras.layers.Lambda(lambda x: x / 255),
            keras.layers.Flatten(),
            keras.layers.Dense(2, activation="softmax"),
        ]
    )
    network.save("own.keras")
    Image.new("L", (8, 8), 90).save("grey.png")
    arguments = ["feature-maps", "grey.png", "--model", "own.keras", "--out", "maps"]
    assert cli.main(arguments) == 2
    assert "Lambda layer" in capsys.readouterr().err
    arguments[0] = "explain"
    arguments[-2:] = ["--out", "heat.png", "--method", "gradient", "--trust-code"]
    assert cli.main(arguments) == 0
    assert "is run with all your rights" in capsys.readouterr().err


def test_code_is_never_trusted_in_what_the_app_keeps(capsys):
    reference = "upload:" + "0" * 24
    assert cli.main(["evaluate", "--model", reference, "--trust-code"]) == 2
    assert "files of your own" in capsys.readouterr().err
