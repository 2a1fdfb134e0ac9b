"""What is kept of a search: its best trial as its model, and what came of all of them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import replace

from cnnviz.datasets.loading import load_dataset
from cnnviz.errors import CnnvizError, NotFound
from cnnviz.models.cards import FILE as CARD
from cnnviz.models.cards import Accuracy, read_card
from cnnviz.models.model import load_model
from cnnviz.models.references import MODEL_FILE
from cnnviz.runs import trials
from cnnviz.runs.run import OUTCOME, Run
from cnnviz.storage import write_whole
from cnnviz.training.config import TrainingConfig
from cnnviz.training.ending import test_images
from cnnviz.training.network import score

_FIGURES = ("val_accuracy", "val_loss", "val_images", "test_accuracy", "test_images")


def ended_trials(search: Run) -> list[Run]:
    """Those that have a result, the best first: by accuracy, then by loss, then the earliest."""
    found = []
    for trial in trials.listed(search.folder):
        try:
            run = Run(trial.run)
        except NotFound:
            continue
        if _accuracy(run) is not None:
            found.append(run)
    return sorted(found, key=lambda run: (-_accuracy(run), run.outcome.get("val_loss") or 0.0))


def keep_best(search: Run) -> None:
    """Make the best trial so far the model of its search, under the search's own name."""
    best = next((r for r in ended_trials(search) if (r.folder / MODEL_FILE).is_file()), None)
    if best is None:
        return
    card = replace(read_card(best.folder), title=search.title)
    temporary = search.folder / f".new-{MODEL_FILE}"
    try:
        shutil.copyfile(best.folder / MODEL_FILE, temporary)
        temporary.replace(search.folder / MODEL_FILE)
    finally:
        temporary.unlink(missing_ok=True)
    write_whole(search.folder / CARD, card.to_json().encode())


def let_others_go(search: Run, keep_state: bool = False) -> None:
    """Keep the weights of the best few trials only, and no trial's state to go on from.

    ``keep_state`` leaves the states: with Hyperband, every trial may be gone on with.
    """
    kept = {run.id for run in ended_trials(search)[: trials.KEPT]}
    for folder in trials.folders(search.folder):
        if not (folder / OUTCOME).exists():
            continue
        if folder.name not in kept:
            trials.let_weights_go(folder, keep_state)
        elif not keep_state:
            shutil.rmtree(folder / "resume", ignore_errors=True)


def measure_best(search: Run) -> None:
    """Let the best trial see the test images, once: it was chosen by the validation images.

    Its outcome, its card and the search's card say what it got right.
    """
    best = next(iter(ended_trials(search)), None)
    if best is None or "test_accuracy" in (best.outcome or {}):
        return
    config = TrainingConfig.from_json(best.config).check()
    val = load_dataset(config.dataset, "val", complete=config.complete)
    model = load_model(best.reference)
    test = test_images(model.predict, val, config)
    if test is None:
        return
    _loss, right = score(model.predict(test.images), test.labels)
    told = {"test_accuracy": round(right, 6), "test_images": len(test)}
    card = read_card(best.folder)
    others = [one for one in card.accuracy if one.split != "test"]
    measured = Accuracy(told["test_accuracy"], config.dataset, "test", len(test))
    card = replace(card, accuracy=(measured, *others))
    # The outcome comes last: it says that all this is done.
    write_whole(best.folder / CARD, card.to_json().encode())
    keep_best(search)
    text = json.dumps({**best.outcome, **told}, indent=1)
    write_whole(best.folder / OUTCOME, text.encode())


def figures(search: Run) -> tuple[dict, CnnvizError | None]:
    """The figures of a search's outcome, and why its last trial failed, if one did.

    ``best`` is the id of the best trial's run, ``completed`` and ``failed`` count trials, ``epoch``
    all the epochs that were learned, ``seconds`` the time that this took.
    """
    listed = trials.listed(search.folder)
    runs = _runs(listed)
    outcomes = {number: run.outcome or {} for number, run in runs.items()}
    ended = ended_trials(search)
    best = ended[0] if ended else None
    learned, seconds = 0, 0.0
    for trial in listed:
        told = outcomes.get(trial.number, {})
        learned += max(0, int(told.get("epoch") or 0) - trial.first)
        seconds += float(told.get("seconds") or 0.0)
        if trial.begun_by:  # whose time is in it
            seconds -= float(outcomes.get(trial.begun_by, {}).get("seconds") or 0.0)
    found = {
        "trials": len(listed),
        "completed": len(ended),
        "failed": sum(told.get("status") == "failed" for told in outcomes.values()),
        "best": best and best.id,
        "epoch": learned,
        "step": sum(trial.epochs - trial.first for trial in listed),
        "seconds": round(max(0.0, seconds), 1),
    }
    told = (best.outcome or {}) if best else {}
    found |= {name: told[name] for name in _FIGURES if name in told}
    problems = [run.error for run in runs.values() if run.error]
    return found, problems[-1] if problems else None


def _runs(listed: Sequence[trials.Trial]) -> dict[int, Run]:
    found = {}
    for trial in listed:
        try:
            found[trial.number] = Run(trial.run)
        except NotFound:
            continue
    return found


def _accuracy(run: Run) -> float | None:
    """Of an ended trial that did not fail."""
    told = run.outcome or {}
    return None if told.get("status") == "failed" else told.get("val_accuracy")
