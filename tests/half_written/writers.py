"""Everything that writes under the home, each with a check that what can be found is whole.

A writer's ``write`` may be killed or fail at any point. ``check`` then looks at the home as the app
does: what is listed has to open, with the content that was meant.
"""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from cnnviz import class_maps, images, marks, storage, uploads
from cnnviz.compute.answers import AnswerCache
from cnnviz.datasets import imported
from cnnviz.models import store
from cnnviz.models.cards import Card
from cnnviz.runs import events, queue, trials
from cnnviz.runs import run as runs
from cnnviz.runs.checkpoints import list_checkpoints
from cnnviz.runs.insights import Insight, read_insight
from cnnviz.training import keeping, launch
from cnnviz.training.config import TrainingConfig

OWNER = "ann"
WEIGHTS = bytes(range(256)) * 2000  # stands for a file of half a megabyte


def entries(kind: str) -> list[Path]:
    """What is kept, as the app lists it: folders that are called after an id."""
    return [path for path in storage.area(kind).iterdir() if storage.is_id(path.name)]


class Writer:
    """``tells``: whether it is the one to say in a sentence that the disk is full; of the others
    the caller does. ``needs`` bytes at most, for writers that leave less behind than they took."""

    tells: ClassVar[bool] = True
    needs: ClassVar[int | None] = None

    def prepare(self) -> None:
        """What has to be there before the first write."""

    def write(self, number: int) -> None:
        """The ``number``-th thing (0, 1, …)."""
        raise NotImplementedError

    def check(self, number: int) -> None:
        """Raises AssertionError where something is half there; ``number`` was written last."""
        raise NotImplementedError


class UploadedImage(Writer):
    pixels = np.random.default_rng(0).integers(0, 256, (90, 80, 3), np.uint8)

    def write(self, number: int) -> None:
        uploads.save_image(images.encode_png(self.pixels), OWNER)

    def check(self, number: int) -> None:
        for path in entries("uploads"):
            assert uploads.meta(path.name)["owner"] == OWNER
            assert np.array_equal(uploads.load_image(path.name), self.pixels)


class UploadedFile(Writer):
    def write(self, number: int) -> None:
        uploads.save_file(WEIGHTS, "model.keras", OWNER)

    def check(self, number: int) -> None:
        for path in entries("uploads"):
            assert uploads.meta(path.name)["filename"] == "model.keras"
            assert uploads.file_of(path.name).read_bytes() == WEIGHTS


class ImportedDataSet(Writer):
    classes, each, side = ("cats", "dogs"), 20, 48

    def prepare(self) -> None:
        rng = np.random.default_rng(0)
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w") as archive:
            for name in self.classes:
                for i in range(self.each):
                    pixels = rng.integers(0, 256, (self.side, self.side, 3), np.uint8)
                    archive.writestr(f"{name}/{i}.png", images.encode_png(pixels))
        self._zip = file.getvalue()

    def write(self, number: int) -> None:
        imported.import_dataset(self._zip, "pets.zip", OWNER, size=(self.side, self.side))

    def check(self, number: int) -> None:
        assert len(imported.list_imported(OWNER)) == len(entries("uploads"))
        for found in imported.list_imported(OWNER):
            splits = [imported.load_imported(found.identifier, s) for s in ("train", "val", "test")]
            assert sum(map(len, splits)) == len(self.classes) * self.each
            for split in splits:
                assert split.images.shape[1:] == (self.side, self.side, 3)
                assert all(image.std() > 60 for image in split.images), "an image is empty"
                sizes = imported.original_sizes(found.identifier, split.split)
                assert len(sizes) == len(split.labels) == len(split)


class DeletedDataSet(ImportedDataSet):
    needs = 700_000

    def write(self, number: int) -> None:
        identifier = imported.import_dataset(
            self._zip, "pets.zip", OWNER, size=(self.side, self.side)
        )
        imported.delete_imported(identifier, OWNER)


class Marks(Writer):
    _seen: set[int] = set()

    def write(self, number: int) -> None:
        marks.write_mark(OWNER, "m d/test", number, marks.Mark(True, f"note {number} " * 30))

    def check(self, number: int) -> None:
        found = marks.read_marks(OWNER, "m d/test")
        assert self._seen <= set(found) <= set(range(number)), "marks were lost"
        assert all(mark.note.startswith(f"note {i} ") for i, mark in found.items())
        self._seen = set(found)


