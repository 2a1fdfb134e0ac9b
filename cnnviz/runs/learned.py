"""Rules for trainings that do learn: how well, and what would do better.

Each returns its finding, or None. Each threshold stands between what was measured in trainings that
really have the disease and in healthy ones (table in ``docs/diagnosis.md``).
"""

from __future__ import annotations

from cnnviz.runs import remedies
from cnnviz.runs.findings import (
    CLASSES,
    COUNT,
    GOOD,
    HINT,
    LOSS,
    PROBLEM,
    SHARE,
    Case,
    Finding,
    Measured,
)
from cnnviz.runs.stuck import MIN_STEPS, SLOW
from cnnviz.runs.symptoms import Signs, Trend
from cnnviz.texts import N_

# Learning by heart. Measured: gaps of 11 % and more (few images, many epochs), up to 6 % in healthy
# trainings.
HEART_TRAIN, HEART_GAP = 0.95, 0.10
# … or a smaller gap while the validation loss rises above its lowest. Measured in those that learn
# by heart: 15 % and more; up to 4 % in healthy trainings.
RISING_GAP, RISE, RISE_EPOCHS = 0.08, 0.12, 5
# Flat: the training loss of the last fifth of the epochs (three at least) against the fifth before.
# Measured: a fall of up to 2 % where nothing happened any more, 5 % and more where something did.
FLAT, FLAT_EPOCHS, SURE_EPOCHS = 0.03, 8, 15  # the last while it is at work: curves are noisy
SLOWLY = (
    0.015  # fall an epoch where little was learned: 1.2 % in networks at their limit, else 2.4 %
)
STALE_EPOCHS = 10  # without anything new on the validation images: patience enough for small data
TOO_LITTLE = 0.7  # share of the way from guessing to all right, on the training images themselves
LEARNED_ALL = 0.98  # of the training images: nothing is left to get better at
UNUSED_LEAST = 2  # classes that are never answered; none in any training that learned
IMPROVING = 0.02  # fall of the validation loss an epoch at the end: more epochs are worth it
HEALTHY, HEALTHY_GAP = 0.6, 0.1  # share of the way from guessing to all right, on validation images
FEW_STEPS = 100  # a training that ended before this can be anything
HELD_BACK, MUCH_DROPOUT = 0.12, 0.5  # worse while it learns, with dropout, than without it
_FALLING = ("cosine", "one_cycle")  # schedules at whose end nothing moves any more, on purpose


def by_heart(case: Case) -> Finding | None:
    """Overfitting: what it knows about its images does not hold for others."""
    s = case.signs
    if s.train is None:
        return None
    wide = s.train >= HEART_TRAIN and s.gap >= HEART_GAP
    since = s.epochs - s.best_epoch
    rising = s.gap >= RISING_GAP and s.rise >= RISE and since >= RISE_EPOCHS
    if not wide and not rising:
        return None
    text = N_("Of the images that it learns from it gets {train} right, of others only {val}.")
    if rising:
        text = N_(
            "Of the images that it learns from it gets {train} right, of others only {val}. Its "
            "loss on those others was lowest in epoch {best_epoch} and has been rising since."
        )
    return Finding(
        "overfitting",
        PROBLEM,
        N_("It learns by heart"),
        text,
        (
            *_both(s),
            Measured("best_epoch", N_("epoch of the lowest validation loss"), s.best_epoch, COUNT),
            Measured("lowest", N_("lowest validation loss"), s.lowest_val_loss, LOSS),
            Measured("val_loss", N_("validation loss now"), s.val_loss, LOSS),
        ),
        N_(
            "It remembers its images instead of what they have in common (overfitting). More "
            "images, or a little chance while learning, make remembering harder."
        ),
        remedies.against_learning_by_heart(case.config),
    )


def flat(case: Case) -> Finding | None:
    """Nothing changes any more: it has learned too little (underfitting), or is on a plateau."""
    s = case.signs
    enough = s.epochs >= (FLAT_EPOCHS if case.ended else SURE_EPOCHS)
    constant = case.config.get("schedule", "constant") not in _FALLING
    fast = constant and case.rate > 1.5 * remedies.usual_rate(case.config)
    held = remedies.less_restraint(case.config) is not None
    if enough and s.trend and s.train < LEARNED_ALL:
        low = _skill(s, s.train) < TOO_LITTLE and (held or not fast)
        if low and case.ended and s.trend.gain < SLOWLY * s.trend.epochs:
            return _too_little(case) if held or s.fall >= SLOW else None
        if not low and s.trend.gain < FLAT:
            return _plateau(case) if constant else None
    if s.stale_epochs >= STALE_EPOCHS and _skill(s, s.val) >= TOO_LITTLE:
        return _stale(case)
    return None


def held_back(case: Case) -> Finding | None:
    """Dropout so strong that it gets in the way."""
    s, dropout = case.signs, case.config.get("parameters", {}).get("dropout", 0)
    if not case.ended or s.epochs < FLAT_EPOCHS or dropout < MUCH_DROPOUT or s.gap > -HELD_BACK:
        return None
    if _skill(s, s.train) >= TOO_LITTLE:
        return None
    return Finding(
        "underfitting",
        HINT,
        N_("It learns too little"),
        N_(
            "While it learns, with many values switched off at random, it gets {train} of its "
            "images right; with all of them on, {val} of others."
        ),
        (*_both(s), Measured("dropout", N_("dropout"), dropout, SHARE)),
        N_("So much dropout keeps it from learning what it could (underfitting)."),
        remedies.more_freedom(case.config),
    )


