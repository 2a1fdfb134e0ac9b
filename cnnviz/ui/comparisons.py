"""Two trainings started together that differ in one thing: what it does is then to be seen."""

from __future__ import annotations

from dataclasses import dataclass, replace

import streamlit as st

from cnnviz.errors import CnnvizError
from cnnviz.models import blocks
from cnnviz.models.architectures import get_architecture
from cnnviz.runs.run import Run, delete_run
from cnnviz.training.augment import AUGMENTATIONS
from cnnviz.training.config import BOUNDS, TrainingConfig
from cnnviz.training.launch import start_training
from cnnviz.ui import address, frame
from cnnviz.ui.language import _, n_
from cnnviz.ui.training_address import plain_text

# So few, so often and in such small batches that a small network learns them by heart in half a
# minute. Measured with Tiny VGG on Clothes, after 40 epochs, training and validation accuracy:
# 96 % and 73 % without dropout and augmentation, 81 % and 74 % with dropout 0.5; the validation
# loss rises from 0.72 to 1.03 without augmentation and falls to 0.78 with it.
FEW_IMAGES, MANY_EPOCHS, SMALL_BATCH = 300, 40, 16
DROPOUT = 0.5
RATE_FACTOR = 100
VARIED = ("flip", "rotation", "shift", "zoom")


@dataclass(frozen=True)
class Comparison:
    """Two settings that differ in one thing; ``first`` is the one without it, or as usual.

    ``measure`` is the curve, ``accuracy`` or ``loss``, in which it shows best.
    """

    key: str
    title: str
    look_for: str
    measure: str
    names: tuple[str, str]
    first: TrainingConfig
    second: TrainingConfig

    @property
    def pair(self) -> tuple[TrainingConfig, TrainingConfig]:
        """The two, each with a title that says what differs."""
        titled = (
            replace(config, title=_title(name, config))
            for name, config in zip(self.names, (self.first, self.second), strict=True)
        )
        first, second = titled
        return first, second


def comparisons(config: TrainingConfig) -> list[Comparison]:
    """Those that these settings allow; whatever they do not compare stays as it is chosen."""
    found = []
    few = replace(
        config,
        limit=min(config.limit or FEW_IMAGES, FEW_IMAGES),
        epochs=max(config.epochs, MANY_EPOCHS),
        batch_size=min(config.batch_size, SMALL_BATCH),
        early_stopping=None,
    )
    heart = replace(few, augmentation=())  # which would keep it from learning them, too
    if (share := _dropout(heart)) is not None:
        found.append(
            Comparison(
                "dropout",
                _("With and without dropout"),
                _look_for_dropout(),
                "accuracy",
                (_("without dropout"), _("dropout {share}").format(share=plain_text(share))),
                _with_dropout(heart, 0.0),
                _with_dropout(heart, share),
            )
        )
    varied = config.augmentation
    if not varied or varied == config.usual_augmentation():
        flip = "flip" in config.usual_augmentation()  # a mirrored digit is another sign
        varied = tuple(n for n in AUGMENTATIONS if n in VARIED and (flip or n != "flip"))
    found.append(
        Comparison(
            "augmentation",
            _("With and without augmentation"),
            _look_for_augmentation(),
            "loss",
            (_("images as they are"), _("varied images")),
            replace(few, augmentation=()),
            replace(few, augmentation=varied),
        )
    )
    rate = config.learning_rate * RATE_FACTOR
    if rate <= BOUNDS["learning_rate"][1]:
        texts = [plain_text(float(f"{n:.6g}")) for n in (config.learning_rate, rate)]
        found.append(
            Comparison(
                "rate",
                _("A hundred times the learning rate"),
                _look_for_rate(),
                "loss",
                tuple(_("learning rate {rate}").format(rate=text) for text in texts),
                config,
                replace(config, learning_rate=float(texts[1])),
            )
        )
    return found


def look_for(first: dict, second: dict) -> str:
    """What to look at where two trainings (their settings as JSON) differ in such a thing only.

    Empty where they differ in something else, or in more.
    """
    differ = {n for n in first.keys() | second.keys() if first.get(n) != second.get(n)} - {"title"}
    if differ == {"augmentation"} and not (first["augmentation"] and second["augmentation"]):
        return _look_for_augmentation()
    if differ == {"learning_rate"}:
        rates = sorted((first["learning_rate"], second["learning_rate"]))
        return _look_for_rate() if rates[1] >= RATE_FACTOR / 2 * rates[0] else ""
    if differ == {"parameters"}:
        a, b = (_without_dropout(one) for one in (first, second))
        return _look_for_dropout() if a == b else ""
    return ""


