"""The terminal's verb ``fetch``: networks of Keras by their names."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import cnnviz
from cnnviz.cli_shared import add_json, progress
from cnnviz.errors import BadInput
from cnnviz.models.application_list import APPLICATIONS, application

Verb = Callable[[str, Callable[[argparse.Namespace], None], str], Any]


def add_verbs(verb: Verb) -> None:
    """Add ``fetch``."""
    p = verb("fetch", _fetch, "download a network of keras.applications and keep it as a model")
    p.add_argument("name", nargs="?", metavar="NAME", help="such as MobileNetV2")
    p.add_argument("--list", action="store_true", help="say which networks there are")
    add_json(p)


def _fetch(given: argparse.Namespace) -> None:
    if given.list:
        _list(given.json)
        return
    if given.name is None:
        raise BadInput("Say which network to fetch; “fetch --list” says which there are.")
    wanted = application(given.name)  # a wrong name is told before Keras is loaded
    reference = cnnviz.fetch_model(wanted.name, report=progress)
    progress(1.0, "")
    print(json.dumps({"name": wanted.name, "reference": reference}) if given.json else reference)


def _list(as_json: bool) -> None:
    if as_json:
        print(json.dumps([asdict(one) for one in APPLICATIONS.values()]))
        return
    for one in APPLICATIONS.values():
        size = f"{one.side}×{one.side}"
        print(
            f"{one.name:<18} {one.parameters:>12,}  {one.megabytes:>5} MB  {size:<8} "
            f"{one.reported:.1%}  {one.about.licence}"
        )
