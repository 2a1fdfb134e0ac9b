"""Rules for trainings that do not learn: each returns its finding, or None.

Each threshold stands between what was measured in trainings that really have the disease and in
healthy ones (table in ``docs/diagnosis.md``; ``tests/training/test_diseases.py`` trains anew).
"""

from __future__ import annotations

from cnnviz.runs import remedies
from cnnviz.runs.findings import (
    CLASSES,
    COUNT,
    LOSS,
    PROBLEM,
    RATE,
    SHARE,
    TEXT,
    Case,
    Finding,
    Measured,
)
from cnnviz.runs.remedies import Trial
from cnnviz.runs.symptoms import Answers
from cnnviz.texts import N_

# Steps before which nothing is said about a network that does not seem to learn: deep ones need
# a while until the first layers get a gradient worth the name.
MIN_STEPS = 40
EARLY_STEPS = 20  # from here on a rate that is too high can be said while it is at work
# Too high a rate: the answers no longer depend on the image (spread of the sample images' answers).
# Measured: at most 0.0001 with a rate too high, at least 0.0027 in networks that are untrained.
SAME_ANSWER = 0.001
MOVED = 0.01  # … and they were something else before: 0.015 and more; 0.0004 at a rate too low
# … or the loss shot up and what has come of it is no better than guessing. Measured: 4.7 times the
# first loss and more with a rate too high, up to 2.0 times in trainings that recovered.
SHOT_UP = 3.0
NO_BETTER = 0.9
# Too low a rate: the training loss stands still. Measured from first to last epoch: a fall of at
# most 1.6 % with a rate too low, 4 % and more at usual rates after the same number of steps.
STANDS_STILL = 0.02
SLOW = 0.05  # … at any rate, after STILL_STEPS
SURE_STEPS = 100  # while it is at work, so that a slow start is not taken for it
STILL_STEPS = 300  # where the rate is not small it may be a slow start: 200 steps were measured
# Dead channels of one layer, or of all. Measured in healthy trainings: up to 50 % of one layer (the
# last convolution of Tiny VGG on Everyday photos), up to 30 % of all; dying: from 67 % or 42 % on.
DEAD_IN_LAYER, DEAD_IN_ALL, DEAD_LEAST = 0.6, 0.4, 4
# Answers that fall on one class. Measured: 98 % and more when collapsed, up to 32 % in trainings
# that learn; the margin keeps off data in which most images really are of one class.
ONE_ANSWER, MORE_THAN_TRUE = 0.9, 0.1


def diverged(case: Case) -> Finding | None:
    """The loss is no number any more."""
    reason = (case.outcome or {}).get("reason") or {}
    values = reason.get("values", {})
    if not {"step", "rate"} <= values.keys():  # the loss that is no number names both
        return None
    rate = float(values["rate"]) or case.rate
    return Finding(
        "diverged",
        PROBLEM,
        N_("The weights have grown beyond all bounds"),
        N_("At step {step} the loss was no longer a number. The learning rate was {rate}."),
        (
            Measured("step", N_("step"), values["step"], COUNT),
            Measured("rate", N_("learning rate"), rate, RATE),
        ),
        N_("Each step went further past the goal than the one before. Take shorter steps."),
        remedies.smaller_rate(case.config, rate),
    )


def rate_too_high(case: Case) -> Finding | None:
    """It was thrown off: one answer for all images, or a loss that shot up and stayed."""
    s = case.signs
    if s.step < EARLY_STEPS or not s.first_loss:
        return None
    bar = NO_BETTER * min(s.first_loss, s.guess_loss)
    shot_up = s.highest_loss >= SHOT_UP * s.first_loss and s.recent_loss >= bar
    same = s.spread is not None and s.spread < SAME_ANSWER and s.moved >= MOVED
    if not shot_up and not same:
        return None
    if shot_up:
        text = N_(
            "The loss shot up from {first} to {highest}. Now it is {recent}; guessing reaches "
            "{guess}."
        )
    else:
        text = N_(
            "It gives every image the same answer, whatever is on it. Its loss is {recent}; "
            "guessing reaches {guess}."
        )
    return Finding(
        "rate_too_high",
        PROBLEM,
        N_("The learning rate is too high"),
        text,
        (
            Measured("first", N_("loss at the first step"), s.first_loss, LOSS),
            Measured("highest", N_("highest loss"), s.highest_loss, LOSS),
            Measured("recent", N_("training loss now"), s.recent_loss, LOSS),
            Measured("guess", N_("loss of guessing"), s.guess_loss, LOSS),
            Measured("rate", N_("learning rate"), case.rate, RATE),
            Measured("spread", N_("how far its answers differ"), s.spread or 0.0, SHARE),
        ),
        N_("The steps are so long that they jump over every good place. Take shorter ones."),
        remedies.smaller_rate(case.config, case.rate),
    )


