"""The folded settings of a training, in groups by what they are about."""

from __future__ import annotations

import streamlit as st

from cnnviz.machine import all_gpus
from cnnviz.models.architectures import get_architecture
from cnnviz.models.parameters import Parameter
from cnnviz.training.augment import AUGMENTATIONS
from cnnviz.training.config import DEVICES, OPTIMIZERS, SCHEDULES, TrainingConfig
from cnnviz.training.setting_names import LABELS, OPTIMIZER_NAMES, SCHEDULE_NAMES
from cnnviz.ui import augmented_samples, training_address, training_data, training_fields
from cnnviz.ui.language import _, n_
from cnnviz.ui.schedule_picture import schedule_picture
from cnnviz.ui.training_address import ALL, NAMES, NO, NONE, YES, plain_text, text_of

_BATCHES = (16, 32, 64, 128, 256, 512)
_RATES = (0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1)
_SHARES = tuple(n / 10 for n in range(9))
_PARTS = (100, 300, 1000, 3000)  # images, as many of each class as possible
_OFFERED = {
    "momentum": (0.0, 0.5, 0.8, 0.9, 0.95, 0.99),
    "weight_decay": (0.0, 0.0004, 0.001, 0.004, 0.01, 0.04, 0.1),
    "l2": (0.0, 1e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2),
    "label_smoothing": (0.0, 0.05, 0.1, 0.2, 0.3),
    "gradient_accumulation": (1, 2, 4, 8, 16),
}
DRAWN_ELSEWHERE = ("own", "transfer")  # architectures with a panel of their own for all of it
TITLE_WANTED = "_training-title-wanted"  # in this session's state: a name to begin with
_ACTIVATIONS = {"relu": "ReLU", "tanh": "tanh", "gelu": "GELU"}


def network(config: TrainingConfig) -> None:
    """The size and the kind of the chosen network."""
    architecture = get_architecture(config.architecture)
    for parameter in architecture.parameters:
        if parameter.name != "dropout":
            _parameter(parameter, config)
    st.caption(architecture.source)


def data(config: TrainingConfig) -> None:
    """How many images, and how they are varied; beside it sixteen of them, varied."""
    choices, look = st.columns(2, gap="large")
    whole = training_data.training_images(config.dataset)
    with choices:
        training_fields.slider(
            _(LABELS["limit"]),
            NAMES["limit"],
            text_of("limit", config.limit),
            ALL,
            [*(str(n) for n in _PARTS if n < whole), ALL],
            _(
                "Fewer images train faster and teach less. Whether a network can learn at all "
                "shows on 1,000 of them."
            ),
            lambda text: (
                _("all {count}").format(count=f"{whole:,}") if text == ALL else f"{int(text):,}"
            ),
        )
        _augmentation(config)
        counts = training_data.class_counts(config.dataset)
        _switch(
            "class_weights",
            config,
            _("Every class counts alike, however many images it has."),
        )
        if config.class_weights and len(set(counts)) == 1:
            st.caption(_("All classes have equally many images here, so this changes nothing."))
        if config.complete:  # comes from the terminal or the library
            _switch(
                "complete", config, _("Several times as many images, downloaded once by Keras.")
            )
    with look:
        augmented_samples.draw(config.dataset, config.augmentation)


