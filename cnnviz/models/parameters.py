"""One setting of an architecture or of a block: what it is called, and which values it takes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from cnnviz.errors import BadInput


@dataclass(frozen=True)
class Parameter:
    """A choice, a number between two bounds, or a text that ``read`` understands.

    ``read`` returns the text as it is kept, and raises BadInput where it makes no sense.
    """

    name: str
    title: str
    help: str
    default: str | int | float
    choices: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    read: Callable[[str], str] | None = None

    def check(self, value: str | int | float) -> str | int | float:
        """The value, converted to the default's type; raises BadInput when it is out of range."""
        if self.read is not None:
            return self.read(str(value))
        if self.choices:
            if value not in self.choices:
                raise BadInput(
                    "“{setting}” can be {choices}, not “{value}”.",
                    setting=self.name,
                    choices=", ".join(self.choices),
                    value=str(value)[:40],
                )
            return value
        try:
            number = type(self.default)(value)
        except (TypeError, ValueError, OverflowError):
            raise BadInput(
                "“{setting}” must be a number, not “{value}”.",
                setting=self.name,
                value=str(value)[:40],
            ) from None
        if not self.minimum <= number <= self.maximum:
            raise BadInput(
                "“{setting}” must lie between {minimum} and {maximum}, not {value}.",
                setting=self.name,
                minimum=self.minimum,
                maximum=self.maximum,
                value=number,
            )
        return number
