"""What the web process needs: pages, a start, those who watch, a browser that comes, memory."""

from __future__ import annotations

import asyncio
import contextlib
import json
import statistics
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from playwright.sync_api import Error, Response, sync_playwright

from benchmarks.course.clock import cost_of
from benchmarks.lines import Line
from benchmarks.load import MODELS, PAGES
from benchmarks.sessions import Session
from benchmarks.viewers import learning, processor_seconds, resident_bytes, started, stop
from tests.browser.conftest import CHROMIUM, FLAGS, settle

ROUNDS = 6
SESSIONS = 20  # for memory
MODEL = "shipped:fashion_mnist_vgg"
POLLS = 300  # without news
NEWS, NEWS_EVERY_S = 20, 0.5  # longer than an answer is shared
PARTS = 8


def cold_visits(address: str, pid: int, visits: int = 2) -> dict[str, float]:
    """A real browser that has nothing of the app yet: processor seconds, bytes over the network."""
    received: list[int] = []

    def note(response: Response) -> None:
        with contextlib.suppress(Error):  # what has no size: pictures that stand in the page
            sizes = response.request.sizes()
            received.append(sizes["responseHeadersSize"] + max(sizes["responseBodySize"], 0))

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        with cost_of(pid, visits) as cost:
            for _visit in range(visits):
                context = chromium.new_context()
                page = context.new_page()
                answers: list[Response] = []
                page.on("response", lambda answer, kept=answers: kept.append(answer))
                page.goto(address)
                settle(page)
                for answer in answers:
                    note(answer)
                context.close()
        chromium.close()
    return {**cost.to_json(), "bytes": round(sum(received) / visits)}


async def web_times(address: str, pid: int, home: Path) -> dict:
    """Everything that people without browsers can measure; ends with no training at work."""
    first = Session(address, patience=120.0)
    await first.open("heatmaps", f"model={MODEL}&image=data:fashion_mnist/test/0")
    await _until_ready(first)
    idle = await _idle_share(pid)
    found: dict = {"idle_share": round(idle, 4)}
    found["opening"] = await _opening(address, pid, idle)
    found["pages"] = {page or "home": await _page(first, page, pid, idle) for page in PAGES}
    found["pages"]["heatmaps"] = await _heatmaps(first, pid, idle)
    found |= await _watching(address, pid, home, idle)
    found["memory"] = await _memory(address, pid)
    await first.close()
    return found


async def one_training(address: str, home: Path) -> tuple[str, list[dict]]:
    """A training of the classroom kind from Start to its end: its id and its diary."""
    session = Session(address)
    await session.open("train")
    run = await started(session)
    await session.go("")  # nobody watches
    while not (home / "runs" / run / "outcome.json").exists():
        await asyncio.sleep(0.2)
    await session.close()
    lines = (home / "runs" / run / "events.jsonl").read_bytes().splitlines()
    return run, [json.loads(line) for line in lines]


async def _until_ready(session: Session) -> None:
    while json.loads((await session.get("/api/health")).body)["workers"]["starting"]:
        await asyncio.sleep(0.5)
    await asyncio.sleep(6.0)  # the quick worker asks itself the likely questions


async def _idle_share(pid: int, seconds: float = 5.0) -> float:
    before = processor_seconds(pid)
    await asyncio.sleep(seconds)
    return (processor_seconds(pid) - before) / seconds


async def _opening(address: str, pid: int, idle: float) -> dict[str, float]:
    """A new person's first page, without the files that a browser keeps."""
    people = [Session(address) for _round in range(ROUNDS)]
    with cost_of(pid, ROUNDS, idle) as cost:
        for person in people:
            await person.open("")
            await person.pictures()
    for person in people:
        await person.close()
    return {**cost.to_json(), "bytes": round(statistics.mean(p.received for p in people))}


async def _page(session: Session, page: str, pid: int, idle: float) -> dict[str, float]:
    query = "" if page in ("train", "runs") else f"model={MODEL}"
    return await _visits(session, lambda _round: session.go(page, query), pid, idle)


async def _heatmaps(session: Session, pid: int, idle: float) -> dict[str, float]:
    """A known one: of shipped networks in turns, each with an image that was asked for before."""
    queries = [f"model={m}&image=data:{data}/test/0" for m, data in MODELS.items()]
    for query in queries:
        await session.go("heatmaps", query)
    return await _visits(
        session, lambda r: session.go("heatmaps", queries[r % len(queries)]), pid, idle
    )


async def _visits(
    session: Session, go: Callable[[int], Awaitable[float]], pid: int, idle: float
) -> dict[str, float]:
    await go(0)  # what is kept from now on
    shown = await session.pictures()
    received = session.received
    with cost_of(pid, ROUNDS, idle) as cost:
        for number in range(ROUNDS):
            await go(number)
            await session.pictures()
    socket = (session.received - received) / ROUNDS
    return {**cost.to_json(), "bytes": round(socket + sum(map(len, shown.values())))}


async def _watching(address: str, pid: int, home: Path, idle: float) -> dict:
    """A start, and what a browser asks while a training waits or is at work."""
    people, found = [Session(address) for _slot in range(3)], {}
    for person in people:
        await person.open("train", "epochs=1000")
    runs = [await started(person) for person in people[:2]]  # both slots are taken
    await asyncio.gather(*(learning(home, run) for run in runs))
    with cost_of(pid, 1, idle) as cost:
        runs.append(await started(people[2]))
    found["start"] = cost.to_json()
    with cost_of(pid, PARTS, idle) as part:
        for _time in range(PARTS):
            await people[0].part()
    found["part"] = part.to_json()
    for person in people:
        await person.go("")  # none of them asks any more
    await asyncio.sleep(1.5)
    found["poll_working"] = await _polls(address, runs[0], pid, idle, NEWS, NEWS_EVERY_S)
    found["poll_waiting"] = await _polls(address, runs[2], pid, idle, NEWS, NEWS_EVERY_S)
    found["poll_known"] = await _polls(address, runs[2], pid, idle, POLLS, 0.0)
    for person, run in reversed(list(zip(people, runs, strict=True))):
        await person.go("train", f"run={run}")
        await stop(person, home, run)
        await person.close()
    return found


async def _polls(
    address: str, run: str, pid: int, idle: float, count: int, every: float
) -> dict[str, float]:
    line, received, tag, took = Line(address), 0, "", 0.0
    path = f"/api/runs/{run}/live?lang=en&after="
    with cost_of(pid, count, idle) as cost:
        for _poll in range(count):
            began = time.perf_counter()
            answer = await line.get(path + tag)
            took += time.perf_counter() - began
            received += answer.received
            tag = json.loads(answer.body)["tag"] if answer.status == 200 else tag
            await asyncio.sleep(every)
    line.close()
    cost.wall_s = took
    return {**cost.to_json(), "bytes": round(received / count)}


async def _memory(address: str, pid: int) -> dict[str, float]:
    """Of the web process before so many come, and for each who has turned three pages."""
    before = resident_bytes(pid)
    people = [Session(address) for _session in range(SESSIONS)]
    for person in people:
        await person.open("")
        for page in ("heatmaps", "evaluation", "feature_space"):
            await person.go(page, f"model={MODEL}")
    each = (resident_bytes(pid) - before) / SESSIONS
    for person in people:
        await person.close()
    return {"web_mb": round(before / 1e6), "session_mb": round(max(each, 0.0) / 1e6, 2)}
