"""What a question gets besides its parameters: reporting, cancellation, and loaded models."""

from __future__ import annotations

import importlib
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING

from cnnviz.errors import Cancelled
from cnnviz.models.references import ModelReference

if TYPE_CHECKING:
    from cnnviz.models.model import Model

FRAME_SECONDS = 0.2
_MAX_MODELS = 8
_MAX_MODEL_BYTES = 300 * 10**6
_BYTES_A_PARAMETER = 8  # the weights, and room for what is compiled for them


class Models:
    """The models used last, loaded; what was not used for longest goes first."""

    def __init__(self, count: int = _MAX_MODELS, size: int = _MAX_MODEL_BYTES) -> None:
        self._count, self._size = count, size
        self._loaded: OrderedDict[tuple[str, str], Model] = OrderedDict()
        self._lock = threading.RLock()

    def get(self, reference: str) -> Model:
        """The model behind a reference; raises NotFound, BadInput or BadModel."""
        parsed = ModelReference.parse(reference)
        key = (str(parsed), parsed.fingerprint)
        with self._lock:
            if key not in self._loaded:
                load = importlib.import_module("cnnviz.models.model").load_model
                self._loaded[key] = load(str(parsed))
            self._loaded.move_to_end(key)
            self._make_room()
            return self._loaded[key]

    def _make_room(self) -> None:
        sizes = [m.card.parameters * _BYTES_A_PARAMETER for m in self._loaded.values()]
        total = sum(sizes)
        while len(self._loaded) > 1 and (len(self._loaded) > self._count or total > self._size):
            total -= sizes.pop(0)
            self._loaded.popitem(last=False)


class Context:
    """Handed to every question as its first argument.

    Args:
        models: the loaded models, which outlive a question.
        send: called with (fraction, text, frame or None) as often as makes sense.
        is_cancelled: whether the answer is not wanted any more.
        let_others: called between steps: a chance for something short to be done meanwhile.
    """

    def __init__(
        self,
        models: Models,
        send: Callable[[float, str, object], None] = lambda fraction, text, frame: None,
        is_cancelled: Callable[[], bool] = lambda: False,
        let_others: Callable[[], None] = lambda: None,
    ) -> None:
        self._models, self._send, self._is_cancelled = models, send, is_cancelled
        self._let_others = let_others
        self._fraction, self._text, self._frame = 0.0, "", None
        self._sent = -FRAME_SECONDS

    def report(self, fraction: float, text: str = "", frame: object = None) -> None:
        """Say how far the work is (0–1), what is being done (a literal English text), and show a
        picture of the answer in the making. Call it as often as you like: five a second are sent,
        of the pictures the latest. Notices cancellation like ``check_cancelled``.
        """
        self.check_cancelled()
        self._fraction = min(max(float(fraction), 0.0), 1.0)
        self._text = text or self._text
        self._frame = self._frame if frame is None else frame
        now = time.monotonic()
        if now - self._sent >= FRAME_SECONDS:
            self._sent = now
            self._send(self._fraction, self._text, self._frame)
            self._frame = None

    def frame(self, frame: object) -> None:
        """Show a picture of the answer in the making, leaving the rest of the report as it is."""
        self.report(self._fraction, "", frame)

    def check_cancelled(self) -> None:
        """Raises Cancelled when the answer is not wanted any more: call it between steps.

        A worker may answer somebody's quick question here, so no network may be half changed.
        """
        self._let_others()
        if self._is_cancelled():
            raise Cancelled("This was stopped.")

    def model(self, reference: str) -> Model:
        """The model behind a reference, loaded once; raises NotFound, BadInput or BadModel."""
        return self._models.get(reference)
