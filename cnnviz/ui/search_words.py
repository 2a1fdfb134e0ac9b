"""A search in words: what its settings and values are called, and what its trials tell."""

from __future__ import annotations

from collections.abc import Sequence

from cnnviz.errors import CnnvizError
from cnnviz.models.architectures import ARCHITECTURES, get_architecture
from cnnviz.runs import trials
from cnnviz.runs.run import Run
from cnnviz.runs.search_findings import ENOUGH, Matter, what_matters
from cnnviz.runs.trials import Trial
from cnnviz.texts import N_
from cnnviz.training.search_config import BLOCKS, PARAMETERS
from cnnviz.training.setting_names import LABELS
from cnnviz.ui import run_settings, run_words
from cnnviz.ui.language import _, listed, n_, percent
from cnnviz.ui.plain_text import plain

TUNERS = {
    "random": N_("random"),
    "hyperband": N_("Hyperband"),
    "bayesian": N_("Bayesian"),
}
TUNER_STORIES = {
    "random": N_(
        "Every trial draws its values by chance. Simple, hard to beat with few trials, and fair to "
        "every setting."
    ),
    "hyperband": N_(
        "Many trials learn for a short time; only the best third goes on, for three times as long. "
        "Saves time where bad settings show early."
    ),
    "bayesian": N_(
        "After a few trials of chance, a model of the accuracy says where the next one promises "
        "most. Pays off with more than a dozen trials."
    ),
}
_OF_BLOCKS = {
    "filters": N_("Channels"),
    "norm": N_("Batch normalisation"),
    "dropout": N_("Dropout"),
    "repeats": N_("Repeated convolutions"),
}


def label(name: str, architecture: str) -> str:
    """What a setting of the space is called."""
    if name == "architecture":
        return _("Network")
    if name.startswith(BLOCKS):
        return _(_OF_BLOCKS[name.removeprefix(BLOCKS)])
    if name.startswith(PARAMETERS):
        wanted = name.removeprefix(PARAMETERS)
        known = {p.name: p.title for p in get_architecture(architecture).parameters}
        return _(known.get(wanted, wanted))
    return _(LABELS.get(name, name))


def value_words(name: str, value: object) -> str:
    """A value of a setting, in few letters."""
    if name == "architecture":
        known = ARCHITECTURES.get(str(value))
        return _(known.title) if known else str(value)
    if name in (f"{BLOCKS}filters", f"{BLOCKS}repeats"):
        return f"×{float(value):g}".replace("×0.5", "×½")
    return run_settings.words(name.rpartition(".")[2], value)


def in_words(trial: Trial, architecture: str) -> str:
    """What a trial tries, in a line; not escaped."""
    parts = [f"{label(n, architecture)}: {value_words(n, v)}" for n, v in trial.values.items()]
    return " · ".join(parts)


def best_words(search: Run, best: Trial | None, right: float | None) -> str:
    """The best trial so far; Markdown."""
    if best is None or right is None:
        return _("No trial has a result yet.")
    values = plain(in_words(best, str(search.config.get("architecture"))))
    if search.outcome is None:
        words = _("**Best so far:** trial {number} with {percent} of the validation images right.")
    else:
        words = _("**The best:** trial {number} with {percent} of the validation images right.")
    words = words.format(number=best.number, percent=percent(right, 1))
    return f"{words} {values}"


def test_words(search: Run) -> str:
    """What the best one gets right of images that decided nothing; empty where nobody looked."""
    outcome = search.outcome or {}
    if outcome.get("test_accuracy") is None:
        return ""
    return _(
        "Of {count} test images it gets **{percent}** right. The best of many trials was probably "
        "a little lucky with the validation images, by which it was chosen; the test images "
        "decided nothing, so theirs is the honest figure."
    ).format(count=f"{outcome['test_images']:,}", percent=percent(outcome["test_accuracy"], 1))


def matters_words(search: Run, results: Sequence[tuple[Trial, float]]) -> str:
    """Which settings seem to matter, as far as the trials can tell; Markdown."""
    if (search.search or {}).get("tuner") == "bayesian":
        return _(
            "Which setting matters? A Bayesian search looks mostly where it hopes for more, so its "
            "trials are no fair sample of all settings. A random search can tell."
        )
    fair = [(t, right) for t, right in results if t.begun_by is None]
    counts = {t.epochs for t, _right in fair}
    longest = max(counts, key=lambda e: sum(t.epochs == e for t, _ in fair), default=0)
    fair = [(t, right) for t, right in fair if t.epochs == longest]
    if len(fair) < ENOUGH:
        return n_(
            "Which setting matters? That takes at least {count} trial of equal length.",
            "Which setting matters? That takes at least {count} trials of equal length.",
            ENOUGH,
        )
    found = what_matters([t.values for t, _right in fair], [right for _trial, right in fair])
    if not found:
        return _(
            "Which setting matters? After {count} trials none stands out: the differences between "
            "their values could be chance."
        ).format(count=len(fair))
    architecture = str(search.config.get("architecture"))
    sentences = [_("What seems to matter:")]
    sentences += [_matter_words(matter, architecture) for matter in found]
    if len(found) < len((search.search or {}).get("space", {})):
        sentences.append(_("For the others, the differences could be chance."))
    return " ".join(sentences)


def _matter_words(matter: Matter, architecture: str) -> str:
    return _(
        "**{setting}**: with {best}, trials got {right} right on average, with {worst} {less}."
    ).format(
        setting=plain(label(matter.name, architecture)),
        best=plain(_span(matter.name, matter.best)),
        right=percent(matter.best_mean, 1),
        worst=plain(_span(matter.name, matter.worst)),
        less=percent(matter.worst_mean, 1),
    )


def _span(name: str, ends: tuple) -> str:
    words = [value_words(name, value) for value in ends]
    if len(words) == 1:
        return words[0]
    return _("{low} to {high}").format(low=words[0], high=words[1])


def state(search: Run, status: str) -> str:
    """Where a search stands: “trial 3 of 12”."""
    begun, whole = len(trials.listed(search.folder)), (search.search or {}).get("trials", 0)
    if status in ("starting", "running", "waiting") and begun:
        return _("trial {number} of {count}").format(number=begun, count=whole)
    return run_words.status_words(status)


def planned(count: int, epochs: int) -> str:
    """“12 trials, 36 epochs in all”."""
    return listed(
        [
            n_("{count} trial", "{count} trials", count),
            n_("{count} epoch in all", "{count} epochs in all", epochs),
        ]
    )


def why_not(run_id: str) -> str:
    """Why a trial failed, in a sentence; empty where it did not."""
    try:
        error = Run(run_id).error
    except CnnvizError:
        return ""
    return error.sentence(_) if error else ""
