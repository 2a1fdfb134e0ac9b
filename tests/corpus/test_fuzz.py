"""Whatever bytes come: the right result or a sentence, in bounded time and memory.

Examples are drawn by Hypothesis, the same ones in every run, and stop after their share of half a
minute. ``CNNVIZ_FUZZ_SECONDS=600`` draws new ones for that long (``make corpus`` takes a minute).
"""

import copy
import io
import json
import os
import random
import time
import zipfile

import h5py
import numpy as np
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from cnnviz import images
from cnnviz.datasets.zips import look_into, read_zip
from cnnviz.errors import BadDataset, BadImage, BadModel
from cnnviz.machine import resident_bytes
from cnnviz.models import vetting
from tests.corpus import image_files, zip_files

WISHED = os.environ.get("CNNVIZ_FUZZ_SECONDS")
SECONDS = float(WISHED or 30)
SHARES = 6  # tests below, one share each
SLOWEST_S = 5.0  # for one example
MORE_MB = 300  # than at the start, after any example

ROUND = 100  # examples
FEWEST = ROUND // 2  # however much else the machine has to do
ROUNDS = 10**6 if WISHED else 15
FIRST = random.randrange(10**9) if WISHED else 0  # the seed of the first round

settings.register_profile(
    "cnnviz",
    deadline=None,
    database=None,
    max_examples=ROUND,
    suppress_health_check=list(HealthCheck),
)
settings.load_profile("cnnviz")


class Watch:
    """Time and memory of the examples of one test."""

    def __init__(self):
        self.start = time.monotonic()
        self.memory = resident_bytes()
        self.examples = 0

    def over(self):
        return self.examples >= FEWEST and time.monotonic() - self.start > SECONDS / SHARES

    def draw(self, run):
        """Round after round of examples, until the share of time is over."""
        for number in range(FIRST, FIRST + ROUNDS):
            seed(number)(run)()
            if self.over():
                return

    def __enter__(self):
        self.began = time.monotonic()

    def __exit__(self, *failure):
        self.examples += 1
        assert time.monotonic() - self.began < SLOWEST_S
        assert resident_bytes() - self.memory < MORE_MB * 2**20


def changes():
    """What is done to some bytes: what, where (as a share of them), and with which bytes."""
    kinds = st.sampled_from(("set", "insert", "delete", "repeat", "cut"))
    return st.lists(
        st.tuples(kinds, st.floats(0, 1), st.binary(min_size=1, max_size=6)), min_size=1, max_size=8
    )


def changed(data, done):
    found = bytearray(data)
    for kind, share, new in done:
        place = int(share * len(found))
        if kind == "set":
            found[place : place + len(new)] = new
        elif kind == "insert":
            found[place:place] = new
        elif kind == "delete":
            del found[place : place + len(new)]
        elif kind == "repeat":
            found[place:place] = found[place : place + 40] * min(new[0], 50)
        elif place > len(found) // 2:
            del found[place:]
    return bytes(found)


PICTURES = [data for _, data, expected in image_files.good_ones() if len(data) < 20_000]


def check_image(data):
    try:
        found = images.decode(data)
    except BadImage as error:
        assert str(error)
        return
    assert found.dtype == np.uint8 and found.ndim == 3 and found.shape[2] in (1, 3)
    assert 0 < min(found.shape[:2]) <= max(found.shape[:2]) <= images.MAX_SIDE


def test_damaged_images():
    watch = Watch()

    @given(st.sampled_from(PICTURES), changes())
    def run(picture, done):
        if not watch.over():
            with watch:
                check_image(changed(picture, done))

    watch.draw(run)
    assert watch.examples >= FEWEST


STARTS = (
    b"",
    b"\x89PNG\r\n\x1a\n",
    b"\xff\xd8\xff\xe0",
    b"GIF89a",
    b"RIFF\x40\0\0\0WEBPVP8 ",
    b"RIFF\x40\0\0\0WEBPVP8L",
    b"BM",
    b"II*\0",
    b"MM\0*",
    b"\0\0\0\x18ftypheic",
)


def test_any_bytes_as_an_image():
    watch = Watch()

    @given(st.sampled_from(STARTS), st.binary(max_size=400))
    def run(start, rest):
        if not watch.over():
            with watch:
                check_image(start + rest)

    watch.draw(run)
    assert watch.examples >= FEWEST


def check_zip(data):
    try:
        found = read_zip(data, size=(8, 8))
    except BadDataset as error:
        assert str(error)
        return
    for part in found.values():
        assert all(name.isprintable() and 0 < len(name) <= 80 for name in part.class_names)
        assert len(part.labels) == len(part.images)


def test_damaged_zips():
    watch = Watch()
    sources = [
        zip_files.packed(zip_files.folders(), zipfile.ZIP_DEFLATED),
        zip_files.packed(zip_files.folders(top="train/") | zip_files.folders(top="test/")),
        zip_files.with_more("cat/link.png"),
    ]

    @given(st.sampled_from(sources), changes())
    def run(source, done):
        if not watch.over():
            with watch:
                check_zip(changed(source, done))

    watch.draw(run)
    assert watch.examples >= FEWEST


class Raw(zipfile.ZipInfo):
    """An entry whose name is any bytes, marked as UTF-8 or not."""

    __slots__ = ("raw", "marked")

    def _encodeFilenameFlags(self):  # noqa: N802 - zipfile's own name
        return self.raw, 0x800 if self.marked else 0


def of_names(names):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for i, (raw, marked) in enumerate(names):
            entry = Raw(f"entry {i}")
            entry.raw, entry.marked = raw, marked
            archive.writestr(entry, zip_files.picture(i))
    return out.getvalue()


