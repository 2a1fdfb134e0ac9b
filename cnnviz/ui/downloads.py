"""Downloads that never lie in the web server's memory as a whole, as addresses of its own."""

from __future__ import annotations

from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from cnnviz.errors import NotFound
from cnnviz.runs import archive
from cnnviz.runs.run import Run

_PATH = "/api/runs/{run}.zip"


async def run_archive(request: Request) -> Response:
    """A run as a zip. Whoever has its link may look at it, and so may take it home."""
    try:
        run = Run(request.path_params["run"])
    except NotFound:
        return PlainTextResponse("There is no training under this address (any more).", 404)
    title = run.title
    name = archive.file_name(run, title)
    plain = name.encode("ascii", "ignore").decode().lstrip("-")
    disposition = f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name)}"
    return StreamingResponse(
        archive.stream(run, title),
        media_type="application/zip",
        headers={
            "content-disposition": disposition,
            "x-content-type-options": "nosniff",
            "cache-control": "no-store",
        },
    )


ROUTES = [Route(_PATH, run_archive)]


def address_of_archive(run: Run) -> str:
    """Where a browser finds the zip of a run."""
    return _PATH.format(run=run.id)
