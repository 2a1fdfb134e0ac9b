"""Who is asking: the owner id behind this browser's cookie (set by :mod:`cnnviz.ui.server`)."""

from __future__ import annotations

import hashlib

import streamlit as st

from cnnviz.storage import LOCAL_OWNER

COOKIE = "cnnviz_owner"


def current_owner() -> str:
    """An id that names the person in stored files; never the cookie itself, which is the key."""
    cookie = st.context.cookies.get(COOKIE)
    if not cookie:
        return LOCAL_OWNER
    return hashlib.sha256(cookie.encode()).hexdigest()[:24]
