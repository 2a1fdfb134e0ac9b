from dataclasses import dataclass

import pytest

from cnnviz.compute.lanes import Lane


@dataclass(eq=False)
class Thing:
    asker: str
    name: str


def lane_of(text):
    """ "ab" waits as: a's first, b's first, …"""
    lane = Lane()
    things = [Thing(who, f"{who}{i}") for i, who in enumerate(text)]
    for thing in things:
        lane.add(thing)
    return lane, things


def order(lane, under_way=()):
    busy = list(under_way)
    names = []
    while lane:
        names.append(lane.pop(busy).name)
    return names


def test_people_take_turns():
    lane, _ = lane_of("aaaabbc")
    assert order(lane) == ["a0", "b4", "c6", "a1", "b5", "a2", "a3"]


def test_whoever_has_something_under_way_comes_later():
    lane, _ = lane_of("aab")
    assert order(lane, ["a"]) == ["b2", "a0", "a1"]


def test_places_are_what_comes_true():
    lane, things = lane_of("aaaabbcab")
    busy = ["a", "c"]
    places = {thing.name: lane.place(thing, busy) for thing in things}
    came = []
    while lane:
        thing = lane.pop(busy)
        busy.append(thing.asker)
        came.append(thing.name)
    assert [places[name] for name in came] == list(range(len(things)))


def test_what_lost_its_turn_is_next():
    lane, things = lane_of("ab")
    first = lane.pop()
    lane.put_back(first)
    assert lane.pop() is first
    assert len(lane) == 1


def test_removing_and_clearing():
    lane, things = lane_of("aab")
    lane.remove(things[0])
    assert [t.name for t in lane] == ["a1", "b2"]
    with pytest.raises(ValueError):
        lane.remove(things[0])
    with pytest.raises(ValueError):
        lane.place(things[0])
    lane.clear()
    assert not lane
    with pytest.raises(IndexError):
        lane.pop()
