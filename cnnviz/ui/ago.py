"""How long ago something was, in words."""

from __future__ import annotations

import time

from cnnviz.ui.language import _, n_


def ago(moment: float, now: float | None = None) -> str:
    """Seconds since 1970 → “5 minutes ago”, “3 days ago”."""
    seconds = max(0.0, (time.time() if now is None else now) - moment)
    if seconds < 90:
        return _("just now")
    if seconds < 90 * 60:
        return n_("{count} minute ago", "{count} minutes ago", round(seconds / 60))
    if seconds < 36 * 3600:
        return n_("{count} hour ago", "{count} hours ago", round(seconds / 3600))
    return n_("{count} day ago", "{count} days ago", round(seconds / 86400))
