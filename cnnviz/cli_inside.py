"""The terminal's verbs that look inside a network: explain, feature-maps, filters, channels."""

from __future__ import annotations

import argparse
import inspect
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cnnviz
from cnnviz.cli_shared import (
    add_dataset,
    add_json,
    add_model,
    open_model,
    progress,
    read_dataset,
    read_image,
    write,
)
from cnnviz.errors import BadInput
from cnnviz.explanation.catalogue import CATALOGUE

Verb = Callable[[str, Callable[[argparse.Namespace], None], str], Any]


def add_verbs(verb: Verb) -> None:
    """Add ``explain``, ``feature-maps``, ``filters`` and ``channels``."""
    p = verb("explain", _explain, "draw what spoke for an answer onto an image")
    p.add_argument("image", type=Path)
    add_model(p, "imagenet_efficientnet_lite0")
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
    add_json(p)

    p = verb("feature-maps", _feature_maps, "write one grid of feature maps for each layer")
    p.add_argument("image", type=Path)
    add_model(p, "imagenet_efficientnet_lite0")
    p.add_argument("--layer", action="append", help="may be given several times")
    p.add_argument("--out", type=Path, default=Path("feature-maps"), help="a folder")

    p = verb("filters", _filters, "draw what channels look for, by gradient ascent")
    add_model(p, "fashion_mnist_vgg")
    p.add_argument("--layer", help="default: the card's")
    p.add_argument("--channels", type=int, default=16, help="how many, from the first on")
    p.add_argument("--steps", type=int, default=128)
    p.add_argument("--seed", type=int, default=0)
    p.add_argument("--out", type=Path, default=Path("filters.png"))

    p = verb("channels", _channels, "measure a layer's channels on a data set; writes a CSV")
    add_model(p, "fashion_mnist_vgg")
    add_dataset(p, limit=2000)
    p.add_argument("--layer", help="default: the card's")
    p.add_argument("--out", type=Path, default=Path("channels.csv"))


def _explain(given: argparse.Namespace) -> None:
    from cnnviz.figures.overlays import overlay
    from cnnviz.images import encode_png, place_back

    photo = read_image(given.image)
    model = open_model(given)
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
        report=progress,
        **_options(given.option),
    )
    shares = model.predict(batch)[0]
    heat = place_back(found.raw[0], photo.shape, model.card.input_shape[:2], model.card.fit)
    out = given.out or given.image.with_name(f"{given.image.stem}-heatmap.png")
    write(out, encode_png(overlay(photo, heat, signed=found.signed).image))
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

    model = open_model(given)
    layers = given.layer or [layer.name for layer in model.card.spatial_layers]
    maps = cnnviz.feature_maps(model, model.prepare([read_image(given.image)]), layers=layers)
    given.out.mkdir(parents=True, exist_ok=True)
    written = 0
    for number, (layer, values) in enumerate(maps.items()):
        if values.ndim != 4:
            continue
        tiles, scale, signed = quantise(values[0])
        grid = tile_grid(tiles, signed=signed, dead=scale == 0)
        write(given.out / f"{number:03d}-{layer.replace('/', '.')}.png", grid.png())
        written += 1
    print(f"{written} layers → {given.out}")


def _filters(given: argparse.Namespace) -> None:
    from cnnviz.figures.tiles import image_sprite

    model = open_model(given)
    layer = given.layer or model.card.filter_layer
    if layer is None:
        raise BadInput("This network has no layer with channels to draw.")
    count = min(given.channels, model.card.layer(layer).output_shape[-1])
    pictures = cnnviz.visualize_filters(
        model, layer, channels=list(range(count)), steps=given.steps, seed=given.seed
    )
    write(given.out, image_sprite(pictures).data)
    print(f"{count} channels of {layer} → {given.out}")


def _channels(given: argparse.Namespace) -> None:
    model = open_model(given)
    layer = given.layer or model.card.filter_layer
    if layer is None:
        raise BadInput("This network has no layer with channels to measure.")
    found = cnnviz.channel_statistics(model, read_dataset(given, model), layer, report=progress)
    columns = ("mean", "std", "maximum", "dead_share", "sparsity", "selectivity")
    means = ",".join('"mean {}"'.format(name.replace('"', '""')) for name in found.class_names)
    rows = [f"channel,{','.join(columns)},{means}"]
    for channel, of_classes in enumerate(found.class_means):
        values = [*(getattr(found, name)[channel] for name in columns), *of_classes]
        rows.append(f"{channel}," + ",".join(f"{v:.6g}" for v in values))
    write(given.out, ("\n".join(rows) + "\n").encode())
    dead = int(found.dead.sum())
    print(f"{len(rows) - 1} channels of {layer}, {dead} dead, {found.images} images → {given.out}")
