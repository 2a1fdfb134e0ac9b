"""Questions about data sets that people bring: read outside of the web process, with progress."""

from __future__ import annotations

from cnnviz import uploads
from cnnviz.compute.context import Context
from cnnviz.compute.questions import checking
from cnnviz.datasets.imported import import_dataset as read_and_keep


def import_dataset(context: Context, upload: str, filename: str, size: int, owner: str) -> dict:
    """Read an uploaded zip of class folders; its images are kept ``size`` pixels square."""
    side = checking.number(size, "size", 28, 256)
    identifier = read_and_keep(
        uploads.file_of(checking.text(upload, "upload", 60)),
        checking.text(filename, "filename", 200),
        checking.text(owner, "owner", 60),
        size=(side, side),
        report=context.report,
        check_cancelled=context.check_cancelled,
    )
    return {"reference": f"upload:{identifier}"}
