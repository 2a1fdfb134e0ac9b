import json
import resource
import threading

import pytest

from cnnviz.errors import NotFound
from cnnviz.runs import events
from cnnviz.runs.events import EventReader, EventWriter, SharedEvents, cut, reader_for


def steps(found):
    return [e["step"] for e in found]


def test_a_reader_gets_each_event_once_and_in_order(tmp_path):
    writer, reader = EventWriter(tmp_path), EventReader(tmp_path)
    assert reader.poll() == ([], False)
    writer.write("batch", step=1, loss=0.5)
    writer.write("batch", step=2, loss=0.25)
    found, again = reader.poll()
    assert steps(found) == [1, 2] and found[0]["loss"] == 0.5 and not again
    assert reader.poll() == ([], False)
    writer.write("batch", step=3)
    assert steps(reader.poll()[0]) == [3]


def test_a_half_written_line_waits_for_its_end(tmp_path):
    line = json.dumps({"kind": "batch", "step": 1}).encode() + b"\n"
    path, reader = tmp_path / events.FILE, EventReader(tmp_path)
    path.write_bytes(line + line[:9])
    assert len(reader.poll()[0]) == 1
    assert reader.poll() == ([], False)
    with path.open("ab") as file:
        file.write(line[9:])
    assert len(reader.poll()[0]) == 1


def test_a_damaged_line_is_left_out(tmp_path):
    good = json.dumps({"kind": "batch", "step": 7}).encode()
    (tmp_path / events.FILE).write_bytes(b'{"kind": "ba\n[1]\n' + good + b"\n")
    assert steps(EventReader(tmp_path).poll()[0]) == [7]


def test_after_a_cut_readers_begin_again_even_if_the_file_has_grown(tmp_path):
    writer = EventWriter(tmp_path)
    writer.write("batch", step=1)
    offset = writer.offset
    writer.write("batch", step=2)
    shared, reader = SharedEvents(tmp_path), EventReader(tmp_path)
    reader.poll()
    first, _ = shared.snapshot()
    writer.close()
    cut(tmp_path, offset)
    writer = EventWriter(tmp_path)
    assert writer.offset == offset
    for step in (20, 30, 40):
        writer.write("batch", step=step)
    found, again = reader.poll()
    assert again and steps(found) == [1, 20, 30, 40]
    second, kept = shared.snapshot()
    assert second != first and steps(kept) == [1, 20, 30, 40]


def test_two_cuts_between_two_looks_are_noticed(tmp_path):
    """The inode is that of the first file again, on ext4 for instance."""
    writer, reader = EventWriter(tmp_path), EventReader(tmp_path)
    writer.write("batch", step=1)
    offset = writer.offset
    writer.write("batch", step=2)
    reader.poll()
    path = tmp_path / events.FILE
    path.write_bytes(path.read_bytes()[:offset])  # the same inode on every file system
    writer = EventWriter(tmp_path)
    for step in (20, 30, 40):
        writer.write("batch", step=step)
    found, again = reader.poll()
    assert again and steps(found) == [1, 20, 30, 40]
    assert reader.poll() == ([], False)


def test_a_cut_to_nothing_is_noticed(tmp_path):
    EventWriter(tmp_path).write("batch", step=1)
    shared = SharedEvents(tmp_path)
    shared.snapshot()
    cut(tmp_path, 0)
    assert shared.snapshot()[1] == ()


def test_a_full_disk_leaves_whole_lines(tmp_path):
    writer = EventWriter(tmp_path)
    writer.write("batch", step=1)
    size = writer.offset
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 20, before[1]))
    try:
        for _ in range(2):
            with pytest.raises(OSError):
                writer.write("batch", step=2)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert (tmp_path / events.FILE).stat().st_size == writer.offset == size
    writer.write("batch", step=3)
    assert steps(EventReader(tmp_path).poll()[0]) == [1, 3]


def test_threads_share_a_writer_and_a_reader(tmp_path):
    writer, shared = EventWriter(tmp_path), SharedEvents(tmp_path)

    def write():
        for _ in range(200):
            writer.write("batch", step=0)
            shared.snapshot()

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seen = shared.snapshot()[1]
    assert len(seen) == 800


def test_one_reader_serves_all_and_they_are_bounded(monkeypatch):
    from cnnviz.runs.run import create_run

    runs = [create_run({}, "ann")[0] for _ in range(3)]
    assert reader_for(runs[0].id) is reader_for(runs[0].id)
    monkeypatch.setattr(events, "MAX_READERS", 2)
    for run in runs:
        reader_for(run.id)
    assert len(events._readers) == 2
    with pytest.raises(NotFound):
        reader_for("../../etc")


def test_a_long_run_stays_small_and_keeps_what_matters(tmp_path, monkeypatch):
    monkeypatch.setattr(events, "MAX_KEPT", 100)
    writer, shared = EventWriter(tmp_path), SharedEvents(tmp_path)
    for step in range(1, 1001):
        writer.write("batch", step=step)
        if step % 100 == 0:
            writer.write("epoch", step=step)
            shared.snapshot()
    kept = shared.snapshot()[1]
    assert len(kept) <= 100
    assert steps(e for e in kept if e["kind"] == "epoch") == list(range(100, 1001, 100))
    assert steps(kept) == sorted(steps(kept))


def test_numbers_that_json_does_not_know_are_refused(tmp_path):
    with pytest.raises(ValueError):
        EventWriter(tmp_path).write("batch", loss=float("nan"))


def test_on_event_hears_everything(tmp_path):
    heard = []
    EventWriter(tmp_path, heard.append).write("batch", step=5)
    assert heard == EventReader(tmp_path).poll()[0]