def steps(config: TrainingConfig) -> st.delta_generator.DeltaGenerator:
    """How far and how often the weights move; returns the place for the search for a rate."""
    left, right = st.columns(2, gap="large")
    usual = training_address.usual(config.dataset, config.architecture, config.optimizer)
    with left:
        training_fields.pick(
            st.segmented_control,
            _(LABELS["optimizer"]),
            OPTIMIZERS,
            NAMES["optimizer"],
            config.optimizer,
            TrainingConfig().optimizer,
            format_func=OPTIMIZER_NAMES.__getitem__,
            help=_(
                "How a step is made of the gradient: Adam adapts its length to every weight, "
                "AdamW also lets all weights shrink a little, SGD keeps some of its last "
                "direction."
            ),
        )
        training_fields.slider(
            _(LABELS["learning_rate"]),
            NAMES["learning_rate"],
            plain_text(config.learning_rate),
            plain_text(usual.learning_rate),
            [plain_text(n) for n in _RATES],
            _("How far each step goes: too small is slow, too large never arrives."),
        )
        if config.optimizer == "sgd":
            _number("momentum", config, _("How much of the last step's direction is kept."))
        if config.optimizer == "adamw":
            _number("weight_decay", config, _("How much all weights shrink in each step."))
    with right:
        training_fields.pick(
            st.segmented_control,
            _(LABELS["schedule"]),
            SCHEDULES,
            NAMES["schedule"],
            config.schedule,
            TrainingConfig().schedule,
            format_func=lambda name: _(SCHEDULE_NAMES[name]),
            wrap=True,
            help=_("How the learning rate changes from the first step to the last."),
        )
        schedule_picture(config)
        training_fields.slider(
            _(LABELS["batch_size"]),
            NAMES["batch_size"],
            str(config.batch_size),
            str(usual.batch_size),
            [str(n) for n in _BATCHES],
            _("How many images it looks at before it changes its weights once."),
        )
        _number(
            "gradient_accumulation",
            config,
            _("So many batches are added up before a step: as one large batch, in less memory."),
        )
        images = config.limit or training_data.training_images(config.dataset)
        batches = -(-images // config.batch_size) // config.gradient_accumulation
        st.caption(
            n_("{count} step in each epoch.", "{count} steps in each epoch.", max(1, batches))
        )
    return left.container()


def by_heart(config: TrainingConfig) -> None:
    """What keeps a network from learning the training images by heart."""
    left, right = st.columns(2, gap="large")
    with left:
        if config.architecture not in DRAWN_ELSEWHERE:
            for parameter in get_architecture(config.architecture).parameters:
                if parameter.name == "dropout":
                    _parameter(parameter, config)
        _number("l2", config, _("A price on large weights: their squares times this, in the loss."))
        _number(
            "label_smoothing",
            config,
            _("So much of the answer is shared among all classes: it need never be quite sure."),
        )
    with right:
        training_fields.slider(
            _(LABELS["early_stopping"]),
            NAMES["early_stopping"],
            text_of("early_stopping", config.early_stopping),
            NONE,
            [NONE, "1", "2", "3", "5", "10"],
            _(
                "Ends when so many epochs in a row were no better on the validation images. "
                "The best weights are kept, with or without it."
            ),
            lambda text: (
                _("never")
                if text == NONE
                else n_("after {count} epoch", "after {count} epochs", int(text))
            ),
        )
        _switch(
            "weight_averaging",
            config,
            _("Ends with the average of its last weights, which is often better than the last."),
        )


def machine(config: TrainingConfig) -> str:
    """Precision, graphics cards, chance, logs, and a name; returns the name."""
    left, right = st.columns(2, gap="large")
    key = "training-title"
    if (wanted := st.session_state.pop(TITLE_WANTED, None)) is not None:
        st.session_state[key] = wanted
    with left:
        title = st.text_input(
            _("Name"),
            max_chars=80,
            key=key,
            placeholder=_("a name for this training, if you like"),
        )
        training_fields.whole(
            _(LABELS["seed"]),
            NAMES["seed"],
            config.seed,
            TrainingConfig().seed,
            0,
            2**31 - 1,
            _("The start of all chance: the same number begins with the same weights."),
        )
    with right:
        _switch(
            "mixed_precision",
            config,
            _("Computes with half as many digits: faster on a graphics card, the same result."),
        )
        if (cards := len(all_gpus())) > 1:
            training_fields.switch(
                _("All graphics cards"),
                NAMES["devices"],
                config.devices == "all",
                _(
                    "Shares every batch among the {count} graphics cards of this machine, once no "
                    "other training is at work: faster for a large network, not for a small one."
                ).format(count=cards),
                DEVICES,
            )
        _switch(
            "tensorboard",
            config,
            _("Also writes logs that the program TensorBoard reads; they are in the run's zip."),
        )
    return title


def _augmentation(config: TrainingConfig) -> None:
    """What is done to the training images; what suits the data set unless somebody chose."""
    usual = text_of("augmentation", config.usual_augmentation())
    key = "choice-augment"
    st.session_state[key] = list(config.augmentation)

    def changed() -> None:
        picked = tuple(x for x in AUGMENTATIONS if x in st.session_state[key])
        training_fields.put(NAMES["augmentation"], text_of("augmentation", picked), usual)

    words = {
        "flip": _("Flip"),
        "rotation": _("Rotation"),
        "shift": _("Shift"),
        "zoom": _("Zoom"),
        "shear": _("Shear"),
        "contrast": _("Contrast"),
        "cutout": _("Cutout"),
    }
    st.pills(
        _(LABELS["augmentation"]),
        list(AUGMENTATIONS),
        selection_mode="multi",
        wrap=True,
        key=key,
        on_change=changed,
        format_func=lambda name: words.get(name, name),
        help=_("Small changes to every image, new in each epoch: as if there were more images."),
    )
    if config.augmentation:
        st.caption(" · ".join(_(AUGMENTATIONS[name]) for name in config.augmentation))


def _number(field: str, config: TrainingConfig, note: str) -> None:
    """A slider for a number of the config."""
    training_fields.slider(
        _(LABELS[field]),
        NAMES[field],
        plain_text(getattr(config, field)),
        plain_text(getattr(TrainingConfig(), field)),
        [plain_text(n) for n in _OFFERED[field]],
        note,
    )


def _switch(field: str, config: TrainingConfig, note: str) -> None:
    training_fields.switch(_(LABELS[field]), NAMES[field], getattr(config, field), note, (NO, YES))


def _parameter(parameter: Parameter, config: TrainingConfig) -> None:
    """One setting of an architecture."""
    label, note = _(parameter.title), _(parameter.help)
    name = training_address.parameter_name(parameter.name)
    value, usual = config.parameters[parameter.name], parameter.default
    if parameter.choices:
        training_fields.pick(
            st.segmented_control,
            label,
            parameter.choices,
            name,
            str(value),
            str(usual),
            help=note,
            format_func=lambda choice: _ACTIVATIONS.get(choice, _(choice)),
        )
    elif isinstance(usual, int):
        low, high = int(parameter.minimum), int(parameter.maximum)
        training_fields.whole(label, name, int(value), usual, low, high, note)
    else:
        offered = [n for n in _SHARES if parameter.minimum <= n <= parameter.maximum]
        offered = [plain_text(n) for n in offered]
        training_fields.slider(label, name, plain_text(value), plain_text(usual), offered, note)
