"""A worker like any other, but for the training itself: no TensorFlow, an "epoch" takes 30 ms.

The title of a run says what befalls it: ``dies``, ``gets further and dies``, ``breaks``,
``cannot end``.
"""

import json
import os
import resource
import signal
import sys
import time

from cnnviz import storage
from cnnviz.runs import events, queue
from cnnviz.runs.attempts import STATE
from cnnviz.training import launch, worker

EPOCH_S = 0.03


def carry_out(self, run):
    state = run.folder / STATE
    state.parent.mkdir(exist_ok=True)
    kept = json.loads(state.read_text()) if state.exists() else None
    events.cut(run.folder, kept["offset"] if kept else 0)
    writer = events.EventWriter(run.folder)
    here = {
        "pid": os.getpid(),
        "niceness": os.getpriority(os.PRIO_PROCESS, 0),
        "cards": os.environ.get("CUDA_VISIBLE_DEVICES", ""),
    }
    if kept is None:
        writer.write("start", steps_per_epoch=1, epochs=run.config["epochs"], **here)
    else:
        writer.write("resume", step=kept["epoch"], **here)
    print("this is", run.id)
    sys.stdout.flush()
    epoch = kept["epoch"] if kept else 0
    while epoch < run.config["epochs"]:
        if run.title == "dies" or (run.title == "gets further and dies" and kept is None and epoch):
            os.kill(os.getpid(), signal.SIGKILL)
        if run.title == "cannot end":  # nothing at all can be written from now on
            resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
        if run.title in ("cannot end", "breaks"):
            raise ImportError("half of it was updated")
        if self._told_to_end:
            return
        if (run.folder / "commands" / "pause").exists():
            run.rest()
            return
        if (run.folder / "commands" / "stop").exists():
            break
        time.sleep(EPOCH_S)
        epoch += 1
        writer.write("batch", step=epoch, epoch=epoch, loss=1.0, accuracy=0.0)
        state.write_text(json.dumps({"epoch": epoch, "offset": writer.offset}))
    status = "finished" if epoch == run.config["epochs"] else "stopped"
    outcome = {"status": status, "time": time.time(), "reason": None, "epoch": epoch}
    storage.write_whole(run.folder / "outcome.json", json.dumps(outcome).encode())
    queue.withdraw(run.id)


if __name__ == "__main__":
    worker.Worker._load = lambda self: None
    worker.Worker._make_ready = lambda self, settings: None
    worker.Worker._train = carry_out
    launch.COMMAND = (sys.executable, "-m", "tests.training.quick_worker")
    worker.IDLE_S = 0.3
    worker.RECYCLE_RUNS = int(os.environ.get("RECYCLE_RUNS", worker.RECYCLE_RUNS))
    worker.main()
