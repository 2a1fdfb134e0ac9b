"""How a training is right now, over the web server's own protocol."""

from __future__ import annotations

import asyncio
import gzip
import json
import threading

import pytest
from starlette.applications import Starlette

from cnnviz.runs import locks
from cnnviz.runs.run import create_run
from cnnviz.training.config import TrainingConfig
from cnnviz.ui import live_route


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.setenv("CNNVIZ_HOME", str(tmp_path))
    monkeypatch.setattr(live_route, "_turns", live_route.Turns(8.0))
    made, lock = create_run(TrainingConfig("mnist", "lenet5").check().to_json(), "me")
    write(made, {"kind": "start", "steps_per_epoch": 100, "epochs": 3})
    yield made
    locks.let_go(lock)


def write(run, *events: dict) -> None:
    with (run.folder / "events.jsonl").open("a") as diary:
        for event in events:
            diary.write(json.dumps({"time": 1.0, **event}) + "\n")


def batch(step: int) -> dict:
    return {"kind": "batch", "step": step, "epoch": 1, "loss": 1.0, "accuracy": 0.5}


async def asked(path: str, query: str = "", **headers: str) -> tuple[int, dict[str, str], bytes]:
    """(status, headers, body) of a request to the routes."""
    sent = []
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "method": "GET", "path": path, "headers": raw}
    scope |= {"query_string": query.encode(), "http_version": "1.1", "scheme": "http"}
    scope |= {"server": ("test", 80), "root_path": ""}

    async def receive() -> dict:
        await asyncio.sleep(60)  # nobody hangs up
        return {"type": "http.disconnect"}

    async def send(message: dict) -> None:
        sent.append(message)

    await Starlette(routes=live_route.ROUTES)(scope, receive, send)
    found = {k.decode(): v.decode("latin-1") for k, v in sent[0]["headers"]}
    return sent[0]["status"], found, b"".join(m.get("body", b"") for m in sent[1:])


def get(path: str, query: str = "", **headers: str) -> tuple[int, dict[str, str], bytes]:
    return asyncio.run(asked(path, query, **headers))


def address(run) -> str:
    return live_route.training_live.ADDRESS.format(run=run.id)


def test_who_has_seen_everything_is_told_so_in_no_bytes(run, monkeypatch):
    monkeypatch.setattr(live_route, "FRESH_S", 0.0)
    status, headers, body = get(address(run))
    assert status == 200 and headers["content-type"] == "application/json"
    assert headers["cache-control"] == "no-store" and "access-control-allow-origin" not in headers
    tag = json.loads(body)["tag"]
    status, _headers, body = get(address(run), f"after={tag}")
    assert (status, body) == (204, b"")
    write(run, batch(7))
    status, _headers, body = get(address(run), f"after={tag}")
    found = json.loads(body)
    assert status == 200 and found["tag"] != tag and found["step"] == 7


def test_an_answer_is_packed_once_for_all(run):
    _status, headers, body = get(address(run), accept_encoding="gzip, br")
    assert headers["content-encoding"] == "gzip" and headers["vary"] == "accept-encoding"
    _status, plain_headers, plain = get(address(run))
    assert gzip.decompress(body) == plain and "content-encoding" not in plain_headers


def test_sixty_who_ask_at_once_are_one_look(run, monkeypatch):
    looks = []
    told = live_route.training_live.told

    def counted(of) -> dict:
        looks.append(threading.current_thread())
        return told(of)

    monkeypatch.setattr(live_route.training_live, "told", counted)

    async def all_at_once() -> list:
        return await asyncio.gather(*(asked(address(run)) for _person in range(60)))

    answers = asyncio.run(all_at_once())
    assert {status for status, _headers, _body in answers} == {200}
    assert len({body for _status, _headers, body in answers}) == 1
    assert len(looks) == 1 and looks[0] is not threading.main_thread()


def test_each_reads_it_in_their_own_language(run):
    english, chinese = (json.loads(get(address(run), f"lang={x}")[2]) for x in ("en", "zh_CN"))
    assert english["tag"] != chinese["tag"] and english["figures"] != chinese["figures"]
    assert get(address(run), "lang=../x")[0] == 404


@pytest.mark.parametrize("name", ["0" * 24, "..", "%2e%2e%2fx", "x", "A" * 24])
def test_what_is_not_there_is_not_found(run, name):
    assert get(f"/api/runs/{name}/live")[0] == 404


def test_a_run_that_is_deleted_is_not_found_any_more(run, monkeypatch):
    monkeypatch.setattr(live_route, "FRESH_S", 0.0)
    assert get(address(run))[0] == 200
    run.end("stopped")
    run.folder.rename(run.folder.with_name(f".gone-{run.id}"))
    assert get(address(run))[0] == 404
    assert (run.id, "en") not in live_route._answers


@pytest.mark.parametrize("site, status", [("same-origin", 200), ("none", 200), ("cross-site", 403)])
def test_other_sites_get_nothing(run, site, status):
    assert get(address(run), sec_fetch_site=site)[0] == status


def test_pages_draw_themselves_again_one_after_the_other(run):
    def turns(what: str, people: int = 30) -> int:
        return sum("x-turn" in get(address(run), f"ask={what}")[1] for _ in range(people))

    assert turns("nonsense", 3) == 0
    assert 8 <= turns("part") <= 10
    live_route._turns._left = 8.0
    assert 2 <= turns("page") <= 3


def test_turns_come_back_with_time(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(live_route.time, "monotonic", lambda: now[0])
    turns = live_route.Turns(4.0)
    assert [turns.take(1.0) for _ in range(5)] == [True] * 4 + [False]
    now[0] = 0.5
    assert [turns.take(1.0) for _ in range(3)] == [True, True, False]
    now[0] = 1000.0  # nobody saves up for a rush
    assert sum(turns.take(1.0) for _ in range(20)) == 4
