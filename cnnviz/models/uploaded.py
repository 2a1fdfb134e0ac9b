"""The network in an uploaded file: only our own copy of it is ever opened."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from cnnviz import quotas, storage, uploads
from cnnviz.errors import CnnvizError, from_code
from cnnviz.models.sandbox import reopen

COPY = "opened.keras"


@storage.needing_room()
def opened_copy(identifier: str, check_cancelled: Callable[[], None] | None = None) -> Path:
    """Our copy of the network in an upload, made in a process of its own where it is not there yet.

    Args:
        identifier: of the upload.
        check_cancelled: called several times a second; ends the work by raising.

    Raises:
        NotFound: there is no such upload.
        BadModel: the file cannot be opened, with the name it had where it came from.
        NotPossible: strangers' files are not opened on this system, or the disk is full.
    """
    source = uploads.file_of(identifier)
    copy = source.with_name(COPY)
    if copy.is_file():
        return copy
    try:
        # Two workers may be asked at the same moment: the later copy stays.
        made = source.with_name(f".new-{storage.new_id()}.keras")
        try:
            reopen(source, made, check_cancelled)
            # A file of zeros is small as it comes and large as a copy.
            with quotas.room(uploads.meta(identifier)["owner"], made.stat().st_size):
                made.replace(copy)
        finally:
            made.unlink(missing_ok=True)
    except CnnvizError as error:
        shown = str(uploads.meta(identifier).get("filename") or source.name)[:60]
        raise from_code(error.code, error.template, {**error.values, "name": shown}) from None
    return copy
