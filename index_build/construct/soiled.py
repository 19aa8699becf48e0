"""From a clean clinical file to the one that is written: which header is of which kind, and what dirt befalls it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

import numpy as np

from scankin.index_build.construct.centres import Centre
from scankin.index_build.construct.clinical import ClinicalFile
from scankin.index_build.construct.dirt import (
    BLANK_RATE,
    DIRT_RATE,
    Kind,
    Where,
    age,
    blank,
    covid_code,
    ethnicity,
    fio2,
    number,
    pcr,
    pressure,
    severity,
    sex,
    uk_date,
    us_date,
    words,
    yes_no,
)
from scankin.index_build.construct.truth import FieldTruth

_CVS = {0: "none", 1: "myocardial infarction", 2: "angina", 3: "stroke", 4: "more than one"}
_LUNG = {0: "none", 1: "COPD", 2: "fibrosis", 3: "cystic fibrosis", 4: "asthma", 5: "other"}
_SMOKING = {0: "never", 1: "former", 2: "current"}
_U = yes_no(unknown=2)


@dataclass(frozen=True)
class _Header:
    field: str
    kind: Kind
    unit: str | None = None
    quantity: str | None = None


_HEADERS: Mapping[str, _Header] = {
    "Age": _Header("age_years", age),
    "Sex": _Header("sex", sex),
    "Ethnicity": _Header("ethnicity", ethnicity),
    "SwabDate": _Header("swab_date", uk_date),
    "SwabStatus": _Header("swab_result", words({0: "negative", 1: "positive"})),
    "Date of Positive Covid Swab": _Header("positive_swab_date", us_date),
    "Date of acquisition of 1st RT-PCR": _Header("pcr_1_taken_date", us_date),
    "Date of result of 1st RT-PCR": _Header("pcr_1_result_date", us_date),
    "1st RT-PCR result": _Header("pcr_1_result", pcr),
    "Date of acquisition of 2nd RT-PCR": _Header("pcr_2_taken_date", us_date),
    "Date of result of 2nd RT-PCR": _Header("pcr_2_result_date", us_date),
    "2nd RT-PCR result": _Header("pcr_2_result", pcr),
    "Final COVID Status": _Header("final_covid_status", pcr),
    "Smoking status": _Header("smoking", words(_SMOKING, unknown=3)),
    "Pack year history": _Header("pack_years", number()),
    "PMH hypertension": _Header("hypertension", _U),
    "PMH CKD": _Header("kidney_disease", _U),
    "If CKD, stage": _Header("kidney_disease_stage", words({n: str(n) for n in (2, 3, 4, 5)}, has_text=True)),
    "PMH CVS disease": _Header("cardiovascular_disease", words(_CVS, has_text=True)),
    "PMH Lung disease": _Header("lung_disease", words(_LUNG, unknown=6, has_text=True)),
    "PMH diabetes mellitus type II": _Header("diabetes_type_2", _U),
    "PMH diabetes mellitus TYPE I": _Header("diabetes_type_1", _U),
    "Current ACEi use": _Header("takes_ace_inhibitor", _U),
    "Current Angiotension receptor blocker use": _Header("takes_receptor_blocker", _U),
    "Current NSAID used": _Header("takes_nsaid", _U),
    "Date of admission": _Header("admission_date", us_date),
    "Duration of symptoms": _Header("symptom_days", number(impossible="0"), "days"),
    "Respiratory rate on admission": _Header("respiratory_rate_per_min", number(impossible="400"), "/min"),
    "Heart rate on admission": _Header("heart_rate_per_min", number(impossible="900"), "/min"),
    "FiO2": _Header("fio2_percent", fio2),
    "PaO2": _Header("pao2_kpa", number(impossible="900"), "kPa", "PaO2/O2 saturation"),
    "Systolic BP": _Header("systolic_mmhg", pressure(0), "mmHg"),
    "Diastolic BP": _Header("diastolic_mmhg", pressure(1), "mmHg"),
    "Temperature on admission": _Header("temperature_celsius", number(impossible="99"), "°C"),
    "NEWS2 score on arrival": _Header("news2", number(impossible="44"), "points"),
    "WCC on admission": _Header("white_cells_per_nl", number(), "10^9/L"),
    "Lymphocyte count on admission": _Header("lymphocytes_per_nl", number(), "10^9/L"),
    "Platelet count on admission": _Header("platelets_per_nl", number(), "10^9/L"),
    "CRP on admission": _Header("crp_mg_per_l", number(can_be_bound=True), "mg/L"),
    "D-dimer on admission": _Header("d_dimer_mg_per_l", number(can_be_bound=True), "mg/L", "D-dimer"),
    "Fibrinogen  if d-dimer not performed": _Header("fibrinogen_g_per_l", number(impossible="200"), "g/L"),
    "Ferritin": _Header("ferritin_ug_per_l", number(can_be_bound=True), "µg/L"),
    "Urea on admission": _Header("urea_mmol_per_l", number(impossible="500"), "mmol/L"),
    "Creatinine on admission": _Header("creatinine_umol_per_l", number(), "µmol/L"),
    "Troponin I": _Header("troponin_i_ng_per_l", number(can_be_bound=True), "ng/L", "Troponin I"),
    "Troponin T": _Header("troponin_t_ng_per_l", number(can_be_bound=True), "ng/L"),
    "APACHE score on ITU arrival": _Header("apache_score", number(impossible="99"), "points"),
    "Date of 1st CXR": _Header("film_1_date", us_date),
    "CXR severity": _Header("film_1_severity", severity),
    "COVID CODE": _Header("film_1_code", covid_code),
    "Date of 2nd CXR": _Header("film_2_date", us_date),
    "CXR severity 3": _Header("film_2_severity", severity),
    "COVID CODE 2": _Header("film_2_code", covid_code),
    "ITU admission": _Header("itu_admission", yes_no()),
    "Date of ITU admission": _Header("itu_date", us_date),
    "Intubation": _Header("intubation", yes_no()),
    "Date of intubation": _Header("intubation_date", us_date),
    "Date last known alive": _Header("last_known_alive_date", us_date),
    "Death": _Header("death", yes_no()),
    "Date of death": _Header("death_date", us_date),
}

_TWINS = {
    "PMH hypertension": "PMH h1pertension",
    "PMH diabetes mellitus type II": "PMH diabetes mellitus TYPE II",
    "CXR severity 3": "CXR severity 2",
    "PaO2": "Pa02",
}
"""Headers that are spelled in two ways."""

_FACTORS = {"ng/mL": {"D-dimer": 1000.0, "Troponin I": 0.001}, "µg/L": {"D-dimer": 1000.0}}


@dataclass(frozen=True)
class SoiledFile:
    """One clinical file as it is written.

    Attributes:
        name: As of the clean file.
        record: Its content.
        truth: Of every field that it holds.
    """

    name: str
    record: Mapping[str, Any]
    truth: tuple[FieldTruth, ...]


def soiled(rng: np.random.Generator, file: ClinicalFile, centre: Centre) -> SoiledFile:
    """Return a clean file with the dirt of its centre, and the truth of each field."""
    uploaded = date.fromisoformat(file.name.partition("_")[2].removesuffix(".json"))
    record: dict[str, Any] = {}
    truths: list[FieldTruth] = []
    for header, clean in file.record.items():
        known = _HEADERS.get(header)
        if known is None:
            record[header] = clean
            continue
        made = _one(rng, header, clean, known, centre, uploaded)
        if made is None:
            continue
        key, value, truth = made
        record[key] = value
        truths.append(replace(truth, field=known.field))
        if header in _TWINS and truth.value in ("yes", "no") and rng.random() < 0.02:
            # both headers are filled, and disagree
            other = _TWINS[header] if key == header else header
            record[other] = "0" if truth.value == "yes" else "1"
            both = (value, record[other]) if key == header else (record[other], value)
            raw = " | ".join(str(one).strip() for one in both)
            truths[-1] = FieldTruth(known.field, raw, "contradicted")
    if rng.random() < 0.05:
        _nest(rng, record)
    if rng.random() < 0.05:
        record["SpecialFormatTimestamp"] = "20200101-"
    return SoiledFile(file.name, record, tuple(truths))


def _one(
    rng: np.random.Generator, header: str, clean: str, known: _Header, centre: Centre, uploaded: date
) -> tuple[str, Any, FieldTruth] | None:
    """Return the key, value and truth of one field; None where the key is left out."""
    key = _TWINS[header] if header in _TWINS and rng.random() < 0.25 else header
    if clean == "" or rng.random() < BLANK_RATE * centre.dirt:
        if rng.random() < 0.3:
            return None
        made = blank(rng)
    else:
        where = _where(known, centre, uploaded)
        is_dirty = bool(rng.random() < DIRT_RATE * centre.dirt)
        made = known.kind(rng, _iso(clean, day_first=header == "SwabDate"), where, is_dirty)
    return key, made.value, made.truth


def _where(known: _Header, centre: Centre, uploaded: date) -> Where:
    unit = centre.units.get(known.quantity or "")
    if unit is None or known.unit is None:
        return Where(uploaded, unit=known.unit, unit_source=known.unit and "schema")
    factor = _FACTORS.get(unit, {}).get(known.quantity or "")
    if factor is None:  # listed, and either the schema's own or one that cannot be converted
        stays = None if unit == known.unit else unit
        return Where(uploaded, unit=known.unit, unit_source="site", stays=stays)
    return Where(uploaded, factor, known.unit, "site")


def _iso(clean: str, *, day_first: bool) -> str:
    """Return a clean date as YYYY-MM-DD; anything else as it is."""
    if clean.count("/") != 2:
        return clean
    return datetime.strptime(clean, "%d/%m/%Y" if day_first else "%m/%d/%Y").date().isoformat()


def _nest(rng: np.random.Generator, record: dict[str, Any]) -> None:
    """Move age, sex and ethnicity into SegmentationData; what is left outside is wrong, and must not win."""
    moved = {name: record[name] for name in ("Age", "Sex", "Ethnicity") if name in record}
    if not moved:
        return
    record["OtherDataSources"] = {"SegmentationData": dict(moved)}
    for name in moved:
        if name == "Age" and rng.random() < 0.5:
            record[name] = "1"
        else:
            del record[name]
