"""The terminal's verbs: ``python -m cnnviz train|runs|explain|feature-maps|filters|evaluate|…``.

A verb parses, calls the library and writes files. Results go to standard output (``--json`` where
a program would read them), progress and errors to standard error. Exit status: 0 done, 2 bad input
with one sentence, 130 interrupted.
"""

from __future__ import annotations

import argparse
import inspect
import json
import os
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cnnviz
from cnnviz import cli_runs, cli_settings
from cnnviz.errors import BadInput, CnnvizError
from cnnviz.explanation.catalogue import CATALOGUE
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
    _add_json(p)
    cli_runs.add_verbs(verb)

    p = verb("explain", _explain, "draw what spoke for an answer onto an image")
    p.add_argument("image", type=Path)
    _add_model(p, "imagenet_efficientnet_lite0")
    p.add_argument("--out", type=Path, help="the picture to write (default: IMAGE-heatmap.png)")
    p.add_argument("--method", default="grad_cam", help=f"one of: {', '.join(CATALOGUE)}")
    p.add_argument("--target", help="a class by name or number (default: the predicted one)")
    p.add_argument("--against", help="a class that it is held against, by name or number")
    p.add_argument("--layer", help="for the methods whose names end in cam; default: the card's")
    p.add_argument(
        "--option",
        action="append",
        default=[],
        metavar="NAME=NUMBER",
        help="of the method, such as channels=0 for score_cam; may be given several times",
    )
    _add_json(p)

    p = verb("feature-maps", _feature_maps, "write one grid of feature maps for each layer")
    p.add_argument("image", type=Path)
    _add_model(p, "imagenet_efficientnet_lite0")
    p.add_argument("--layer", action="append", help="may be given several times")
    p.add_argument("--out", type=Path, default=Path("feature-maps"), help="a folder")

    p = verb("filters", _filters, "draw what channels look for, by gradient ascent")
    _add_model(p, "fashion_mnist_vgg")
    p.add_argument("--layer", help="default: the card's")
    p.add_argument("--channels", type=int, default=16, help="how many, from the first on")
    p.add_argument("--steps", type=int, default=128)
    p.add_argument("--seed", type=int, default=0)
    p.add_argument("--out", type=Path, default=Path("filters.png"))

    p = verb("evaluate", _evaluate, "measure a model on a data set")
    _add_model(p, "fashion_mnist_vgg")
    _add_dataset(p)
    _add_json(p)

    p = verb("channels", _channels, "measure a layer's channels on a data set; writes a CSV")
    _add_model(p, "fashion_mnist_vgg")
    _add_dataset(p, limit=2000)
    p.add_argument("--layer", help="default: the card's")
    p.add_argument("--out", type=Path, default=Path("channels.csv"))

    p = verb("embed", _embed, "arrange images by how alike the network finds them; writes a CSV")
    _add_model(p, "fashion_mnist_vgg")
    _add_dataset(p, limit=2000)
    p.add_argument("--layer")
    p.add_argument("--method", default="tsne", choices=("tsne", "pca"))
    p.add_argument("--seed", type=int, default=0)
    p.add_argument("--out", type=Path, default=Path("embedding.csv"))

    _add_json(verb("models", _models, "list the models that can be opened"))
    _add_json(verb("datasets", _datasets, "list the bundled data sets"))
    return parser


def _add_json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print JSON")


def _add_model(parser: argparse.ArgumentParser, default: str) -> None:
    parser.add_argument(
        "--model", default=default, help=f"a name, a reference or a file (default: {default})"
    )


def _add_dataset(parser: argparse.ArgumentParser, limit: int | None = None) -> None:
    parser.add_argument("--dataset", help="a name, a folder or a zip (default: the model's own)")
    parser.add_argument("--split", default="test", choices=("train", "val", "test"))
    parser.add_argument("--limit", type=int, default=limit)


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
    os.execve(command[0], command, {**os.environ, "PYTHONPATH": str(ROOT)})


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
    run = cnnviz.train(config, on_event=_print_event)
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


def _image(path: Path) -> Any:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise BadInput(
            "“{path}” cannot be read: {why}.", path=str(path), why=error.strerror or "unknown"
        ) from None
    return cnnviz.images.decode(data)


def _explain(given: argparse.Namespace) -> None:
    from cnnviz.figures.overlays import overlay
    from cnnviz.images import encode_png, place_back

    photo = _image(given.image)
    model = cnnviz.load_model(given.model)
    target = None if given.target is None else _class_index(model.card, given.target)
    batch = model.prepare([photo])
    against = None if given.against is None else _class_index(model.card, given.against)
    found = cnnviz.explain(
        model,
        batch,
        given.method,
        target,
        given.layer,
        against=against,
        report=_progress,
        **_options(given.option),
    )
    shares = model.predict(batch)[0]
    heat = place_back(found.raw[0], photo.shape, model.card.input_shape[:2], model.card.fit)
    out = given.out or given.image.with_name(f"{given.image.stem}-heatmap.png")
    _write(out, encode_png(overlay(photo, heat, signed=found.signed).image))
    index = int(found.targets[0])
    answer = {
        "class": model.card.class_names[index],
        "share": float(shares[index]),
        "against": None if against is None else model.card.class_names[against],
        "layer": found.layer,
        "method": found.method,
        "evidence": bool(found.positive_evidence[0]),
        "details": {name: float(values[0]) for name, values in found.details.items()},
        "out": str(out),
    }
    if given.json:
        print(json.dumps(answer))
        return
    rival = "" if against is None else f" (rather than {answer['against']})"
    print(f"{answer['class']}{rival}: {answer['share']:.1%} of its vote → {out}")
    if not answer["evidence"]:
        print("Nothing in this image spoke for it.")


