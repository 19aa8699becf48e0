import pytest
from hypothesis import given
from hypothesis import strategies as st

from scankin.retrieval.case import Case, Event, EventKind, State
from scankin.retrieval.measures import MEASURES
from scankin.retrieval.outcomes import all_outcomes
from scankin.retrieval.summaries import ShareSummary, effective_size, summarise_measure, summarise_share, wilson

YES, NO, UNKNOWN = State.HAPPENED, State.DID_NOT_HAPPEN, State.UNKNOWN


def test_wilson_equals_the_published_interval() -> None:
    # Newcombe 1998, table I: 81 of 263 gives 0.2553 to 0.3662; 0 of 20 gives 0 to 0.1611; 1 of 29, 0.0061 to 0.1718.
    assert wilson(81 / 263, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert wilson(0 / 20, 20) == pytest.approx((0.0, 0.1611), abs=5e-5)
    assert wilson(1 / 29, 29) == pytest.approx((0.0061, 0.1718), abs=5e-5)


def test_estimate_is_weighted_by_similarity_over_the_known_only() -> None:
    summary = summarise_share("died", [YES, NO, UNKNOWN, NO], [0.9, 0.6, 0.99, 0.5], 0.2)
    assert (summary.happened, summary.known, summary.unknown) == (1, 3, 1)
    assert summary.estimate == pytest.approx(0.9 / (0.9 + 0.6 + 0.5))
    assert summary.base_rate == 0.2


def test_effective_size_is_kish() -> None:
    import numpy as np

    assert effective_size(np.array([1.0, 1, 1, 1])) == 4
    assert effective_size(np.array([3.0, 1])) == pytest.approx(16 / 10)


def test_nothing_known_gives_no_estimate() -> None:
    summary = summarise_share("died", [UNKNOWN] * 3, [0.9, 0.8, 0.7], None)
    assert (summary.known, summary.unknown, summary.estimate, summary.interval) == (0, 3, None, None)


@given(st.lists(st.tuples(st.sampled_from([YES, NO, UNKNOWN]), st.floats(-1, 1)), max_size=20), st.floats(-1, 1))
def test_one_more_unknown_never_changes_the_estimate(pairs: list[tuple[State, float]], similarity: float) -> None:
    states, similarities = [s for s, _ in pairs], [w for _, w in pairs]
    before = summarise_share("x", states, similarities, None)
    after = summarise_share("x", [*states, UNKNOWN], [*similarities, similarity], None)
    assert (before.estimate, before.interval, before.known) == (after.estimate, after.interval, after.known)
    assert after.unknown == before.unknown + 1
    if before.interval and before.estimate is not None:
        assert 0 <= before.interval[0] <= before.estimate + 1e-9 and before.estimate - 1e-9 <= before.interval[1] <= 1


def test_counts_that_cannot_be_are_refused() -> None:
    with pytest.raises(ValueError, match="cannot be"):
        ShareSummary("x", 3, 2, 0, 0.5, (0, 1), None)


def test_measure_is_a_weighted_mean_within_its_scale() -> None:
    summary = summarise_measure(MEASURES["brixia"], [18.0, None, 9.0], [0.8, 0.9, 0.4])
    assert summary.known == 2
    assert summary.estimate == pytest.approx((18 * 0.8 + 9 * 0.4) / 1.2)
    assert summary.interval is not None and summary.interval[0] >= 0 and summary.interval[1] == 18
    assert summarise_measure(MEASURES["brixia"], [7.0], [0.5]).interval is None


def test_equally_weighted_measure_has_students_interval() -> None:
    # 4, 6, 8: mean 6, s = 2, t(0.975, 2) = 4.3027, so 6 +- 4.3027 * 2 / sqrt(3) = 1.0317 to 10.9683.
    summary = summarise_measure(MEASURES["brixia"], [4.0, 6.0, 8.0], [0.5, 0.5, 0.5])
    assert summary.interval == pytest.approx((1.0317, 10.9683), abs=1e-3)


EVER = ["died", "intensive_care", "intubated", "oxygen"]


def test_every_outcome_is_unknown_of_an_empty_case() -> None:
    names = [outcome.name for outcome in all_outcomes()]
    assert [name for name in names if not name.endswith("d") or name in ("died", "intubated")] == EVER
    assert len(names) == len(EVER) + 12  # death, intensive care, intubation and oxygen within 7, 14 and 30 days
    assert {outcome.of(Case("p", "c"), None) for outcome in all_outcomes()} == {UNKNOWN}


def test_outcomes_follow_what_is_stated_and_a_yes_outweighs_a_no() -> None:
    case = Case(
        "p",
        "c",
        events=(
            Event(EventKind.DEATH, False),
            Event(EventKind.INTUBATION, False),
            Event(EventKind.INTUBATION, True, 4),
        ),
    )
    states = {outcome.name: outcome.of(case, None) for outcome in all_outcomes() if outcome.name in EVER}
    assert states == {"died": NO, "intensive_care": UNKNOWN, "intubated": YES, "oxygen": UNKNOWN}
