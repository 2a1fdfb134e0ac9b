"""A scripted class: each person does one thing to its end, however often the server dies.

A person whose page shows a sentence in place of an answer tries again; one whose page was lost
waits until the browser has brought it back by itself. Nobody reloads a page, unless it was never
there.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import random
import time
import zipfile
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import numpy as np
from PIL import Image

from benchmarks.sessions import Lost, Session
from cnnviz.storage import SHIPPED

PATIENCE_S = 120.0  # for a page
PAUSE_S = (0.2, 1.5)  # between two things
TRIES = 60
TRAINING_S = 600.0  # from its start to its end on the page, waiting included
TRAINING = "data=mnist&net=lenet5&part={images}&epochs={epochs}"
MODELS = {
    "shipped:mnist_lenet5": "mnist",
    "shipped:fashion_mnist_vgg": "fashion_mnist",
    "shipped:cifar10_resnet": "cifar10",
}
KILLED = (  # sentences that a class may see while processes are killed
    "The process that was computing this ended",
    "This question has ended the process that computes it",
    "The server is shutting down",
    "The part of the server that computes cannot be started",
)
_GONE = (Lost, OSError, EOFError, KeyError)


class NotYet(Exception):
    """The page does not show what was asked for: ask again."""


@dataclass
class Diary:
    """What the class has seen: ``pictures`` by (address, key); ``told`` counts sentences that a
    kill explains, ``surprises`` are the others; ``unfinished`` says which lessons did not end."""

    pictures: dict[tuple[str, str], list[bytes]] = field(default_factory=dict)
    runs: dict[str, int] = field(default_factory=dict)  # id → epochs
    models: list[str] = field(default_factory=list)
    datasets: list[str] = field(default_factory=list)
    listed: bool = False  # somebody has listed mistakes
    told: Counter[str] = field(default_factory=Counter)
    surprises: list[str] = field(default_factory=list)
    unfinished: list[str] = field(default_factory=list)


def heatmap_addresses(count: int) -> list[str]:
    """Different questions about several networks and images."""
    models = list(MODELS.items())
    return [
        f"model={model}&image=data:{data}/test/{100 + number}"
        for number in range(count)
        for model, data in [models[number % len(models)]]
    ]


async def shown_heatmaps(session: Session, address: str) -> dict[tuple[str, str], bytes]:
    """Open the page of heatmaps; its maps as PNG. Raises NotYet where there are none."""
    await session.go("heatmaps", address)
    pictures = await session.pictures()
    found = {(address, k): png for k, png in pictures.items() if k.startswith("crisp-heat-grad")}
    if not found:
        raise NotYet
    return found


class Student:
    """One person. ``doing`` tells the killer what is going on at the moment."""

    def __init__(self, address: str, number: int, diary: Diary, doing: Counter[str]) -> None:
        self.session = Session(address, patience=PATIENCE_S)
        self.returns: list[float] = []  # of tabs that were closed
        self.diary, self.doing = diary, doing
        self._random = random.Random(number)
        self._read = 0  # sentences that were looked at
        self._here = False

    async def attend(self, script: Callable[[Student], Awaitable[None]]) -> None:
        """Carry a script out; it counts as unfinished when it does not get to its end."""
        try:
            await self.come()
            await script(self)
        except Exception as error:
            where = f"{script.__name__} on {self.session.page}?{self.session.query}"
            self.diary.unfinished.append(f"{where}: {type(error).__name__} {error}")

    async def persist(self, name: str, attempt: Callable[[], Awaitable[None]]) -> None:
        """Try until it works. Raises TimeoutError after many times."""
        for _try in range(TRIES):
            try:
                self.doing[name] += 1
                await attempt()
            except NotYet:
                pass
            except _GONE:
                with contextlib.suppress(TimeoutError):
                    if self._here:
                        await self.session.back()
            else:
                self._note_sentences()
                return
            finally:
                self.doing[name] -= 1
            self._note_sentences()
            await asyncio.sleep(self._random.uniform(*PAUSE_S))
        raise TimeoutError(f"{name} did not succeed in {TRIES} tries")

    async def another_tab(self) -> None:
        """Close this one and open another."""
        self.returns += self.session.returns
        await self.session.close()
        self.session, self._here, self._read = self.session.another_tab(), False, 0
        await self.come()

    async def come(self) -> None:
        """Open the tab, unless it is open."""
        if not self._here:
            await self.persist("coming", lambda: self.session.open(""))
            self._here = True

    async def pause(self) -> None:
        await asyncio.sleep(self._random.uniform(*PAUSE_S))

    def _note_sentences(self) -> None:
        for text in self.session.errors[self._read :]:
            known = next((start for start in KILLED if start in text), None)
            if known is None:
                self.diary.surprises.append(text)
            else:
                self.diary.told[known] += 1
        self._read = len(self.session.errors)


def looks(addresses: list[str]) -> Callable[[Student], Awaitable[None]]:
    """Looks at heatmap after heatmap."""

    async def looking(self: Student) -> None:
        for address in addresses:

            async def one(address: str = address) -> None:
                for key, png in (await shown_heatmaps(self.session, address)).items():
                    self.diary.pictures.setdefault(key, []).append(png)

            await self.persist("looking", one)
            await self.pause()

    return looking


def trains(images: int, epochs: int) -> Callable[[Student], Awaitable[None]]:
    """Starts a training, watches it to its end, makes it a model, and looks into that."""

    async def training(self: Student) -> None:
        await self.another_tab()  # the one before shows the training before
        await self.persist("starting", lambda: start(self, images, epochs))
        run = run_of(self.session)
        self.diary.runs[run] = epochs
        until = time.monotonic() + TRAINING_S
        while not self.session.sees("keep-model"):  # the page changes by itself
            await asyncio.sleep(0.3)
            if time.monotonic() > until:
                raise TimeoutError(f"the page of the training {run} never showed its end")
        await self.persist("saving", lambda: keep(self, run))
        await looks([f"model=run:{run}@best&image=data:mnist/test/{n}" for n in range(2)])(self)
        if not self.diary.listed:  # it takes a minute: one of them is enough
            self.diary.listed = True
            await self.persist("mistakes", lambda: mistakes(self, f"run:{run}@best"))

    return training


async def start(self: Student, images: int, epochs: int) -> None:
    await self.session.go("train", TRAINING.format(images=images, epochs=epochs))
    if run_of(self.session):  # started before, though nobody was told
        return
    await self.session.rerun(pressed="start-training")
    await wait_for(lambda: bool(run_of(self.session)))


def run_of(session: Session) -> str:
    """The run that the address names."""
    return session.query.partition("run=")[2].partition("&")[0]


async def keep(self: Student, run: str) -> None:
    await self.session.go("train", f"run={run}")
    if self.session.sees("kept-model"):
        return
    await self.session.rerun(pressed="keep-model")
    if not self.session.sees("kept-model"):
        raise NotYet


async def mistakes(self: Student, model: str) -> None:
    """The list of what a network gets wrong: it looks at all test images first."""
    await self.session.go("mistakes", f"model={model}")
    until = time.monotonic() + PATIENCE_S
    while any(key.startswith("stop") for key in self.session.drawn.buttons):  # it shows progress
        await asyncio.sleep(0.2)
        if time.monotonic() > until:
            raise NotYet
    again = [key for key in self.session.drawn.buttons if key.startswith("again-")]
    if again:  # the process that looked at them was killed
        await self.session.rerun(pressed=again[0])
        raise NotYet


async def brings_a_model(self: Student) -> None:
    """Uploads a Keras file, answers the questions about it, and keeps it."""
    data = (SHIPPED / "mnist_lenet5" / "model.keras").read_bytes()

    async def bring() -> None:
        await self.session.go("models")
        await self.session.upload("model-upload", "digits.keras", data)
        if not self.session.sees("keep-model"):
            raise NotYet

    async def keep_it() -> None:
        if not self.session.sees("keep-model"):  # what was brought is gone with the server
            await bring()
        await self.session.rerun(pressed="keep-model")
        await wait_for(lambda: "model=model" in self.session.query)
        self.diary.models.append(self.session.query)

    await self.persist("vetting", bring)
    await self.persist("keeping", keep_it)


def brings_data(images: int) -> Callable[[Student], Awaitable[None]]:
    """Uploads a zip of two classes, sees what is in it, and has it kept."""

    async def importing(self: Student) -> None:
        data = zipped(images)

        async def bring() -> None:
            if not self.session.sees("keep-data"):  # not there yet, or gone with the server
                await self.session.go("data")
                await self.session.upload("data-upload", "pets.zip", data)
            await self.session.rerun(pressed="keep-data")
            await wait_for(lambda: "data=upload" in self.session.query)
            self.diary.datasets.append(self.session.query)

        await self.persist("import", bring)

    return importing


async def wait_for(condition: Callable[[], bool], patience: float = 5.0) -> None:
    until = time.monotonic() + patience
    while not condition():
        if time.monotonic() > until:
            raise NotYet
        await asyncio.sleep(0.05)


def zipped(images: int) -> bytes:
    """A data set of coloured noise, half of it dark."""
    chance, content = np.random.default_rng(0), io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for number in range(images):
            name, most = ("dark", 90) if number % 2 else ("light", 256)
            picture = io.BytesIO()
            pixels = chance.integers(0, most, (96, 96, 3), np.uint8)
            Image.fromarray(pixels).save(picture, "PNG")
            archive.writestr(f"{name}/{number}.png", picture.getvalue())
    return content.getvalue()
