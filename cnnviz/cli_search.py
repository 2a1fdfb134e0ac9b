"""The terminal's verb ``search``: try values of some settings, keep the best."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from typing import Any

import cnnviz
from cnnviz import cli_settings
from cnnviz.cli_shared import add_json
from cnnviz.errors import BadInput
from cnnviz.runs import trials
from cnnviz.runs.run import Run
from cnnviz.training.config import BOUNDS, SWITCHES
from cnnviz.training.search_config import BLOCKS, PARAMETERS, TUNERS, Range, SearchConfig

Verb = Callable[[str, Callable[[argparse.Namespace], None], str], Any]
_NONE, _TO, _LOG, _AND = "none", "..", "log", "+"
_WORDS = {"true": True, "false": False, "yes": True, "no": False, _NONE: None}


def add_verbs(verb: Verb) -> None:
    """Add ``search``."""
    p = verb("search", _search, "search for good settings with KerasTuner")
    cli_settings.add_settings(p)
    p.add_argument(
        "--try",
        dest="space",
        action="append",
        default=[],
        metavar="NAME=VALUES",
        help="a setting and what to try: learning_rate=0.001,0.01; a range: "
        "learning_rate=0.0001..0.1,log; of the architecture: parameters.dropout=0,0.5; "
        "augmentation=none,flip+shift",
    )
    p.add_argument("--tuner", default=TUNERS[0], choices=TUNERS)
    p.add_argument("--trials", type=int, default=SearchConfig().trials)
    p.add_argument("--search-seed", type=int, default=0, help="the start of the search's chance")
    p.add_argument(
        "--background", action="store_true", help="put it into the queue and return at once"
    )
    add_json(p)


def space_from(given: list[str]) -> dict:
    """The space that ``--try`` options say.

    Raises:
        BadInput: an option without an equals sign.
    """
    found = {}
    for option in given:
        name, equals, text = option.partition("=")
        if not equals or not text:
            raise BadInput("--try takes NAME=VALUES, for instance --try learning_rate=0.001,0.01.")
        name = name.strip().replace("-", "_")
        parts = [part.strip() for part in text.split(",")]
        if _TO in parts[0]:
            found[name] = _range(parts)
        else:
            found[name] = tuple(_value(name, part) for part in parts)
    return found


def _range(parts: list[str]) -> Range:
    """``low..high``, then ``log`` or a step or both."""
    log = _LOG in parts
    try:
        low, high = (float(end) for end in parts[0].split(_TO))
        steps = [float(part) for part in parts[1:] if part != _LOG]
    except ValueError:
        raise BadInput("A range is LOW..HIGH, for instance 0.0001..0.1,log.") from None
    return Range(low, high, steps[0] if steps else None, log)


def _value(name: str, text: str) -> object:
    if name == "augmentation":
        return () if text == _NONE else tuple(text.split(_AND))
    if text == _NONE or name in SWITCHES or name == f"{BLOCKS}norm":
        return _WORDS.get(text, text)
    if name not in BOUNDS and not name.startswith((PARAMETERS, BLOCKS)):
        return text
    for kind in (int, float):
        try:
            number = kind(text)
        except ValueError:
            continue
        return float(number) if name in BOUNDS and BOUNDS[name][2] is float else number
    return text


def _search(given: argparse.Namespace) -> None:
    base, space = cli_settings.config_from(given), space_from(given.space)
    config = SearchConfig(base, space, given.tuner, given.trials, given.search_seed)
    if given.background:
        print(cnnviz.start_search(config).reference)
        return
    run = cnnviz.search(config, on_event=_Printer())
    outcome = {"run": run.id, "reference": run.reference, **(run.outcome or {})}
    if given.json:
        rows = [
            {"run": t.run, "values": t.values, **(Run(t.run).outcome or {})}
            for t in trials.listed(run.folder)
        ]
        print(json.dumps({**outcome, "trials": rows}))
        return
    print(f"{run.status}: {run.reference}")
    best = next((t for t in trials.listed(run.folder) if t.run == outcome.get("best")), None)
    if best is None:  # it rests, or no trial has a result
        return
    print(f"best: trial {best.number}, run:{best.run}@best, {_shown(best.values)}")
    print(f"validation accuracy {outcome['val_accuracy']:.4f}", end="")
    print(f", test accuracy {outcome['test_accuracy']:.4f}" if "test_accuracy" in outcome else "")


class _Printer:
    """Tells on standard error how the trials go."""

    def __call__(self, event: dict) -> None:
        if event["kind"] == "trial":
            trial = trials.listed(Run(Run(event["run"]).parent).folder)[event["trial"] - 1]
            print(f"trial {event['trial']}: {_shown(trial.values)}", file=sys.stderr)
        elif event["kind"] == "trial_epoch":
            line = f"  epoch {event['epoch']}: val accuracy {event['val_accuracy']:.4f}"
            print(line, file=sys.stderr)
        elif event["kind"] == "trial_end" and event["val_accuracy"] is None:
            print(f"  {event['status']}", file=sys.stderr)


def _shown(values: dict) -> str:
    return ", ".join(f"{name} {value}" for name, value in values.items())
