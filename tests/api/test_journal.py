from pathlib import Path

import pytest

from scankin.api.journal import Journal
from scankin.api.rows import Scored


def test_rows_come_back_as_they_were_kept(tmp_path: Path) -> None:
    row = Scored("ä.dcm", "ok", report={"schema": "x", "outcomes": []}, patient="q1", study_day="2020-04-01")
    with Journal(tmp_path / "j", "run") as journal:
        journal.add("k", Scored("old", "failed", "blank", "m"))
        journal.add("k", row)
        journal.add_lot("lot", ["k"])
    with Journal(tmp_path / "j", "run") as journal:
        assert list(journal) == ["k"] and journal.row("k") == row
        assert journal.rows_of_lot("lot") == ["k"] and journal.rows_of_lot("other") is None


@pytest.mark.parametrize("cut", [1, 10, 30])
def test_a_line_cut_short_by_a_crash_is_dropped_and_the_next_follows_whole(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "j"
    with Journal(path, "run") as journal:
        journal.add("a", Scored("a", "ok"))
        journal.add("b", Scored("b", "ok"))
    path.write_bytes(path.read_bytes()[:-cut])
    with Journal(path, "run") as journal:
        assert list(journal) == ["a"]
        journal.add("c", Scored("c", "ok"))
    with Journal(path, "run") as journal:
        assert list(journal) == ["a", "c"] and journal.row("c").input == "c"


@pytest.mark.parametrize("left", [b"", b"\x00\xff", b'["run", "other"]\n["row", "k", {}]\n', b"{}\n", b"7\n"])
def test_what_another_run_or_anything_else_left_is_not_taken_over(tmp_path: Path, left: bytes) -> None:
    path = tmp_path / "j"
    path.write_bytes(left)
    with Journal(path, "run") as journal:
        assert list(journal) == []
        journal.add("a", Scored("a", "ok"))
    assert path.read_bytes().startswith(b'["run", "run"]\n')