class ClassMaps(Writer):
    names = tuple(f"class {i}" for i in range(200))

    def prepare(self) -> None:
        self.write(0)

    def write(self, number: int) -> None:
        wanted = [(i + number) % 200 for i in range(200)]
        class_maps.write_class_map(OWNER, "model:x", "upload:y", self.names, self.names, wanted)

    def check(self, number: int) -> None:
        found = class_maps.read_class_map(OWNER, "model:x", "upload:y", self.names, self.names)
        assert found is not None and found == tuple((i + found[0]) % 200 for i in range(200))


class KeptAnswer(Writer):
    answer = np.random.default_rng(1).bytes(60_000)

    def write(self, number: int) -> None:
        AnswerCache().write(f"{number:064x}", self.answer)

    def check(self, number: int) -> None:
        for path in (storage.area("cache") / "answers").glob("*.bin"):
            if not path.name.startswith("."):
                assert AnswerCache().get(path.stem, {}) == self.answer


class StartedRun(Writer):
    status = "waiting"  # also where whoever started it was killed at once

    def write(self, number: int) -> None:
        config = TrainingConfig(dataset="mnist", title=f"run {number}").check()
        launch._put_into_queue(config, OWNER)

    def check(self, number: int) -> None:
        listed = runs.list_runs(OWNER)
        assert {run.id for run in listed} == {path.name for path in entries("runs")}
        for run in listed:
            assert run.config["dataset"] == "mnist" and run.created and run.title
            assert run.status == self.status


class DeletedRun(StartedRun):
    tells = False
    needs = 600_000
    status = "lost"  # nobody has promised to carry it out

    def write(self, number: int) -> None:
        run, lock = runs.create_run({"title": f"run {number}", "dataset": "mnist"}, OWNER)
        (run.folder / "model.keras").write_bytes(WEIGHTS)
        runs.locks.let_go(lock)
        runs.delete_run(run.id, OWNER)


class KeptState(Writer):
    """The state that a training goes on from, its checkpoints, insights and diary."""

    tells = False
    needs = 2_000_000

    def prepare(self) -> None:
        self._run, _lock = runs.create_run({"title": "", "dataset": "mnist"}, OWNER)

    def write(self, number: int) -> None:
        folder = self._run.folder
        weights = [np.full((300, 100), number, np.float32), np.full(100, number, np.float32)]
        position = keeping.Position(epoch=number, step=10 * number, best_step=number or 1)
        events.EventWriter(folder).write("epoch", epoch=number, text="x" * 3000)
        keeping.save_checkpoint(folder, f"epoch-{number}", weights, best=True)
        Insight(f"epoch-{number}", number, number, ()).save(folder)
        keeping.save_state(folder, position, {"a": weights[0], "b": weights[1]}, weights)
        events.cut(folder, (folder / events.FILE).stat().st_size)

    def check(self, number: int) -> None:
        folder = self._run.folder
        for checkpoint in list_checkpoints(folder, 10):
            with np.load(folder / "checkpoints" / f"{checkpoint.label}.npz") as arrays:
                assert (arrays["w0"] == checkpoint.epoch).all() and arrays["w1"].shape == (100,)
        for path in (folder / "insights").glob("epoch-*.json"):
            assert read_insight(folder, path.stem).step == int(path.stem.removeprefix("epoch-"))
        found = keeping.load_state(folder)
        if found is not None:
            position, state, best = found
            assert (state["a"] == position.epoch).all() and (state["b"] == position.epoch).all()
            assert best[0].shape == (300, 100) and (best[0] == best[0][0, 0]).all()
        seen, _again = events.EventReader(folder).poll()
        assert all(event["kind"] == "epoch" and len(event["text"]) == 3000 for event in seen)


class KeptSearch(Writer):
    """A search from trial to trial: its list, its place in the queue, the weights that go."""

    tells = False
    needs = 1_500_000

    def prepare(self) -> None:
        config = TrainingConfig(dataset="mnist", title="search").check()
        self._search = launch._put_into_queue(config, OWNER, {"space": {}, "trials": 99})

    def write(self, number: int) -> None:
        folder, known = self._search.folder, trials.listed(self._search.folder)
        trial = trials.Trial(len(known) + 1, storage.new_id(), {"dropout": len(known)}, 3)
        trials.write(folder, (*known, trial))
        parent = self._search.id
        run, lock = runs.create_run({"dataset": "mnist"}, OWNER, trial.run, parent=parent)
        (run.folder / "model.keras").write_bytes(WEIGHTS)
        runs.locks.let_go(lock)
        trials.let_weights_go(run.folder)
        queue.requeue(self._search.id)

    def check(self, number: int) -> None:
        listed = trials.listed(self._search.folder)
        assert [t.number for t in listed] == list(range(1, len(listed) + 1))
        assert all(t.values == {"dropout": t.number - 1} for t in listed)
        made = {path.name for path in entries("runs")} - {self._search.id}
        assert made <= {t.run for t in listed}, "a trial that no search knows of"
        assert all(runs.Run(name).parent == self._search.id for name in made)
        assert [run.id for run in runs.list_runs(OWNER)] == [self._search.id]
        assert self._search.status == "waiting", "its turn was lost"


