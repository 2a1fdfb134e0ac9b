"""Files to take away from the page of heatmaps."""

import io
from dataclasses import replace

import numpy as np

from cnnviz.explanation.catalogue import CATALOGUE
from cnnviz.models.references import ModelReference
from cnnviz.ui import heatmap_saving
from cnnviz.ui.current import Opened
from cnnviz.ui.heatmap_panels import Panel, top_of_all

DIGITS = "shipped:mnist_lenet5"
HEAT = np.float32([[0, 1, 0], [0, -4, 0], [0, 0, 2]])


def panel(**more) -> Panel:
    return replace(Panel(CATALOGUE["hires_cam"], 7, 0.9, HEAT, True, "relu_2"), **more)


def test_numbers_are_the_raw_map_at_the_input_size():
    data = heatmap_saving.numbers(HEAT, (9, 9))
    found = np.load(io.BytesIO(data), allow_pickle=False)
    assert found.shape == (9, 9) and found.dtype == np.float32
    # Pixel (3i + 1, 3j + 1) is the centre of field (i, j): neither shifted nor scaled.
    assert np.allclose(found[1::3, 1::3], HEAT)
    same = np.load(io.BytesIO(heatmap_saving.numbers(HEAT, (3, 3))))
    assert (same == HEAT).all()


def test_names_of_files_say_method_class_and_layer():
    opened = Opened(DIGITS, ModelReference.parse(DIGITS).card)
    assert heatmap_saving.file_name(panel(), opened) == "hires_cam-7-relu_2"
    nested = panel(layer="outer/in ner", against=3)
    assert heatmap_saving.file_name(nested, opened) == "hires_cam-7-not-3-outer-in-ner"
    card = replace(opened.card, class_names=("../虎猫?",) * 10)
    assert heatmap_saving.file_name(panel(), Opened(DIGITS, card)) == "hires_cam-虎猫-relu_2"


def test_one_scale_for_all_is_that_of_the_strongest():
    faint = panel(heat=HEAT / 10)
    assert top_of_all([panel(), faint]) == 4
    assert top_of_all([panel(signed=False), faint]) == 2
    assert top_of_all([panel(heat=np.zeros((0, 0), np.float32), problem="no")]) is None
