"""The terminal's verbs: ``python -m cnnviz train|runs|explain|feature-maps|filters|evaluate|…``.

A verb parses, calls the library and writes files. Results go to standard output (``--json`` where
a program would read them), progress and errors to standard error. Exit status: 0 done, 2 bad input
with one sentence, 130 interrupted.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import sys
from collections.abc import Callable
from dataclasses import asdict
from math import isnan
from pathlib import Path
from typing import Any

import cnnviz
from cnnviz import cli_cluster, cli_fetch, cli_inside, cli_runs, cli_search, cli_settings, cluster
from cnnviz.cli_shared import (
    add_dataset,
    add_json,
    add_model,
    open_model,
    progress,
    read_dataset,
    write,
)
from cnnviz.errors import BadInput, CnnvizError
from cnnviz.storage import ROOT


def main(arguments: list[str] | None = None) -> int:
    """Run one verb; returns the exit status."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    parsed = _parser().parse_args(arguments)
    try:
        parsed.run(parsed)
    except CnnvizError as error:
        print(f"cnnviz: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m cnnviz", description="See inside convolutional neural networks."
    )
    verbs = parser.add_subparsers(title="verbs", required=True, metavar="VERB")

    def verb(name: str, run: Callable[[argparse.Namespace], None], text: str) -> Any:
        added = verbs.add_parser(name, help=text, description=text)
        added.set_defaults(run=run)
        return added

    p = verb("serve", _serve, "start the web app")
    p.add_argument("--port", type=int, default=8501)
    p.add_argument("--address", default="0.0.0.0", help="which network to listen on")

    p = verb("train", _train, "train a network and keep it as a run")
    cli_settings.add_settings(p)
    p.add_argument(
        "--background", action="store_true", help="put it into the queue and return at once"
    )
    p.add_argument(
        "--nodes", type=int, metavar="N", help="share each batch among N workers of a Ray cluster"
    )
    p.add_argument("--cluster", help="address of the Ray cluster for --nodes")
    add_json(p)
    cli_runs.add_verbs(verb)
    cli_search.add_verbs(verb)

    cli_inside.add_verbs(verb)

    p = verb("evaluate", _evaluate, "measure a model on a data set")
    add_model(p, "fashion_mnist_vgg")
    add_dataset(p)
    add_json(p)

    p = verb("embed", _embed, "arrange images by how alike the network finds them; writes a CSV")
    add_model(p, "fashion_mnist_vgg")
    add_dataset(p, limit=2000)
    p.add_argument("--layer")
    p.add_argument("--method", default="tsne", choices=("tsne", "pca"))
    p.add_argument("--seed", type=int, default=0)
    p.add_argument("--out", type=Path, default=Path("embedding.csv"))

    add_json(verb("models", _models, "list the models that can be opened"))
    cli_fetch.add_verbs(verb)
    cli_cluster.add_verbs(verb)
    add_json(verb("datasets", _datasets, "list the bundled data sets"))
    return parser


def _serve(given: argparse.Namespace) -> None:
    if not 1 <= given.port <= 65535:
        raise BadInput("A port is a number from 1 to 65535, not {port}.", port=given.port)
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((given.address, given.port))
        except OSError:
            raise BadInput(
                "Port {port} is in use. Choose another one: make run PORT={other}",
                port=given.port,
                other=given.port + 1,
            ) from None
    if cluster.chosen():
        cli_cluster.check_first()
    print(f"This machine:       http://localhost:{given.port}")
    if given.address == "0.0.0.0" and (own := _network_address()):
        print(f"The class network:  http://{own}:{given.port}")
    print("Stop with Ctrl+C.", flush=True)
    command = [sys.executable, "-m", "streamlit", "run", "cnnviz/ui/server.py"]
    command += ["--server.port", str(given.port), "--server.address", given.address]
    command += ["--server.headless", "true"]
    # Become the server: signals, exit status and terminal are then its own. Streamlit's greeting
    # would only repeat the addresses above; its log goes to standard error.
    os.chdir(ROOT)
    with Path(os.devnull).open("w") as nowhere:
        os.dup2(nowhere.fileno(), sys.stdout.fileno())
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    os.execve(command[0], command, {**os.environ, "PYTHONPATH": path})