def names():
    """Names of entries: text in several codes, paths that point out, and any bytes."""
    words = st.text(max_size=8) | st.sampled_from(
        ("猫/1.png", "狗/2.png", "ねこ/3.png", "../x.png", "C:\\x.png", "a/../../b", "train/a/1")
    )
    written = st.builds(
        lambda text, code: text.encode(code, "replace"),
        words,
        st.sampled_from(("utf-8", "gbk", "cp932", "big5", "cp437", "utf-16")),
    )
    raw = written | st.binary(max_size=12)
    return st.lists(st.tuples(raw, st.booleans()), min_size=1, max_size=8)


def test_any_names_in_a_zip():
    watch = Watch()

    @given(names())
    def run(found):
        if watch.over():
            return
        data = of_names(found)
        with watch:
            check_zip(data)
            try:
                inside = look_into(data)
            except BadDataset:
                return
            assert all(name.isprintable() for name in inside.class_names)

    watch.draw(run)
    assert watch.examples >= FEWEST


def part(module, name, /, **config):
    return {"module": module, "class_name": name, "config": config, "registered_name": None}


CONFIG = part(
    "keras",
    "Sequential",
    name="net",
    layers=[
        part("keras.layers", "InputLayer", batch_shape=[None, 8, 8, 1], name="image"),
        part(
            "keras.layers",
            "Conv2D",
            name="conv",
            filters=3,
            kernel_size=[3, 3],
            activation="relu",
            kernel_initializer=part("keras.initializers", "GlorotUniform", seed=None),
            dtype=part("keras", "DTypePolicy", name="float32"),
        ),
        part("keras.layers", "Flatten", name="flat"),
        part("keras.layers", "Dense", name="dense", units=4, activation="softmax"),
    ],
)
HOSTILE = (
    "Lambda",
    "TFSMLayer",
    "TorchModuleWrapper",
    "StringLookup",
    "__lambda__",
    "function",
    "os",
    "builtins",
    "evil>Layer",
    "keras.utils",
)


def file_of(config):
    out = io.BytesIO()
    weights = io.BytesIO()
    with h5py.File(weights, "w") as file:
        file.create_dataset("layers/conv2d/vars/0", data=np.zeros((3, 3, 1, 3), "f4"))
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(zipfile.ZipInfo("metadata.json"), "{}")
        archive.writestr(zipfile.ZipInfo("config.json"), json.dumps(config))
        archive.writestr(zipfile.ZipInfo("model.weights.h5"), weights.getvalue())
    return out.getvalue()


def places(value, path=()):
    """The way to every value of a tree."""
    yield path
    if isinstance(value, dict | list):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from places(item, (*path, key))


def trees():
    plain = (
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats()
        | st.text(max_size=6)
        | st.sampled_from(HOSTILE)
    )
    keys = st.sampled_from(("class_name", "config", "module", "registered_name", "name", "layers"))
    return st.recursive(
        plain,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=4),
        max_leaves=6,
    )


def mutated(config, done):
    config = copy.deepcopy(config)
    for share, new, kind in done:
        ways = [path for path in places(config) if path]
        path = ways[int(share * (len(ways) - 1))]
        inside = config
        for key in path[:-1]:
            inside = inside[key]
        if kind == "wrap":
            new = part("keras.layers", "TimeDistributed", layer=new)
        inside[path[-1]] = new
    return config


def hostile_parts(value):
    """Classes from outside Keras, or that run code or read files, wherever they are named."""
    if isinstance(value, dict):
        name, module = value.get("class_name"), value.get("module")
        if isinstance(name, str) and (
            name in HOSTILE or (isinstance(module, str) and module in ("os", "keras.utils"))
        ):
            yield value
        inner = [v for k, v in value.items() if k != "compile_config"]
    else:
        inner = value if isinstance(value, list) else []
    for one in inner:
        yield from hostile_parts(one)


def test_strange_descriptions_of_networks(tmp_path):
    watch, path = Watch(), tmp_path / "net.keras"
    path.write_bytes(file_of(CONFIG))
    assert vetting.vet(path) == CONFIG
    done = st.lists(
        st.tuples(st.floats(0, 1), trees(), st.sampled_from(("set", "wrap"))),
        min_size=1,
        max_size=3,
    )
    passed = []

    @given(done)
    def run(found):
        if watch.over():
            return
        config = mutated(CONFIG, found)
        with watch:
            try:
                vetting.check_description(config, path)
            except BadModel as error:
                assert str(error) and len(str(error)) < 600
                return
            assert list(hostile_parts(config)) == []
            passed.append(config)

    watch.draw(run)
    assert watch.examples >= FEWEST
    assert passed, "none came through: the changes say nothing"


def test_damaged_model_files(tmp_path):
    watch, path = Watch(), tmp_path / "net.keras"
    source = file_of(CONFIG)
    legacy = io.BytesIO()
    with h5py.File(legacy, "w") as file:
        file.attrs["model_config"] = json.dumps(CONFIG)
        file.create_dataset("model_weights/conv", data=np.zeros((3, 3, 1, 3), "f4"))

    @given(st.sampled_from((source, legacy.getvalue())), changes())
    def run(data, done):
        if watch.over():
            return
        path.write_bytes(changed(data, done))
        with watch:
            try:
                assert isinstance(vetting.vet(path), dict)
            except BadModel as error:
                assert str(error)

    watch.draw(run)
    assert watch.examples >= FEWEST
    assert [file.name for file in tmp_path.iterdir()] == ["net.keras"]