def _look_for_dropout() -> str:
    return _(
        "Look at the gap between training and validation. Without dropout the network learns its "
        "images by heart: training runs away from validation."
    )


def _look_for_augmentation() -> str:
    return _(
        "Look at the loss in validation. Without augmentation it soon turns upwards: the network "
        "learns by heart. Varied images take longer to learn, but it goes on falling."
    )


def _look_for_rate() -> str:
    return _(
        "Look at the loss. With steps that are far too long it jumps about, or gets stuck where "
        "a network that only guesses is."
    )


def draw(config: TrainingConfig, owner: str) -> None:
    """One card for each comparison; its button starts both and shows them side by side."""
    st.subheader(_("Learn by comparing"), anchor=False)
    st.markdown(
        _(
            "Two trainings, started together with the settings above, that differ in one thing "
            "only. Where it is about learning by heart, they take few images and many epochs."
        )
    )
    offered = comparisons(config)
    for place, comparison in zip(st.columns(3), offered, strict=False):
        with place.container(border=True, height="stretch"):
            _card(comparison, owner)


def _card(comparison: Comparison, owner: str) -> None:
    st.markdown(f"**{comparison.title}**")
    st.markdown(comparison.look_for)
    st.caption(_length(comparison.first))
    if st.button(
        _("Start both"),
        key=f"compare-{comparison.key}",
        icon=":material/compare_arrows:",
        width="stretch",
    ):
        _start(comparison, owner)


def _length(config: TrainingConfig) -> str:
    """How many images, how often, in which batches."""
    epochs = n_("{count} epoch each", "{count} epochs each", config.epochs)
    if not config.limit:
        return epochs
    images = n_("{count} image", "{count} images", config.limit)
    return " · ".join(
        [images, epochs, _("batches of {count}").format(count=f"{config.batch_size:,}")]
    )


def _start(comparison: Comparison, owner: str) -> None:
    """Both or none, then the page Runs with both."""
    first = None
    try:
        first = start_training(comparison.pair[0], owner, folders=False)
        second = start_training(comparison.pair[1], owner, folders=False)
    except CnnvizError as error:
        if first:
            _take_back(first, owner)
        frame.show_error(error)
        return
    address.choose("run", None)
    address.choose("runs", f"{first.id},{second.id}")
    address.choose("measure", comparison.measure)
    st.switch_page("pages/runs.py")


def _take_back(run: Run, owner: str) -> None:
    try:
        delete_run(run.id, owner)
    except CnnvizError:  # a worker has it already
        run.request_stop(owner)


def _title(name: str, config: TrainingConfig) -> str:
    """What differs, then what both are."""
    whole = replace(config, title="").check(folders=False).title
    return f"{name[:1].upper()}{name[1:]} · " + " · ".join(whole.split(" · ")[:2])


def _dropout(config: TrainingConfig) -> float | None:
    """The share to compare with none: the chosen one, else a usual one; None where it has none."""
    if config.architecture == "own":
        shares = [b.settings["rate"] for b in _blocks(config) if b.kind == "dropout"]
        return max(shares, default=0.0) or None
    names = {p.name for p in get_architecture(config.architecture).parameters}
    if "dropout" not in names:
        return None
    return float(config.parameters.get("dropout") or DROPOUT)


def _with_dropout(config: TrainingConfig, share: float) -> TrainingConfig:
    """The same network with that share, which for blocks of one's own is theirs, or none."""
    if config.architecture != "own":
        return replace(config, parameters={**config.parameters, "dropout": share})
    if share:
        return config
    kept = [block for block in _blocks(config) if block.kind != "dropout"]
    return replace(config, parameters={"blocks": blocks.write(kept)})


def _without_dropout(settings: dict) -> dict:
    """The parameters of a network, less its dropout."""
    config = _with_dropout(TrainingConfig.from_json(settings), 0.0)
    return config.parameters


def _blocks(config: TrainingConfig) -> tuple[blocks.Block, ...]:
    return blocks.parse(str(config.parameters["blocks"]))