def _too_little(case: Case) -> Finding:
    return Finding(
        "underfitting",
        PROBLEM,
        N_("It learns too little"),
        N_(
            "Even of the images that it learns from it gets only {train} right, and in the last "
            "{epochs} epochs that hardly changed: the loss went from {before} to {now}."
        ),
        (*_trend(case.signs.trend), *_both(case.signs)),
        N_(
            "It is not able to do more (underfitting): the network is too small for these images, "
            "or something holds it back."
        ),
        remedies.more_freedom(case.config),
    )


def _plateau(case: Case) -> Finding:
    slow = case.rate <= remedies.usual_rate(case.config) / 10
    return Finding(
        "plateau",
        HINT,
        N_("It has stopped getting better"),
        N_("In the last {epochs} epochs the training loss only went from {before} to {now}."),
        (*_trend(case.signs.trend), *_both(case.signs)),
        N_("Its steps are so short that it hardly gets on (a plateau). Take longer ones.")
        if slow
        else N_(
            "It walks to and fro around a good place (a plateau). Steps that become shorter "
            "towards the end often lead further down."
        ),
        remedies.larger_rate(case.config, case.rate) if slow else remedies.falling_rate(),
    )


def _stale(case: Case) -> Finding:
    s = case.signs
    return Finding(
        "plateau",
        HINT,
        N_("It has stopped getting better"),
        N_(
            "For {stale} epochs it has learned nothing new about images that it does not learn "
            "from: it gets {val} of them right."
        ),
        (
            Measured("stale", N_("epochs without anything new"), s.stale_epochs, COUNT),
            Measured("val_loss", N_("validation loss now"), s.val_loss, LOSS),
            Measured("lowest", N_("lowest validation loss"), s.lowest_val_loss, LOSS),
            *_both(s),
        ),
        N_("More of the same does not help (a plateau). It can end as soon as nothing changes."),
        remedies.in_time(case.config),
    )


def unused_classes(case: Case) -> Finding | None:
    """Several classes that are never answered."""
    s, said = case.signs, case.signs.answers
    if s.step < 2 * MIN_STEPS or said is None or len(said.unused) < UNUSED_LEAST:
        return None
    uneven = said.largest >= 2 * s.chance and not case.config.get("class_weights")
    if not uneven and not case.ended:
        return None
    return Finding(
        "unused_classes",
        HINT,
        N_("Some classes it never names"),
        N_("It never answered with {unused} of the classes, among them: {names}."),
        (
            Measured("unused", N_("classes it never names"), len(said.unused), COUNT),
            Measured("names", N_("some of them"), case.names(said.unused[:5]), CLASSES),
            Measured("largest", N_("images of the largest class"), said.largest, SHARE),
        ),
        N_("There are few images of them. Class weights make every class count alike.")
        if uneven
        else N_("It has not learned yet what tells them from the others. More epochs help."),
        remedies.class_weights() if uneven else remedies.more_epochs(case.config),
    )


def still_improving(case: Case) -> Finding | None:
    """It was stopped by the number of its epochs alone."""
    s = case.signs
    trend = s.val_trend or _first_epoch(case)
    if not case.ended or trend is None or case.config.get("schedule") in _FALLING:
        return None
    if trend.gain < IMPROVING * trend.epochs or (s.val or 0) >= LEARNED_ALL:
        return None
    return Finding(
        "still_improving",
        GOOD,
        N_("It was still getting better"),
        N_("Its loss on images that it does not learn from was still falling: {before} to {now}."),
        (*_trend(trend), *_both(s)),
        N_("Nothing is wrong, it only ended early. More epochs help."),
        remedies.more_epochs(case.config),
    )


def few_steps(case: Case) -> Finding | None:
    """Too short to tell."""
    s = case.signs
    if not case.ended or not s.epochs or s.step >= FEW_STEPS or _skill(s, s.val) >= HEALTHY:
        return None
    return Finding(
        "few_steps",
        GOOD,
        N_("It has only just begun"),
        N_("It has made {steps} steps in all: too few to tell how well it learns."),
        (Measured("steps", N_("steps in all"), s.step, COUNT), *_both(s)),
        N_("Nothing is wrong, it only ended early. More epochs help."),
        remedies.more_epochs(case.config),
    )


def healthy(case: Case) -> Finding | None:
    """Nothing to complain about."""
    s = case.signs
    if not case.ended or s.val is None or s.gap >= HEALTHY_GAP:
        return None
    if _skill(s, s.val) < HEALTHY:
        return None
    return Finding(
        "healthy",
        GOOD,
        N_("It looks healthy"),
        N_("Of the images that it learns from it gets {train} right, of others {val}."),
        _both(s),
        N_("What it has learned also holds for images that it has never seen."),
    )


def _skill(signs: Signs, accuracy: float) -> float:
    """How far on the way from guessing (0) to all right (1)."""
    return (accuracy - signs.chance) / (1 - signs.chance)


def _both(signs: Signs) -> tuple[Measured, ...]:
    return (
        Measured("train", N_("training images right"), signs.train or 0.0, SHARE),
        Measured("val", N_("validation images right"), signs.val or 0.0, SHARE),
    )


def _trend(trend: Trend) -> tuple[Measured, ...]:
    return (
        Measured("epochs", N_("epochs compared"), 2 * trend.epochs, COUNT),
        Measured("before", N_("loss before"), trend.before, LOSS),
        Measured("now", N_("loss now"), trend.now, LOSS),
    )


def _first_epoch(case: Case) -> Trend | None:
    """The last two looks at validation images within the only epoch."""
    loss = case.progress.validation.loss
    return Trend(loss[-2], loss[-1], 1) if case.signs.epochs == 1 and len(loss) > 1 else None
