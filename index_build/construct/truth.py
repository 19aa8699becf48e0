"""What is true of a constructed cohort, and what of it a perfect reader could know: the sidecar, outside the tree.

One JSON line a patient, so that a cohort of any size streams. It is written from what the generator did, never by
reading the tree again.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any


@dataclass(frozen=True)
class FieldTruth:
    """One clinical field as it was written, and what a perfect reader makes of it.

    Attributes:
        field, raw, flag, value, unit, unit_source, operator: As in ``scankin.index_build.field_values.FieldValue``.
        irreducible: The reader cannot help being wrong: day and month were swapped, and both orders are possible.
        true_value: What was meant, where it is not ``value``.
    """

    field: str
    raw: str
    flag: str
    value: str | None = None
    unit: str | None = None
    unit_source: str | None = None
    operator: str | None = None
    irreducible: bool = False
    true_value: str | None = None


@dataclass(frozen=True)
class FileTruth:
    """One clinical file.

    Attributes:
        path: Relative to the cohort's folder.
        becomes: "current", "version" or the reason of its refusal.
        fields: Those that are present.
    """

    path: str
    becomes: str
    fields: tuple[FieldTruth, ...] = ()


@dataclass(frozen=True)
class ScanTruth:
    """One film or CT series.

    Attributes:
        path: Film or folder of the series, relative to the cohort's folder.
        becomes: "scan" or the reason of its refusal.
        day: Study date, where it can be known.
        covid: Whether the film shows COVID-19 by the window around a known swab; None is unknown.
        cxr_severity: The radiologist's, 1 to 3, where linked by a known date.
        age_years, sex: Where they can be known.
        outcomes: State by name.
        risks: True chance of every outcome on the day of the film, by name (``risks.true_risks``); of positives only.
        times: For each event: days from the scan, and "event" or "censored"; absent where neither is known.
        contradictions: Of this scan, by kind.
        severity: The latent severity it was drawn with.
        has_marker: Carries the planted marker.
    """

    path: str
    becomes: str
    day: str | None = None
    covid: bool | None = None
    cxr_severity: float | None = None
    age_years: float | None = None
    sex: str | None = None
    outcomes: Mapping[str, str] = field(default_factory=dict)
    risks: Mapping[str, float] = field(default_factory=dict)
    times: Mapping[str, tuple[int, str]] = field(default_factory=dict)
    contradictions: tuple[str, ...] = ()
    severity: float | None = None
    has_marker: bool = False


@dataclass(frozen=True)
class PatientTruth:
    """One patient.

    Attributes:
        pseudonym: In capitals, as patients are told apart.
        centre: Who sent the patient in, by the current file.
        cohort: "positive" or "negative"; None where no clinical file can be read.
        files: All clinical files.
        scans: All films and series.
        other_files: Reason of the refusal by path, of what is neither.
        contradictions: Of the record, by kind.
        severity: The latent severity at its worst.
        itu, intubated, died: Days on which it truly happened; None when not.
    """

    pseudonym: str
    centre: str
    cohort: str | None
    files: tuple[FileTruth, ...]
    scans: tuple[ScanTruth, ...]
    other_files: Mapping[str, str]
    contradictions: tuple[str, ...]
    severity: float
    itu: str | None
    intubated: str | None
    died: str | None

    def as_json(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        return asdict(self)


EVENTS = {"died": "death", "intensive_care": "itu_admission", "intubated": "intubation"}
"""Outcome by the field that states whether it happened; the field of its day follows."""

_DAYS = {"death": "death_date", "itu_admission": "itu_date", "intubation": "intubation_date"}
HORIZONS = (7, 14, 30)


@dataclass(frozen=True)
class Known:
    """What a perfect reader knows of a patient's course.

    Attributes:
        happened: By field: True, False, or None where it is not stated or contradicts itself.
        days: By field, where the day is known and can be believed.
        alive: Last day known alive, where it can be believed.
        contradictions: By kind.
    """

    happened: Mapping[str, bool | None]
    days: Mapping[str, date | None]
    alive: date | None
    contradictions: tuple[str, ...]


def known_course(fields: Iterable[FieldTruth]) -> Known:
    """Return what the fields of a record let a perfect reader know (NCCID.md 4.1)."""
    held = {one.field: one for one in fields}

    def word(name: str) -> str | None:
        one = held.get(name)
        return None if one is None else one.true_value or one.value

    def day(name: str) -> date | None:
        text = word(name)
        return None if text is None else date.fromisoformat(text)

    wrong = ["after_upload" for one in held.values() if one.flag == "after_upload"]
    wrong += ["headers_disagree" for one in held.values() if one.flag == "contradicted"]
    admitted, alive, died = day("admission_date"), day("last_known_alive_date"), day("death_date")
    happened: dict[str, bool | None] = {}
    days: dict[str, date | None] = {}
    for name, day_name in _DAYS.items():
        stated = {"yes": True, "no": False, None: None}[word(name)]
        on = day(day_name)
        if stated is False and on is not None:
            wrong.append("event_denied")
            happened[name], days[name] = None, None
            continue
        if on is not None and admitted is not None and on < admitted:
            wrong.append("event_before_admission")
            happened[name], days[name] = True, None
            continue
        happened[name], days[name] = (True if on is not None else stated), on
    if alive is not None and died is not None and alive > died:
        wrong.append("alive_after_death")
        alive = None
    return Known(happened, days, alive, tuple(sorted(wrong)))


def outcomes_at(known: Known, film: date | None) -> dict[str, str]:
    """Return the state of every outcome for a film of that day, spelled out rule by rule (NCCID.md 4.1)."""
    states = {}
    for outcome, name in EVENTS.items():
        ever = known.happened[name]
        states[outcome] = "unknown" if ever is None else "happened" if ever else "did not happen"
        for horizon in HORIZONS:
            states[f"{outcome}_{horizon}d"] = _within(known, name, film, horizon)
    return states


def times_at(known: Known, film: date | None) -> dict[str, tuple[int, str]]:
    """Return, for every outcome, the days from a film to its event or to the end of what is known."""
    times: dict[str, tuple[int, str]] = {}
    if film is None:
        return times
    for outcome, name in EVENTS.items():
        on = known.days[name]
        if on is not None:
            if on >= film:
                times[outcome] = (on - film).days, "event"
        elif name == "death" or known.happened[name] is False:
            ends = [known.alive, known.days["death"] if name != "death" else None]
            last = max((end for end in ends if end is not None), default=None)
            if last is not None and last >= film:
                times[outcome] = (last - film).days, "censored"
    return times


def _within(known: Known, name: str, film: date | None, horizon: int) -> str:
    if film is None:
        return "unknown"
    on, stated = known.days[name], known.happened[name]
    if on is not None:
        gap = (on - film).days
        return "already happened" if gap < 0 else "happened" if gap <= horizon else "did not happen"
    days_alive = None if known.alive is None else (known.alive - film).days
    died = known.days["death"]
    if name != "death" and stated is not False:
        return "unknown"
    if name != "death" and died is not None and died >= film:
        return "did not happen"
    if days_alive is None or days_alive < 0:
        return "unknown"
    return "did not happen" if days_alive >= horizon else "censored"
