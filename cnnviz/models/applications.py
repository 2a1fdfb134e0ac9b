"""Networks of ``keras.applications``: fetched by Keras, kept as models that take raw pixels.

Keras decides what is downloaded, from where and with which checksum; only the transport is ours,
so that it can be stopped, says how far it is, and gives up within seconds where there is no
connection. What Keras downloaded stays in its own folder (``~/.keras/models``) for the next time.
"""

from __future__ import annotations

import contextlib
import http.client
import os
import queue
import re
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from pathlib import Path
from unittest import mock

import keras
import numpy as np
from keras.src.backend import config as backend_config
from keras.src.utils import file_utils

from cnnviz import storage
from cnnviz.errors import BadModel, CnnvizError, Offline
from cnnviz.models.application_list import Application, application
from cnnviz.models.model import Model, save_model
from cnnviz.models.references import ModelReference
from cnnviz.models.store import list_models
from cnnviz.models.structure import make_card
from cnnviz.texts import N_

CONNECT_SECONDS = 6  # without an answer for that long, we are offline
STALL_SECONDS = 20  # without another byte for that long, the connection is gone
_HOST = "https://storage.googleapis.com/"  # where Keras keeps its weights
_CHUNK = 1 << 18
_FORGOTTEN_S = 3600  # a part of a file that old was left by a process that was ended
_LABELS = "shipped:imagenet_efficientnet_lite0"  # its card has the class names, in Keras' order

# Keras subtracts these where it wants blue first (red, green, blue here), and uses those elsewhere.
_CAFFE_MEAN = (123.68, 116.779, 103.939)
_TORCH_MEAN = (0.485 * 255, 0.456 * 255, 0.406 * 255)
_TORCH_SPREAD = (0.229 * 255, 0.224 * 255, 0.225 * 255)

DOWNLOADING = N_("Downloading the weights")
KEEPING = N_("Keeping the model")

_fetching = threading.Lock()  # Keras' transport is replaced for the whole process

Report = Callable[[float, str], object]
CheckCancelled = Callable[[], object]


def fetch_model(
    name: str,
    owner: str = storage.LOCAL_OWNER,
    report: Report | None = None,
    check_cancelled: CheckCancelled | None = None,
) -> str:
    """Fetch a network that learned ImageNet's 1,000 kinds of things; it becomes a kept model.

    Args:
        name: as ``keras.applications`` calls it, such as ``MobileNetV2``.
        owner: whose model it becomes.
        report: called with the fraction done and a text.
        check_cancelled: called all the time; ends the work by raising.

    Returns:
        The reference of the model; of the one that is there where the owner fetched it before.

    Raises:
        NotFound: Keras has no network of this name.
        Offline: it has to be downloaded, and cannot be.
        NotPossible: the disk is full.
    """
    wanted = application(name)
    source = source_of(wanted)
    for entry in list_models(owner):
        if entry.owner == owner and entry.card.source == source:
            return entry.reference
    report = report or (lambda fraction, text: None)
    check_cancelled = check_cancelled or (lambda: None)
    report(0.0, DOWNLOADING)
    with _fetching:
        network = _fetched(wanted, _Transport(report, check_cancelled))
    report(0.9, KEEPING)
    check_cancelled()
    return _kept(on_raw_pixels(network, wanted), wanted, owner)


def on_raw_pixels(network: keras.Model, wanted: Application) -> keras.Model:
    """The same network taking RGB pixels from 0 to 255, as flat as it was.

    What Keras' ``preprocess_input`` does for this kind of network becomes its first layer. Networks
    that want blue first get the first kernel's channels turned round instead: the answers are the
    same, and kernels and filters have their true colours.

    Args:
        network: as its function in ``keras.applications`` makes it.
        wanted: which one it is.
    """
    pixels = wanted.about.pixels
    if pixels == "raw":
        return network
    inputs = keras.Input(network.inputs[0].shape[1:], name="pixels")
    build = getattr(keras.applications, wanted.name)
    classes = network.outputs[0].shape[-1]
    flat = build(weights=None, classes=classes, input_tensor=_scaled(inputs, pixels))
    flat.set_weights(network.get_weights())
    if pixels == "caffe":
        first = next(layer for layer in flat.layers if isinstance(layer, keras.layers.Conv2D))
        kernel, *rest = first.get_weights()
        first.set_weights([np.ascontiguousarray(kernel[:, :, ::-1]), *rest])
    return flat


def source_of(wanted: Application) -> str:
    """Where it comes from, for its card."""
    return (
        f"keras.applications.{wanted.name} with the weights that Keras offers, learned from "
        f"ImageNet ({wanted.about.paper}). Keras reports {100 * wanted.reported:.1f} % on the "
        "50,000 validation photos; that was not measured here."
    )


def _scaled(inputs: keras.KerasTensor, pixels: str) -> keras.KerasTensor:
    if pixels == "tf":
        return keras.layers.Rescaling(1 / 127.5, offset=-1.0, name="scaling")(inputs)
    mean, spread = (_CAFFE_MEAN, (1.0,) * 3) if pixels == "caffe" else (_TORCH_MEAN, _TORCH_SPREAD)
    variance = [s**2 for s in spread]
    return keras.layers.Normalization(mean=list(mean), variance=variance, name="scaling")(inputs)


