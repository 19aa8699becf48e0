"""Counter-evidence: the nearest patients in whom an outcome happened, and the nearest in whom it did not."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from scankin.retrieval.case import State
from scankin.retrieval.errors import InvalidRequest
from scankin.retrieval.outcomes import Outcome, all_outcomes
from scankin.retrieval.report import CounterEvidence, SimilarCase


@dataclass(frozen=True)
class Sides:
    """Places in the order of all patients who may answer, from 0.

    Attributes:
        happened, did_not_happen: The first k of each.
        counts: Patients by state.
    """

    happened: tuple[int, ...]
    did_not_happen: tuple[int, ...]
    counts: Mapping[State, int]


def outcome_named(name: str) -> Outcome:
    """Return the outcome of a name.

    Raises:
        InvalidRequest: There is none; the nearest names are offered.
    """
    held = {outcome.name: outcome for outcome in all_outcomes()}
    if name in held:
        return held[name]
    near = get_close_matches(name.lower(), held, n=3, cutoff=0.5)
    offered = f"Is {' or '.join(near)} meant?" if near else f"There are: {', '.join(held)}."
    raise InvalidRequest(f"There is no outcome {name[:30]!r}. {offered}")


def sides(states: Sequence[State], k: int) -> Sides:
    """Return the first k patients of either side; whoever is neither (unknown, lost, before the scan) is on none.

    Args:
        states: Of the outcome, most similar patient first.
        k: At least 1.
    """
    places = {
        wanted: tuple(place for place, state in enumerate(states) if state is wanted)[:k]
        for wanted in (State.HAPPENED, State.DID_NOT_HAPPEN)
    }
    return Sides(places[State.HAPPENED], places[State.DID_NOT_HAPPEN], Counter(states))


def evidence(
    outcome: str, found: Sides, happened: tuple[SimilarCase, ...], did_not_happen: tuple[SimilarCase, ...]
) -> CounterEvidence:
    """Return the report of both sides, with what to know where one of them is empty."""
    yes, no = found.counts.get(State.HAPPENED, 0), found.counts.get(State.DID_NOT_HAPPEN, 0)
    words = outcome.replace("_", " ")
    note = None
    if yes + no == 0:
        note = f"{words}: it is known of nobody who may answer, so there is neither evidence nor counter-evidence."
    elif yes == 0:
        note = f"{words}: it happened to nobody who may answer ({no} of {no} known): only one side can be shown."
    elif no == 0:
        note = f"{words}: it happened to all who may answer ({yes} of {yes} known): only one side can be shown."
    return CounterEvidence(
        outcome=outcome,
        happened=happened,
        did_not_happen=did_not_happen,
        patients_happened=yes,
        patients_did_not_happen=no,
        patients_neither=sum(found.counts.values()) - yes - no,
        note=note,
    )
