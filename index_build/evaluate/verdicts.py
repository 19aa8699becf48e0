"""Which tests of the shortcut audit an encoder passes, in words, each by the rule it states."""

from dataclasses import dataclass
from enum import StrEnum

from scankin.index_build.evaluate.bootstrap import Figure
from scankin.index_build.evaluate.covid import PRIMARY
from scankin.index_build.evaluate.figures import Scope
from scankin.index_build.evaluate.run import BY_WEBSITE, PIXELS, Evaluation


class Result(StrEnum):
    """How a test ended."""

    PASSED = "passed"
    FAILED = "failed"
    REPORTED = "reported"  # the plan asks for the figure and sets no limit
    UNDECIDED = "not decided"  # the interval allows both
    NOT_DONE = "not done"

    @classmethod
    def of(cls, passed: bool) -> "Result":
        """Return the result of a test that has a rule."""
        return cls.PASSED if passed else cls.FAILED


@dataclass(frozen=True)
class Verdict:
    """One test.

    Attributes:
        test: "T1" to "T15".
        name: What it asks.
        result: How it ended.
        said: By which rule, with the figures.
    """

    test: str
    name: str
    result: Result
    said: str


def verdicts(evaluation: Evaluation) -> list[Verdict]:
    """Return every test of the plan, in its order, those that were not done included."""
    found = [*_altered(evaluation), *_from_vectors(evaluation), _round_trips(evaluation), _clock(evaluation)]
    found += [
        Verdict("T14", "refusal", Result.NOT_DONE, "Of a gate, not of an encoder alone: scankin-index evaluate-gate."),
        Verdict(
            "T15", "calibration", Result.NOT_DONE, "Measured where outcomes are estimated, not of an encoder alone."
        ),
    ]
    return sorted(found, key=lambda one: int(one.test[1:]))


def said(found: Figure) -> str:
    """Return a figure with its interval."""
    return f"{found.value:.3f} [{found.low:.3f}, {found.high:.3f}]"


def _altered(evaluation: Evaluation) -> list[Verdict]:
    names = {"T1": "frame only", "T2": "lungs only", "T8": "planted marker"}
    made = evaluation.shortcuts
    if made is None:
        return [Verdict(test, name, Result.NOT_DONE, "Needs films encoded anew.") for test, name in names.items()]
    frame, lungs = made.t1["frame only"], made.t2["lungs only"]
    words = {
        "T1": f"Passed if the interval without lungs reaches 0.5: {said(frame)}; the whole film has "
        f"{said(made.t1['whole film'])}, {said(made.t1['whole film less frame only'])} more.",
        "T2": f"Passed if the lungs alone keep half of what the whole film gains over 0.5: {said(lungs)} of "
        f"{said(made.t2['whole film'])}.",
        "T8": "Passed if swapping the marker costs at most 0.05, by the upper end of the interval: "
        f"{said(made.t8['marker kept less marker swapped'])}.",
    }
    return [Verdict(test, names[test], Result.of(made.passes[test]), words[test]) for test in names]


def _from_vectors(evaluation: Evaluation) -> list[Verdict]:
    vote = next(iter(evaluation.probes.values()))
    within = evaluation.figures[Scope.WITHIN]
    t4 = within[BY_WEBSITE] if BY_WEBSITE in within else within["COVID-19 AUC"]
    floor = evaluation.floors[PIXELS][Scope.ACROSS][PRIMARY]
    joined = len(evaluation.sample.joined)
    return [
        Verdict("T3", "source probe", Result.REPORTED, f"Ten neighbours tell the source of {said(vote)} of films."),
        Verdict("T4", "within source", Result.of(t4.low > 0.5), f"Passed if above 0.5: AUC {said(t4)}."),
        Verdict(
            "T5",
            "across sources, the primary figure",
            Result.of(evaluation.primary.low > 0.5),
            f"Passed if above 0.5: AUC {said(evaluation.primary)}; pixels {said(floor)}.",
        ),
        Verdict(
            "T6",
            "patient-disjoint",
            Result.of(evaluation.overlaps == 0),
            f"{evaluation.overlaps} of {len(evaluation.near):,} lists hold the query's own person; it must be 0.",
        ),
        Verdict(
            "T7",
            "duplicates",
            Result.REPORTED,
            f"Pairs of films that are one picture: {len(evaluation.sample.duplicates):,}; pairs of patients joined for "
            f"it before anything was split: {joined:,}.",
        ),
        Verdict(
            "T9", "floors", Result.REPORTED, "A random ranking, pixels and shuffled labels stand beside the figures."
        ),
        Verdict(
            "T11", "acquisition", Result.REPORTED, "By projection, sex, age and source; children answer children only."
        ),
        Verdict(
            "T12",
            "re-identification",
            Result.REPORTED,
            f"The nearest film is the same person's in {said(evaluation.re_identification)}; vectors are not released.",
        ),
    ]


def _round_trips(evaluation: Evaluation) -> Verdict:
    trips = evaluation.round_trips
    if trips is None:
        return Verdict("T13", "preprocessing", Result.NOT_DONE, "Needs films encoded anew.")
    failed = [name for name, trip in trips.items() if not trip.passes]
    lossless = [trip.overlap.value for trip in trips.values() if trip.is_lossless]
    words = "Passed if equal pictures have identical lists and lossless ways keep 0.95 of ten neighbours: "
    words += f"of {len(lossless)} lossless ways the worst keeps {min(lossless):.3f}"
    words += f"; failed by {', '.join(failed)}." if failed else "."
    return Verdict("T13", "preprocessing", Result.of(not failed), words)


def _clock(evaluation: Evaluation) -> Verdict:
    found = evaluation.clocked
    if found is None or not found.asked:
        return Verdict("T10", "time leakage", Result.NOT_DONE, "No scan of the casebook has a day.")
    return Verdict(
        "T10",
        "time leakage",
        Result.of(found.changed == 0),
        f"Of {found.asked:,} answers with a horizon, {found.informed:,} of a record that goes on after it, "
        f"{found.changed} change when the record ends there; it must be 0. The query's own later record is never read: "
        "own patients never answer (T6). Outcomes without a horizon are of the whole record by definition.",
    )
