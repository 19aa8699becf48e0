from pathlib import Path

import pytest

from scankin.api.inputs import Stated, inputs_of
from scankin.retrieval.errors import InvalidRequest


def test_a_text_list_names_an_item_a_line_relative_to_itself(tmp_path: Path) -> None:
    (tmp_path / "day.txt").write_text("a/1.dcm\n\n# a remark\n  2.dcm  \ns3://bucket/3.dcm\n")
    found = inputs_of([tmp_path / "day.txt"])
    assert found.paths == (tmp_path / "a/1.dcm", tmp_path / "2.dcm")
    assert found.addresses == ("s3://bucket/3.dcm",)


def test_a_table_says_whose_items_are(tmp_path: Path) -> None:
    (tmp_path / "day.csv").write_text("path,patient,site,ward\n1.dcm,P1,North,4\n2,,South,5\n")
    found = inputs_of([str(tmp_path / "day.csv")])
    assert found.said_of(str(tmp_path / "1.dcm")) == Stated("P1", None, "North")
    assert found.said_of(str(tmp_path / "2" / "deep" / "x.dcm")) == Stated(None, None, "South"), "of all in a folder"
    assert found.said_of(str(tmp_path / "22.dcm")) == Stated()


def test_an_item_named_twice_is_scored_once_as_first_said(tmp_path: Path) -> None:
    (tmp_path / "day.csv").write_text("path,patient\n1.dcm,P1\n1.dcm,P2\n")
    found = inputs_of([tmp_path / "day.csv"])
    assert found.paths == (tmp_path / "1.dcm",) and found.said_of(str(tmp_path / "1.dcm")).patient == "P1"


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("l.csv", b"file,patient\nx,1\n", "no column 'path'"),
        ("l.csv", b"path\n", "names nothing"),
        ("l.txt", b"\n# nothing\n", "names nothing"),
        ("l.txt", b"\xff\xfe\x00", "not UTF-8"),
    ],
)
def test_a_list_that_cannot_be_used_says_what_is_wrong_and_not_its_path(
    tmp_path: Path, name: str, content: bytes, words: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InvalidRequest, match=words) as raised:
        inputs_of([tmp_path / name])
    assert str(tmp_path) not in str(raised.value) and "Input 1" in str(raised.value)


def test_an_input_that_is_not_there_is_named_by_its_place(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match="Input 2 is not there"):
        inputs_of([tmp_path, tmp_path / "none"])