@storage.needing_room()
def _kept(network: keras.Model, wanted: Application, owner: str) -> str:
    names = ModelReference.parse(_LABELS).card.class_names
    card = make_card(
        network,
        wanted.name,
        names,
        story=wanted.about.story,
        source=source_of(wanted),
        licence=wanted.about.licence,
        fit="crop",
    )
    return save_model(Model(network, card), owner)


@storage.needing_room()
def _fetched(wanted: Application, transport: _Transport) -> keras.Model:
    """The network with its weights, downloaded by Keras where they are not in its folder."""
    build = getattr(keras.applications, wanted.name)
    try:
        if not _perhaps_here(wanted):
            transport.try_to_reach(_HOST)  # before a large network is built for nothing
        with (
            mock.patch.object(file_utils, "urlretrieve", transport),
            contextlib.redirect_stdout(sys.stderr),  # Keras says what it downloads
        ):
            # MobileNetV3 would leave the size open; everything here wants to know it.
            return build(weights="imagenet", input_shape=(wanted.side, wanted.side, 3))
    except CnnvizError:
        raise
    except (OSError, ValueError, http.client.HTTPException) as error:
        if transport.target is not None:  # a wrong file: Keras does not check all of them
            transport.target.unlink(missing_ok=True)
            raise _broken() from error
        raise BadModel(
            "The file that Keras kept of “{name}” cannot be read. Delete it from the folder "
            "“models” of Keras, then fetch the network once more.",
            name=wanted.name,
        ) from error
    finally:
        transport.close()


def _perhaps_here(wanted: Application) -> bool:
    """Whether Keras' folder has a file that may be this network's: their names differ."""
    folder = Path(backend_config.keras_home()).expanduser() / "models"
    name = wanted.name.casefold()
    return any(name in re.sub(r"[\W_]", "", f.name.casefold()) for f in folder.glob("*.h5"))


class _Transport:
    """``urlretrieve`` as Keras calls it, which can be stopped and gives up without a connection.

    The file gets its name only when it is whole. ``target`` is where one was put.
    """

    def __init__(self, report: Report, check_cancelled: CheckCancelled) -> None:
        self._report, self._check_cancelled = report, check_cancelled
        self._response: http.client.HTTPResponse | None = None
        self.target: Path | None = None

    def __call__(self, url: str, target: str, _hook: object = None) -> None:
        self.target = target = Path(target)
        for old in target.parent.glob("*.part-*"):
            with contextlib.suppress(FileNotFoundError):
                if time.time() - old.stat().st_mtime > _FORGOTTEN_S:
                    old.unlink()
        part = target.with_name(f"{target.name}.part-{os.getpid()}")
        try:
            self._copy(url, part)
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)

    def try_to_reach(self, host: str) -> None:
        """Raises Offline where nobody answers."""
        self._connect(host).close()

    def close(self) -> None:
        if self._response is not None:
            self._response.close()

    def _copy(self, url: str, part: Path) -> None:
        self._response = response = self._connect(url)
        size, done = int(response.headers.get("Content-Length") or 0), 0
        with part.open("wb") as file:
            while chunk := self._read(response):
                file.write(chunk)
                done += len(chunk)
                self._report(0.85 * done / max(size, done), DOWNLOADING)
                self._check_cancelled()
        if done < size:
            raise _broken()

    def _read(self, response: http.client.HTTPResponse) -> bytes:
        try:
            return response.read(_CHUNK)
        except (OSError, http.client.HTTPException) as error:
            raise _broken() from error

    def _connect(self, url: str) -> http.client.HTTPResponse:
        """Looking up a name can hang for minutes and cannot be stopped: it is done in a thread that
        nobody waits for longer than ``CONNECT_SECONDS``."""
        answers: queue.Queue = queue.Queue()

        def work() -> None:
            try:
                answers.put(urllib.request.urlopen(url, timeout=STALL_SECONDS))
            except urllib.error.HTTPError as error:
                answers.put(error if url != _HOST else error.fp)  # it answers: that is enough
            except Exception as error:
                answers.put(error)

        threading.Thread(target=work, daemon=True, name="fetch").start()
        end = time.monotonic() + CONNECT_SECONDS
        while True:
            self._check_cancelled()
            try:
                found = answers.get(timeout=0.1)
            except queue.Empty:
                if time.monotonic() < end:
                    continue
                found = TimeoutError()
            if isinstance(found, Exception):
                raise _offline(url) from found
            return found


def _offline(url: str) -> Offline:
    return Offline(
        "The network has to be downloaded from {host}, which cannot be reached from here. Go "
        "online and try again.",
        host=urllib.parse.urlsplit(url).hostname or "?",
    )


def _broken() -> Offline:
    return Offline(
        "The download broke off or the file came damaged; nothing was kept. Try it once more."
    )
