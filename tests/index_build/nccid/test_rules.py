"""Each rule on what NCCID.md 2.3 to 2.5 reports of real files; the expected values are worked out by hand."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from real_data import ROOT

from scankin.index_build.field_values import ContradictionKind, Flag, UnitSource
from scankin.index_build.nccid.codes import codes, covid_code, pcr_result, sex, yes_no
from scankin.index_build.nccid.dates import parse_date
from scankin.index_build.nccid.ethnicity import ethnicity
from scankin.index_build.nccid.fields import FIELDS, DateOrder
from scankin.index_build.nccid.fio2 import fio2
from scankin.index_build.nccid.numbers import diastolic, numbers, systolic
from scankin.index_build.nccid.parsed import Parsed
from scankin.index_build.nccid.units import harmonised, site_units
from scankin.retrieval.clinical.units import normalised

LAB = numbers(0, 2000)
MAY_2020 = date(2020, 5, 31)


def read(parsed: Parsed) -> tuple[Flag, str | None, str | None]:
    return parsed.flag, parsed.value, parsed.operator


@pytest.mark.parametrize(
    ("text", "flag", "value", "operator"),
    [
        ("12", Flag.CLEAN, "12", None),
        ("12.50", Flag.CLEAN, "12.5", None),
        ("[67] - 2020-06-06", Flag.CLEANED, "67", None),
        ("[5] - 2020-06-06", Flag.CLEANED, "5", None),  # the official pattern needs two digits
        ("<270", Flag.CENSORED, "270", "<"),
        (">1000", Flag.CENSORED, "1000", ">"),
        ("≤ 0.5", Flag.CENSORED, "0.5", "<="),
        ("=>3", Flag.CENSORED, "3", ">="),
        ("1.2e3", Flag.CLEANED, "1200", None),
        ("+5", Flag.CLEANED, "5", None),
        ("1,234", Flag.CLEANED, "1234", None),
        ("15 mg/L", Flag.CLEANED, "15", None),
        ("5.1 x10^9/L", Flag.CLEANED, "5.1", None),
        ("-3", Flag.OUT_OF_RANGE, None, None),
        ("1e9", Flag.OUT_OF_RANGE, None, None),
        ("1e999", Flag.OUT_OF_RANGE, None, None),
        ("haemolysed", Flag.UNREADABLE, None, None),
        ("12 and 13", Flag.UNREADABLE, None, None),
        ("1/2", Flag.UNREADABLE, None, None),
    ],
)
def test_numbers(text: str, flag: Flag, value: str | None, operator: str | None) -> None:
    assert read(LAB(text)) == (flag, value, operator)


@pytest.mark.parametrize("text", ["[131/68] - 2020-05-14", "131/68", "[131/68]"])
def test_a_pressure_holds_both_numbers_in_either_field(text: str) -> None:
    assert numbers(20, 350, systolic)(text).value == "131"
    assert numbers(10, 250, diastolic)(text).value == "68"


def test_completed_years_are_cut_down_not_rounded() -> None:
    assert read(numbers(0, 120, is_whole=True)("78.876")) == (Flag.CLEANED, "78", None)


@pytest.mark.parametrize(
    ("text", "flag", "value"),
    [
        ("28", Flag.CLEAN, "28"),
        ("28.0", Flag.CLEANED, "28"),  # officially multiplied by 100 and lost
        ("0.28", Flag.CLEANED, "28"),
        ("1.0", Flag.CLEANED, "100"),
        ("10L", Flag.CLEANED, "60"),
        ("15l/min", Flag.CLEANED, "100"),  # officially an exception
        ("2", Flag.CLEANED, "29"),
        ("15 litres per minute", Flag.CLEANED, "100"),
        ("15.0", Flag.CLEANED, "100"),
        ("white", Flag.CLEANED, "28"),
        ("Venturi Green", Flag.CLEANED, "60"),
        ("room air", Flag.CLEANED, "21"),
        ("35%", Flag.CLEANED, "35"),
        ("0", Flag.IMPLAUSIBLE, "0"),
        ("18", Flag.IMPLAUSIBLE, "18"),
        ("140", Flag.OUT_OF_RANGE, None),
        ("2.5", Flag.UNREADABLE, None),
        ("99L", Flag.UNREADABLE, None),
        ("mask", Flag.UNREADABLE, None),
    ],
)
def test_inspired_oxygen(text: str, flag: Flag, value: str | None) -> None:
    assert read(fio2(text)) == (flag, value, None)


@pytest.mark.parametrize(
    ("text", "flag", "value"),
    [
        ("03/20/2020", Flag.CLEAN, "2020-03-20"),
        ("3/31/20", Flag.CLEAN, "2020-03-31"),
        ("31/03/2020", Flag.CLEANED, "2020-03-31"),
        ("05/05/2020", Flag.CLEAN, "2020-05-05"),
        ("02/04/2020", Flag.AMBIGUOUS, "2020-02-04"),
        ("12/05/2020", Flag.CLEANED, "2020-05-12"),  # in December the file had long been uploaded
        ("[Text] - 2020-03-20", Flag.CLEANED, "2020-03-20"),
        ("43909", Flag.CLEANED, "2020-03-19"),
        ("43909.0", Flag.CLEANED, "2020-03-19"),
        ("2020-03-20", Flag.CLEANED, "2020-03-20"),
        ("03/20/2031", Flag.AFTER_UPLOAD, None),
        ("2020-06-01", Flag.AFTER_UPLOAD, None),
        ("31/31/2020", Flag.UNREADABLE, None),
        ("2020-13-01", Flag.UNREADABLE, None),
        ("soon", Flag.UNREADABLE, None),
    ],
)
def test_dates_are_month_first(text: str, flag: Flag, value: str | None) -> None:
    assert read(parse_date(text, latest=MAY_2020)) == (flag, value, None)


def test_swab_dates_are_day_first() -> None:
    assert read(parse_date("06/05/2020", day_first=True)) == (Flag.AMBIGUOUS, "2020-05-06", None)
    assert read(parse_date("05/16/2020", day_first=True)) == (Flag.CLEANED, "2020-05-16", None)


@given(st.dates(date(2017, 1, 1), date(2023, 12, 31)))
def test_a_date_in_its_field_s_order_is_never_read_as_another(day: date) -> None:
    for text, day_first in ((f"{day:%m/%d/%Y}", False), (f"{day:%d/%m/%Y}", True)):
        parsed = parse_date(text, day_first=day_first)
        assert parsed.value == day.isoformat()
        assert (parsed.flag is Flag.AMBIGUOUS) == (day.day <= 12 and day.day != day.month)


@pytest.mark.parametrize(
    ("text", "group"),
    [
        *[(code, "White") for code in ("A", "b", "C", "C2", "C3", "CA", "CY", "White - British")],
        *[
            (code, "Multiple")
            for code in ("D", "G", "GA", "GF", "Mixed - White and Asian", "White and Black Caribbean")
        ],
        *[(code, "Asian") for code in ("H", "J", "LA", "LK", "R", "Chinese", "Pakistani", "Asian British")],
        *[(code, "Black") for code in ("M", "N", "PA", "PE", "Caribbean", "Black - African")],
        *[(code, "Other") for code in ("S", "SA", "SE", "Any other ethnic group")],
        *[(code, None) for code in ("99", "0", "Z", "GZ", "?")],
    ],
)
def test_ethnicity(text: str, group: str | None) -> None:
    assert ethnicity(text).value == group


@pytest.mark.parametrize(
    ("text", "flag", "value"),
    [
        ("1", Flag.CLEAN, "yes"),
        ("0.0", Flag.CLEAN, "no"),
        ("1es", Flag.CLEANED, "yes"),
        ("Yes", Flag.CLEANED, "yes"),
        ("2", Flag.UNKNOWN, None),
        ("3", Flag.UNREADABLE, None),
    ],
)
def test_yes_and_no(text: str, flag: Flag, value: str | None) -> None:
    assert read(yes_no(unknown=2)(text)) == (flag, value, None)


def test_two_is_no_code_where_the_field_has_no_unknown() -> None:
    assert yes_no()("2").flag is Flag.UNREADABLE


def test_codes_with_text_and_words() -> None:
    lungs = codes({4: "asthma", 5: "other"}, unknown=6, has_text=True)
    assert read(lungs("5 - Lung Ca")) == (Flag.CLEANED, "other", None)
    assert lungs("6").flag is Flag.UNKNOWN
    assert read(pcr_result("RNA DETECTED (SARS-CoV-2)")) == (Flag.CLEANED, "positive", None)
    assert read(covid_code("CVCX2")) == (Flag.CLEANED, "indeterminate", None)
    assert covid_code("CVCX9").flag is Flag.UNREADABLE
    assert [sex(text).value for text in ("0", "F", "1", "m", "2", "t")] == [
        "female",
        "female",
        "male",
        "male",
        None,
        None,
    ]


def field(name: str):  # type: ignore[no-untyped-def]
    return next(one for one in FIELDS if one.name == name)


def test_units_known_of_a_site_are_converted_and_others_assumed() -> None:
    dimer, units = field("d_dimer_mg_per_l"), site_units(None)
    cambridge = "Cambridge University Hospitals NHS Foundation Trust"
    found = harmonised(dimer.rule("<270"), dimer, cambridge, units)
    assert (found.value, found.unit, found.unit_source, found.operator) == ("0.27", "mg/L", UnitSource.SITE, "<")
    assumed = harmonised(dimer.rule("270"), dimer, "Elsewhere", units)
    assert (assumed.value, assumed.unit, assumed.unit_source) == ("270", "mg/L", UnitSource.SCHEMA)
    stated = harmonised(dimer.rule("270 ug/l"), dimer, "Elsewhere", units)
    assert (stated.value, stated.unit_source) == ("0.27", UnitSource.STATED)


def test_a_saturation_in_the_field_of_a_pressure_keeps_its_unit() -> None:
    pressure = field("pao2_kpa")
    cambridge = "CAMBRIDGE UNIVERSITY HOSPITALS NHS FOUNDATION TRUST"
    found = harmonised(pressure.rule("94"), pressure, cambridge, site_units(None))
    assert (found.value, found.unit) == ("94", "%")


@pytest.mark.parametrize(
    ("unit", "same"), [("ug/L", "µg/L"), ("µg/l", "µg/L"), ("ng/ml", "ng/mL"), ("C", "°C"), ("x10^9/l", "10^9/L")]
)
def test_units_of_one_meaning_have_one_spelling(unit: str, same: str) -> None:
    assert normalised(unit) == same


@given(st.text(max_size=30))
def test_no_text_crashes_a_rule(text: str) -> None:
    for one in FIELDS:
        rule = one.rule
        parsed = rule(text.strip()) if callable(rule) else parse_date(text.strip())
        assert (parsed.value is not None) == parsed.flag.has_value


def test_every_field_and_flag_is_documented() -> None:
    page = (ROOT / "docs" / "nccid.md").read_text()
    for one in FIELDS:
        headers = ", ".join(f"`{header}`" for header in one.headers)
        order = one.rule.value if isinstance(one.rule, DateOrder) else ""
        assert f"| `{one.name}` | {headers} | {one.unit or order} |" in page
    for name in (*Flag, *ContradictionKind):
        assert f"| `{name.value}` |" in page
