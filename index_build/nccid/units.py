"""Which unit a site reports a quantity in, where that is known; and how a number gets the unit of the schema."""

import csv
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from scankin.index_build.field_values import UnitSource
from scankin.index_build.nccid.fields import Field
from scankin.index_build.nccid.parsed import Parsed
from scankin.retrieval.clinical.units import converted, normalised
from scankin.retrieval.errors import CasebookError

SiteUnits = Mapping[str, Mapping[str, str]]
"""Unit by quantity, by site in capitals."""

_KNOWN = {
    "IMPERIAL COLLEGE HEALTHCARE NHS TRUST": {"D-dimer": "mg/L", "Troponin I": "ng/L"},
    "CAMBRIDGE UNIVERSITY HOSPITALS NHS FOUNDATION TRUST": {
        "PaO2/O2 saturation": "%",
        "D-dimer": "ng/mL",
        "Troponin I": "ng/L",
    },
    "ROYAL CORNWALL HOSPITALS NHS TRUST": {"D-dimer": "ng/mL", "Troponin I": "ng/L"},
    "WEST SUFFOLK NHS FOUNDATION TRUST": {"D-dimer": "ng/mL", "Troponin T": "ng/L"},
    "SHEFFIELD CHILDRENS NHS FOUNDATION TRUST": {"D-dimer": "ng/mL", "Troponin I": "ng/mL", "Troponin T": "ng/L"},
    "NORFOLK AND NORWICH UNIVERSITY HOSPITALS NHS FOUNDATION TRUST": {"D-dimer": "µg/L", "Troponin I": "ng/L"},
}
"""NCCID_site_specific_units.xlsx: six trusts, "a guide, may vary within a trust". Imperial's urea in ng/mL is left out:
it cannot be."""


def site_units(file: Path | None) -> SiteUnits:
    """Return the units by site: those known of six trusts, and those of a file in the official table's form.

    The file is CSV: "Trust" and the names of trusts in the first row, then a quantity and its unit at each.

    Raises:
        CasebookError: The file cannot be read, or is no such table.
    """
    units = {site: dict(known) for site, known in _KNOWN.items()}
    if file is None:
        return units
    try:
        rows = list(csv.reader(file.read_text(encoding="utf-8-sig").splitlines()))
    except (OSError, UnicodeDecodeError) as error:
        raise CasebookError(f"{file.name}: the table of units cannot be read: {error}.") from error
    if not rows or not rows[0] or rows[0][0].strip().lower() != "trust":
        raise CasebookError(f'{file.name}: a table of units begins with "Trust" and the names of the trusts.')
    sites = [name.strip().upper() for name in rows[0][1:]]
    for quantity, *stated in rows[1:]:
        for site, unit in zip(sites, stated, strict=False):
            if unit.strip():
                units.setdefault(site, {})[quantity.strip()] = normalised(unit)
    return units


def harmonised(parsed: Parsed, field: Field, site: str | None, units: SiteUnits) -> Parsed:
    """Return a number in the schema's unit where its own is stated or known of the site; else the unit is assumed.

    A unit that cannot be converted (a saturation where a pressure is asked for) stays, and is stated with the number.
    """
    if parsed.value is None or field.unit is None:
        return parsed
    stated = normalised(parsed.unit) if parsed.unit else None
    known = units.get((site or "").upper(), {}).get(field.quantity or "")
    own, source = (stated, UnitSource.STATED) if stated else (known, UnitSource.SITE)
    if own is None:
        return replace(parsed, unit=field.unit, unit_source=UnitSource.SCHEMA)
    if own == field.unit:
        return replace(parsed, unit=field.unit, unit_source=source)
    number = converted(parsed.number, own, field.unit)
    if number is None:
        return replace(parsed, unit=own, unit_source=source)
    return replace(parsed.with_number(number), unit=field.unit, unit_source=source)
