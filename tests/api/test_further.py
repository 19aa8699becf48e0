from pathlib import Path

import pytest

from scankin.api.further import NamedScan, named_scans
from scankin.api.times import days_of_files, time_of
from scankin.retrieval.course.asked import NO_TIME
from scankin.retrieval.errors import InvalidRequest


def test_a_day_stands_behind_the_last_at_sign_unless_a_file_has_the_whole_name(tmp_path: Path) -> None:
    odd, series = tmp_path / "ward@3", tmp_path / "series"
    odd.touch()
    series.mkdir()
    (series / "b.dcm").touch()
    (series / "a.dcm").touch()
    assert named_scans(["old.dcm@-3", "a@b.dcm@+0", "plain.dcm", str(odd), f"{series}@-1"]) == [
        NamedScan((Path("old.dcm"),), -3),
        NamedScan((Path("a@b.dcm"),), 0),
        NamedScan((Path("plain.dcm"),), None),
        NamedScan((odd,), None),
        NamedScan((series / "a.dcm", series / "b.dcm"), -1),
    ]


@pytest.mark.parametrize("item", ["old.dcm@soon", "old.dcm@1.5", "old.dcm@", "@-3"])
def test_what_is_no_day_is_named_by_its_place(item: str) -> None:
    with pytest.raises(InvalidRequest, match="--earlier 2"):
        named_scans(["first.dcm@-9", item])


def test_an_empty_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match="holds no file"):
        named_scans([str(tmp_path)])


def test_days_of_files_are_one_each_or_none() -> None:
    assert days_of_files({}, 2) == [None, None]
    assert days_of_files({"day": ["-4", ""]}, 2) == [-4, None]
    for texts, further in ((["-4"], 2), (["-4", "-5"], 1), (["x"], 1)):
        with pytest.raises(InvalidRequest):
            days_of_files({"day": texts}, further)


def test_fields_that_say_nothing_ask_nothing_of_time() -> None:
    assert time_of({}) == NO_TIME
