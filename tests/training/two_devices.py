"""Trainings in a process with two devices: which there are is settled before TensorFlow starts.

``python -m tests.training.two_devices`` reads orders (JSON) from its standard input, one a line:
settings of a training, or the id of a run to go on with and the step at which to leave it. It
answers each with the id of the run.
"""

import json
import sys

import tensorflow as tf

from cnnviz.runs import locks
from cnnviz.runs.run import Run, create_run
from cnnviz.training.config import TrainingConfig
from cnnviz.training.loop import carry_out


class Leave:
    """Told to end as soon as a step has been made."""

    def __init__(self, step):
        self.step, self.now = step, False

    def listen(self, event):
        self.now = self.now or (event["kind"] == "batch" and event["step"] == self.step)

    def __call__(self):
        return self.now


def carry_out_until(run, lock, step):
    leave = Leave(step)
    left = carry_out(run, leave.listen, should_yield=leave)
    locks.let_go(lock)
    return left


def main():
    cpu = tf.config.list_physical_devices("CPU")[0]
    two = [tf.config.LogicalDeviceConfiguration()] * 2
    tf.config.set_logical_device_configuration(cpu, two)
    for line in sys.stdin:
        order = json.loads(line)
        if "run" in order:
            run = Run(order["run"])
            lock = locks.take(run.folder)
        else:
            run, lock = create_run(TrainingConfig(**order["config"]).check().to_json(), "ann")
        left = carry_out_until(run, lock, order.get("until"))
        print(json.dumps([run.id, left]), flush=True)


if __name__ == "__main__":
    main()
