"""What limits an answer, in words a reader can act on."""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from statistics import median

from scankin.retrieval.gate.file import Gates
from scankin.retrieval.records import ScanRecord
from scankin.retrieval.report import OutcomeReport, QueryFacts
from scankin.retrieval.scan import Age, Modality, Scan, View
from scankin.retrieval.summaries import OutcomeCounts
from scankin.retrieval.version import Origins

MOSTLY = 0.8
"""From this share on, neighbours are said to be mostly of one kind."""

NEAR_EDGE = (
    "No patient of the index is very similar: nineteen of twenty patients of the index have a more similar other one. "
    "The neighbours may have little to do with this scan."
)

FEW = 5
"""Outcomes known in fewer neighbours are said to be known in few."""

YEARS_APART = 15.0
"""Neighbours whose middle age is this far from the query's are said to be much older or younger."""


def cautions(
    query: QueryFacts,
    scan: Scan,
    neighbours: Sequence[ScanRecord],
    outcomes: Sequence[OutcomeReport],
    own_patients: int,
    origins: Origins,
    *,
    is_near_edge: bool,
) -> tuple[str, ...]:
    """Return every caution that applies, most weighty first.

    Args:
        query: What was asked.
        scan: The query itself.
        neighbours: Most similar first.
        outcomes: What is known of them.
        own_patients: Patients left out as the query's own.
        origins: Of the index: where all of it is of one site, that the neighbours are too says nothing.
        is_near_edge: Of the index, by the similarity of the nearest patient.
    """
    return (
        *_of_query(query, scan, own_patients),
        *((NEAR_EDGE,) if is_near_edge else ()),
        *_of_neighbours(query, neighbours, origins),
        *_of_ages(scan, neighbours),
        *_of_outcomes(outcomes),
    )


def gate_cautions(gates: Gates, modality: Modality, false_refusal: float | None) -> tuple[str, ...]:
    """Return what to know where pictures unlike the index were not refused, or by another bound than the index's."""
    gate = gates.by_modality.get(modality)
    if gate is None:
        note = gates.notes.get(modality.value, "this version of the index was published without one")
        return (f"Nothing checked that this picture is like those of the index: {note}.",)
    if false_refusal == 0:
        return ("The gate was switched off: nothing checked that this picture is like those of the index.",)
    if false_refusal is not None and false_refusal != gate.false_refusal:
        return (f"The gate was set to a false-refusal rate of {false_refusal:g}, not {gate.false_refusal:g}.",)
    return ()


def _of_query(query: QueryFacts, scan: Scan, own_patients: int) -> Iterable[str]:
    if own_patients:
        yield "This scan, or one of the same patient, is in the index: all scans of that patient were left out."
    if scan.age is None:
        yield "The age is not stated: the scan was compared with adults and with patients whose age is not stated."
    if scan.view is View.LATERAL:
        yield "This is a lateral film; the index is mostly of frontal films."
    if scan.modality is Modality.CT:
        if not scan.is_hounsfield:
            yield "This is a CT picture with a baked-in window, not Hounsfield units: similarity is coarse."
        elif scan.slices_in_series == 1:
            yield "This is one CT slice, not a series: similarity says little of the lungs as a whole."
        if scan.is_even is False:
            yield "The slices lie at uneven distances: some are missing, or two series lie on each other."
        if 1 < len(scan.pixels) < scan.slices_in_series:
            yield f"{len(scan.pixels)} of {scan.slices_in_series} CT slices were encoded, evenly across the lungs."
    if query.filters:
        yield (
            "Filters are set: base rates and calibration are of the whole index of this modality, "
            "not of the filtered part."
        )


def _of_neighbours(query: QueryFacts, neighbours: Sequence[ScanRecord], origins: Origins) -> Iterable[str]:
    found = len(neighbours)
    if found < query.k:
        yield f"{found} similar patients were found, not {query.k}: no more satisfy the conditions."
    if found < 2:
        return
    for what, kinds, values in (
        ("collection", origins.collections, [record.collection for record in neighbours]),
        ("site", origins.sites, [record.site for record in neighbours]),
        ("projection", origins.projections, [record.view and record.view.value for record in neighbours]),
    ):
        if kinds < 2:
            continue
        value, count = Counter(values).most_common(1)[0]
        if value is not None and count >= MOSTLY * found:
            yield (
                f"{count} of {found} neighbours are of one {what} ({value}): "
                "they may be alike in origin, not in disease."
            )


def _of_ages(scan: Scan, neighbours: Sequence[ScanRecord]) -> Iterable[str]:
    """Say where half of the neighbours are much older, or younger, than the query."""
    ages = [middle for record in neighbours if (middle := _middle(record.age)) is not None]
    own = _middle(scan.age)
    if own is None or not ages:
        return
    apart = median(ages) - own
    if abs(apart) >= YEARS_APART:
        yield (
            f"The neighbours are much {'older' if apart > 0 else 'younger'} than the patient: "
            f"{abs(apart):.0f} years in the median of the {len(ages)} whose age is stated."
        )


def _middle(age: Age | None) -> float | None:
    return None if age is None or not math.isfinite(age.high) else (age.low + age.high) / 2


def _of_outcomes(outcomes: Sequence[OutcomeReport]) -> Iterable[str]:
    counts = [one.counts for one in outcomes]
    sparse = [one for one in counts if one.known < one.unknown + one.censored]
    if sparse:
        yield f"Unknown in most neighbours: {_listed(sparse)}."
    after = [one for one in counts if one.already > one.known]
    if after:
        yield f"In most neighbours it had happened before the scan, so they say little of it: {_listed(after)}."
    few = [one for one in counts if 0 < one.known < FEW]
    if few:
        yield f"Known in fewer than {FEW} neighbours: {_listed(few)}."
    one_sided = [one for one in counts if one.known >= FEW and one.happened in (0, one.known)]
    if one_sided:
        yield f"The same in every neighbour in whom it is known, which does not make it sure: {_listed(one_sided)}."
    no_better = [one.counts for one in outcomes if one.estimate.abstained is None and not one.estimate.beats_age_sex]
    if no_better:
        yield (
            "In patients held out, similar scans told no more than age and sex, or could not be compared with them: "
            f"{_listed(no_better)}."
        )


def _listed(counts: Iterable[OutcomeCounts]) -> str:
    return ", ".join(one.name.replace("_", " ") for one in counts)