def _network_address() -> str | None:
    """This machine's address in its network (no packet is sent by connecting a UDP socket)."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return None
        return probe.getsockname()[0]


def _train(given: argparse.Namespace) -> None:
    config = cli_settings.config_from(given)
    if given.background:
        cli_runs.start(config)
        return
    if given.nodes is None:
        run = cnnviz.train(config, on_event=_print_event)
    else:
        run = cnnviz.train_on_nodes(config, given.nodes, address=given.cluster)
    outcome = {"run": run.id, "reference": run.reference, **(run.outcome or {})}
    if given.json:
        print(json.dumps(outcome))
    else:
        print(f"{run.status}: {run.reference}")


def _print_event(event: dict) -> None:
    if event["kind"] == "batch":
        line = (
            f"epoch {event['epoch']}  step {event['step']}  loss {event['loss']:.3f}  "
            f"accuracy {event['accuracy']:.3f}  {event['images_per_second']:.0f} images/s"
        )
        print(f"\r{line:<78}", end="", file=sys.stderr, flush=True)
    elif event["kind"] == "epoch":
        line = (
            f"epoch {event['epoch']}: val accuracy {event['val_accuracy']:.4f}, "
            f"val loss {event['val_loss']:.4f}, {event['seconds']:.1f} s"
        )
        print(f"\r{line:<78}", file=sys.stderr)


def _evaluate(given: argparse.Namespace) -> None:
    from cnnviz.evaluation.evaluate import all_answers, evaluation_of
    from cnnviz.evaluation.intervals import wilson
    from cnnviz.evaluation.measuring import measure
    from cnnviz.evaluation.metrics import macro_average, weighted_average

    model = open_model(given)
    dataset = read_dataset(given, model)
    shares, labels, places = all_answers(model, dataset, report=progress)
    names = model.card.class_names
    found = evaluation_of(shares, labels, places, names, dataset.name, dataset.split)
    measures = measure(shares, labels, separate=model.ending.separate)
    low, high = wilson(len(found) - len(found.mistakes), len(found))
    macro, weighted = macro_average(found.confusion), weighted_average(found.confusion)
    answer = {
        "model": given.model,
        "dataset": dataset.name,
        "split": dataset.split,
        "images": len(dataset),
        "accuracy": float(found.accuracy),
        "interval_95": [low, high],
        "top": {str(k): found.top_k(k) for k in (1, 2, 3, 5) if k < len(names)},
        "macro": asdict(macro),
        "weighted": asdict(weighted),
        "mean_average_precision": _number(measures.precision_recall.macro),
        "roc_auc": _number(measures.roc.macro),
        "calibration": None,
        "mistakes": len(found.mistakes),
        "confusion": found.confusion.tolist(),
    }
    if (scaled := measures.calibration) is not None:
        answer["calibration"] = {
            "error": scaled.before.error,
            "nll": scaled.before.nll,
            "brier": scaled.before.brier,
            "temperature": scaled.temperature,
            "error_after_scaling": scaled.after.error,
        }
    if given.json:
        print(json.dumps(answer))
        return
    print(
        f"{found.accuracy:.2%} of {len(dataset):,} {dataset.split} images of {dataset.name} right "
        f"(95 % interval {low:.2%} to {high:.2%})"
    )
    print("among the first  " + "  ".join(f"{k}: {v:.2%}" for k, v in answer["top"].items()))
    for name, mean in (("macro", macro), ("weighted", weighted)):
        shown = f"precision {mean.precision:.2%}  recall {mean.recall:.2%}  F1 {mean.f1:.2%}"
        print(f"{name:<16} {shown}")
    areas = measures.precision_recall.macro, measures.roc.macro
    print(f"areas            mAP {areas[0]:.4f}  ROC {areas[1]:.4f}")
    if scaled is not None:
        print(
            f"calibration      error {scaled.before.error:.2%}, {scaled.after.error:.2%} with "
            f"temperature {scaled.temperature:.2f}"
        )
    if found.worst_pair:
        true, predicted, count = found.worst_pair
        print(f"most often mixed up: {names[true]} taken for {names[predicted]} ({count} times)")


def _number(value: float) -> float | None:
    """NaN as JSON knows it: nothing."""
    return None if isnan(value) else value


def _embed(given: argparse.Namespace) -> None:
    model = open_model(given)
    dataset = read_dataset(given, model)
    found = cnnviz.embed(
        model, dataset, layer=given.layer, method=given.method, seed=given.seed, report=progress
    )
    rows = ["index,label,predicted,x,y"]
    rows += [
        f"{i},{label},{predicted},{x:.5g},{y:.5g}"
        for i, label, predicted, (x, y) in zip(
            found.indices, found.labels, found.predicted, found.points, strict=True
        )
    ]
    write(given.out, ("\n".join(rows) + "\n").encode())
    print(f"{len(rows) - 1} points of {found.layer} ({given.method}) → {given.out}")


def _models(given: argparse.Namespace) -> None:
    from cnnviz.models.store import list_models

    rows = [
        {
            "reference": e.reference,
            "title": e.card.title,
            "classes": len(e.card.class_names),
            "input_shape": e.card.input_shape,
            "parameters": e.card.parameters,
            "accuracy": e.card.accuracy[0].value if e.card.accuracy else None,
        }
        for e in list_models()
    ]
    if given.json:
        print(json.dumps(rows))
        return
    for row in rows:
        accuracy = f"{row['accuracy']:.2%}" if row["accuracy"] is not None else "–"
        print(f"{row['reference']:<42} {row['title']:<20} {row['parameters']:>10,}  {accuracy}")


def _datasets(given: argparse.Namespace) -> None:
    from cnnviz.datasets.bundled import DATASETS

    rows = [
        {"name": d.name, "title": d.title, "classes": list(d.class_names), "licence": d.licence}
        for d in DATASETS.values()
    ]
    if given.json:
        print(json.dumps(rows))
        return
    for row in rows:
        print(f"{row['name']:<21} {row['title']:<30} {', '.join(row['classes'])}")
