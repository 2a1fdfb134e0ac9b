"""A training in words: its title, its state, how it ended, how long something takes."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

from cnnviz.datasets.bundled import DATASETS
from cnnviz.datasets.imported import describe_imported
from cnnviz.errors import CnnvizError
from cnnviz.models.architectures import ARCHITECTURES
from cnnviz.runs.run import Run
from cnnviz.texts import N_
from cnnviz.training import setting_names
from cnnviz.training.config import TrainingConfig
from cnnviz.ui.language import _, in_words, language, percent

_STATUS = {
    "waiting": N_("waiting"),
    "starting": N_("getting ready"),
    "running": N_("learning"),
    "paused": N_("paused"),
    "finished": N_("finished"),
    "stopped": N_("stopped early"),
    "failed": N_("failed"),
    "lost": N_("broke off"),
}


def title_of(run: Run) -> str:
    """The name that a person gave it, else data set, network, unusual settings; not escaped."""
    title, given = _title(run, run.title, language())
    if given or run.search is None:
        return title
    return _("Search: {title}").format(title=title)


def given_title(run: Run) -> str:
    """The name that a person gave it; empty where its settings are its name. Not escaped."""
    return run.title if _title(run, run.title, language())[1] else ""


@lru_cache(maxsize=1024)
def _title(run: Run, title: str, _language: str) -> tuple[str, bool]:
    """What to call it, and whether a person gave it that name; worked out once for long lists."""
    parts = [dataset_of(run), architecture_of(run)]
    try:
        config = TrainingConfig.from_json(run.config)
        if title and title != replace(config, title="").check().title:
            return title, True
        changed = setting_names.changes(config)
    except CnnvizError:  # its data set may have been deleted
        return title or " · ".join(parts), bool(title)
    parts += [f"{_(label)}: {in_words(value)}" if value else _(label) for label, value in changed]
    return " · ".join(parts), False


def dataset_of(run: Run) -> str:
    """The title of the data set it learns from; not escaped."""
    name = str(run.config.get("dataset", ""))
    if name in DATASETS:
        return _(DATASETS[name].title)
    if name.startswith("upload:"):
        try:
            return describe_imported(name.removeprefix("upload:")).title
        except CnnvizError:
            return _("a deleted data set")
    return name.replace("\\", "/").rstrip("/").rpartition("/")[2]


def architecture_of(run: Run) -> str:
    """The title of its architecture."""
    name = str(run.config.get("architecture", ""))
    return _(ARCHITECTURES[name].title) if name in ARCHITECTURES else name


def status_words(status: str) -> str:
    """A run's status as a person says it."""
    return _(_STATUS.get(status, status))


def outcome_words(run: Run, status: str) -> str:
    """How an ended run ended, in a sentence or two; Markdown."""
    outcome, progress = run.outcome or {}, run.progress
    sentences = []
    if status == "finished" and outcome.get("stopped_early"):
        sentences.append(
            _(
                "It ended early, after epoch {epoch}: nothing had become better for a while. What "
                "it knew after epoch {best} is kept."
            ).format(epoch=outcome.get("epoch"), best=outcome.get("best_epoch"))
        )
    elif status == "finished":
        sentences.append(_("It has finished learning."))
    elif status == "stopped" and not outcome.get("step"):
        sentences.append(_("Stopped before it had learned anything."))
    elif status == "stopped":
        sentences.append(
            _("Stopped at step {step} of {steps}; what it had learned by then is kept.").format(
                step=f"{outcome.get('step') or 0:,}",
                steps=f"{progress.steps_per_epoch * progress.epochs:,}",
            )
        )
    elif status == "lost":
        sentences.append(
            _(
                "The training broke off at step {step}: the program that did the work is gone, "
                "perhaps because the machine was switched off. It can go on from its last whole "
                "epoch."
            ).format(step=f"{progress.step:,}")
        )
    if (right := outcome.get("test_accuracy")) is not None:
        sentences.append(
            _(
                "Of {count} test images, which it never saw while learning, it gets **{percent}** "
                "right."
            ).format(count=f"{outcome['test_images']:,}", percent=percent(right, 1))
        )
    if (right := outcome.get("val_accuracy")) is not None:
        sentences.append(
            _("Of {count} validation images, it gets **{percent}** right.").format(
                count=f"{outcome['val_images']:,}", percent=percent(right, 1)
            )
        )
    return " ".join(sentences)


def duration(seconds: float) -> str:
    """Seconds as “12 s”, “3 min 20 s” or “1 h 5 min”."""
    whole = max(0, round(seconds))
    if whole < 60:
        return _("{seconds} s").format(seconds=whole)
    if whole < 3600:
        return _("{minutes} min {seconds} s").format(minutes=whole // 60, seconds=whole % 60)
    return _("{hours} h {minutes} min").format(hours=whole // 3600, minutes=whole % 3600 // 60)
