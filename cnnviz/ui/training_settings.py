"""What a training is told, as widgets; every setting lives in the URL, so that it can be shared."""

from __future__ import annotations

from dataclasses import dataclass, replace

import streamlit as st

from cnnviz.errors import CnnvizError
from cnnviz.models.architectures import ARCHITECTURES, MIN_SIDE, get_architecture
from cnnviz.training.config import TrainingConfig
from cnnviz.training.setting_names import changes
from cnnviz.ui import (
    address,
    block_editor,
    data_import,
    rate_finder_panel,
    training_address,
    training_data,
    training_fields,
    training_groups,
    transfer_choice,
)
from cnnviz.ui.language import _, in_words
from cnnviz.ui.plain_text import plain
from cnnviz.ui.sharing import may_open

_KEPT = (training_address.DATA, training_address.NETWORK, training_address.EPOCHS)


@dataclass(frozen=True)
class Drawn:
    """The settings on the page.

    ``buildable`` is whether there is such a network; where not, the page says why. ``start`` is the
    place for the Start button, ``_search`` that for the search for a learning rate.
    """

    config: TrainingConfig
    buildable: bool
    start: st.delta_generator.DeltaGenerator
    _search: st.delta_generator.DeltaGenerator

    def finish(self) -> None:
        """Draw what may have to wait for an answer, after everything else on the page."""
        if self.buildable:
            with self._search:
                rate_finder_panel.draw(self.config)


def draw(owner: str) -> Drawn:
    """A look at the data; beside it the settings that matter; the others folded below."""
    config = _read(owner)
    look, settings = st.columns([3, 2], gap="large")
    with look:
        training_data.strip(config.dataset)
    with settings:
        start = st.container()
        _in_sight(config, owner)
        changed = st.container()
    parameters = _network(config, owner)
    buildable = parameters is not None
    config = replace(config, parameters=parameters or config.parameters)
    with changed:
        _changed(config)
    title, search = _groups(config)
    return Drawn(replace(config, title=title), buildable, start, search)


def adopt(settings: dict, title: str = "") -> None:
    """Choose the settings of an earlier training, to be changed and tried again.

    Args:
        settings: as ``TrainingConfig.to_json`` gives them. A data set that is gone, that is a
            path, or somebody else's, leaves the usual one.
        title: what the new training shall be called; empty is a name made of its settings.

    Raises:
        BadInput: these are not the settings of a training.
    """
    config = replace(TrainingConfig.from_json(settings), title="")
    try:
        config = config.check(folders=False)
        usable = may_open(config.dataset)
    except CnnvizError:
        usable = False
    if not usable:
        config = replace(config, dataset=TrainingConfig().dataset).check(folders=False)
    for name in training_address.every_name():
        address.choose(name, None)
    for name, text in training_address.write(config).items():
        address.choose(name, text)
    st.session_state[training_groups.TITLE_WANTED] = title


def _read(owner: str) -> TrainingConfig:
    config = training_address.read(
        address.value, data_import.titles(owner), training_data.training_images
    )
    for name in training_address.unused_names(config) & set(st.query_params):
        del st.query_params[name]  # the session remembers it, in case its time comes again
    return config


def _in_sight(config: TrainingConfig, owner: str) -> None:
    """Data set, network, epochs."""
    usual = TrainingConfig()
    titles = data_import.titles(owner)
    training_fields.pick(
        st.selectbox,
        _("Data set"),
        list(titles),
        training_address.DATA,
        config.dataset,
        usual.dataset,
        format_func=lambda key: titles[key],
        help=_("The images it learns from. The page “{page}” takes your own.").format(
            page=_("Data")
        ),
    )
    training_fields.pick(
        st.selectbox,
        _("Network"),
        list(ARCHITECTURES),
        training_address.NETWORK,
        config.architecture,
        usual.architecture,
        format_func=lambda key: _(ARCHITECTURES[key].title),
    )
    st.caption(_(get_architecture(config.architecture).story))
    training_fields.whole(
        _("Epochs"),
        training_address.EPOCHS,
        config.epochs,
        usual.epochs,
        1,
        1000,
        _("How often it sees every training image."),
    )


def _network(config: TrainingConfig, owner: str) -> dict | None:
    """The settings of the network; None, with a sentence, where it cannot be built."""
    shape = training_data.input_shape(config.dataset)
    if config.architecture == "own":
        classes = len(training_data.class_counts(config.dataset))
        blocks = block_editor.draw(shape, classes)
        return None if blocks is None else {"blocks": blocks}
    if config.architecture == "transfer":
        return transfer_choice.draw(owner, config.dataset, shape)
    if min(shape[:2]) < MIN_SIDE:
        st.warning(
            _(
                "These images are {width}×{height} pixels; this network needs at least "
                "{minimum}×{minimum}. Bring them once more, with more pixels, on the page “{page}”."
            ).format(width=shape[1], height=shape[0], minimum=MIN_SIDE, page=_("Data"))
        )
        return None
    return config.parameters


def _groups(config: TrainingConfig) -> tuple[str, st.delta_generator.DeltaGenerator]:
    """The folded settings; returns the name, and the place for the search for a rate."""
    if config.architecture not in training_groups.DRAWN_ELSEWHERE:
        with _group("network", _("The network"), _("its size, and what its layers are made of")):
            training_groups.network(config)
    with _group("data", _("The data"), _("how many images, and how they are varied")):
        training_groups.data(config)
    with _group("steps", _("The steps"), _("how far and how often the weights move")):
        search = training_groups.steps(config)
    with _group(
        "by-heart",
        _("Against learning by heart"),
        _("so that it learns what images have in common, not each one of them"),
    ):
        training_groups.by_heart(config)
    with _group("machine", _("The machine"), _("precision, chance, logs, and a name")):
        title = training_groups.machine(config)
    return title, search


def _group(key: str, title: str, sentence: str) -> st.delta_generator.DeltaGenerator:
    label = _("**{title}**: {sentence}").format(title=title, sentence=sentence)
    return st.expander(label, key=f"group-{key}")


def _changed(config: TrainingConfig) -> None:
    """What of the folded settings is not as usual, in a line, with a way back."""
    usual = training_address.usual(config.dataset, config.architecture, config.optimizer)
    if config.architecture in training_groups.DRAWN_ELSEWHERE:
        usual = replace(usual, parameters=config.parameters)
    usual = replace(usual, optimizer=TrainingConfig().optimizer)
    found = [
        f"{plain(_(label))}: {plain(in_words(value))}" if value else plain(_(label))
        for label, value in changes(config, usual)
    ]
    if not found:
        return
    st.caption(_("**Changed.** {settings}").format(settings=" · ".join(found)))
    st.button(
        _("As usual again"),
        key="reset-settings",
        type="tertiary",
        icon=":material/undo:",
        on_click=_reset,
        args=(config.architecture in training_groups.DRAWN_ELSEWHERE,),
    )


def _reset(keep_network: bool) -> None:
    for name in training_address.every_name():
        if name not in _KEPT and not (keep_network and name.startswith("net-")):
            address.choose(name, None)
