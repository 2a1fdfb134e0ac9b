"""The terminal's verbs, on the shipped digits network and small numbers of images."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from cnnviz import cli
from cnnviz.datasets.image_references import FOLDER as PHOTOS
from cnnviz.storage import ROOT

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


def test_lists(capsys):
    assert cli.main(["models", "--json"]) == 0
    models = json.loads(capsys.readouterr().out)
    assert {"shipped:mnist_lenet5", "shipped:fashion_mnist_vgg"} <= {m["reference"] for m in models}
    assert cli.main(["datasets", "--json"]) == 0
    assert {d["name"] for d in json.loads(capsys.readouterr().out)} == {
        "mnist",
        "fashion_mnist",
        "cifar10",
    }


@pytest.mark.parametrize(
    "arguments",
    [
        ["explain", "nothing.jpg"],
        ["explain", str(PHOTOS / "LICENCES.md")],
        ["explain", str(PHOTOS / "coffee.jpg"), "--target", "unicorn"],
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
