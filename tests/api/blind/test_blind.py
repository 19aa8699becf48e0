"""Blinded sheets: nothing but pictures and codes, and a key that tells them apart."""

import base64
import io
import json
import re
from pathlib import Path

import pytest
from builders import a_scan
from PIL import Image
from stores import CANARY, a_film, a_store
from typer.testing import CliRunner

from scankin.api.blind.run import blind, random_missing
from scankin.api.cli import app
from scankin.api.engine import open_retriever
from scankin.retrieval.errors import InvalidRequest, Reason, RefusedScan
from scankin.retrieval.reading import ReadRequest, read_scan
from scankin.retrieval.retriever import Retriever
from scankin.retrieval.scan import Modality, Scan


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return a_store(tmp_path_factory.mktemp("blind"))


@pytest.fixture(scope="module")
def retriever(store: Path) -> Retriever:
    return open_retriever(store, None, "cpu")


def written(folder: Path, retriever: Retriever, scans: list[Scan], seed: int = 1, random: int = 4) -> dict[str, object]:
    blind(scans, retriever, folder / "sheets", folder / "key.json", k=3, random=random, seed=seed)
    found: dict[str, object] = json.loads((folder / "key.json").read_text())
    return found


def test_similar_cases_are_those_of_the_report_and_random_ones_are_others(retriever: Retriever, tmp_path: Path) -> None:
    from scankin.retrieval.question import Question

    scan = a_scan(500)
    (sheet,) = written(tmp_path, retriever, [scan])["sheets"]  # type: ignore[misc]
    cases = sheet["cases"]
    whole = {case.patient: case for case in retriever.report(scan, Question(12)).neighbours}
    similar = [case for case in cases if case["kind"] == "similar"]
    assert {case["scan"] for case in similar} == {case.scan for case in whole.values() if case.rank <= 3}
    assert len(cases) == 7 and len({case["patient"] for case in cases}) == 7
    for case in cases:
        held = whole[case["patient"]]
        assert case["rank"] == held.rank and case["outcomes"] == {n: s.value for n, s in held.outcomes.items()}
    assert sorted(case["code"] for case in cases) == [f"1-{n:02d}" for n in range(1, 8)]


def test_the_query_s_own_patient_is_on_no_sheet(retriever: Retriever, tmp_path: Path) -> None:
    own = read_scan(ReadRequest(data=a_film(6)))
    (sheet,) = written(tmp_path, retriever, [own], random=50)["sheets"]  # type: ignore[misc]
    key = retriever.version.keyring.patient("test", f"{CANARY}-3")
    assert len(sheet["cases"]) == 11 and key not in {case["patient"] for case in sheet["cases"]}


def test_a_sheet_holds_pictures_codes_and_nothing_that_tells(retriever: Retriever, tmp_path: Path) -> None:
    key = written(tmp_path, retriever, [read_scan(ReadRequest(data=a_film(901))), a_scan(502)])
    sheets = sorted((tmp_path / "sheets").iterdir())
    assert [path.name for path in sheets] == ["sheet-01.html", "sheet-02.html"]
    for path, told in zip(sheets, key["sheets"], strict=True):  # type: ignore[call-overload]
        page = path.read_text()
        words = re.sub(r"base64,[A-Za-z0-9+/=]+", "", page)
        for secret in (CANARY, "similar case", "rank", "died", "happened", "north", "south", "cosine", "2020"):
            assert secret not in words, secret
        for case in told["cases"]:
            assert case["scan"] not in page and case["patient"] not in page and case["code"] in words
        assert "http:" not in words and "https:" not in words
        for data in re.findall(r"base64,([A-Za-z0-9+/=]+)", page):
            picture = Image.open(io.BytesIO(base64.b64decode(data)))
            assert picture.size == (256, 256) and not picture.info
    assert CANARY not in json.dumps(key) and str(tmp_path) not in json.dumps(key)


def test_the_same_seed_gives_the_same_sheet_and_another_seed_another(retriever: Retriever, tmp_path: Path) -> None:
    pages = []
    for place, seed in enumerate((1, 1, 2)):
        written(tmp_path / str(place), retriever, [a_scan(500)], seed=seed)
        pages.append((tmp_path / str(place) / "sheets" / "sheet-01.html").read_bytes())
    assert pages[0] == pages[1] != pages[2]


def test_similar_cases_are_anywhere_on_the_sheet(retriever: Retriever, tmp_path: Path) -> None:
    places = []
    for seed in range(40):
        (sheet,) = written(tmp_path / str(seed), retriever, [a_scan(500)], seed=seed)["sheets"]  # type: ignore[misc]
        places += [place for place, case in enumerate(sheet["cases"]) if case["kind"] == "similar"]
    # 120 similar cases over 7 places: 17 a place are expected; each has 5 at least with a chance above 0.99.
    assert all(places.count(place) >= 5 for place in range(7))


def test_fewer_patients_than_random_cases_are_counted(retriever: Retriever, tmp_path: Path) -> None:
    sheets = blind([a_scan(500)], retriever, tmp_path / "s", tmp_path / "k.json", k=3, random=20, seed=1)
    assert len(sheets[0].cases) == 12 and random_missing(sheets, 20) == 20 - 9


def test_a_key_among_the_sheets_or_over_another_is_refused(retriever: Retriever, tmp_path: Path) -> None:
    (tmp_path / "old.json").write_text("{}")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").write_text("")
    for folder, key, said in (
        ("s", "s/key.json", "among the sheets"),
        ("s", "s/../s/deep/key.json", "among the sheets"),
        ("s", "old.json", "another study's"),
        ("full", "k.json", "not empty"),
    ):
        with pytest.raises(InvalidRequest, match=said):
            blind([a_scan(500)], retriever, tmp_path / folder, tmp_path / key, k=3, random=4, seed=1)
    assert not (tmp_path / "s").exists()


def test_a_scan_that_is_refused_is_named_by_its_place_and_nothing_is_written(
    retriever: Retriever, tmp_path: Path
) -> None:
    with pytest.raises(RefusedScan, match="Scan 2: The index holds no CT scans") as caught:
        written(tmp_path, retriever, [a_scan(500), a_scan(501, modality=Modality.CT)])
    assert caught.value.reason is Reason.NO_CANDIDATES
    assert list(tmp_path.iterdir()) == []


def test_the_command_writes_sheets_and_a_key_for_its_owner_alone(store: Path, tmp_path: Path) -> None:
    (tmp_path / "new.dcm").write_bytes(a_film(901))
    command = ["blind", str(tmp_path / "new.dcm"), "--index", str(store), "--out", str(tmp_path / "sheets")]
    told = CliRunner().invoke(app, [*command, "--key", str(tmp_path / "key.json"), "--random", "3", "--seed", "5"])
    assert told.exit_code == 0, told.output
    assert "1 sheets of 8 cases" in told.output and "Research use only" in told.output
    assert (tmp_path / "key.json").stat().st_mode & 0o777 == 0o600
