import math
from datetime import date, datetime

import numpy as np
import pytest
from scipy.stats import spearmanr

from scankin.index_build.construct.centres import centres_of
from scankin.index_build.construct.clinical import clinical_files, severity_class
from scankin.index_build.construct.patients import FIRST_NUMBER, HELD_OUT_NUMBER, Patient, generator
from scankin.index_build.construct.tree import cohort_patient

COUNT = 2000


@pytest.fixture(scope="module")
def everybody() -> list[Patient]:
    centres = centres_of(8, 25)
    return [cohort_patient(8, index, centres)[0] for index in range(COUNT)]


@pytest.fixture(scope="module")
def positives(everybody: list[Patient]) -> list[Patient]:
    return [patient for patient in everybody if patient.course is not None]


def is_within(count: int, of: int, share: float, slack: float = 0.0) -> bool:
    """Whether a count lies within four standard deviations of the binomial, and ``slack`` besides."""
    return abs(count / of - share) <= 4 * math.sqrt(share * (1 - share) / of) + slack


def test_shares_are_those_of_the_recipe(everybody: list[Patient], positives: list[Patient]) -> None:
    courses = [patient.course for patient in positives if patient.course]
    assert is_within(len(positives), COUNT, 0.34)
    assert is_within(sum(course.died is not None for course in courses), len(courses), 0.30, slack=0.02)
    assert is_within(sum(course.itu is not None for course in courses), len(courses), 0.18, slack=0.02)
    assert is_within(sum(not patient.studies for patient in everybody), COUNT, 0.04)
    assert any(patient.pseudonym.count("-") == 4 for patient in everybody)


def test_dates_follow_one_another(positives: list[Patient]) -> None:
    for patient in positives:
        course = patient.course
        assert course is not None
        steps = [course.onset, course.swab, course.admitted, course.itu, course.intubated, course.died]
        stated = [day for day in steps if day is not None]
        assert stated == sorted(stated)
        assert course.intubated is None or course.itu is not None
        if course.died is not None:
            assert course.last_alive is None or course.last_alive < course.died or course.last_alive == max(stated[:-1])
            assert all(study.day <= course.died for study in patient.studies)


def test_the_sicker_die_more_and_reach_intensive_care_more(positives: list[Patient]) -> None:
    peaks = np.array([patient.course.peak for patient in positives if patient.course])
    died = np.array([patient.course.died is not None for patient in positives if patient.course])
    itu = np.array([patient.course.itu is not None for patient in positives if patient.course])
    mild, severe = peaks < 0.3, peaks > 0.75
    assert died[severe].mean() > 0.6
    assert died[mild].mean() < 0.1
    assert itu[severe].mean() > 0.4
    assert itu[mild].mean() < 0.05


def test_severity_evolves_it_worsens_then_clears_in_survivors(positives: list[Patient]) -> None:
    survivor = next(patient for patient in positives if patient.course and patient.course.died is None)
    course = survivor.course
    assert course is not None
    days = [date.fromordinal(course.onset.toordinal() + after) for after in (-30, 0, 10, 60)]
    before, first, worst, late = (course.severity(day) for day in days)
    assert before == 0
    assert worst == pytest.approx(course.peak)
    assert first < worst
    assert late < 0.2 * worst


def test_negatives_are_imaged_within_four_weeks_of_the_swab(everybody: list[Patient]) -> None:
    gaps = [
        abs((study.day - patient.swab).days)
        for patient in everybody
        if not patient.is_positive
        for study in patient.studies
    ]
    assert max(gaps) <= 28


def test_only_positives_have_films_from_before_the_pandemic_and_those_are_clear(everybody: list[Patient]) -> None:
    early = [(patient, study) for patient in everybody for study in patient.studies if study.day < date(2020, 1, 1)]
    assert early
    assert all(patient.is_positive and study.severity == 0 for patient, study in early)


def test_a_patient_is_the_same_in_a_cohort_of_any_size(everybody: list[Patient]) -> None:
    assert cohort_patient(8, 17, centres_of(8, 25))[0] == everybody[17]
    assert cohort_patient(9, 17, centres_of(9, 25))[0] != everybody[17]


def test_numbers_of_cohort_and_held_out_patients_do_not_meet(everybody: list[Patient]) -> None:
    assert [patient.number for patient in everybody] == list(range(FIRST_NUMBER, FIRST_NUMBER + COUNT))
    assert FIRST_NUMBER + COUNT < HELD_OUT_NUMBER


def test_laboratory_values_follow_severity(positives: list[Patient]) -> None:
    peaks: dict[str, list[float]] = {}
    values: dict[str, list[float]] = {}
    for number, patient in enumerate(positives[:300]):
        record = clinical_files(generator(1, number), patient)[-1].record
        for name in ("CRP on admission", "Lymphocyte count on admission", "NEWS2 score on arrival"):
            if record[name] and patient.course:
                peaks.setdefault(name, []).append(patient.course.peak)
                values.setdefault(name, []).append(float(record[name]))
    rank = {name: spearmanr(peaks[name], values[name]).statistic for name in peaks}
    assert rank["CRP on admission"] > 0.7
    assert rank["NEWS2 score on arrival"] > 0.7
    assert rank["Lymphocyte count on admission"] < -0.6


def test_an_earlier_upload_knows_nothing_of_what_came_later(positives: list[Patient]) -> None:
    checked = 0
    for number, patient in enumerate(positives):
        files = [file for file in clinical_files(generator(2, number), patient) if file.name.startswith("data_")]
        if len(files) == 1 or patient.course is None or patient.course.died is None:
            continue
        uploaded = date.fromisoformat(files[0].name[5:15])
        assert files[0].name < files[1].name
        assert files[1].record["Death"] == "1"
        assert files[0].record["Death"] == str(int(patient.course.died <= uploaded))
        checked += 1
    assert checked > 5


def test_no_upload_is_older_than_what_it_tells(everybody: list[Patient]) -> None:
    for number, patient in enumerate(everybody[:400]):
        for file in clinical_files(generator(3, number), patient):
            uploaded = date.fromisoformat(file.name.split("_")[1][:10])
            stated = [value for value in file.record.values() if isinstance(value, str) and value.count("/") == 2]
            is_day_first = file.name.startswith("status_")
            days = [datetime.strptime(text, "%d/%m/%Y" if is_day_first else "%m/%d/%Y").date() for text in stated]
            assert days
            assert max(days) <= uploaded


def test_classes_are_in_the_order_of_severity() -> None:
    assert [severity_class(value) for value in (0.1, 0.5, 0.9)] == ["mild", "moderate", "severe"]


def test_centres_differ_and_their_weights_are_shares() -> None:
    centres = centres_of(1, 25)
    assert sum(centres.weights) == pytest.approx(1)
    assert max(centres.weights) > 3 * np.median(centres.weights) > 0
    assert len({centre.name for centre in centres.centres}) == 25
    assert sum(w * c.positive_share for w, c in zip(centres.weights, centres.centres, strict=True)) == pytest.approx(
        0.34, abs=0.02
    )
