"""covid-chestxray-dataset: the real table against counts made with grep, and small tables written by hand."""

from collections import Counter
from pathlib import Path

import pytest
from real_data import data_dir

from scankin.index_build.importers import OpenedSource, Refusal, SourceCase, SourceScan
from scankin.index_build.importers.covid_chestxray import findings_of, read
from scankin.retrieval.case import Clock, Event, EventKind
from scankin.retrieval.errors import Reason
from scankin.retrieval.scan import Age, Modality, Sex, View

Items = list[SourceScan | SourceCase | Refusal]
HEAD = "patientid,offset,sex,age,finding,survival,went_icu,in_icu,view,modality,location,folder,filename"


@pytest.fixture(scope="module")
def items() -> Items:
    return list(read(OpenedSource.of(data_dir("public-layouts") / "covid-chestxray-dataset")))


def a_source(folder: Path, *rows: str) -> Path:
    (folder / "images").mkdir()
    (folder / "metadata.csv").write_text("\n".join([HEAD, *rows]) + "\n")
    return folder


def scans(items: Items) -> dict[str, SourceScan]:
    return {item.source_id: item for item in items if isinstance(item, SourceScan)}


def cases(items: Items) -> dict[str, SourceCase]:
    return {item.patient_id: item for item in items if isinstance(item, SourceCase)}


def test_every_row_of_the_real_table_is_a_scan(items: Items) -> None:
    assert (len(scans(items)), len(cases(items))) == (60, 40)
    assert not any(isinstance(item, Refusal) for item in items)


def test_the_first_row_of_the_real_table(items: Items) -> None:
    film = scans(items)["auntminnie-a-2020_01_28_23_51_6665_2020_01_28_Vietnam_coronavirus.jpeg"]
    assert (film.patient_id, film.sex, film.age, film.view) == ("2", Sex.MALE, Age(65, 65), View.PA)
    assert (film.modality, film.day, film.site) == (
        Modality.XRAY,
        0,
        "Cho Ray Hospital, Ho Chi Minh City, Vietnam",
    )
    assert film.findings == {"COVID-19": True, "Viral Pneumonia": True, "Pneumonia": True, "No Finding": False}
    # survival Y, went_icu N, in_icu N, intubated N, needed_supplemental_O2 Y
    assert {(event.kind, event.happened) for event in cases(items)["2"].events} == {
        (EventKind.DEATH, False),
        (EventKind.ICU_ADMISSION, False),
        (EventKind.INTUBATION, False),
        (EventKind.OXYGEN, True),
    }


@pytest.mark.parametrize(
    ("kind", "yes", "no"),
    # Patients of the real table by survival N/Y, went_icu or in_icu Y/went_icu N, and so on, counted apart from us.
    [
        (EventKind.DEATH, 1, 16),
        (EventKind.ICU_ADMISSION, 6, 4),
        (EventKind.INTUBATION, 6, 4),
        (EventKind.OXYGEN, 3, 1),
    ],
)
def test_outcomes_of_the_real_table_by_patient(items: Items, kind: EventKind, yes: int, no: int) -> None:
    stated = Counter(event.happened for case in cases(items).values() for event in case.events if event.kind is kind)
    assert stated == {True: yes, False: no}


def test_findings_of_the_real_table_by_film(items: Items) -> None:
    # COVID-19 51, Streptococcus 4, SARS 3, ARDS 2
    stated = Counter(scan.findings.get("COVID-19") for scan in scans(items).values())
    assert stated == {True: 51, False: 7, None: 2}


@pytest.mark.parametrize(
    ("text", "present", "absent"),
    [
        ("Pneumonia/Viral/COVID-19", {"COVID-19", "Viral Pneumonia", "Pneumonia"}, {"No Finding"}),
        ("COVID-19", {"COVID-19", "Viral Pneumonia", "Pneumonia"}, {"No Finding"}),
        ("COVID-19, ARDS", {"COVID-19", "Viral Pneumonia", "Pneumonia", "ARDS"}, {"No Finding"}),
        ("Pneumonia/Viral/Herpes ", {"Herpes", "Viral Pneumonia", "Pneumonia"}, {"No Finding", "COVID-19"}),
        (
            "Pneumonia/Viral/Influenza/H1N1",
            {"H1N1", "Influenza", "Viral Pneumonia", "Pneumonia"},
            {"No Finding", "COVID-19"},
        ),
        ("Pneumonia/Bacterial", {"Bacterial Pneumonia", "Pneumonia"}, {"No Finding", "COVID-19"}),
        (
            "Pneumonia/Bacterial/Staphylococcus/MRSA",
            {"MRSA", "Staphylococcus", "Bacterial Pneumonia", "Pneumonia"},
            {"No Finding", "COVID-19"},
        ),
        ("Pneumonia/Lipoid", {"Lipoid Pneumonia", "Pneumonia"}, {"No Finding", "COVID-19"}),
        ("Pneumonia/Aspiration", {"Aspiration Pneumonia", "Pneumonia"}, {"No Finding", "COVID-19"}),
        ("Pneumonia/Viral", {"Viral Pneumonia", "Pneumonia"}, {"No Finding"}),
        ("Pneumonia", {"Pneumonia"}, {"No Finding"}),
        ("ARDS", {"ARDS"}, {"No Finding"}),
        ("Tuberculosis", {"Tuberculosis"}, {"No Finding"}),
        ("No Finding", {"No Finding"}, {"Pneumonia", "COVID-19"}),
        ("todo", set(), set()),
        ("Unknown", set(), set()),
        ("", set(), set()),
    ],
)
def test_what_a_finding_states(text: str, present: set[str], absent: set[str]) -> None:
    assert findings_of(text) == {**dict.fromkeys(present, True), **dict.fromkeys(absent, False)}


