from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special, stats

from scankin.retrieval.capacity import GroupRisks, Risk, beds, needs
from scankin.retrieval.capacity.beds import poisson_binomial
from scankin.retrieval.capacity.risks import chances
from scankin.retrieval.errors import InvalidRequest

SURE = 1e-9
MANY = 10**9


def sure(*estimates: float) -> GroupRisks:
    """Patients whose chances are known for certain."""
    risks = tuple(Risk(p, max(p - SURE, 0), min(p + SURE, 1)) for p in estimates)
    return GroupRisks(risks, 0, 0.3, MANY)


def test_two_patients_at_even_odds_are_none_one_or_two_as_coins_fall() -> None:
    assert beds(sure(0.5, 0.5)).chances == pytest.approx([0.25, 0.5, 0.25], abs=1e-3)


def test_the_number_of_unlike_patients_is_the_sum_over_every_way_it_can_come() -> None:
    p = [0.1, 0.7, 0.35]
    by_hand = np.zeros(4)
    for fall in product((0, 1), repeat=3):
        by_hand[sum(fall)] += np.prod([q if yes else 1 - q for q, yes in zip(p, fall, strict=True)])
    assert poisson_binomial(np.array([p]))[0] == pytest.approx(by_hand, abs=1e-12)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=40))
def test_the_recursion_agrees_with_scipy(p: list[float]) -> None:
    other = stats.poisson_binom.pmf(np.arange(len(p) + 1), p)
    assert poisson_binomial(np.array([p]))[0] == pytest.approx(other, abs=1e-9)


def test_nobody_needs_no_bed() -> None:
    found = beds(GroupRisks((), 0, 0.3, 50))
    assert found.chances.tolist() == [1.0] and found.interval(0.95) == (0, 0)


def test_patients_without_an_estimate_count_at_the_base_rate_and_widen_the_interval() -> None:
    estimated = tuple(Risk(p, max(p - 0.02, 0), p + 0.02) for p in (0.05, 0.2, 0.35) * 10)
    with_them = beds(GroupRisks(estimated, 20, 0.2, 1000))
    as_known = beds(GroupRisks(estimated + (Risk(0.2, 0.18, 0.22),) * 20, 0, 0.2, 1000))
    assert with_them.mean == pytest.approx(30 * 0.2 + 20 * 0.2, abs=0.1)
    assert with_them.sd > 1.3 * as_known.sd


def test_the_width_is_that_of_a_simulation_of_the_same_model() -> None:
    """Drawn one by one: a shared quantile with the patients' own doubt, a shared base rate, coins."""
    risks = (Risk(0.3, 0.15, 0.48), Risk(0.1, 0.03, 0.25), Risk(0.6, 0.4, 0.78)) * 8
    group = GroupRisks(risks, 6, 0.25, 80)
    rng = np.random.default_rng(4)
    draws = 40_000
    score = np.sqrt(group.shared) * rng.normal(size=(draws, 1)) + np.sqrt(1 - group.shared) * rng.normal(
        size=(draws, len(risks))
    )
    yes, no = group.means * group.sizes, (1 - group.means) * group.sizes
    p = special.betaincinv(yes, no, special.ndtr(score))
    size = group.abstained_size
    rest = np.repeat(rng.beta(0.25 * size, 0.75 * size, (draws, 1)), 6, axis=1)
    p = np.concatenate([p, rest], axis=1)
    odds, middle = special.logit(np.clip(p, 1e-9, 1 - 1e-9)) + 0.4 * rng.normal(size=(draws, 1)), p.mean()
    for _ in range(20):  # back to the mean chance, step by step
        odds -= special.logit(special.expit(odds).mean()) - special.logit(middle)
    p = special.expit(odds)
    drawn = (rng.random(p.shape) < p).sum(axis=1)
    found = beds(group, drift=0.4)
    assert found.mean == pytest.approx(drawn.mean(), abs=0.08)
    assert found.sd == pytest.approx(drawn.std(), rel=0.02)
    for share in (0.05, 0.5, 0.95):
        assert abs(found.quantile(share) - np.quantile(drawn, share)) <= 1


def test_drift_widens_and_hardly_moves_the_number() -> None:
    group = sure(*[0.5] * 100)
    still, moved = beds(group), beds(group, drift=0.5)
    assert moved.mean == pytest.approx(50, abs=0.3) and still.sd == pytest.approx(5, abs=0.05)
    # a common error of d moves each chance by about d / 4, the number of a hundred by 25 d
    assert moved.sd == pytest.approx(np.hypot(5, 25 * 0.5 * 0.94), rel=0.05)


def test_drift_leaves_the_expected_number_of_rare_events() -> None:
    group = sure(*[0.03] * 60)
    assert beds(group, drift=1.5).mean == pytest.approx(1.8, abs=0.02) and beds(group, drift=1.5).sd > 2


def test_the_common_part_of_the_doubt_is_that_of_the_base_rate() -> None:
    """Estimates worth 40 of 200 patients share a fifth of their variance: together they vary as a share of 200 does."""
    half = 1.96 * np.sqrt(0.25 / 41)
    group = GroupRisks((Risk(0.5, 0.5 - half, 0.5 + half),) * 300, 0, 0.5, 200)
    normal = np.random.default_rng(0).normal(size=20_000)
    common = chances(group, normal, normal, 0 * normal)[:, 0]
    assert group.sizes[0] == pytest.approx(40, rel=0.01)
    assert common.std() == pytest.approx(np.sqrt(0.25 / 200), rel=0.05)


def test_an_estimate_of_zero_is_not_taken_for_certainty() -> None:
    found = beds(GroupRisks((Risk(0.0, 0.0, 0.3),) * 10, 0, 0.2, 100))
    assert 0 < found.mean < 10 * 0.1


@pytest.mark.parametrize("numbers", [(1.2, 0.1, 1.3), (0.5, 0.8, 0.2), (0.5, -0.1, 0.6)])
def test_what_is_no_chance_is_refused(numbers: tuple[float, float, float]) -> None:
    with pytest.raises(InvalidRequest, match="between 0 and 1"):
        Risk(*numbers)


def test_needs_are_intensive_care_and_ventilation_within_a_week_and_two() -> None:
    assert {one.name for one in needs()} == {
        "intensive_care_7d", "intensive_care_14d", "intubated_7d", "intubated_14d",
    }  # fmt: skip
