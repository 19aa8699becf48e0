import pytest

from scankin.index_build.source_files import is_inside, unwritable_name, writable
from scankin.retrieval.errors import Reason


@pytest.mark.parametrize("path", ["a.png", "images/a.png", "./a.png", "a..b/c.png"])
def test_a_path_inside_the_folder(path: str) -> None:
    assert is_inside(path)


@pytest.mark.parametrize("path", ["", ".", "../a.png", "images/../../a.png", "/etc/passwd", "a\x00.png"])
def test_a_path_that_is_not(path: str) -> None:
    assert not is_inside(path)


def test_a_name_that_is_not_utf8_is_refused_under_a_name_that_is() -> None:
    # os.fsdecode gives a byte that is not UTF-8 as a lone surrogate.
    refusal = unwritable_name("x", ["a.dcm", "R\udcf6ntgen.dcm"])
    assert refusal is not None
    assert (refusal.source_id, refusal.reason) == ("R\\udcf6ntgen.dcm", Reason.UNREADABLE_FILE)
    assert unwritable_name("x", ["a.dcm", "Röntgen.dcm"]) is None


def test_text_that_utf8_holds_stays_as_it_is() -> None:
    assert writable("Röntgen 胸部") == "Röntgen 胸部"
