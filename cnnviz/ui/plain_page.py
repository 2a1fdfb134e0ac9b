"""Small pages of their own, without Streamlit: for whoever is not let into the app (yet)."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from html import escape
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import HTMLResponse
from starlette.types import Receive, Scope

MOST_BYTES = 4096  # of a form

_STYLE = """
:root { color-scheme: light dark; --back: #ffffff; --card: #f4f5fa; --text: #1f2233;
  --line: #c3c8da; --accent: #3f51b5; --on-accent: #ffffff; --wrong: #a3160b; }
@media (prefers-color-scheme: dark) { :root { --back: #12141c; --card: #1c1f2b; --text: #e8eaf3;
  --line: #4a5069; --accent: #9aa6f2; --on-accent: #12141c; --wrong: #ff9d94; } }
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 1rem;
  background: var(--back); color: var(--text);
  font: 17px/1.5 system-ui, "Noto Sans CJK SC", "PingFang SC", "Microsoft YaHei", sans-serif; }
main { width: 100%; max-width: 27rem; background: var(--card); border-radius: 12px;
  padding: 1.75rem; overflow-wrap: anywhere; }
h1 { font-size: 1.5rem; line-height: 1.25; margin: 0 0 .75rem; }
p { margin: 0 0 1rem; }
label { display: block; font-weight: 600; margin-bottom: .35rem; }
input { width: 100%; font: inherit; padding: .6rem .75rem; border-radius: 8px; color: inherit;
  border: 1px solid var(--line); background: var(--back); }
button { width: 100%; margin-top: 1rem; font: inherit; font-weight: 600; padding: .65rem 1rem;
  border: 0; border-radius: 8px; background: var(--accent); color: var(--on-accent);
  cursor: pointer; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
.wrong { color: var(--wrong); font-weight: 600; }
.small { font-size: .9rem; }
code { font-size: .85rem; }
"""


def page(
    title: str,
    body: str,
    language: str,
    status: int = 200,
    script: str = "",
    headers: Mapping[str, str] | None = None,
) -> HTMLResponse:
    """A whole page; ``title`` is text, ``body`` HTML of ours, ``script`` runs in the browser.

    It loads nothing, is kept nowhere, and says nothing about itself to any other page.
    """
    nonce = secrets.token_urlsafe(12)
    running = f'<script nonce="{nonce}">{script}</script>' if script else ""
    html = (
        f'<!doctype html><html lang="{"zh-CN" if language == "zh_CN" else "en"}"><head>'
        '<meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f'<link rel="icon" href="data:,"><title>{escape(title)}</title><style>{_STYLE}</style>'
        f"</head><body><main><h1>{escape(title)}</h1>{body}</main>{running}</body></html>"
    )
    policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'self'; "
    policy += f"base-uri 'none'; frame-ancestors 'none'; script-src 'nonce-{nonce}'"
    always = {
        "cache-control": "no-store",
        "content-security-policy": policy,
        "referrer-policy": "no-referrer",
        "x-content-type-options": "nosniff",
        "vary": "accept-language, cookie",
    }
    return HTMLResponse(html, status, headers={**always, **(headers or {})})


def language_of(scope: Scope) -> str:
    """``en`` or ``zh_CN``: whichever the browser would rather read."""
    best, weight = "en", 0.0
    for part in Headers(scope=scope).get("accept-language", "").split(","):
        tag, _semicolon, q = part.strip().partition(";q=")
        try:
            wanted = float(q) if q else 1.0
        except ValueError:
            continue
        short = tag[:2].lower()
        if short in ("en", "zh") and wanted > weight:
            best, weight = ("zh_CN" if short == "zh" else "en"), wanted
    return best


def local_path(text: str) -> str:
    """A path of this server to go on to, with its question mark; ``/`` for anything else."""
    printable = text.isascii() and text.isprintable() and not set(text) & set('\\ "<>')
    if not printable or not text.startswith("/") or text.startswith("//"):
        return "/"
    parts = urlsplit(text)
    return "/" if parts.scheme or parts.netloc or parts.fragment else text


async def form_bytes(receive: Receive) -> bytes | None:
    """The body of a form; None where it is larger than any of ours, or nobody sends it."""
    body, more = b"", True
    while more:
        message = await receive()
        if message["type"] != "http.request":
            return None
        body += message.get("body", b"")
        if len(body) > MOST_BYTES:
            return None
        more = message.get("more_body", False)
    return body
