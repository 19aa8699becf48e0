"""Concordance and integrated Brier score against other software where nobody is lost, and by hand where some are."""

import numpy as np
import pytest
from builders import a_record
from sksurv.metrics import brier_score, concordance_index_censored
from sksurv.util import Surv

from scankin.index_build.evaluate.outcomes.survival import concordance, followed, integrated_brier
from scankin.retrieval.case import Case, Clock, Event, EventKind
from scankin.retrieval.estimates.curves import HORIZON_DAYS, Times, times_of


def nobody_lost(seed: int, size: int = 60) -> Times:
    """Half have the event on a day to 30, the others are followed to day 31."""
    rng = np.random.default_rng(seed)
    has_event = rng.random(size) < 0.5
    days = np.where(has_event, rng.integers(1, HORIZON_DAYS + 1, size), HORIZON_DAYS + 1)
    present = (days[:, np.newaxis] >= np.arange(HORIZON_DAYS + 1)).astype(float)
    return Times(days, has_event, np.zeros(size, bool), present)


def test_without_loss_both_are_those_of_scikit_survival() -> None:
    times = nobody_lost(1)
    rng = np.random.default_rng(2)
    risk = rng.integers(0, 9, len(times.days)) / 10
    curves = risk[:, np.newaxis] * np.linspace(0, 1, HORIZON_DAYS + 1)
    held, all_once = followed(times), np.ones((1, len(risk)))
    expected = concordance_index_censored(times.is_event, times.days, risk)[0]
    assert concordance(held, risk, all_once)[0] == pytest.approx(expected)
    outcome = Surv.from_arrays(times.is_event, times.days)
    grid = np.arange(1, HORIZON_DAYS + 1)
    _, by_day = brier_score(outcome, outcome, 1 - curves[:, 1:], grid)
    assert integrated_brier(held, curves, all_once)[0] == pytest.approx(by_day.mean())


def test_a_patient_drawn_twice_counts_as_two() -> None:
    times, rng = nobody_lost(3, 12), np.random.default_rng(4)
    risk, counts = rng.random(12), rng.integers(0, 3, (1, 12)).astype(float)
    rows = np.repeat(np.arange(12), counts[0].astype(int))
    expected = concordance_index_censored(times.is_event[rows], times.days[rows], risk[rows])[0]
    assert concordance(followed(times), risk, counts)[0] == pytest.approx(expected, abs=0.02)  # pairs with oneself
    assert np.isnan(concordance(followed(times), risk, 0 * counts)[0])


def test_those_still_followed_stand_for_those_lost() -> None:
    """Four who are stated to live: two lost on day 10, two followed to day 31; one dies on day 20."""
    cases = {f"p{n}": Case(f"p{n}", "c", Clock.ADMISSION, (Event(EventKind.DEATH, False),), 10) for n in range(2)}
    cases |= {f"p{n}": Case(f"p{n}", "c", Clock.ADMISSION, (Event(EventKind.DEATH, False),), 40) for n in (2, 3)}
    cases["p4"] = Case("p4", "c", Clock.ADMISSION, (Event(EventKind.DEATH, True, 20),))

    records = [a_record(n, f"p{n}", collection="c", day=0) for n in range(5)]
    held = followed(times_of(EventKind.DEATH, records, cases))
    assert held.known[:, 10].tolist() == [1, 1, 1, 1, 1]
    assert held.known[:, 20].tolist() == [0, 0, 2, 2, 1]  # each of the two stands for two
    assert held.known[4, 30] == 1 and held.status[4, [19, 20, 30]].tolist() == [0, 1, 1]
    # Who dies is compared on day 20 with the two followed, each worth two.
    assert held.comparable[4].tolist() == [0, 0, 2, 2, 0] and held.comparable[:4].sum() == 0


def test_whoever_dies_without_the_event_never_has_it() -> None:
    times = Times(
        np.array([5, 3, 31]),
        np.array([True, False, False]),
        np.array([False, True, False]),
        (np.array([5, 3, 31])[:, np.newaxis] >= np.arange(HORIZON_DAYS + 1)).astype(float),
    )
    held = followed(times)
    assert held.comparable[0].tolist() == [0, 1, 1]  # the dead of day 3 is a peer of the event of day 5
    assert held.known[1].all() and not held.status[1].any()
