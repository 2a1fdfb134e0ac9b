"""What a training is told, as widgets; every setting lives in the URL, so that it can be shared."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache

import streamlit as st

from cnnviz.datasets.bundled import DATASETS, split_arrays
from cnnviz.datasets.imported import describe_imported
from cnnviz.models.architectures import ARCHITECTURES, Architecture, Parameter, get_architecture
from cnnviz.training.augment import AUGMENTATIONS
from cnnviz.training.config import SUITS, TrainingConfig
from cnnviz.ui import address, data_import
from cnnviz.ui.language import _

_USUAL = TrainingConfig()
_BATCHES = (16, 32, 64, 128, 256, 512)
_RATES = (0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1)
_DROPOUTS = tuple(n / 10 for n in range(9))
_PARTS = (100, 300, 1000, 3000)  # images, as many of each class as possible
_ALL, _NONE = "all", "none"
_OPTIMIZERS = {"adam": "Adam", "sgd": "SGD"}  # names, not words
_CHOICES = {"relu": "ReLU", "tanh": "tanh", "gelu": "GELU"}


def dataset(owner: str) -> str:
    """The data set to learn from, as the widget below shows it."""
    return address.value("data", _USUAL.dataset, valid=data_import.titles(owner))


def draw(owner: str) -> TrainingConfig:
    """All settings: three that matter, the rest behind an expander."""
    titles = data_import.titles(owner)
    name = address.widget(
        st.selectbox,
        _("Data set"),
        list(titles),
        "data",
        _USUAL.dataset,
        format_func=lambda key: titles[key],
        help=_("The images it learns from. The page “{page}” takes your own.").format(
            page=_("Data")
        ),
    )
    architecture = get_architecture(
        address.widget(
            st.selectbox,
            _("Network"),
            list(ARCHITECTURES),
            "net",
            _USUAL.architecture,
            format_func=lambda key: _(ARCHITECTURES[key].title),
        )
    )
    st.caption(_(architecture.story))
    epochs = _whole(
        _("Epochs"),
        "epochs",
        _USUAL.epochs,
        1,
        1000,
        _("How often it sees every training image."),
    )
    with st.expander(_("More settings")):
        return _more(name, architecture, epochs)


def _more(name: str, architecture: Architecture, epochs: int) -> TrainingConfig:
    whole = training_images(name)
    limit = _steps(
        _("Training images"),
        "part",
        _ALL,
        [str(n) for n in _PARTS if n < whole],
        lambda text: 10 <= int(text) <= whole,
        _("Fewer images train faster and teach less: see how many it needs."),
        format_func=lambda text: (
            _("all {count}").format(count=f"{whole:,}") if text == _ALL else f"{int(text):,}"
        ),
    )
    parameters = {p.name: _parameter(p) for p in architecture.parameters}
    st.caption(architecture.source)
    batch = _steps(
        _("Batch size"),
        "batch",
        str(_USUAL.batch_size),
        [str(n) for n in _BATCHES],
        lambda text: 1 <= int(text) <= 4096,
        _("How many images it looks at before it changes its weights once."),
    )
    rate = _steps(
        _("Learning rate"),
        "rate",
        f"{_USUAL.learning_rate:g}",
        [f"{n:g}" for n in _RATES],
        lambda text: 1e-7 <= float(text) <= 10,
        _("How far each step goes: too small is slow, too large never arrives."),
    )
    optimizer = address.widget(
        st.segmented_control,
        _("Optimizer"),
        list(_OPTIMIZERS),
        "optimizer",
        _USUAL.optimizer,
        format_func=_OPTIMIZERS.__getitem__,
        help=_(
            "How a step is made of the gradient: Adam adapts its length to every weight, SGD "
            "keeps some of its last direction."
        ),
    )
    augmentation = _augmentation(name)
    seed = _whole(
        _("Seed"),
        "seed",
        _USUAL.seed,
        0,
        2**31 - 1,
        _("The start of all chance: the same number begins with the same weights."),
    )
    title = st.text_input(
        _("Name"),
        max_chars=80,
        key="training-title",
        placeholder=_("a name for this training, if you like"),
    )
    return TrainingConfig(
        dataset=name,
        architecture=architecture.name,
        epochs=epochs,
        parameters=parameters,
        batch_size=int(batch),
        optimizer=optimizer,
        learning_rate=float(rate),
        augmentation=augmentation,
        limit=None if limit == _ALL else int(limit),
        seed=seed,
        title=title,
    )


def adopt(settings: dict) -> None:
    """Choose the settings of an earlier training, to be changed and tried again."""
    config = TrainingConfig.from_json(settings)
    usual = {p.name: p.default for p in get_architecture(config.architecture).parameters}
    chosen: dict[str, object] = {
        "data": config.dataset,
        "net": config.architecture,
        "epochs": config.epochs,
        "part": config.limit or _ALL,
        "batch": config.batch_size,
        "rate": f"{config.learning_rate:g}",
        "optimizer": config.optimizer,
        "seed": config.seed,
        "augment": ",".join(config.augmentation or ()) or _NONE,
    }
    defaults = {
        "epochs": _USUAL.epochs,
        "part": _ALL,
        "batch": _USUAL.batch_size,
        "rate": f"{_USUAL.learning_rate:g}",
        "seed": _USUAL.seed,
        "augment": ",".join(SUITS.get(config.dataset, ())) or _NONE,
    }
    for name, value in chosen.items():
        address.choose(name, None if defaults.get(name) == value else str(value))
    for name, value in (usual | config.parameters).items():
        address.choose(_key(name), None if usual.get(name) == value else _text(value))


def _text(value: str | int | float) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def training_images(name: str) -> int:
    """How many training images a data set has."""
    if name in DATASETS:
        return _bundled_images(name)
    return sum(describe_imported(name.removeprefix("upload:")).counts["train"])


@lru_cache
def _bundled_images(name: str) -> int:
    return len(split_arrays(name, "train")[1])


def _key(parameter: str) -> str:
    return f"net-{parameter}"


def _parameter(parameter: Parameter) -> str | int | float:
    """One setting of an architecture."""
    label, note, name = _(parameter.title), _(parameter.help), _key(parameter.name)
    if parameter.choices:
        return address.widget(
            st.segmented_control,
            label,
            list(parameter.choices),
            name,
            str(parameter.default),
            help=note,
            format_func=lambda choice: _CHOICES.get(choice, _(choice)),
        )
    low, high = parameter.minimum, parameter.maximum
    if isinstance(parameter.default, int):
        return _whole(label, name, parameter.default, int(low), int(high), note)
    chosen = _steps(
        label,
        name,
        f"{parameter.default:g}",
        [f"{n:g}" for n in _DROPOUTS if low <= n <= high],
        lambda text: low <= float(text) <= high,
        note,
    )
    return float(chosen)


def _augmentation(name: str) -> tuple[str, ...]:
    """What is done to the training images; what suits the data set unless somebody chose."""
    suits = ",".join(SUITS.get(name, ())) or _NONE
    chosen = [x for x in address.value("augment", suits).split(",") if x in AUGMENTATIONS]
    key = "choice-augment"
    st.session_state[key] = chosen

    def changed() -> None:
        picked = [x for x in AUGMENTATIONS if x in st.session_state[key]]
        new = ",".join(picked) or _NONE
        address.choose("augment", None if new == suits else new)

    st.multiselect(
        _("Augmentation"),
        list(AUGMENTATIONS),
        key=key,
        on_change=changed,
        format_func=lambda x: _(AUGMENTATIONS[x]),
        placeholder=_("none"),
        help=_("Small changes to every image, new in each epoch: as if there were more images."),
    )
    return tuple(chosen)


def _whole(label: str, name: str, default: int, low: int, high: int, note: str) -> int:
    current = address.number(name, default, low, high)
    key = f"choice-{name}"
    st.session_state[key] = current
    st.number_input(
        label,
        low,
        high,
        key=key,
        step=1,
        help=note,
        on_change=lambda: address.choose(name, str(st.session_state[key])),
    )
    return current


def _steps(
    label: str,
    name: str,
    default: str,
    offered: Sequence[str],
    fits: Callable[[str], bool],
    note: str,
    format_func: Callable[[str], str] = str,
) -> str:
    """A slider over the offered numbers; a fitting other one from a link joins them."""
    options = list(offered)
    current = address.value(name, default)
    if current not in (*options, default) and _is(fits, current):
        options.append(current)
        options.sort(key=float)
    if default not in options:
        options.append(default)
    return address.widget(
        st.select_slider, label, options, name, default, help=note, format_func=format_func
    )


def _is(fits: Callable[[str], bool], text: str) -> bool:
    try:
        return fits(text)
    except ValueError:
        return False
