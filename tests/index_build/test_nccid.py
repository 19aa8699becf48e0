import json
from pathlib import Path

import pytest

from scankin.index_build.nccid.clinical import Clinical, current, flag, merged
from scankin.index_build.nccid.dates import day_of


@pytest.mark.parametrize(
    "text", ["03/20/2020", "3/20/20", "20/03/2020", "[Text] - 2020-03-20", "2020-03-20", "43910", 43910, "43910.0"]
)
def test_every_spelling_of_a_date_is_read(text: object) -> None:
    assert day_of(text) == 18341  # 2020-03-20, counted by hand: 50 years of which 12 leap, then 31 + 29 + 19 days


def test_swab_dates_are_read_day_first_and_others_month_first() -> None:
    assert day_of("05/06/2020", day_first=True) == 18418  # 5 June
    assert day_of("05/06/2020") == 18388  # 6 May


@pytest.mark.parametrize("text", ["", " ", ".", None, "not recorded", "31/31/2020", "2020"])
def test_what_is_no_date_is_none(text: object) -> None:
    assert day_of(text) is None


def test_the_newest_data_file_goes_before_any_status_file(tmp_path: Path) -> None:
    for name, centre in (("data_2020-05-01", "old"), ("data_2020-06-01", "new"), ("status_2020-07-01", "status")):
        (tmp_path / f"{name}.json").write_text(json.dumps({"SubmittingCentre": centre}))
    clinical, broken = current(tmp_path)
    assert clinical is not None and (clinical.is_positive, clinical.centre, broken) == (True, "new", [])


def test_segmentation_data_is_merged_and_wins() -> None:
    record = {"Age": "1", "OtherDataSources": {"SegmentationData": {"Age": "2", "Death": "1"}}}
    assert merged(record) == {"Age": "2", "Death": "1"}


@pytest.mark.parametrize(("day", "shows"), [(-14, None), (-13, True), (0, True), (27, True), (28, None)])
def test_a_film_shows_covid_within_the_window_of_a_positive_swab(day: int, shows: bool | None) -> None:
    clinical = Clinical("Covid1", True, {"Date of Positive Covid Swab": "03/20/2020"})
    assert clinical.covid_at(18341 + day) is shows


def test_before_covid_existed_no_film_shows_it() -> None:
    clinical = Clinical("Covid1", True, {"Date of Positive Covid Swab": "03/20/2020"})
    assert clinical.covid_at(day_of("10/31/2019")) is False
    assert clinical.covid_at(None) is None


def test_a_date_outweighs_a_no_and_unknown_is_no_event() -> None:
    clinical = Clinical("Covid1", True, {"Death": "0", "Date of death": "04/01/2020", "Intubation": "2"})
    assert [(e.kind.value, e.happened, e.day) for e in clinical.events()] == [("death", True, 18353)]


@pytest.mark.parametrize(
    ("value", "state"), [("1", True), (0, False), ("0.0", False), ("2", None), ("", None), (None, None)]
)
def test_flags_of_any_type(value: object, state: bool | None) -> None:
    assert flag(value) is state