def dead_channels(case: Case) -> Finding | None:
    """Channels that a ReLU has shut for good."""
    s, worst = case.signs, case.signs.dead
    if s.step < EARLY_STEPS or worst is None or worst.dead < DEAD_LEAST:
        return None
    if worst.dead < DEAD_IN_LAYER * worst.channels and s.dead_share < DEAD_IN_ALL:
        return None
    return Finding(
        "dead_relu",
        PROBLEM,
        N_("Many channels are dead"),
        N_(
            "In the layer “{layer}”, {dead} of {channels} channels give zero for every image: "
            "no gradient reaches them, so they cannot learn any more."
        ),
        (
            Measured("layer", N_("layer"), worst.layer, TEXT),
            Measured("dead", N_("dead channels there"), worst.dead, COUNT),
            Measured("channels", N_("channels there"), worst.channels, COUNT),
            Measured("dead_share", N_("dead channels of all layers"), s.dead_share, SHARE),
            Measured("rate", N_("learning rate"), case.rate, RATE),
        ),
        N_("A step that was too long pushed them below zero, where ReLU lets nothing through."),
        remedies.against_dead_channels(case.config, case.rate),
    )


def one_answer(case: Case) -> Finding | None:
    """Class collapse: nearly all answers fall on one class."""
    s, said = case.signs, case.signs.answers
    early = not case.ended and s.epochs < 2
    if s.step < MIN_STEPS or early or said is None or rate_too_low(case):
        return None
    if said.share < ONE_ANSWER or said.share - said.truth < MORE_THAN_TRUE:
        return None
    advice, trial = _against_one_answer(case, said)
    return Finding(
        "one_answer",
        PROBLEM,
        N_("It answers nearly always the same"),
        N_(
            "It says “{favourite}” for {share} of the validation images, but only {truth} "
            "really are."
        ),
        (
            Measured(
                "favourite", N_("most frequent answer"), case.names([said.favourite]), CLASSES
            ),
            Measured("share", N_("how often it says so"), said.share, SHARE),
            Measured("truth", N_("how often it is true"), said.truth, SHARE),
            Measured("unused", N_("classes it never names"), len(said.unused), COUNT),
        ),
        advice,
        trial,
    )


def _against_one_answer(case: Case, said: Answers) -> tuple[str, Trial]:
    if said.largest >= 2 * case.signs.chance and not case.config.get("class_weights"):
        return (
            N_("Most images are of one class. Class weights make every class count alike."),
            remedies.class_weights(),
        )
    if freed := remedies.less_restraint(case.config):
        return N_("What is to keep it from learning by heart keeps it from learning at all."), freed
    return (
        N_("It has settled on the answer that is least wrong for all. Another rate helps."),
        remedies.other_rate(case.config, case.rate),
    )


def rate_too_low(case: Case) -> Finding | None:
    """The loss does not move."""
    s = case.signs
    small = case.rate <= remedies.usual_rate(case.config) / 10
    patience = (MIN_STEPS if case.ended else SURE_STEPS) if small else STILL_STEPS
    if s.step < patience or not s.epochs:
        return None
    if not small and remedies.less_restraint(case.config):
        return None  # that is what keeps it where it is
    still = STANDS_STILL if small else SLOW
    if abs(s.fall) >= still or s.recent_loss < NO_BETTER * s.guess_loss:
        return None
    return Finding(
        "rate_too_low",
        PROBLEM,
        N_("The learning rate is too low"),
        N_(
            "In {steps} steps the loss has hardly moved: from {first} to {recent}; guessing "
            "reaches {guess}."
        ),
        (
            Measured("steps", N_("steps so far"), s.step, COUNT),
            Measured("first", N_("loss at the first step"), s.first_loss, LOSS),
            Measured("recent", N_("training loss now"), s.recent_loss, LOSS),
            Measured("guess", N_("loss of guessing"), s.guess_loss, LOSS),
            Measured("rate", N_("learning rate"), case.rate, RATE),
        ),
        N_("The steps are too short to get anywhere in this time. Take longer ones."),
        remedies.larger_rate(case.config, case.rate),
    )
