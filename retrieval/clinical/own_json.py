"""Facts in our own JSON, and as NAME=VALUE."""

import json
import math
import re
from collections.abc import Iterable
from datetime import date
from typing import Any

from scankin.retrieval.clinical.fact import Fact, Kind
from scankin.retrieval.clinical.stated import StatedFact, StatedFacts, fact_named
from scankin.retrieval.errors import InvalidRequest

MAX_BYTES = 256 * 1024
"""Of facts in JSON: a bundle of a thousand observations; more is no list of facts."""

_ASSIGNED = re.compile(r"\s*([^=]+?)\s*=\s*(.+?)\s*")
_NUMBER = re.compile(r"([+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)\s*(.*)")
_WORDS = {"yes": True, "true": True, "no": False, "false": False}
_SEXES = {"M": 1.0, "MALE": 1.0, "F": 0.0, "FEMALE": 0.0}
_KEYS = {"value", "unit", "date"}


def facts_of_json(text: str) -> StatedFacts:
    """Return the facts of JSON: an object by name, or a FHIR R4 resource.

    ``{"spo2": 88, "crp": {"value": 120, "unit": "mg/L", "date": "2020-04-02"}, "diabetes": true, "sex": "F"}``; null is
    not stated.

    Raises:
        InvalidRequest: It is not such JSON, or a fact cannot be so.
    """
    if len(text.encode()) > MAX_BYTES:
        raise InvalidRequest(f"The facts take more than {MAX_BYTES // 1024} KiB. Send those of the registry only.")
    try:
        raw = json.loads(text, object_pairs_hook=_without_doubles)
    except (ValueError, RecursionError):
        raise InvalidRequest("The facts are not JSON. Send an object by name, or a FHIR R4 resource.") from None
    if not isinstance(raw, dict):
        raise InvalidRequest("The facts are no JSON object. Send an object by name, or a FHIR R4 resource.")
    if "resourceType" in raw:
        from scankin.retrieval.clinical.fhir import facts_of_fhir  # noqa: PLC0415  (a second of imports)

        return facts_of_fhir(raw)
    return StatedFacts(tuple(one for name, value in raw.items() if (one := _fact(fact_named(name), value)) is not None))


def facts_of_assignments(texts: Iterable[str]) -> StatedFacts:
    """Return the facts of "spo2=88", "crp=120mg/L", "diabetes=yes", "sex=F".

    Raises:
        InvalidRequest: A text is no such assignment, or a fact cannot be so.
    """
    return StatedFacts(tuple(_assigned(text) for text in texts))


def _assigned(text: str) -> StatedFact:
    match = _ASSIGNED.fullmatch(text)
    if not match:
        raise InvalidRequest(f"{text[:30]!r} is no fact. Write NAME=VALUE, such as spo2=88 or crp=120mg/L.")
    fact, value = fact_named(match[1]), match[2]
    if fact.kind is not Kind.NUMBER:
        return StatedFact(fact.name, _word(fact, _WORDS.get(value.lower(), value)))
    number = _NUMBER.fullmatch(value)
    if not number:
        raise _not_a_number(fact)
    return StatedFact(fact.name, fact.number(float(number[1]), number[2] or None))


def _fact(fact: Fact, raw: object) -> StatedFact | None:
    stated: dict[str, Any] = raw if isinstance(raw, dict) else {"value": raw}
    if set(stated) - _KEYS or "value" not in stated:
        raise InvalidRequest(f"{fact.name}: an object holds value, and may hold unit and date; nothing else.")
    value, unit = stated["value"], stated.get("unit")
    if value is None:
        return None
    if unit is not None and not isinstance(unit, str):
        raise InvalidRequest(f"{fact.name}: the unit is no text. Write it as {fact.unit!r}.")
    day = _day(fact, stated.get("date"))
    if fact.kind is not Kind.NUMBER:
        if unit is not None:
            raise InvalidRequest(f"{fact.name}: it has no unit. Leave the unit out.")
        return StatedFact(fact.name, _word(fact, value), day)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise _not_a_number(fact)
    return StatedFact(fact.name, fact.number(float(value), unit), day)


def _word(fact: Fact, value: object) -> float:
    if fact.kind is Kind.SEX:
        if isinstance(value, str) and value.upper() in _SEXES:
            return _SEXES[value.upper()]
        raise InvalidRequest(f"{fact.name}: F or M is compared. Leave it out where it is neither.")
    if isinstance(value, bool):
        return float(value)
    raise InvalidRequest(f"{fact.name}: it is neither true nor false. Leave it out where it is not known.")


def _day(fact: Fact, text: object) -> date | None:
    if text is None:
        return None
    try:
        return date.fromisoformat(text) if isinstance(text, str) else _no_date(fact)
    except ValueError:
        return _no_date(fact)


def _no_date(fact: Fact) -> date:
    raise InvalidRequest(f"{fact.name}: the date is not YYYY-MM-DD.")


def _not_a_number(fact: Fact) -> InvalidRequest:
    return InvalidRequest(f"{fact.name}: it is not a number. State it in {fact.unit}.")


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        name = next(name for n, (name, _) in enumerate(pairs) if name in {other for other, _ in pairs[:n]})
        raise InvalidRequest(f"{name[:30]}: it is stated twice. State it once.")
    return found
