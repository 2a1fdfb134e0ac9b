"""What a link shares: what it names, and nothing that hangs on it.

A training or a model says which data set it learned from. Whoever got its link has not got the data
set's: its images are opened only for their owner, or by a link that names the data set itself.
"""

from __future__ import annotations

from cnnviz.datasets.imported import describe_imported
from cnnviz.errors import NotFound
from cnnviz.ui.owner import current_owner

_UPLOAD = "upload:"


def may_open(dataset: str) -> bool:
    """Whether this person may be shown a data set that something else named."""
    if not dataset.startswith(_UPLOAD):
        return True
    try:
        return describe_imported(dataset.removeprefix(_UPLOAD)).owner == current_owner()
    except NotFound:
        return False