class MadeModel(Writer):
    """“Make it a model”, and renaming it."""

    def prepare(self) -> None:
        self._run, _lock = runs.create_run({"title": "", "dataset": "mnist"}, OWNER)
        card = store.list_models()[0].card
        (self._run.folder / "card.json").write_text(card.to_json(), encoding="utf-8")
        (self._run.folder / "model.keras").write_bytes(WEIGHTS)

    def write(self, number: int) -> None:
        reference = runs.make_model(self._run.id, OWNER, f"made {number}")
        store.rename_model(reference, f"made {number} again", OWNER)

    def check(self, number: int) -> None:
        listed = [e for e in store.list_models(OWNER) if e.reference.startswith("model:")]
        assert {e.reference for e in listed} == {f"model:{p.name}" for p in entries("models")}
        for entry in listed:
            assert entry.card.title.startswith("made ") and entry.created and entry.card.layers
            folder = storage.entry("models", entry.reference.removeprefix("model:"))
            assert (folder / "model.keras").read_bytes() == WEIGHTS


class SavedModel(Writer):
    """A Keras network with its card, as uploads and the library keep it."""

    def prepare(self) -> None:
        import keras

        from cnnviz.models.model import Model
        from cnnviz.models.structure import make_card

        layers = [
            keras.Input((28, 28, 1)),
            keras.layers.Conv2D(32, 3, name="conv"),
            keras.layers.Flatten(),
            keras.layers.Dense(10, "softmax"),
        ]
        network = keras.Sequential(layers)
        card = make_card(network, "drawn", [str(i) for i in range(10)])
        self._model = Model(network, card)
        self._weights = network.get_weights()

    def write(self, number: int) -> None:
        from cnnviz.models.model import save_model

        save_model(self._model, OWNER)

    def check(self, number: int) -> None:
        import h5py

        for path in entries("models"):
            assert Card.from_json((path / "card.json").read_text()).title == "drawn"
            assert json.loads((path / "owner.json").read_text())["owner"] == OWNER
            with zipfile.ZipFile(path / "model.keras") as archive:
                assert archive.testzip() is None
                kept = io.BytesIO(archive.read("model.weights.h5"))
            found = []
            with h5py.File(kept) as file:
                file.visit(lambda name, f=file, found=found: found.append(f[name]))
                sizes = [array.size for array in found if isinstance(array, h5py.Dataset)]
            assert sum(sizes) == sum(w.size for w in self._weights)


@dataclass
class KeptPass(Writer):
    """What a network made of a data set: a row that is marked as seen is right."""

    tells = False
    rows: int = 4000

    def prepare(self) -> None:
        from cnnviz.inference import kept_passes

        kept_passes.SETTLE_S = 0.0
        self._folder = storage.area("cache") / "passes" / "made"
        self._folder.mkdir(parents=True)

    def write(self, number: int) -> None:
        with self._table(number) as table:
            for start in range(0, self.rows, 50):
                table.fill(np.arange(start, start + 50), self._values(number)[start : start + 50])

    def check(self, number: int) -> None:
        for path in self._folder.glob("*.f32"):
            with self._table(int(path.stem)) as table:
                seen = np.flatnonzero(table.seen(np.arange(self.rows)))
                assert np.array_equal(table.read(seen), self._values(int(path.stem))[seen])

    def _table(self, number: int) -> object:
        from cnnviz.inference.kept_passes import _Table

        return _Table(self._folder / f"{number}.f32", self.rows, 50, np.float32)

    def _values(self, number: int) -> np.ndarray:
        return np.arange(self.rows * 50, dtype=np.float32).reshape(self.rows, 50) + number + 1


WRITERS = {
    kind.__name__: kind
    for kind in (
        UploadedImage,
        UploadedFile,
        ImportedDataSet,
        DeletedDataSet,
        Marks,
        ClassMaps,
        KeptAnswer,
        StartedRun,
        DeletedRun,
        KeptState,
        KeptSearch,
        MadeModel,
        SavedModel,
        KeptPass,
    )
}
