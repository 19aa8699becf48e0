from collections.abc import Sequence

from builders import a_record, a_scan

from scankin.retrieval.case import State
from scankin.retrieval.cautions import NEAR_EDGE, cautions
from scankin.retrieval.estimates.estimate import OutcomeEstimate
from scankin.retrieval.records import ScanRecord
from scankin.retrieval.report import OutcomeReport, QueryFacts
from scankin.retrieval.scan import Age, Modality
from scankin.retrieval.summaries import count_outcome
from scankin.retrieval.version import Origins

YES, NO, UNKNOWN = State.HAPPENED, State.DID_NOT_HAPPEN, State.UNKNOWN
BEFORE, CENSORED = State.ALREADY_HAPPENED, State.CENSORED
NO_ESTIMATE = OutcomeEstimate("died_7d", None, None, 0.0, 0, None, None, "not asked here")


def said(
    states: Sequence[State] = (),
    *,
    ages: Sequence[float] = (),
    own: float | None = None,
    is_near_edge: bool = False,
    estimate: OutcomeEstimate = NO_ESTIMATE,
) -> str:
    """Every caution on neighbours with these states of one outcome, or of these ages."""
    count = max(len(states), len(ages))
    neighbours: list[ScanRecord] = [
        a_record(n, age=Age.of(ages[n]) if n < len(ages) else None, site=str(n), collection=str(n))
        for n in range(count)
    ]
    outcomes = [OutcomeReport(count_outcome("died_7d", states), estimate)] if states else []
    query = QueryFacts(Modality.XRAY, None, None, None, "adult", (1, 1), count, {}, count, count)
    scan = a_scan(age=None if own is None else Age.of(own))
    return "\n".join(cautions(query, scan, neighbours, outcomes, 0, Origins(1, 1, 1), is_near_edge=is_near_edge))


def test_outcomes_unknown_or_lost_in_most_neighbours_are_named() -> None:
    assert "Unknown in most neighbours: died 7d." in said([YES, NO, UNKNOWN, CENSORED, CENSORED])
    assert "Unknown in most" not in said([YES, NO, YES, UNKNOWN, CENSORED])


def test_what_had_mostly_happened_before_the_scan_is_named() -> None:
    assert "before the scan" in said([BEFORE, BEFORE, YES])
    assert "before the scan" not in said([BEFORE, YES, NO])


def test_outcomes_known_in_fewer_than_five_are_named() -> None:
    assert "Known in fewer than 5 neighbours: died 7d." in said([YES, NO, YES, NO])
    assert "Known in fewer" not in said([YES, NO, YES, NO, NO])
    assert "Known in fewer" not in said([UNKNOWN] * 4)


def test_outcomes_that_are_the_same_in_all_are_one_sided() -> None:
    assert "The same in every neighbour" in said([NO] * 5)
    assert "The same in every neighbour" in said([YES] * 5)
    assert "The same in every neighbour" not in said([NO, NO, NO, NO, YES])


def test_neighbours_much_older_or_younger_are_named_by_the_median() -> None:
    assert "much older than the patient: 20 years" in said(ages=[60, 70, 80], own=50)
    assert "much younger than the patient: 15 years" in said(ages=[40, 50, 60], own=65)
    assert "than the patient" not in said(ages=[40, 50, 60], own=64)
    assert "than the patient" not in said(ages=[40, 50, 60])


def test_a_query_near_the_edge_is_named() -> None:
    assert NEAR_EDGE in said([YES, NO], is_near_edge=True)
    assert NEAR_EDGE not in said([YES, NO])


def test_an_estimate_that_does_not_beat_age_and_sex_is_named() -> None:
    def with_(beats: bool | None) -> OutcomeEstimate:
        return OutcomeEstimate("died_7d", 0.3, (0.1, 0.5), 20.0, 50, None, None, None, beats)

    told = "told no more than age and sex"
    assert told in said([YES, NO], estimate=with_(False)) and told in said([YES, NO], estimate=with_(None))
    assert told not in said([YES, NO], estimate=with_(True)) and told not in said([YES, NO])
