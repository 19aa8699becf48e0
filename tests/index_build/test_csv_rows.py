import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scankin.index_build.csv_rows import (
    Line,
    age_of,
    day_of,
    measures_of,
    only_value,
    origin_of,
    rows_of,
    sex_of,
    stated_yes_no,
    view_of,
)
from scankin.retrieval.errors import CasebookError
from scankin.retrieval.scan import Age, Sex, View


def lines(folder: Path, content: bytes) -> list[Line]:
    (folder / "table.csv").write_bytes(content)
    return list(rows_of(folder / "table.csv", ("id", "note"), "tables"))


def test_rows_are_read_stripped_with_or_without_byte_order_mark(tmp_path: Path) -> None:
    plain = lines(tmp_path, b"id,note\n 1 ,x\n2,\n")
    assert [line.row for line in plain] == [{"id": "1", "note": "x"}, {"id": "2", "note": ""}]
    assert lines(tmp_path, b"\xef\xbb\xbfid,note\r\n 1 ,x\r\n2,\r\n") == plain


def test_a_row_is_numbered_by_its_last_line_and_empty_lines_are_no_rows(tmp_path: Path) -> None:
    found = lines(tmp_path, b'id,note\n1,"two\nlines"\n\n2,x\n')
    assert [(line.number, line.row["id"]) for line in found] == [(3, "1"), (5, "2")]


@pytest.mark.parametrize(
    ("row", "is_whole"),
    [("1,x", True), ("1,x,,", True), ("1", False), ("1,x,y", False), ("1,an,unquoted comma", False)],
)
def test_a_cut_or_shifted_row_is_told(tmp_path: Path, row: str, is_whole: bool) -> None:
    assert [line.is_whole for line in lines(tmp_path, f"id,note\n{row}\n".encode())] == [is_whole]


def test_a_nameless_column_at_the_end_may_be_missing(tmp_path: Path) -> None:
    assert [line.is_whole for line in lines(tmp_path, b"id,note,\n1,x\n2,x,\n")] == [True, True]


def test_ids_that_differ_in_bytes_that_are_not_utf8_stay_different(tmp_path: Path) -> None:
    first, second = lines(tmp_path, b"id,note\nL\xe9a,x\nL\xe8a,x\n")
    assert first.row["id"] != second.row["id"]
    assert first.row["id"].encode()  # can be written to a table


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "no column 'id'"),
        (b"id\n1\n", "no column 'note'"),
        (b"id,note\n1," + b"x" * 200_000, "past line"),
        ("id,note\n1,x\n".encode("utf-16"), "no column"),
    ],
)
def test_a_file_that_is_no_such_table_is_one_clear_error(tmp_path: Path, content: bytes, says: str) -> None:
    with pytest.raises(CasebookError, match=says):
        lines(tmp_path, content)


@pytest.mark.parametrize(
    ("text", "age"),
    [
        ("63", Age(63, 63)),
        ("0.5", Age(0.5, 0.5)),
        ("50+", Age(50, math.inf)),
        ("1-5", Age(1, 5)),
        *((text, None) for text in ("", "+", "-", "-5", "5-1", "nan", "inf", "1e9", "150", "130+", "sixty", "6O")),
    ],
)
def test_ages_as_collections_write_them(text: str, age: Age | None) -> None:
    assert age_of(text) == age


@given(st.text(max_size=8))
def test_any_text_gives_an_age_with_a_band_or_none(text: str) -> None:
    age = age_of(text)
    assert age is None or (0 <= age.low <= 120 and (age.band is None or age.band))


@pytest.mark.parametrize(
    ("text", "view"),
    [
        ("PA", View.PA),
        ("ap", View.AP),
        ("AP Supine", View.AP_SUPINE),
        ("AP  erect", View.AP_ERECT),
        ("AP semi erect", View.AP),
        ("L", View.LATERAL),
        ("lat", View.LATERAL),
        ("Axial", View.AXIAL),
        ("Coronal", View.CORONAL),
        ("", None),
        ("PAIN", None),
    ],
)
def test_views_as_collections_write_them(text: str, view: View | None) -> None:
    assert view_of(text) is view


def test_what_is_not_stated_is_none() -> None:
    assert [stated_yes_no(text) for text in ("Y", "y", "N", "", "Unclear", "1")] == [
        True,
        True,
        False,
        None,
        None,
        None,
    ]
    assert [sex_of(text) for text in ("M", "f", "", "U")] == [Sex.MALE, Sex.FEMALE, None, None]
    assert [day_of(text) for text in ("-6", "20.0", "", "inf", "1e300", "day 3")] == [-6, 20, None, None, None, None]


def test_a_number_off_its_scale_is_no_measure() -> None:
    assert measures_of(brixia="18", extent="8.0", opacity="0") == {"brixia": 18, "extent": 8, "opacity": 0}
    assert measures_of(brixia="19", extent="-1", opacity="severe") == {}


def test_one_value_is_stated_only_where_all_that_state_any_agree() -> None:
    assert only_value([{"ldh": "245"}, {"ldh": ""}, {"ldh": "245"}], "ldh") == "245"
    assert only_value([{"ldh": "245"}, {"ldh": "260"}], "ldh") is None
    assert only_value([{"ldh": ""}, {}], "ldh") is None


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("https://www.eurorad.org/case/16660", "eurorad.org"),
        ("https://Radiopaedia.org/cases/covid-19-pneumonia-4", "radiopaedia.org"),
        ("https://pubs.rsna.org:443/doi/full/10.1148/x", "pubs.rsna.org"),
        ("", None),
        ("a letter to the editor", None),
        ("https://[broken/", None),
    ],
)
def test_an_origin_is_the_website_of_an_address(address: str, expected: str | None) -> None:
    assert origin_of(address) == expected
