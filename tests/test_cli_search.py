import json

import pytest

from cnnviz import cli, storage
from cnnviz.cli_search import space_from
from cnnviz.errors import BadInput
from cnnviz.runs import locks, trials
from cnnviz.runs.run import create_run, list_runs
from cnnviz.training import launch
from cnnviz.training.search_config import Range


def test_options_say_the_space():
    options = [
        "learning-rate=0.001,1",
        "batch_size=16,32",
        "parameters.dropout=0..0.5,0.1",
        "l2=1e-5..1e-2,log",
        "augmentation=none,flip+shift",
        "weight_averaging=no,yes",
        "early_stopping=none,2",
        "optimizer=adam,sgd",
        "blocks.norm=yes,no",
    ]
    assert space_from(options) == {
        "learning_rate": (0.001, 1.0),
        "batch_size": (16, 32),
        "parameters.dropout": Range(0.0, 0.5, 0.1),
        "l2": Range(1e-5, 1e-2, None, True),
        "augmentation": ((), ("flip", "shift")),
        "weight_averaging": (False, True),
        "early_stopping": (None, 2),
        "optimizer": ("adam", "sgd"),
        "blocks.norm": (True, False),
    }
    for wrong in ("learning_rate", "learning_rate=", "l2=1..x"):
        with pytest.raises(BadInput):
            space_from([wrong])


def test_in_the_background(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("CNNVIZ_HOME", str(tmp_path))
    monkeypatch.setattr(launch, "dispatch", lambda: 0)
    options = ["--dataset", "mnist", "--try", "learning_rate=0.001,0.01", "--background"]
    assert cli.main(["search", *options]) == 0
    (run,) = list_runs()
    assert capsys.readouterr().out.strip() == run.reference
    assert run.search["trials"] == 2 and run.status == "waiting"
    assert cli.main(["search", "--dataset", "mnist", "--background"]) == 2
    assert "at least one setting" in capsys.readouterr().err
    assert cli.main(["runs", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["trials"] == []


@pytest.mark.parametrize("outcome", [None, {"status": "stopped", "best": None}])
def test_without_a_best_trial_it_says_how_it_was_left(tmp_path, monkeypatch, capsys, outcome):
    monkeypatch.setenv("CNNVIZ_HOME", str(tmp_path))

    def left(config, on_event):
        run, lock = create_run(
            config.base.to_json(), storage.LOCAL_OWNER, search=config.check().to_json()
        )
        locks.let_go(lock)
        if outcome:
            (run.folder / "outcome.json").write_text(json.dumps(outcome))
        return run

    monkeypatch.setattr("cnnviz.search", left)
    options = ["--dataset", "mnist", "--architecture", "lenet5", "--epochs", "1"]
    assert cli.main(["search", *options, "--try", "learning_rate=0.001,0.01"]) == 0
    assert "run:" in capsys.readouterr().out


@pytest.mark.slow
def test_until_the_end(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("CNNVIZ_HOME", str(tmp_path))
    options = ["--dataset", "mnist", "--architecture", "lenet5", "--epochs", "1", "--limit", "60"]
    assert cli.main(["search", *options, "--try", "learning_rate=0.001,0.01", "--json"]) == 0
    said = capsys.readouterr()
    told = json.loads(said.out)
    assert told["status"] == "finished" and len(told["trials"]) == 2
    assert told["best"] in {row["run"] for row in told["trials"]}
    assert "trial 2: learning_rate" in said.err and "epoch 1: val accuracy" in said.err
    (run,) = list_runs()
    assert [t.run for t in trials.listed(run.folder)] == [row["run"] for row in told["trials"]]
