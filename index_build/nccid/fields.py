"""Every clinical field of NCCID: its headers, its rule and its unit. ``docs/nccid.md`` is made to agree with it.

Headers keep the spelling of the collection's spreadsheet (schema 2.1), mistakes included.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from scankin.index_build.nccid.codes import codes, covid_code, pcr_result, sex, yes_no
from scankin.index_build.nccid.ethnicity import ethnicity
from scankin.index_build.nccid.fio2 import fio2
from scankin.index_build.nccid.numbers import diastolic, numbers, systolic
from scankin.index_build.nccid.parsed import Parsed

Rule = Callable[[str], Parsed]


class DateOrder(StrEnum):
    """What a slashed date begins with."""

    MONTH_FIRST = "month first"
    DAY_FIRST = "day first"


@dataclass(frozen=True)
class Field:
    """One clinical field.

    Attributes:
        name: Ours; the unit ends it where there is one.
        headers: Theirs; the first that is filled is read, and another that states a different value contradicts it.
        rule: Reads stripped, non-empty text; for a date, its usual order.
        unit: Of a number, as the schema has it; readings known to be in another are converted to it.
        quantity: What it is called in the table of units by site; None where sites agree.
    """

    name: str
    headers: tuple[str, ...]
    rule: Rule | DateOrder
    unit: str | None = None
    quantity: str | None = None


_RTPCR = "Date of {} of {} RT-PCR"
_U = 2
_SMOKING = {0: "never", 1: "former", 2: "current"}
_CVS = {0: "none", 1: "myocardial infarction", 2: "angina", 3: "stroke", 4: "more than one"}
_LUNG = {0: "none", 1: "COPD", 2: "fibrosis", 3: "cystic fibrosis", 4: "asthma", 5: "other"}
_SEVERITY = {1: "mild", 2: "moderate", 3: "severe"}
_US = DateOrder.MONTH_FIRST

FIELDS = (
    # who
    Field("age_years", ("Age",), numbers(0, 120, is_whole=True), "years"),
    Field("sex", ("Sex",), sex),
    Field("ethnicity", ("Ethnicity",), ethnicity),
    # swabs
    Field("swab_date", ("SwabDate",), DateOrder.DAY_FIRST),
    Field("swab_result", ("SwabStatus",), pcr_result),
    Field("positive_swab_date", ("Date of Positive Covid Swab",), _US),
    Field("pcr_1_taken_date", (_RTPCR.format("acquisition", "1st"),), _US),
    Field("pcr_1_result_date", (_RTPCR.format("result", "1st"),), _US),
    Field("pcr_1_result", ("1st RT-PCR result",), pcr_result),
    Field("pcr_2_taken_date", (_RTPCR.format("acquisition", "2nd"),), _US),
    Field("pcr_2_result_date", (_RTPCR.format("result", "2nd"),), _US),
    Field("pcr_2_result", ("2nd RT-PCR result",), pcr_result),
    Field("final_covid_status", ("Final COVID Status",), pcr_result),
    # history
    Field("smoking", ("Smoking status",), codes(_SMOKING, unknown=3)),
    Field("pack_years", ("Pack year history",), numbers(0, 300)),
    Field("hypertension", ("PMH hypertension", "PMH h1pertension"), yes_no(unknown=_U)),
    Field("kidney_disease", ("PMH CKD",), yes_no(unknown=_U)),
    Field("kidney_disease_stage", ("If CKD, stage",), codes({n: str(n) for n in (2, 3, 4, 5)}, has_text=True)),
    Field("cardiovascular_disease", ("PMH CVS disease",), codes(_CVS, has_text=True)),
    Field("lung_disease", ("PMH Lung disease",), codes(_LUNG, unknown=6, has_text=True)),
    Field(
        "diabetes_type_2",
        ("PMH diabetes mellitus type II", "PMH diabetes mellitus TYPE II"),
        yes_no(unknown=_U),
    ),
    Field("diabetes_type_1", ("PMH diabetes mellitus TYPE I",), yes_no(unknown=_U)),
    Field("takes_ace_inhibitor", ("Current ACEi use",), yes_no(unknown=_U)),
    Field("takes_receptor_blocker", ("Current Angiotension receptor blocker use",), yes_no(unknown=_U)),
    Field("takes_nsaid", ("Current NSAID used",), yes_no(unknown=_U)),
    # arrival
    Field("admission_date", ("Date of admission",), _US),
    Field("symptom_days", ("Duration of symptoms",), numbers(1, 100, is_whole=True), "days"),
    Field("respiratory_rate_per_min", ("Respiratory rate on admission",), numbers(1, 100), "/min"),
    Field("heart_rate_per_min", ("Heart rate on admission",), numbers(1, 300), "/min"),
    Field("fio2_percent", ("FiO2", "Any supplemental oxygen: FiO2"), fio2, "%"),
    Field("oxygen_saturation_percent", ("O2 saturation",), numbers(0, 100), "%"),
    Field("pao2_kpa", ("PaO2", "Pa02"), numbers(0, 100), "kPa", "PaO2/O2 saturation"),
    Field("systolic_mmhg", ("Systolic BP",), numbers(20, 350, systolic), "mmHg"),
    Field("diastolic_mmhg", ("Diastolic BP",), numbers(10, 250, diastolic), "mmHg"),
    # A reading of 96 or 99 may be Fahrenheit, or a saturation in the wrong column: no value, as officially.
    Field("temperature_celsius", ("Temperature on admission",), numbers(25, 45), "°C"),
    Field("news2", ("NEWS2 score on arrival",), numbers(0, 20, is_whole=True), "points"),
    Field("white_cells_per_nl", ("WCC on admission",), numbers(0, 1000), "10^9/L"),
    Field("lymphocytes_per_nl", ("Lymphocyte count on admission",), numbers(0, 1000), "10^9/L"),
    Field("platelets_per_nl", ("Platelet count on admission",), numbers(0, 5000), "10^9/L"),
    Field("crp_mg_per_l", ("CRP on admission",), numbers(0, 2000), "mg/L", "CRP"),
    Field("d_dimer_mg_per_l", ("D-dimer on admission",), numbers(0, 1e6), "mg/L", "D-dimer"),
    Field("fibrinogen_g_per_l", ("Fibrinogen  if d-dimer not performed",), numbers(0, 100), "g/L", "Fibrinogen"),
    Field("ferritin_ug_per_l", ("Ferritin",), numbers(0, 1e6), "µg/L", "Ferritin"),
    Field("urea_mmol_per_l", ("Urea on admission",), numbers(0, 100), "mmol/L", "Urea"),
    Field("creatinine_umol_per_l", ("Creatinine on admission",), numbers(0, 5000), "µmol/L", "Creatinine"),
    Field("troponin_i_ng_per_l", ("Troponin I",), numbers(0, 1e6), "ng/L", "Troponin I"),
    Field("troponin_t_ng_per_l", ("Troponin T",), numbers(0, 1e6), "ng/L", "Troponin T"),
    Field("apache_score", ("APACHE score on ITU arrival",), numbers(0, 71, is_whole=True), "points"),
    # films read by the site's radiologist
    Field("film_1_date", ("Date of 1st CXR",), _US),
    Field("film_1_severity", ("CXR severity",), codes(_SEVERITY)),
    Field("film_1_code", ("COVID CODE",), covid_code),
    Field("film_2_date", ("Date of 2nd CXR",), _US),
    # The spreadsheet says 3 and means the second film.
    Field("film_2_severity", ("CXR severity 3", "CXR severity 2"), codes(_SEVERITY)),
    Field("film_2_code", ("COVID CODE 2",), covid_code),
    # what became of them
    Field("itu_admission", ("ITU admission",), yes_no()),
    Field("itu_date", ("Date of ITU admission",), _US),
    Field("intubation", ("Intubation",), yes_no()),
    Field("intubation_date", ("Date of intubation",), _US),
    Field("last_known_alive_date", ("Date last known alive",), _US),
    Field("death", ("Death",), yes_no()),
    Field("death_date", ("Date of death",), _US),
)

KNOWN_HEADERS = frozenset(header.strip() for field in FIELDS for header in field.headers)
