"""Facts in FHIR R4: a Patient, an Observation, a Condition, or a Bundle of them (read as R4B, which R4 agrees with)."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from typing import Any

from fhir.resources.R4B.bundle import Bundle
from fhir.resources.R4B.condition import Condition
from fhir.resources.R4B.observation import Observation
from fhir.resources.R4B.patient import Patient
from pydantic import BaseModel, ValidationError

from scankin.retrieval.clinical.fact import Fact, Kind
from scankin.retrieval.clinical.registry import FACTS
from scankin.retrieval.clinical.stated import StatedFact, StatedFacts
from scankin.retrieval.errors import InvalidRequest

LOINC, SNOMED = "http://loinc.org", "http://snomed.info/sct"
_ICD10 = ("http://hl7.org/fhir/sid/icd-10", "urn:oid:2.16.840.1.113883.6.3")

_NOT_RESULTS = frozenset({"registered", "cancelled", "entered-in-error", "unknown"})
"""Observation.status that comes without a result that holds (http://hl7.org/fhir/R4/valueset-observation-status)."""

_PRESENT, _REFUTED = frozenset({"confirmed", None}), "refuted"
"""Condition.verificationStatus; what is only suspected states nothing."""

_PAST = frozenset({"inactive", "remission", "resolved"})
_SMOKES = {
    **dict.fromkeys(("449868002", "428041000124106", "77176002", "428071000124103", "428061000124105"), 1.0),
    **dict.fromkeys(("8517006", "266919005", "8392000"), 0.0),
}
"""SNOMED CT answers to LOINC 72166-2; former and never smokers do not smoke now."""

_GENDERS = {"male": 1.0, "female": 0.0}
_RESOURCES: Mapping[str, type[BaseModel]] = {
    "Bundle": Bundle,
    "Observation": Observation,
    "Condition": Condition,
    "Patient": Patient,
}
_BY_LOINC = {code: fact for fact in FACTS.values() for code in fact.loinc}


def facts_of_fhir(raw: Mapping[str, Any]) -> StatedFacts:
    """Return the facts of a resource; what states nothing of ``FACTS`` is counted, not read.

    Observations count by LOINC code, with their UCUM unit; conditions by SNOMED CT or ICD-10 code: confirmed ones are
    yes, refuted ones no, and a condition that is not there is not stated.

    Raises:
        InvalidRequest: It is no such resource, is of more than one patient, or a fact cannot be so.
    """
    kind = raw["resourceType"]
    if kind not in _RESOURCES:
        raise InvalidRequest(f"A FHIR {str(kind)[:30]} states no facts. Send one of: {', '.join(_RESOURCES)}.")
    try:
        resource: Any = _RESOURCES[kind].model_validate(raw)
    except ValidationError as error:
        place = ".".join(str(part) for part in error.errors()[0]["loc"])[:80]
        raise InvalidRequest(f"The FHIR {kind} is not valid R4 at {place or 'its top'}. Correct it.") from None
    held: list[Any] = [one.resource for one in resource.entry or ()] if kind == "Bundle" else [resource]
    patients = [one for one in held if isinstance(one, Patient)]
    _require_one_patient(held, patients)
    found: list[tuple[Fact, float, datetime | date | None]] = []
    unread = 0
    for one in held:
        of_one = list(_facts_of(one))
        found += of_one
        unread += not of_one and not isinstance(one, Patient)
    return StatedFacts(
        facts=tuple(_last_of_day(found)),
        birth_dates=tuple(str(one.birthDate) for one in patients if one.birthDate),
        patient_ids=frozenset(one.value for one in _identifiers(held) if one.value),
        unread=unread,
    )


def _require_one_patient(held: Iterable[Any], patients: list[Patient]) -> None:
    references = [one.subject for one in held if isinstance(one, Observation | Condition) and one.subject is not None]
    subjects = {one.reference.partition("/_history/")[0].rpartition("/")[2] for one in references if one.reference}
    by_identifier = {one.identifier.value for one in references if one.identifier is not None and one.identifier.value}
    own = {one.id for one in patients if one.id}
    births = {str(one.birthDate) for one in patients if one.birthDate}
    if len(births) > 1:
        raise InvalidRequest("age: the FHIR Patients have two birth dates. Send the facts of one patient.")
    if (
        len(patients) > 1
        or len(subjects) > 1
        or len(by_identifier) > 1
        or (own and subjects - own - _entry_ids(subjects))
    ):
        raise InvalidRequest("The FHIR resources are of more than one patient (subject). Send the facts of one.")


def _identifiers(held: Iterable[Any]) -> Iterator[Any]:
    """Yield what the patient goes by: identifiers of the Patient, and those that name the subject of another."""
    for one in held:
        if isinstance(one, Patient):
            yield from one.identifier or ()
        elif isinstance(one, Observation | Condition) and one.subject is not None and one.subject.identifier:
            yield one.subject.identifier


def _entry_ids(subjects: Iterable[str]) -> set[str]:
    """Return the subjects that are named by their entry's fullUrl ("urn:uuid:..."), which is not the patient's id."""
    return {subject for subject in subjects if subject.startswith("urn:")}


def _facts_of(one: Any) -> Iterator[tuple[Fact, float, datetime | date | None]]:
    if isinstance(one, Patient) and one.gender in _GENDERS:
        yield FACTS["sex"], _GENDERS[one.gender], None
    elif isinstance(one, Observation) and one.status not in _NOT_RESULTS:
        period: Any = one.effectivePeriod
        when = one.effectiveDateTime or one.effectiveInstant or (period and (period.end or period.start))
        for part in (one, *(one.component or ())):
            fact = next((_BY_LOINC[code] for code in _codes(part.code, LOINC) if code in _BY_LOINC), None)
            value = None if fact is None else _value(fact, part)
            if fact is not None and value is not None:
                yield fact, value, _when(when)
    elif isinstance(one, Condition):
        state = _state(one)
        fact = next((fact for fact in FACTS.values() if _is_condition(fact, one)), None)
        if fact is not None and state is not None:
            yield fact, state, _when(one.onsetDateTime or one.recordedDate)


def _value(fact: Fact, part: Any) -> float | None:
    """Return the value of an observation or component; a bound ("<5") is read as the number that bounds it."""
    if fact.kind is not Kind.NUMBER:
        answers = [_SMOKES[code] for code in _codes(part.valueCodeableConcept, SNOMED) if code in _SMOKES]
        if answers:
            return answers[0]
        return None if part.valueBoolean is None else float(part.valueBoolean)
    quantity = part.valueQuantity
    if quantity is None or quantity.value is None:
        return None
    unit = quantity.code or quantity.unit
    if unit is None:
        raise InvalidRequest(f"{fact.name}: the FHIR Quantity has no unit. State it, such as {fact.ucum}.")
    return fact.number(float(quantity.value), unit)


def _state(condition: Condition) -> float | None:
    verification = next(iter(_codes(condition.verificationStatus, None)), None)
    if verification == _REFUTED:
        return 0.0
    is_past = bool(_PAST & set(_codes(condition.clinicalStatus, None)))
    return 1.0 if verification in _PRESENT and not is_past else None


def _is_condition(fact: Fact, condition: Condition) -> bool:
    icd = [code for system in _ICD10 for code in _codes(condition.code, system)]
    return bool(set(fact.snomed) & set(_codes(condition.code, SNOMED))) or any(
        code.upper().startswith(fact.icd10) for code in icd if fact.icd10
    )


def _codes(concept: Any, system: str | None) -> list[str]:
    """Return a concept's codes of one system, or of any."""
    codings = (concept.coding if concept is not None else None) or ()
    return [one.code for one in codings if one.code and (system is None or (one.system or "").rstrip("/") == system)]


def _when(stated: datetime | date | str | None) -> datetime | date | None:
    """Return a FHIR dateTime; of a year or month alone its first day, before which it cannot be."""
    if not isinstance(stated, str):
        return stated
    year, month = (*(int(part) for part in stated.split("-")), 1)[:2]
    return date(year, month, 1)


def _last_of_day(found: Iterable[tuple[Fact, float, datetime | date | None]]) -> Iterator[StatedFact]:
    """Yield every fact with its day; of several with a time on one day only the last."""
    held: dict[tuple[str, date], list[tuple[str, float]]] = {}
    for fact, value, when in found:
        if when is None:
            yield StatedFact(fact.name, value)
        else:
            day = when.date() if isinstance(when, datetime) else when
            held.setdefault((fact.name, day), []).append((when.isoformat(), value))
    for (name, day), of_day in held.items():
        latest = max(time for time, _ in of_day)
        for value in sorted({value for time, value in of_day if time == latest}):
            yield StatedFact(name, value, day)
