"""What the chain of blocks sends to the browser, and what it does with what comes back."""

import json

import pytest

from cnnviz.ui.components import chain


class Browser:
    """Stands in for the browser: keeps what was sent; ``say`` is what a person did."""

    def __call__(self, *, key, data, on_done_change):
        self.sent, self.key, self.changed = data, key, on_done_change

    def say(self, monkeypatch, done):
        answer = type("Answer", (), {"done": done})()
        monkeypatch.setattr(chain.st, "session_state", {self.key: answer})
        self.changed()


@pytest.fixture
def browser(monkeypatch):
    stand_in = Browser()
    monkeypatch.setattr(chain, "_mount", stand_in)
    return stand_in


def show(on_change):
    links = [
        chain.Link("image", "The image", ["image"], (28, 28, 1)),
        chain.Link("conv", "Convolution", ["conv 16"], (28, 28, 16), 0, "conv", {"channels": 16}),
        chain.Link("pool", "Pooling", ["pool"], None, 1, "pool", {}, broken=True),
    ]
    field = chain.Field("channels", "Channels", 16, (), 1, 512)
    kinds = [chain.Choice("conv", "Convolution", "…", [field], True)]
    chain.chain(links, kinds, [("small", "Small")], {}, key="c", on_change=on_change, serial=3)


def test_links_and_kinds_arrive_as_plain_values(browser):
    show(print)
    sent = json.loads(json.dumps(browser.sent))
    assert [link["index"] for link in sent["links"]] == [None, 0, 1]
    assert sent["links"][2]["shape"] is None and sent["links"][2]["broken"]
    assert sent["choices"][0]["fields"][0]["high"] == 512
    assert sent["serial"] == 3 and sent["presets"] == [["small", "Small"]]


def test_what_a_person_did_is_told_once(browser, monkeypatch):
    told = []
    show(told.append)
    browser.say(monkeypatch, {"what": "undo", "serial": 4})
    browser.say(monkeypatch, None)
    assert told == [{"what": "undo", "serial": 4}]
