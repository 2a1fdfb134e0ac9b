"""The figures of a training that are worth a projector, and below them what they count."""

from __future__ import annotations

import streamlit as st

from cnnviz.runs.run import Run
from cnnviz.ui import run_words
from cnnviz.ui.language import _, percent
from cnnviz.ui.plain_text import plain

Figure = tuple[str, str]  # what it is, and its value in words; "–" while it is not known


def numbers(run: Run) -> None:
    """Draw those of a training that nobody works at."""
    shown, notes = figures(run)
    with st.grid(min_column_width=150):
        for label, value in shown:
            st.metric(label, value)
    if notes:
        st.caption(" · ".join(map(plain, notes)))


def figures(run: Run, active: bool = False) -> tuple[list[Figure], list[str]]:
    """The figures, and what they count; ``active`` also says how quick it is and what is left."""
    progress, outcome = run.progress, run.outcome or {}
    test, best = outcome.get("test_accuracy"), outcome.get("val_accuracy")
    if best is None and progress.validation.accuracy:
        best = progress.validation.accuracy[-1]
    whole = progress.steps_per_epoch * progress.epochs
    found: list[tuple[str, str | None]] = []
    notes = []
    if test is not None:
        found.append((_("test images right"), percent(test, 1)))
        notes.append(_("{count} test images").format(count=f"{outcome['test_images']:,}"))
    found.append((_("validation images right"), None if best is None else percent(best, 1)))
    if progress.val_images:
        notes.append(_("{count} validation images").format(count=f"{progress.val_images:,}"))
    if progress.images:
        notes.append(_("{count} training images").format(count=f"{progress.images:,}"))
    found.append((_("epoch"), f"{progress.epoch} / {progress.epochs}" if whole else None))
    if whole:
        found.append((_("step of {count}").format(count=f"{whole:,}"), f"{progress.step:,}"))
    else:
        found.append((_("step"), None))
    rate = progress.learning_rate
    if active:
        speed, left = progress.images_per_second, progress.seconds_left
        found.append((_("images per second"), f"{speed:,.0f}" if speed else None))
        found.append((_("time left"), None if left is None else run_words.duration(left)))
        found.append((_("learning rate"), f"{rate:.3g}" if rate is not None else None))
        found.append((_("memory"), size(progress.memory) if progress.memory else None))
    elif (seconds := outcome.get("seconds")) is not None:
        found.append((_("time taken"), run_words.duration(seconds)))
    if progress.device:
        device = " ".join(dict.fromkeys([progress.device, progress.device_name])).strip()
        notes.append(_("computed on: {device}").format(device=device))
    if not active and progress.memory:
        notes.append(_("memory: {size}").format(size=size(progress.memory)))
    return [(label, value or "–") for label, value in found], notes


def size(count: float) -> str:
    """Bytes as “780 MB” or “1.2 GB”."""
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.0f} MB"
