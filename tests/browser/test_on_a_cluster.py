"""The app on a Ray cluster: the same journeys, and the death of the node that trains among them."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Person, learning, serving, settle, started
from tests.browser.test_trainings_survive import events
from tests.ray_nodes import ray_nodes, wait_until

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(900)]


def carrier(nodes):
    """The node that has a training process at work, and not just a spare."""
    return wait_until(lambda: next((n for n in nodes.carrying if n.of("hosted_worker")), None), 120)


def test_train_lose_the_node_and_look_at_heatmaps(browser, tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    with (
        # Each has room for both workers and a training, also when the other one is gone.
        ray_nodes(home, count=2, cpus=4) as nodes,
        serving(home, CNNVIZ_RAY=nodes.address, CNNVIZ_RAY_SPARES="0") as (address, _pid),
    ):
        person = Person(browser, address)
        page = person.visit("train?data=mnist&net=lenet5&part=2000&epochs=25")
        run = started(page)
        learning(page)
        wait_until(lambda: len(events(home, run, "epoch")) >= 3, 120)
        had = len(events(home, run, "epoch"))
        lost = carrier(nodes)
        lost.die()
        nodes.carrying.remove(lost)
        wait_until(lambda: events(home, run, "resume"), 120)
        assert events(home, run, "resume")[0]["epoch"] >= had - 1
        learning(page)  # the same tab, nothing was pressed
        wait_until(lambda: events(home, run, "end"), 240)
        assert [e["epoch"] for e in events(home, run, "epoch")] == list(range(1, 26))
        expect(page.get_by_text("Finished").first).to_be_visible()
        page.screenshot(path=tmp_path / "train.png")

        page.goto(f"{address}/heatmaps?model=run:{run}@best&image=data:mnist/test/0")
        settle(page)
        expect(page.get_by_test_id("stImage").first).to_be_visible(timeout=90_000)
        page.screenshot(path=tmp_path / "heatmaps.png")
        person.leave()
