"""Bring a Keras file: what it does not say is asked for, and live answers show a wrong guess."""

from __future__ import annotations

import streamlit as st

from cnnviz import images, uploads
from cnnviz.compute.upload_choices import CHANNEL_ORDERS, FITS, POLARITIES, SCALINGS
from cnnviz.datasets.bundled import DATASETS
from cnnviz.datasets.image_references import PHOTOS, open_image
from cnnviz.errors import CnnvizError
from cnnviz.texts import AsTyped
from cnnviz.ui import current, frame
from cnnviz.ui.language import _, percent
from cnnviz.ui.model_cards import open_model
from cnnviz.ui.owner import current_owner
from cnnviz.ui.plain_text import plain
from cnnviz.ui.questions import ask

_PREVIEWS = 4


def draw() -> None:
    """The uploader, and after a file has come, the questions about it."""
    file = st.file_uploader(
        _("A Keras model: .keras or .h5"), type=["keras", "h5", "hdf5"], key="model-upload"
    )
    if file is None:
        return
    kept = st.session_state.setdefault("kept-model-files", {})
    if file.file_id not in kept:  # the script runs again and again: keep the bytes once
        kept[file.file_id] = uploads.save_file(file.getvalue(), file.name, current_owner())
    upload = kept[file.file_id]
    try:
        facts = ask("inspect_upload", upload=upload, waiting=_("Opening the file …"))
        if len(facts["outputs"]) > 1:
            chosen = _which_output(upload, facts["outputs"])
            facts = ask("inspect_upload", upload=upload, output=chosen, waiting=_("Opening …"))
        _questions(upload, file.name, facts)
    except CnnvizError as error:
        frame.show_error(error)


def _which_output(upload: str, outputs: list[str]) -> str:
    return st.radio(
        _("The network gives several answers. Which one is to be looked at?"),
        outputs,
        format_func=plain,
        horizontal=True,
        key=f"output-{upload}",
    )


def _questions(upload: str, filename: str, facts: dict) -> None:
    height, width, channels = facts["input_shape"]
    classes = facts["classes"]
    st.markdown(
        _(
            "The file holds a network of {layers} layers and {parameters} parameters. It takes "
            "images of {width} × {height} pixels with {channels} channels and knows {classes} "
            "classes. It does not say the following:"
        ).format(
            layers=facts["layers"],
            parameters=f"{facts['parameters']:,}",
            width=width or _("any"),
            height=height or _("any"),
            channels=channels,
            classes=classes,
        )
    )
    left, right = st.columns([2, 3], gap="large")
    with left:
        scaling = st.selectbox(
            _("How were the pixels scaled when it was trained?"),
            list(SCALINGS),
            index=list(SCALINGS).index(facts["suggested_scaling"]),
            format_func=lambda k: _(SCALINGS[k]),
            key=f"scaling-{upload}",
        )
        order = "rgb"
        if channels == 3:
            order = st.radio(
                _("Order of the colours"),
                list(CHANNEL_ORDERS),
                format_func=lambda k: _(CHANNEL_ORDERS[k]),
                horizontal=True,
                key=f"order-{upload}",
            )
        polarity = st.selectbox(
            _("What does it look at?"),
            list(POLARITIES),
            index=list(POLARITIES).index(facts["suggested_polarity"]),
            format_func=lambda k: _(POLARITIES[k]),
            key=f"polarity-{upload}",
        )
        fit = st.radio(
            _("How does a photo become that size?"),
            list(FITS),
            format_func=lambda k: _(FITS[k]),
            horizontal=True,
            key=f"fit-{upload}",
        )
        names = _class_names(upload, classes)
        title = st.text_input(
            _("Name"), filename.rsplit(".", 1)[0][:80], max_chars=80, key=f"name-{upload}"
        )
    choices = {"output": facts["output"], "scaling": scaling, "channels_order": order}
    with right:
        st.markdown(
            _(
                "**Do these answers make sense?** If they don't, the scaling, the order of the "
                "colours or the names are probably wrong."
            )
        )
        _preview(facts, {**choices, "upload": upload}, names)
    if st.button(_("Keep this model"), type="primary", key="keep-model"):
        answer = ask(
            "keep_upload",
            upload=upload,
            title=title,
            class_names=names,
            **choices,
            fit=fit,
            polarity=polarity,
            owner=current_owner(),
            waiting=_("Keeping the model …"),
        )
        open_model(answer["reference"])


def _class_names(upload: str, classes: int) -> list[str]:
    """Known lists where the number fits, else one name a line."""
    known = {
        d.title: list(d.class_names)
        for d in DATASETS.values()
        if len(d.class_names) == classes and (not d.base or classes == 2)
    }
    imagenet = current.class_names_of_photos()
    if classes == len(imagenet):
        known = {"ImageNet": imagenet, **known}
    own = "own"
    choice = st.selectbox(
        _("What are the classes called?"),
        [*known, own],
        format_func=lambda k: _("I type them in") if k == own else _(k),
        key=f"names-{upload}",
    )
    if choice != own:
        return known[choice]
    text = st.text_area(
        _("One name a line, in the order of the network's outputs"),
        "\n".join(_("class {number}").format(number=i) for i in range(classes)),
        key=f"typed-{upload}-{classes}",
    )
    names = [AsTyped(line.strip()) for line in text.splitlines() if line.strip()]
    if len(names) != classes:
        st.warning(
            _("{given} names for {classes} classes: give each class one line.").format(
                given=len(names), classes=classes
            )
        )
        st.stop()
    return names


def _preview(facts: dict, choices: dict, names: list[str]) -> None:
    if facts["input_shape"][2] == 3:
        references = [f"photo:{name}" for name in list(PHOTOS)[:_PREVIEWS]]
        if len(names) == 10:
            references = [f"data:cifar10/test/{i}" for i in range(_PREVIEWS)]
    else:
        half = _PREVIEWS // 2
        references = [f"data:{d}/test/{i}" for d in ("mnist", "fashion_mnist") for i in range(half)]
    answer = ask(
        "preview_upload",
        **choices,
        images=references,
        waiting=_("Asking the network …"),
    )
    for column, reference, classes in zip(
        st.columns(_PREVIEWS), references, answer["answers"], strict=True
    ):
        with column:
            picture = open_image(reference).image
            st.image(images.encode_png(images.fit(picture, (160, 160), 3, "crop")), width="stretch")
            for found in classes:
                st.markdown(f"{plain(_(names[found['index']]))} **{percent(found['share'])}**")
