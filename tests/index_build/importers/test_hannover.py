"""Days by hand: a column holds days relative to the film, and the film's day is the negative of ``admission_offset``.

For film 91cda775: admission -11, intensive care -5 to 15, death 15. So the film is of day 11 since admission,
intensive care of day 11 - 5 = 6, and death of day 11 + 15 = 26.
"""

from pathlib import Path

import pytest
from real_data import data_dir

from scankin.index_build.importers import OpenedSource, Refusal, SourceCase, SourceScan
from scankin.index_build.importers.hannover import read
from scankin.retrieval.case import Clock, Event, EventKind
from scankin.retrieval.scan import Modality, Sex, View

HEAD = "patient_id,image_id,sex,age,admission_offset,icu_admission_offset,icu_release_offset,death_offset,modality"


@pytest.fixture(scope="module")
def items() -> list[SourceScan | SourceCase | Refusal]:
    return list(read(OpenedSource.of(data_dir("public-layouts") / "covid-19-image-repository")))


def scan(items: list, source_id: str) -> SourceScan:
    return next(item for item in items if isinstance(item, SourceScan) and item.source_id == source_id)


def events(items: list, patient: str) -> dict[EventKind, tuple[bool, int | None]]:
    case = next(item for item in items if isinstance(item, SourceCase) and item.patient_id == patient)
    return {event.kind: (event.happened, event.day) for event in case.events}


def a_source(folder: Path, *rows: str, mark: str = "") -> Path:
    (folder / "png").mkdir()
    (folder / "data.csv").write_text(mark + "\n".join([HEAD, *rows]) + "\n")
    return folder


@pytest.mark.parametrize(
    ("image", "day"), [("91cda775", 11), ("981e154a", 6), ("527321ee", 0), ("887db78f", 4), ("fd389adb", 3)]
)
def test_a_film_is_of_the_days_since_admission(items: list, image: str, day: int) -> None:
    assert scan(items, image).day == day


def test_all_films_of_a_patient_give_one_clock(items: list) -> None:
    # 22 films of this patient, each with its own offsets, agree: intensive care from day 6, death on day 26.
    stated = events(items, "6b53918c")
    assert stated[EventKind.ADMISSION] == (True, 0)
    assert stated[EventKind.ICU_ADMISSION] == (True, 6)
    assert stated[EventKind.DEATH] == (True, 26)


def test_death_without_intensive_care(items: list) -> None:
    # 527321ee: admission 0, death 14; 887db78f of the same patient: admission -4, death 10, so 4 + 10 = 14 again.
    stated = events(items, "77a9d3bc")
    assert stated[EventKind.DEATH] == (True, 14)
    assert stated[EventKind.ICU_ADMISSION] == (False, None)


def test_a_release_without_a_death_is_survival_and_neither_is_unknown(items: list) -> None:
    assert events(items, "042f06a9")[EventKind.DEATH] == (False, None)
    assert events(items, "042f06a9")[EventKind.ICU_RELEASE] == (True, 4)
    assert EventKind.DEATH not in events(items, "024e7871")


def test_a_film_carries_what_its_row_states(items: list) -> None:
    film = scan(items, "1479fa94")
    assert (film.sex, film.age, film.view, film.modality) == (Sex.FEMALE, None, View.PA, Modality.XRAY)
    assert film.findings["COVID-19"] is True
    assert film.files == ("png/1479fa94.png",)


def test_every_row_of_the_table_is_a_scan(items: list) -> None:
    # 31 lines, one of them the header; 30 rows of 6 patients.
    assert sum(isinstance(item, SourceScan) for item in items) == 30
    assert sum(isinstance(item, SourceCase) for item in items) == 6
    assert not any(isinstance(item, Refusal) for item in items)


def test_damaged_rows_are_refused_and_the_rest_goes_on(tmp_path: Path) -> None:
    source = a_source(
        tmp_path,
        "p1,a,m,63,-2,,,,CR",
        "p1,a,m,63,-3,,,,CR",
        "p1,../a,m,63,-3,,,,CR",
        ",b,m,,,,,,CR",
        "p1,,m,,,,,,CR",
        "p2,c,f,,,,,,DX",
        mark="\ufeff",
    )
    found = list(read(OpenedSource.of(source)))
    assert [item.source_id for item in found if isinstance(item, SourceScan)] == ["a", "c"]
    assert sum(isinstance(item, Refusal) for item in found) == 4


def test_without_an_admission_there_is_no_day(tmp_path: Path) -> None:
    found = list(read(OpenedSource.of(a_source(tmp_path, "p1,a,m,63,,,,,CR"))))
    case = next(item for item in found if isinstance(item, SourceCase))
    assert (case.clock, scan(found, "a").day) == (Clock.NONE, None)
    assert case.events == (Event(EventKind.ICU_ADMISSION, happened=False),)


def test_laboratory_values_are_facts_of_their_film_and_bounds_are_none(tmp_path: Path) -> None:
    (tmp_path / "png").mkdir()
    lines = ["patient_id,image_id,modality,crp_val,d-dimer_val,ldh_val,po2_val", "1,a,CR,120,1.3,inf,45"]
    (tmp_path / "data.csv").write_text("\n".join(lines) + "\n")
    (film,) = (item for item in read(OpenedSource.of(tmp_path)) if isinstance(item, SourceScan))
    assert film.facts == {"crp": 120.0, "d_dimer": 1.3}
