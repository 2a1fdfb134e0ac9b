"""What can be taken away from the feature space: the points as a table, the features as files."""

from __future__ import annotations

import csv
import io

import numpy as np
import streamlit as st

from cnnviz.compute import get_engine
from cnnviz.spreadsheet import harmless
from cnnviz.ui.language import _
from cnnviz.ui.many import Labelled
from cnnviz.ui.space_choices import Choices


def buttons(labelled: Labelled, answer: dict, choices: Choices) -> None:
    """Files are made when asked for, by a thread that knows no language: texts go along."""
    names = labelled.class_names
    asked = {**labelled.asked, **choices.images}
    with st.container(horizontal=True, key="save-space"):
        st.download_button(
            _("Points as CSV"),
            lambda: table(answer, names),
            file_name="points.csv",
            mime="text/csv",
            key="points-csv",
            icon=":material/download:",
            on_click="ignore",
        )
        st.download_button(
            _("For TensorBoard's projector"),
            lambda: get_engine().answer("projector", **asked)["data"],
            file_name="projector.zip",
            mime="application/zip",
            key="projector-zip",
            icon=":material/download:",
            on_click="ignore",
            help=_(
                "The features themselves with all images, to turn and search in three dimensions. "
                "The file README.txt in it says how to open it."
            ),
        )


def table(answer: dict, names: list[str]) -> bytes:
    """One line an image: its place in the split, classes, confidence, loss, coordinates."""
    axes = "xyz"[: answer["points"].shape[1]]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["index", "class", "called", "confidence", "loss", *axes])
    for index, label, predicted, confidence, loss, point in zip(
        answer["indices"],
        answer["labels"],
        answer["predicted"],
        np.asarray(answer["confidence"], np.float32),
        np.asarray(answer["loss"], np.float32),
        answer["points"],
        strict=True,
    ):
        classes = [harmless(names[label]), harmless(names[predicted])]
        coordinates = [f"{value:.6g}" for value in point]
        writer.writerow([index, *classes, f"{confidence:.4f}", f"{loss:.4g}", *coordinates])
    return text.getvalue().encode("utf-8-sig")
