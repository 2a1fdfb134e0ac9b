"""Every error that a person may see: one sentence on what was wrong, with what, and what to do.

A message is a template with named values, ``BadImage("“{name}” is not an image.", name=name)``, so
that it can cross a process border and still be shown in the reader's language: the template is a
key of the gettext catalogues. Never format a message before raising it.
"""

from __future__ import annotations

from collections.abc import Callable


class CnnvizError(Exception):
    """Base of all errors whose message is meant for a person.

    Args:
        template: an English sentence with ``{named}`` places, a literal (it is a gettext key).
        **values: what stands in the places: strings and numbers only.

    ``code`` names the kind of error across processes.
    """

    code = "error"

    def __init__(self, template: str, **values: str | int | float) -> None:
        self.template, self.values = template, values
        super().__init__(template.format(**values))

    def sentence(self, translate: Callable[[str], str]) -> str:
        """The message in the language of ``translate`` (a gettext function)."""
        return translate(self.template).format(**self.values)


class BadInput(CnnvizError):
    """A setting, a name or a value that cannot be used."""

    code = "bad_input"


class BadImage(BadInput):
    """A file that is not an image we can show, or too large a one."""

    code = "bad_image"


class BadModel(BadInput):
    """A model file that cannot be opened."""

    code = "bad_model"


class BadDataset(BadInput):
    """A folder or zip that is not a data set."""

    code = "bad_dataset"


class NotFound(CnnvizError):
    """A model, image, data set or run that is not there (any more)."""

    code = "not_found"


class Offline(CnnvizError):
    """Something that has to be downloaded, and cannot be."""

    code = "offline"


class NotPossible(CnnvizError):
    """A question that this model cannot answer, such as a heatmap without spatial layers."""

    code = "not_possible"


class OverQuota(NotPossible):
    """Something to be kept by a person who has no room left."""

    code = "over_quota"


class Cancelled(CnnvizError):
    """The person who asked does not want the answer any more."""

    code = "cancelled"


class TookTooLong(CnnvizError):
    """The time limit of a question was reached."""

    code = "took_too_long"


class WorkerLost(CnnvizError):
    """The process that was computing the answer ended."""

    code = "worker_lost"


class Unexpected(CnnvizError):
    """A defect of ours; details are in the log, never on the page."""

    code = "unexpected"


def _all_subclasses(base: type[CnnvizError]) -> list[type[CnnvizError]]:
    return [base] + [c for sub in base.__subclasses__() for c in _all_subclasses(sub)]


def from_code(code: str, template: str, values: dict) -> CnnvizError:
    """The error that another process reported, as an exception of the class it had there."""
    classes = {c.code: c for c in _all_subclasses(CnnvizError)}
    return classes.get(code, Unexpected)(template, **values)