def _options(given: list[str]) -> dict[str, float]:
    options = {}
    for text in given:
        name, _, value = text.partition("=")
        if name in inspect.signature(cnnviz.explain).parameters:
            raise BadInput("“{name}” is no option of a method.", name=name)
        try:
            options[name] = float(value)
        except ValueError:
            raise BadInput(
                "An option is written as name=number, not “{text}”.", text=text[:60]
            ) from None
    return options


def _class_index(card: Any, text: str) -> int:
    if text in card.class_names:
        return card.class_names.index(text)
    if text.isdecimal() and int(text) < len(card.class_names):
        return int(text)
    raise BadInput("This model knows no class “{name}”.", name=text[:40])


def _feature_maps(given: argparse.Namespace) -> None:
    from cnnviz.compute.questions.maps import quantise
    from cnnviz.figures.tiles import tile_grid

    model = cnnviz.load_model(given.model)
    layers = given.layer or [layer.name for layer in model.card.spatial_layers]
    maps = cnnviz.feature_maps(model, model.prepare([_image(given.image)]), layers=layers)
    given.out.mkdir(parents=True, exist_ok=True)
    written = 0
    for number, (layer, values) in enumerate(maps.items()):
        if values.ndim != 4:
            continue
        tiles, scale, signed = quantise(values[0])
        grid = tile_grid(tiles, signed=signed, dead=scale == 0)
        _write(given.out / f"{number:03d}-{layer.replace('/', '.')}.png", grid.png())
        written += 1
    print(f"{written} layers → {given.out}")


def _filters(given: argparse.Namespace) -> None:
    from cnnviz.figures.tiles import image_sprite

    model = cnnviz.load_model(given.model)
    layer = given.layer or model.card.filter_layer
    if layer is None:
        raise BadInput("This network has no layer with channels to draw.")
    count = min(given.channels, model.card.layer(layer).output_shape[-1])
    pictures = cnnviz.visualize_filters(
        model, layer, channels=list(range(count)), steps=given.steps, seed=given.seed
    )
    _write(given.out, image_sprite(pictures).data)
    print(f"{count} channels of {layer} → {given.out}")


def _dataset(given: argparse.Namespace, model: Any) -> Any:
    name = given.dataset or model.card.dataset
    if name is None:
        raise BadInput("Say which images: --dataset NAME, FOLDER or ZIP.")
    return cnnviz.load_dataset(name, split=given.split, limit=given.limit)


def _channels(given: argparse.Namespace) -> None:
    model = cnnviz.load_model(given.model)
    layer = given.layer or model.card.filter_layer
    if layer is None:
        raise BadInput("This network has no layer with channels to measure.")
    found = cnnviz.channel_statistics(model, _dataset(given, model), layer, report=_progress)
    columns = ("mean", "std", "maximum", "dead_share", "sparsity", "selectivity")
    means = ",".join('"mean {}"'.format(name.replace('"', '""')) for name in found.class_names)
    rows = [f"channel,{','.join(columns)},{means}"]
    for channel, of_classes in enumerate(found.class_means):
        values = [*(getattr(found, name)[channel] for name in columns), *of_classes]
        rows.append(f"{channel}," + ",".join(f"{v:.6g}" for v in values))
    _write(given.out, ("\n".join(rows) + "\n").encode())
    dead = int(found.dead.sum())
    print(f"{len(rows) - 1} channels of {layer}, {dead} dead, {found.images} images → {given.out}")


def _evaluate(given: argparse.Namespace) -> None:
    model = cnnviz.load_model(given.model)
    dataset = _dataset(given, model)
    found = cnnviz.evaluate(model, dataset, report=_progress)
    true, predicted, count = found.worst_pair or (None, None, 0)
    names = found.class_names
    answer = {
        "model": given.model,
        "dataset": dataset.name,
        "split": dataset.split,
        "images": len(dataset),
        "accuracy": float(found.accuracy),
        "mistakes": len(found.mistakes),
        "confusion": found.confusion.tolist(),
    }
    if given.json:
        print(json.dumps(answer))
        return
    print(
        f"{found.accuracy:.2%} of {len(dataset):,} {dataset.split} images of {dataset.name} right"
    )
    if true is not None:
        print(f"most often mixed up: {names[true]} taken for {names[predicted]} ({count} times)")


def _embed(given: argparse.Namespace) -> None:
    model = cnnviz.load_model(given.model)
    dataset = _dataset(given, model)
    found = cnnviz.embed(
        model, dataset, layer=given.layer, method=given.method, seed=given.seed, report=_progress
    )
    rows = ["index,label,predicted,x,y"]
    rows += [
        f"{i},{label},{predicted},{x:.5g},{y:.5g}"
        for i, label, predicted, (x, y) in zip(
            found.indices, found.labels, found.predicted, found.points, strict=True
        )
    ]
    _write(given.out, ("\n".join(rows) + "\n").encode())
    print(f"{len(rows) - 1} points of {found.layer} ({given.method}) → {given.out}")


def _progress(fraction: float, text: str = "", frame: object = None) -> None:
    print(f"\r{text} {fraction:4.0%} ", end="" if fraction < 1 else "\n", file=sys.stderr)


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


def _write(path: Path, data: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    except OSError as error:
        raise BadInput(
            "“{path}” cannot be written: {why}.", path=str(path), why=error.strerror or "unknown"
        ) from None
