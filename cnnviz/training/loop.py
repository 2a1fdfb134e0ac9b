"""Carrying out trainings in this process, whatever happens to them."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from typing import TYPE_CHECKING

from cnnviz.runs import locks, queue
from cnnviz.runs.run import Run, create_run
from cnnviz.storage import LOCAL_OWNER
from cnnviz.training import keeping, strategies
from cnnviz.training.config import TrainingConfig
from cnnviz.training.ending import Reserve, as_reason, write_outcome
from cnnviz.training.learning import OnEvent, Training
from cnnviz.training.network import Network

if TYPE_CHECKING:  # few trainings have one
    from cnnviz.training.team import Chief


def train(config: TrainingConfig, on_event: OnEvent | None = None, owner: str = LOCAL_OWNER) -> Run:
    """Train in this process until the end.

    Args:
        config: what to train; ``TrainingConfig()`` works.
        on_event: called with every event (see ``cnnviz.runs.events``) as it is written.
        owner: whose run it is.

    Raises:
        BadInput: a setting is unknown or out of range.
        CnnvizError: the training failed; its run is kept and says why.
    """
    run, lock = create_run(config.check().to_json(), owner)
    try:
        carry_out(run, on_event)
    finally:
        locks.let_go(lock)
    if error := run.error:
        raise error
    return run


def carry_out(
    run: Run,
    on_event: OnEvent | None = None,
    ready: Network | None = None,
    should_yield: Callable[[], bool] | None = None,
    on_network: Callable[[Network], None] | None = None,
    keep_state: bool = False,
    team: Chief | None = None,
) -> str:
    """Begin a run, or go on with one that rested or was killed, from the step it had come to.

    The caller holds the run's lock.

    Args:
        run: what to train.
        on_event: called with every event as it is written.
        ready: a network made beforehand, used when it fits.
        should_yield: asked a few times a second whether this process is to end soon.
        on_network: called with the network that is used, which can be the next run's ``ready``.
        keep_state: keep what a longer training could go on from.
        team: the other processes at this training, which this one leads.

    Returns:
        How it was left: ``finished``, ``stopped`` or ``failed``, then its outcome is written;
        ``paused``, then it rests until somebody lets it go on; or ``yielded``, then whoever carries
        it out next goes on where this process has stopped.

    Raises:
        UnavailableError and its like: one of the team has gone. The training has not failed: it
            can go on from its last state.
    """
    reserve = Reserve(run.folder)
    training = Training(run, on_event, ready, should_yield, on_network, team)
    reason, details = None, ""
    try:
        status, figures = training.work()
    except KeyboardInterrupt:
        status, figures = "stopped", training.figures()
        raise
    except strategies.GONE:
        status, figures = None, None
        raise
    except Exception as error:  # whatever it was, the run says so in a sentence
        status, figures = "failed", training.figures()
        reason, details = as_reason(error), traceback.format_exc()
    except BaseException:
        status, figures = None, None  # told to end at once: somebody may go on
        raise
    finally:
        if figures is not None:
            write_outcome(run.folder, reserve, status, figures, reason, details)
            queue.withdraw(run.id)
            if not keep_state or status == "failed":
                keeping.forget_state(run.folder)
        reserve.release()
        training.close(figures and status)
    return status
