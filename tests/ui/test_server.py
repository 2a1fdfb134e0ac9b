"""Who is who: the cookie of the web server, over its own protocol."""

from __future__ import annotations

import asyncio
import subprocess
import sys

import pytest
from starlette.requests import HTTPConnection

from cnnviz.storage import ROOT
from cnnviz.ui.server import COOKIE, OwnerCookie


def owner_seen(*cookies: bytes) -> str | None:
    """The owner's cookie that a session gets to see when a browser sends these."""
    seen = []

    async def app(scope: dict, _receive: object, _send: object) -> None:
        seen.append(HTTPConnection(scope).cookies)

    headers = [(b"host", b"test"), *((b"cookie", value) for value in cookies)]
    scope = {"type": "websocket", "path": "/_stcore/stream", "headers": headers}
    asyncio.run(OwnerCookie(app)(scope, None, None))
    return seen[0].get(COOKIE)


def test_a_session_is_that_of_its_cookie() -> None:
    assert owner_seen(b"a=b; cnnviz_owner=me") == "me"


@pytest.mark.parametrize("cookies", [(), (b"a=b",), (b"cnnviz_owner=; a=b",), (b"cnnviz_owner",)])
def test_without_one_it_is_nobody_known(cookies: tuple[bytes, ...]) -> None:
    """Else it would be that of the terminal, with its trainings and without its limits."""
    first, second = owner_seen(*cookies), owner_seen(*cookies)
    assert first and second and first != second


def test_what_figures_look_for_is_loaded_before_anybody_comes():
    """Plotly takes modules from sys.modules even while another thread is half through them."""
    code = (
        "import sys, _plotly_utils.optional_imports as o, plotly.graph_objects as go\n"
        "import cnnviz.ui.server\n"
        "there = {n for n in sys.modules if '.' not in n or n == 'PIL.Image'}\n"
        "assert not {'tensorflow', 'keras'} & there\n"
        "asked, get = set(), o.get_module\n"
        "def noting(name, should_load=True):\n"
        "    asked.add(name)\n"
        "    return get(name, should_load)\n"
        "import _plotly_utils.basevalidators as b, _plotly_utils.utils as u\n"
        "import plotly.io._json as j, plotly.basedatatypes as d\n"
        "for module in (b, u, j, d):\n"
        "    module.get_module = noting\n"
        "go.Figure(go.Scatter(x=[1], y=[2], hoverinfo='skip')).to_json()\n"
        "assert 'pandas' in asked, asked\n"
        "import importlib.util as i\n"
        "late = {n for n in asked if n not in there and i.find_spec(n.partition('.')[0])}\n"
        "print(sorted(late))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[]"
