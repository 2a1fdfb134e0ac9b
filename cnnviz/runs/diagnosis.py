"""What ails a training, in plain words with the numbers that say so, and what to try.

Measurements are in :mod:`cnnviz.runs.symptoms`, the rules in :mod:`cnnviz.runs.stuck` (it does not
learn) and :mod:`cnnviz.runs.learned` (it does), what to try in :mod:`cnnviz.runs.remedies`.
"""

from __future__ import annotations

from collections.abc import Sequence

from cnnviz.runs import learned, stuck
from cnnviz.runs.findings import Case, Finding
from cnnviz.runs.insights import Insight, read_insight
from cnnviz.runs.progress import Progress
from cnnviz.runs.run import Run
from cnnviz.runs.symptoms import measure_signs

_LOOKED_AT = 3  # of the latest insights: the last one with layers, the last one with answers


def diagnose_run(run: Run) -> tuple[Finding, ...]:
    """The findings about a run as it is now, the most important first."""
    progress = run.progress
    labels = progress.insights[-_LOOKED_AT:]
    insights = [i for label in labels if (i := read_insight(run.folder, label))]
    return diagnose(run.config, progress, insights, run.outcome)


def diagnose(
    config: dict,
    progress: Progress,
    insights: Sequence[Insight] = (),
    outcome: dict | None = None,
) -> tuple[Finding, ...]:
    """The findings about a training, the most important first.

    While it is at work they are those that can already be said with confidence. What follows from
    a disease (classes that are never named, a flat curve) is not said beside it.

    Args:
        config: the fields of its ``TrainingConfig``.
        progress: its diary.
        insights: its latest kept moments, the latest last.
        outcome: how it ended; None while it has not.
    """
    case = Case(config, progress, measure_signs(progress, insights), outcome)
    groups = (
        (stuck.diverged,),
        (stuck.rate_too_high, stuck.dead_channels, stuck.one_answer),
        (stuck.rate_too_low,),
        (learned.by_heart, learned.unused_classes),
        (learned.flat,),
        (learned.still_improving,),
        (learned.held_back,),
        (learned.few_steps,),
        (learned.healthy,),
    )
    for rules in groups:
        if found := tuple(f for rule in rules if (f := rule(case))):
            return found
    return ()
