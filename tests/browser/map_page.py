"""A page with nothing but a map, for test_map: what the browser sends stands below it as text.

``?count=…`` gives the number of points, ``way`` what they are coloured by; the button moves them.
"""

import json

import numpy as np
import streamlit as st

from cnnviz.figures.atlas import atlas_of
from cnnviz.figures.colours import class_colour
from cnnviz.ui.components.scatter import Groups, right_or_wrong, scatter

CLASSES = 5


def made(count: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Points in five heaps, their classes, and what they were called."""
    rng = np.random.default_rng(seed)
    labels = np.arange(count) % CLASSES
    angles = 2 * np.pi * labels / CLASSES
    middles = 3 * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    points = middles + rng.normal(size=(count, 2)) * 0.6
    predicted = np.where(rng.random(count) < 0.1, rng.integers(0, CLASSES, count), labels)
    return points, labels, predicted


def colour_of(index: int) -> tuple[int, int, int]:
    """The one colour of the thumbnail of a point."""
    return 40 + index % 200, 40 + index // 200 % 200, 120


@st.cache_resource
def thumbnails(count: int) -> object:
    tiles = (np.full((32, 32, 3), colour_of(i), np.uint8) for i in range(count))
    return atlas_of(tiles, largest=256)


def page() -> None:
    asked = st.query_params
    count, way = int(asked.get("count", 400)), asked.get("way", "class")
    st.title("Map")
    if st.button("Move", key="move"):
        st.session_state.seed = st.session_state.get("seed", 0) + 1
    points, labels, predicted = made(count, st.session_state.get("seed", 0))
    how = {}
    if way == "confidence":
        how = {"colour_values": np.linspace(0, 1, count), "legend": ("unsure", "sure")}
    elif way == "right":
        how = {"groups": right_or_wrong(labels, predicted)}
    elif way == "called":
        names = [f"called {c}" for c in range(CLASSES)]
        how = {"groups": Groups(predicted, names, [class_colour(c) for c in range(CLASSES)])}
    elif way == "regions":
        cells = np.full((32, 32), 255, np.uint8)
        cells[:16], cells[16:, 16:] = 0, 1
        how = {"background": cells, "own": [(0.0, 0.0, "yours")], "own_links": [[0, 1, 2]]}
    click = scatter(
        points,
        labels,
        [f"class {c}" for c in range(CLASSES)],
        [class_colour(c) for c in range(CLASSES)],
        key="map",
        predicted=predicted,
        sprite=thumbnails(count),
        lasso=True,
        label="A map",
        **how,
    )
    runs = st.session_state.runs = st.session_state.get("runs", 0) + 1
    events = st.session_state.setdefault("events", [])
    if click.clicked is not None:
        events.append(["clicked", click.clicked])
    if click.lasso is not None:
        events.append(["lasso", click.lasso.tolist()])
    with st.container(key="events"):
        st.text(json.dumps(events[-1:]))
    with st.container(key="runs"):
        st.text(str(runs))


if __name__ == "__main__":
    page()