def test_damaged_rows_are_refused_and_the_rest_goes_on(tmp_path: Path) -> None:
    found = list(
        read(
            OpenedSource.of(
                a_source(
                    tmp_path,
                    "1,0,M,60,COVID-19,Y,,,PA,X-ray,,images,a.png",
                    "1,1,M,60,COVID-19,Y,,,PA,X-ray,,images,a.png",  # the same film again
                    "1,2,M,60,COVID-19,Y,,,PA,X-ray,,..,b.png",
                    ",3,M,60,COVID-19,Y,,,PA,X-ray,,images,c.png",
                    "1,4,M,60,COVID-19,Y,,,PA,X-ray,,images,",
                    "1,5,M,60,COVID-19,Y,,,PA,X-ray,Padova, Italy,images,d.png",  # a comma too many shifts the row
                    "2,x,?,old,COVID-19,,,,,X-ray,,images,e.jpeg",
                )
            )
        )
    )
    refusals = [(item.source_id, item.reason) for item in found if isinstance(item, Refusal)]
    assert len(refusals) == 5
    assert {reason for _, reason in refusals} == {Reason.BROKEN_RECORD}
    assert list(scans(found)) == ["a.png", "e.jpeg"]
    bare = scans(found)["e.jpeg"]
    assert (bare.day, bare.sex, bare.age, bare.view) == (None, None, None, None)


def test_a_volume_is_refused_and_still_tells_of_its_patient(tmp_path: Path) -> None:
    found = list(
        read(
            OpenedSource.of(
                a_source(
                    tmp_path,
                    "7,,F,50,COVID-19,N,Y,,Axial,CT,,volumes,coronacases_001.nii.gz",
                    "8,,F,50,COVID-19,,,,PA,MRI,,images,m.png",
                )
            )
        )
    )
    refusals = {item.source_id: item.reason for item in found if isinstance(item, Refusal)}
    assert refusals == {"coronacases_001.nii.gz": Reason.NOT_AN_IMAGE, "m.png": Reason.UNSUPPORTED_MODALITY}
    assert set(cases(found)["7"].events) == {Event(EventKind.DEATH, True), Event(EventKind.ICU_ADMISSION, True)}


def test_a_patient_in_intensive_care_at_one_film_went_there(tmp_path: Path) -> None:
    found = list(
        read(
            OpenedSource.of(
                a_source(
                    tmp_path,
                    "1,0,M,60,COVID-19,,,N,PA,X-ray,,images,a.png",
                    "1,3,M,60,COVID-19,,,Y,AP,X-ray,,images,b.png",
                    "2,,M,60,COVID-19,,,N,PA,X-ray,,images,c.png",
                )
            )
        )
    )
    assert cases(found)["1"].events == (Event(EventKind.ICU_ADMISSION, True),)
    assert (cases(found)["1"].clock, cases(found)["2"].clock) == (Clock.SOURCE, Clock.NONE)
    assert cases(found)["2"].events == ()  # not there at this film says nothing of ever


def test_severity_is_read_where_the_scores_lie(tmp_path: Path) -> None:
    source = a_source(
        tmp_path,
        "1,0,M,60,COVID-19,,,,PA,X-ray,,images,a.png",
        "1,0,M,60,COVID-19,,,,PA,X-ray,,images,b.png",
    )
    assert scans(list(read(OpenedSource.of(source))))["a.png"].measures == {}
    (source / "annotations").mkdir()
    (source / "annotations" / "covid-severity-scores.csv").write_text(
        "filename,geographic_mean,opacity_mean\na.png,4.666666666666667,3.0\nb.png,,9\n"
    )
    found = scans(list(read(OpenedSource.of(source))))
    assert found["a.png"].measures == {"extent": pytest.approx(14 / 3), "opacity": 3}
    assert found["b.png"].measures == {}  # not stated, and 9 is off a scale that ends at 6


def test_measurements_are_facts_but_for_pressures_under_a_saturation_s_name(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    lines = [
        "patientid,offset,sex,age,finding,modality,location,folder,filename,temperature,pO2_saturation,lymphocyte_count",
        "1,0,M,60,COVID-19,X-ray,Padova,images,a.png,38.5,88,0.7",
        '2,0,M,60,COVID-19,X-ray,"Hannover Medical School, Hannover, Germany",images,b.png,,45,0.9',
    ]
    (tmp_path / "metadata.csv").write_text("\n".join(lines) + "\n")
    found = scans(list(read(OpenedSource.of(tmp_path))))
    assert found["a.png"].facts == {"temperature": 38.5, "spo2": 88.0, "lymphocytes": 0.7}
    assert found["b.png"].facts == {"lymphocytes": 0.9}
