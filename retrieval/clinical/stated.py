"""Facts as somebody stated them, and what of them holds for one scan."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from difflib import get_close_matches

from scankin.retrieval.clinical.fact import Fact, Kind
from scankin.retrieval.clinical.registry import FACTS
from scankin.retrieval.errors import InvalidRequest
from scankin.retrieval.scan import Age, Scan, Sex

YEARS_APART = 1.0
"""By how much two ages of one patient may differ: birth dates in de-identified headers keep their year only."""


@dataclass(frozen=True)
class StatedFact:
    """One fact of the query's patient.

    Attributes:
        name: Of ``FACTS``.
        value: In the fact's unit, within its range.
        day: When it was so; None where that is not stated.
    """

    name: str
    value: float
    day: date | None = None


@dataclass(frozen=True)
class StatedFacts:
    """Everything stated beside the scan.

    Attributes:
        facts: In any order; a name may come more than once.
        birth_dates: Of the patient, as stated: an ISO date, or its year or month.
        patient_ids: What the patient goes by where the facts come from; never shown.
        unread: Entries of a FHIR bundle that state nothing of ``FACTS``.
    """

    facts: tuple[StatedFact, ...] = ()
    birth_dates: tuple[str, ...] = ()
    patient_ids: frozenset[str] = field(default=frozenset(), repr=False)
    unread: int = 0

    def with_others(self, other: "StatedFacts") -> "StatedFacts":
        """Return what both state."""
        return StatedFacts(
            self.facts + other.facts,
            self.birth_dates + other.birth_dates,
            self.patient_ids | other.patient_ids,
            self.unread + other.unread,
        )


def fact_named(name: str) -> Fact:
    """Return the fact of a name.

    Raises:
        InvalidRequest: There is none; the nearest names are offered.
    """
    if name in FACTS:
        return FACTS[name]
    near = get_close_matches(name.lower(), FACTS, n=3, cutoff=0.5)
    offered = f"Is {' or '.join(near)} meant?" if near else f"There are: {', '.join(FACTS)}."
    raise InvalidRequest(f"There is no fact {name[:30]!r}. {offered}")


def settled(stated: StatedFacts, scan: Scan) -> dict[str, float]:
    """Return what is known of the scan's patient on the day of the scan, in the order of ``FACTS``.

    The header's own facts (age, sex, height, weight, smoking) take part. Of a fact that is stated for several days the
    last counts.

    Raises:
        InvalidRequest: The facts are another patient's, are dated after the scan, or contradict each other or the
            header.
    """
    _require_same_patient(stated, scan)
    found = dict(scan.facts)
    if (age := middle_of(scan.age)) is not None:
        found["age"] = age
    if (sex := sex_value(scan.sex)) is not None:
        found["sex"] = sex
    born = _age_by_birth(stated.birth_dates, scan.study_date)
    by_name: dict[str, list[StatedFact]] = {}
    for one in (*stated.facts, *(() if born is None else (StatedFact("age", born),))):
        _require_in_time(one, scan.study_date)
        by_name.setdefault(one.name, []).append(one)
    for name, facts in by_name.items():
        _require_agreement(name, _last(name, facts), found)
    return {name: found[name] for name in FACTS if name in found}


def middle_of(age: Age | None) -> float | None:
    """Return the middle of an age in years; None where it is not stated, or open as "50+"."""
    return None if age is None or age.high == float("inf") else (age.low + age.high) / 2


def sex_value(sex: Sex | None) -> float | None:
    """Return 1 for male, 0 for female; None for what is not stated or neither."""
    return {Sex.MALE: 1.0, Sex.FEMALE: 0.0}.get(sex) if sex is not None else None


def _require_same_patient(stated: StatedFacts, scan: Scan) -> None:
    own = (scan.patient_id or "").strip().casefold()
    if own and stated.patient_ids and own not in {one.strip().casefold() for one in stated.patient_ids}:
        raise InvalidRequest(
            "The facts are of another patient: the scan's PatientID is none of the FHIR Patient's identifiers. Send "
            "those of the scan's patient, or leave the identifiers out where the two are known to be one."
        )


def _require_in_time(one: StatedFact, scanned: date | None) -> None:
    if one.day is not None and scanned is not None and one.day > scanned:
        raise InvalidRequest(
            f"{one.name}: it is dated {(one.day - scanned).days} days after the scan. State what was known on the day "
            "of the scan, or leave it out."
        )


def _last(name: str, facts: Iterable[StatedFact]) -> list[float]:
    """Return the values of the last day: more than one where they contradict each other."""
    held = list(facts)
    latest = max((one.day for one in held if one.day is not None), default=None)
    values = {one.value for one in held if one.day is None or one.day == latest}
    if len(values) > 1 and not (name == "age" and max(values) - min(values) <= YEARS_APART):
        kind = "ages or birth dates" if name == "age" else "values"
        raise InvalidRequest(f"{name}: two {kind} are stated that cannot both be so. State one.")
    return sorted(values)


def _require_agreement(name: str, values: list[float], found: dict[str, float]) -> None:
    """Take a fact up, unless the header says otherwise of what does not change from day to day."""
    if name == "age" and "age" in found and abs(found["age"] - values[0]) > YEARS_APART:
        raise InvalidRequest("age: the age or birth date stated and that of the scan's header disagree. Correct one.")
    if FACTS[name].kind is Kind.SEX and found.get(name, values[0]) != values[0]:
        raise InvalidRequest("sex: the sex stated and that of the scan's header disagree. Correct one.")
    found[name] = found[name] if name == "age" and name in found else values[0]


def _age_by_birth(births: Iterable[str], scanned: date | None) -> float | None:
    """Return the age in completed years on the day of the scan; None where no birth date or no such day is stated."""
    stated = sorted(set(births))
    if len(stated) > 1 and not all(longer.startswith(stated[0]) for longer in stated):
        raise InvalidRequest("age: two birth dates are stated. Send the facts of one patient, with one birth date.")
    if not stated or scanned is None:
        return None
    year, month, day = (*(int(part) for part in stated[-1].split("-")), 0, 0)[:3]
    years = scanned.year - year - (1 if month and (scanned.month, scanned.day) < (month, day) else 0)
    if not FACTS["age"].holds(years):
        raise InvalidRequest("age: the birth date is after the scan, or more than 120 years before it. Correct it.")
    return float(years)


def known(facts: Mapping[str, float]) -> dict[str, float]:
    """Return the facts that are in ``FACTS`` and can be so, in its order: what importers may state of a scan."""
    return {name: facts[name] for name, fact in FACTS.items() if name in facts and fact.holds(facts[name])}
