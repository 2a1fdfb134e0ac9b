"""The trials of a search: a table whose rows open them, and a picture of all at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import streamlit as st

from cnnviz.errors import CnnvizError
from cnnviz.figures.parallel import Axis, Line, parallel
from cnnviz.runs import trials
from cnnviz.runs.run import Run
from cnnviz.runs.trials import Trial
from cnnviz.ui import run_words, search_words
from cnnviz.ui.language import _, percent
from cnnviz.ui.pictures import chart, is_dark

_MOST_TICKS = 6
_LETTERS = 38  # of all texts at an axis that a phone has room for
_MOST_AXES = 8


@dataclass(frozen=True)
class Row:
    """A trial as it stands: ``run`` is None once it is deleted, ``right`` its best accuracy."""

    trial: Trial
    run: Run | None
    status: str
    epochs: int
    right: float | None
    loss: float = 0.0


def rows_of(search: Run) -> list[Row]:
    """The trials by number."""
    return [_row(trial) for trial in trials.listed(search.folder)]


def best_of(rows: Sequence[Row]) -> Row | None:
    """The ended trial that is best: by accuracy, then by loss, as the search itself says."""
    ended = [r for r in rows if r.right is not None and r.status in ("finished", "stopped")]
    return max(ended, key=lambda r: (r.right, -r.loss, -r.trial.number), default=None)


def table(search: Run, rows: Sequence[Row], open_: Callable[[str], None]) -> None:
    """One row a trial; ticking it opens the trial."""
    architecture = str(search.config.get("architecture"))
    names = _names(search)
    columns: dict[str, list] = {_("trial"): [row.trial.number for row in rows]}
    for name in names:
        title = search_words.label(name, architecture)
        columns[title] = [_value(row.trial, name) for row in rows]
    columns[_("epochs")] = [f"{row.epochs} / {row.trial.epochs}" for row in rows]
    columns[_("validation images right")] = [
        "–" if row.right is None else percent(row.right, 1) for row in rows
    ]
    columns[_("status")] = [
        run_words.status_words(row.status) if row.run else _("deleted") for row in rows
    ]
    key = f"trials-{search.id[:8]}"

    def ticked() -> None:
        picked = st.session_state[key].selection.rows
        if picked and picked[0] < len(rows) and rows[picked[0]].run is not None:
            open_(rows[picked[0]].trial.run)

    st.caption(_("Tick a trial to open it."))
    st.dataframe(
        columns,
        hide_index=True,
        key=key,
        on_select=ticked,
        selection_mode="single-row",
        alt=_("The trials, one a row"),
    )
    for row in rows:
        if row.status == "failed" and (why := search_words.why_not(row.trial.run)):
            st.caption(_("Trial {number} failed. {why}").format(number=row.trial.number, why=why))


def picture(search: Run, rows: Sequence[Row]) -> None:
    """One axis a setting, one line a trial."""
    architecture = str(search.config.get("architecture"))
    names = _names(search)[:_MOST_AXES]
    scales = [_Scale([row.trial.values.get(name) for row in rows], name) for name in names]
    shares = [row.right for row in rows if row.right is not None]
    low, high = (min(shares), max(shares)) if shares else (0.0, 1.0)
    spread = max(high - low, 1e-6)
    best = best_of(rows)
    lines = []
    for row in rows:
        share = None if row.right is None else (row.right - low) / spread
        right = "–" if row.right is None else percent(row.right, 1)
        words = search_words.in_words(row.trial, architecture)
        name = _("Trial {number}").format(number=row.trial.number)
        places = [scale.place(row.trial.values.get(scale.name)) for scale in scales]
        lines.append(Line([*places, share], share, f"{name} · {right} · {words}", best is row))
    axes = [Axis(search_words.label(s.name, architecture), s.ticks()) for s in scales]
    ticks = [(i / 4, percent(low + spread * i / 4, 1)) for i in range(5)] if shares else []
    chart(
        parallel(
            [*axes, Axis(_("validation images right"), ticks)],
            lines,
            best=_("the best"),
            dark=is_dark(),
        ),
        key=f"parallel-{search.id[:8]}",
        alt=_(
            "Parallel coordinates: each line is a trial. From top to bottom it crosses one axis "
            "for each setting and ends at the share of validation images that it gets right. The "
            "table below has the same numbers."
        ),
    )
    st.caption(
        _(
            "Each line is a trial. Follow the strong lines, which end on the right, up to the "
            "values that they have in common. Dotted: no result (yet)."
        )
    )


class _Scale:
    """Where the values of one setting stand on its axis."""

    def __init__(self, values: Sequence[object], name: str) -> None:
        self.name = name
        keys = [_key(v) for v in values if v is not None]
        self._values = list(dict.fromkeys(keys))
        self._numbers = all(
            isinstance(v, int | float) and not isinstance(v, bool) for v in self._values
        )
        if self._numbers:
            self._values.sort()

    def place(self, value: object) -> float | None:
        """Evenly by order: that suits learning rates and words alike."""
        if value is None or _key(value) not in self._values:
            return None
        if len(self._values) == 1:
            return 0.5
        return self._values.index(_key(value)) / (len(self._values) - 1)

    def ticks(self) -> list[tuple[float, str]]:
        """Places and texts; of many values some."""
        words = [search_words.value_words(self.name, value) for value in self._values]
        count, most = len(words), _MOST_TICKS
        if self._numbers and words:  # between these one can guess; a phone has room for few
            most = max(2, min(most, _LETTERS // (max(map(len, words)) + 1)))
        shown = range(count)
        if count > most:
            shown = sorted({round(i * (count - 1) / (most - 1)) for i in range(most)})
        return [(self.place(self._values[i]), words[i]) for i in shown]


def _key(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


def _value(trial: Trial, name: str) -> str:
    return search_words.value_words(name, trial.values[name]) if name in trial.values else "–"


def _names(search: Run) -> list[str]:
    return list((search.search or {}).get("space", {}))


def _row(trial: Trial) -> Row:
    try:
        run = Run(trial.run)
        status, outcome = run.status, run.outcome or {}
    except CnnvizError:
        return Row(trial, None, "lost", 0, None)
    if status == "failed":
        return Row(trial, run, status, int(outcome.get("epoch") or 0), None)
    if outcome:
        epochs, right = int(outcome.get("epoch") or 0), outcome.get("val_accuracy")
        return Row(trial, run, status, epochs, right, float(outcome.get("val_loss") or 0.0))
    rows = run.progress.epoch_rows
    right = max((row["val_accuracy"] for row in rows), default=None)
    return Row(trial, run, status, len(rows), right)
