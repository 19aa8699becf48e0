"""Clinical facts of an NCCID record as queries compare them."""

from scankin.index_build.nccid.record import Record

_NUMBERS = {
    "symptom_days": ("symptom_days", "days"),
    "spo2": ("oxygen_saturation_percent", "%"),
    "fio2": ("fio2_percent", "%"),
    "pao2": ("pao2_kpa", "kPa"),
    "respiratory_rate": ("respiratory_rate_per_min", "/min"),
    "heart_rate": ("heart_rate_per_min", "/min"),
    "temperature": ("temperature_celsius", "°C"),
    "systolic": ("systolic_mmhg", "mmHg"),
    "diastolic": ("diastolic_mmhg", "mmHg"),
    "news2": ("news2", "points"),
    "white_cells": ("white_cells_per_nl", "10^9/L"),
    "lymphocytes": ("lymphocytes_per_nl", "10^9/L"),
    "platelets": ("platelets_per_nl", "10^9/L"),
    "crp": ("crp_mg_per_l", "mg/L"),
    "d_dimer": ("d_dimer_mg_per_l", "mg/L"),
    "fibrinogen": ("fibrinogen_g_per_l", "g/L"),
    "ferritin": ("ferritin_ug_per_l", "µg/L"),
    "urea": ("urea_mmol_per_l", "mmol/L"),
    "creatinine": ("creatinine_umol_per_l", "µmol/L"),
    "troponin_i": ("troponin_i_ng_per_l", "ng/L"),
    "troponin_t": ("troponin_t_ng_per_l", "ng/L"),
}
"""Fact to field and unit. APACHE is of arrival in intensive care, which is an outcome, and therefore no fact."""

_YES = {
    "hypertension": "hypertension",
    "kidney_disease": "kidney_disease",
    "takes_ace_inhibitor": "takes_ace_inhibitor",
    "takes_receptor_blocker": "takes_receptor_blocker",
    "takes_nsaid": "takes_nsaid",
}
_UNLESS_NONE = {"cardiovascular_disease": "cardiovascular_disease", "lung_disease": "lung_disease"}


def facts_of(record: Record, day: int | None) -> dict[str, float]:
    """Return the facts of a record that were known on the day of a scan, by name of ``scankin.retrieval.clinical``.

    Every value is of the admission: a scan before it, or one of which that cannot be told, has none. A bound ("<270")
    counts as the number that bounds it, as in a query; a number in a unit that could not be converted does not count.

    Args:
        record: The patient's current one.
        day: Of the scan, days since 1970-01-01; None where it is not known.
    """
    admitted = record.day("admission_date")
    if day is None or admitted is None or day < admitted:
        return {}
    found: dict[str, float | None] = {name: _number(record, *field) for name, field in _NUMBERS.items()}
    found |= {name: _answer(record.is_yes(field)) for name, field in _YES.items()}
    for name, field in _UNLESS_NONE.items():
        is_none = record.is_yes(field, "none")
        found[name] = _answer(None if is_none is None else not is_none)
    found["diabetes"] = _answer(_either(record.is_yes("diabetes_type_1"), record.is_yes("diabetes_type_2")))
    found["smoker"] = _answer(record.is_yes("smoking", "current"))
    return {name: value for name, value in found.items() if value is not None}


def _number(record: Record, name: str, unit: str) -> float | None:
    found = record.fields.get(name)
    return None if found is None or found.value is None or found.unit != unit else float(found.value)


def _answer(is_so: bool | None) -> float | None:
    return None if is_so is None else float(is_so)


def _either(first: bool | None, second: bool | None) -> bool | None:
    """Return yes where one is, no where both are no, else not known."""
    if first or second:
        return True
    return None if first is None or second is None else False
