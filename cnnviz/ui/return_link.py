"""The private link that brings a person's things back, in another browser or next week.

The key in it is what the cookie holds, sealed so that nobody can make one up. It stands behind the
``#``, which browsers never send: it is in no log, and told to no other page. The browser hands it
over in the body of a form, and a person says once more that they want it, so that nobody becomes
somebody else by a click.
"""

from __future__ import annotations

from html import escape
from urllib.parse import parse_qs

import anyio
from starlette.requests import HTTPConnection, Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from cnnviz import belongings
from cnnviz.storage import LOCAL_OWNER
from cnnviz.ui.language import _, listed, n_, one_language
from cnnviz.ui.owner import COOKIE, is_cookie, link_of, owner_of, set_cookie
from cnnviz.ui.owner import RETURN as PATH
from cnnviz.ui.plain_page import form_bytes, language_of, page
from cnnviz.ui.server_key import is_signed
from cnnviz.ui.teacher import name_of

AFTERWARDS = "/your_things"
# Hand over what stands behind the "#", and leave no trace of it in the history.
_SCRIPT = """const key = location.hash.slice(1);
history.replaceState(null, "", location.pathname);
if (key) { document.forms[0].elements.key.value = key; document.forms[0].submit(); }"""


async def come_back(request: Request) -> Response:
    """GET: take the key from the address. POST: say whose it is; with ``sure``, become that one."""
    language = language_of(request.scope)
    if request.method == "GET":
        with one_language(language):
            return _page(_("Bring your things back"), _empty(), language, script=_SCRIPT)
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return PlainTextResponse("Only from pages of this server.", 403)
    body = (await form_bytes(request.receive) or b"").decode("utf-8", "replace")
    given = {name: values[0] for name, values in parse_qs(body).items()}
    cookie = _cookie_in(given.get("key", ""))
    with one_language(language):
        if cookie is None:
            return _page(_("Bring your things back"), _empty(wrong=True), language, 400)
        if "sure" in given:
            answer = RedirectResponse(AFTERWARDS, 303, headers={"cache-control": "no-store"})
            set_cookie(answer, cookie, request.scope.get("scheme") == "https")
            return answer
        things = await anyio.to_thread.run_sync(belongings.everything)
        own = HTTPConnection(request.scope).cookies.get(COOKIE, "")
        body = _question(given["key"], cookie, own, things)
        return _page(_("Are these your things?"), body, language)


def _cookie_in(key: str) -> str | None:
    cookie, _dot, seal = key.strip().rpartition(".")
    return cookie if is_cookie(cookie) and is_signed("return", cookie, seal) else None


def _page(title: str, body: str, language: str, status: int = 200, script: str = "") -> Response:
    return page(title, body, language, status, script)


def _empty(wrong: bool = False) -> str:
    """Where there is no key, or a wrong one: the way on; and the form that the script fills."""
    if wrong:
        said = _("This link is not complete, or not of this server. Copy it once more, all of it.")
    else:
        said = _("Open the private link that you copied from the page “Your things”.")
    home, shown = _("To the first page"), ' class="wrong" role="alert"' if wrong else ""
    return (
        f"<p{shown}>{escape(said)}</p>"
        f'<form method="post" action="{PATH}"><input type="hidden" name="key"></form>'
        f'<p><a href="/" style="color:inherit">{escape(home)}</a></p>'
    )


def _question(key: str, cookie: str, own: str, things: list[belongings.Thing]) -> str:
    owner = owner_of(cookie)
    there = _("The link belongs to {name}: {things}.").format(
        name=name_of(owner), things=_counted([t for t in things if t.owner == owner])
    )
    yes = _("Yes, these are mine")
    warning = ""
    mine = [t for t in things if own and t.owner == owner_of(own)]
    if mine and own != cookie and owner_of(own) != LOCAL_OWNER:
        said = _(
            "In this browser you have things already, as {name}: {things}. They stay, but only "
            "their own private link finds them again. Copy it first:"
        ).format(name=name_of(owner_of(own)), things=_counted(mine))
        warning = f"<p>{escape(said)}</p><p><code>{escape(link_of(own))}</code></p>"
    return (
        f"<p>{escape(there)}</p>{warning}"
        f'<form method="post" action="{PATH}">'
        f'<input type="hidden" name="key" value="{escape(key)}">'
        f'<input type="hidden" name="sure" value="1">'
        f'<button type="submit">{escape(yes)}</button></form>'
        f'<p class="small" style="margin-top:1rem">'
        f'<a href="/" style="color:inherit">{escape(_no())}</a></p>'
    )


def _no() -> str:
    return _("No, leave everything as it is")


def _counted(things: list[belongings.Thing]) -> str:
    """“2 models, 5 trainings and 3 images” in numbers that a person recognises."""
    count = {kind: sum(t.kind == kind for t in things) for kind in belongings.KINDS}
    words = [
        n_("{count} model", "{count} models", count["model"]) if count["model"] else "",
        n_("{count} training", "{count} trainings", count["run"]) if count["run"] else "",
        n_("{count} data set", "{count} data sets", count["dataset"]) if count["dataset"] else "",
        n_("{count} image", "{count} images", count["image"]) if count["image"] else "",
    ]
    return listed(word for word in words if word) or _("nothing yet")


ROUTES = [Route(PATH, come_back, methods=["GET", "POST"])]
