from cnnviz.runs.checkpoints import kept_epochs
from cnnviz.runs.events import EventWriter
from cnnviz.runs.progress import Progress, summarise
from cnnviz.runs.run import create_run


def test_nothing_yet():
    assert summarise([]) == Progress() and summarise([]).fraction == 0


def test_events_become_curves_and_figures():
    events = [
        {"kind": "start", "steps_per_epoch": 10, "epochs": 2, "device": "CPU", "images": 640},
        {"kind": "samples", "step": 0, "labels": [1], "probabilities": [[0.5, 0.5]]},
        {"kind": "batch", "step": 1, "epoch": 1, "loss": 2.0, "accuracy": 0.25},
        {"kind": "batch", "step": 4, "epoch": 1, "loss": 1.0, "accuracy": 0.5}
        | {"images_per_second": 99.0, "seconds_left": 3.0, "learning_rate": 0.1},
        {"kind": "validation", "step": 5, "loss": 1.5, "accuracy": 0.4},
    ]
    found = summarise(events)
    assert found.training.steps == (1, 4) and found.training.loss == (2.0, 1.0)
    assert found.validation.accuracy == (0.4,)
    assert (found.images_per_second, found.seconds_left, found.learning_rate) == (99.0, 3.0, 0.1)
    assert (found.step, found.epoch, found.fraction) == (5, 1, 0.25)
    assert found.samples[0]["probabilities"] == [[0.5, 0.5]] and found.device == "CPU"


def test_memory_is_the_newest_that_was_told():
    batch = {"kind": "batch", "step": 1, "epoch": 1, "loss": 1.0, "accuracy": 0.5}
    events = [batch | {"memory": 7, "gpu_memory": 3}, batch | {"step": 2, "memory": 8}, batch]
    found = summarise(events)
    assert (found.memory, found.gpu_memory) == (8, 3)
    assert summarise([batch]).memory is None


def test_insights_are_those_that_are_still_there():
    events = [{"kind": "insight", "label": "step-0", "step": 0}]
    for epoch in range(1, 60):
        accuracy = 0.9 if epoch == 33 else 0.5
        row = {"val_accuracy": accuracy, "val_loss": 1.0, "epoch": epoch, "step": epoch}
        events.append({"kind": "epoch", **row})
        events.append({"kind": "insight", "label": f"epoch-{epoch}", "step": epoch})
    kept = {f"epoch-{epoch}" for epoch in kept_epochs(59, best=33)}
    assert set(summarise(events).insights) == {"step-0", *kept} and "epoch-33" in kept
    assert summarise(events[:1]).insights == ("step-0",)
    assert summarise(events[:1] * 2).insights == ("step-0",)  # stopped at a step that is kept


def test_it_is_worked_out_once_for_all_viewers():
    run, _ = create_run({}, "ann")
    writer = EventWriter(run.folder)
    writer.write("start", steps_per_epoch=4, epochs=1)
    first = run.progress
    assert run.progress is first
    writer.write("batch", step=1, epoch=1, loss=1.0, accuracy=0.0)
    assert run.progress.step == 1
