"""From one clinical file to its fields, each with raw text, value, unit and flag."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date

from scankin.index_build.field_values import FieldValue, Flag
from scankin.index_build.nccid.dates import day_number, parse_date
from scankin.index_build.nccid.fields import FIELDS, DateOrder, Field
from scankin.index_build.nccid.parsed import Parsed
from scankin.index_build.nccid.units import SiteUnits, harmonised
from scankin.index_build.nccid.versions import Version, Versions, text_of

_BLANK = frozenset({"", ".", "-", "[]"})
_NOT_KNOWN = re.compile(
    r"UNKNOWN|UNK|U|NOT (KNOWN|RECORDED|DONE|AVAILABLE|MEASURED|STATED)|N/?A|N/?K|NONE RECORDED|NULL|NAN", re.IGNORECASE
)
_OUTCOMES = frozenset(
    {"itu_admission", "itu_date", "intubation", "intubation_date", "last_known_alive_date", "death", "death_date"}
)


@dataclass(frozen=True)
class Record:
    """What a patient's current record states.

    Attributes:
        fields: By name; a field without any header in the file is absent.
        swabs: Further swabs of a ``status_*`` file: whether positive, and when.
    """

    fields: Mapping[str, FieldValue]
    swabs: tuple[tuple[bool, int], ...] = ()

    def word(self, name: str) -> str | None:
        """Return the value of a field, None where it has none."""
        found = self.fields.get(name)
        return None if found is None else found.value

    def day(self, name: str) -> int | None:
        """Return a date field as days since 1970-01-01."""
        value = self.word(name)
        return None if value is None else day_number(value)

    def number(self, name: str, unit: str) -> float | None:
        """Return a number that is in ``unit`` and not a mere bound."""
        found = self.fields.get(name)
        if found is None or found.value is None or found.operator is not None or found.unit != unit:
            return None
        return float(found.value)

    def is_yes(self, name: str, yes: str = "yes") -> bool | None:
        """Return whether a field states ``yes``; None where it has no value."""
        value = self.word(name)
        return None if value is None else value == yes


def fields_of(version: Version, units: SiteUnits) -> Iterator[FieldValue]:
    """Yield every field that has a header in the file, in the order of ``FIELDS``."""
    headers = {header.strip(): value for header, value in version.record.items()}
    for field in FIELDS:
        present = [text_of(headers[header.strip()]) for header in field.headers if header.strip() in headers]
        if present:
            raw, parsed = _settled(field, present, version.uploaded)
            parsed = harmonised(parsed, field, version.centre, units)
            yield FieldValue(
                field=field.name,
                raw=raw,
                flag=parsed.flag,
                value=parsed.value,
                unit=parsed.unit,
                unit_source=parsed.unit_source,
                operator=parsed.operator,
                version=version.name,
            )


def record_of(versions: Versions, by_version: Mapping[str, tuple[FieldValue, ...]]) -> Record:
    """Return what counts of a patient.

    It is the current file's; outcomes that it leaves blank are taken from the newest file of another centre that states
    them, since one patient may have been sent in by two hospitals (NCCID FAQ).

    Args:
        versions: The patient's files.
        by_version: The fields of each, by its path.
    """
    current = versions.current
    if current is None:
        return Record({})
    fields = {field.field: field for field in by_version[current.path]}
    for older in reversed(versions.usable):
        if older is current or not older.is_data or older.centre.upper() == current.centre.upper():
            continue
        for field in by_version[older.path]:
            held = fields.get(field.field)
            if field.field in _OUTCOMES and field.value is not None and (held is None or held.value is None):
                fields[field.field] = field
    return Record(fields, tuple(_further_swabs(current)))


def _settled(field: Field, texts: list[str], latest: date | None) -> tuple[str, Parsed]:
    """Return raw text and reading of a field: the first header with a value; headers that disagree give none."""
    readings = [(text, _parsed(field, text, latest)) for text in texts]
    valued = [(text, parsed) for text, parsed in readings if parsed.value is not None]
    if len({parsed.value for _, parsed in valued}) > 1:
        return " | ".join(text for text, _ in valued), Parsed(Flag.CONTRADICTED)
    filled = [(text, parsed) for text, parsed in readings if parsed.flag is not Flag.BLANK]
    return (valued or filled or readings)[0]


def _parsed(field: Field, text: str, latest: date | None) -> Parsed:
    if text in _BLANK:
        return Parsed(Flag.BLANK)
    if _NOT_KNOWN.fullmatch(text):
        return Parsed(Flag.UNKNOWN)
    if isinstance(field.rule, DateOrder):
        return parse_date(text, day_first=field.rule is DateOrder.DAY_FIRST, latest=latest)
    return field.rule(text)


def _further_swabs(version: Version) -> Iterator[tuple[bool, int]]:
    """Yield the swabs of ``SwabDates``, a list that status files have since October 2021."""
    listed = version.record.get("SwabDates")
    for swab in listed if isinstance(listed, list) else ():
        if not isinstance(swab, Mapping):
            continue
        fields = {f.field: f for f in fields_of(replace(version, record=swab), {})}
        result, day = fields.get("swab_result"), fields.get("swab_date")
        if result and day and result.value and day.value:
            yield result.value == "positive", day_number(day.value)
