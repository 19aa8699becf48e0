"""What a user sees when something is wrong: one line, an exit code, no traceback."""

import subprocess
import sys
from pathlib import Path

import pytest
from builders import a_dataset, dicom_bytes
from stores import a_casebook, a_film, a_source, a_store


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cli")
    a_store(folder)
    (folder / "film.dcm").write_bytes(a_film(500))
    (folder / "empty.dcm").write_bytes(b"")
    (folder / "hand.dcm").write_bytes(dicom_bytes(a_dataset(BodyPartExamined="HAND")))
    (folder / "png.dcm").write_bytes(b"\x89PNG\r\n\x1a\n" + b"\x00" * 64)
    return folder


def run(place: Path, package: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", f"scankin.{package}", *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=place, check=False)


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["search", "empty.dcm", "--index", "store"], 3, "failed: empty_file"),
        (["search", "missing.dcm", "--index", "store"], 3, "failed: missing_file"),
        (["search", "hand.dcm", "--index", "store"], 3, "refused: not_a_chest"),
        (["search", "png.dcm", "--index", "store"], 3, "refused: not_dicom"),
        (["search", "film.dcm", "--index", "nothing"], 4, "StoreMissing"),
        (["search", "film.dcm", "--index", "store", "-k", "0"], 2, "k is 0"),
        (["search", "film.dcm", "--index", "store", "--view", "up"], 2, "view 'up' is not one of PA"),
        (["search", "film.dcm", "--index", "store", "--site", "nowhere"], 3, "no_candidates"),
        (["search", "film.dcm", "--index", "store", "--weights", "film.dcm"], 2, "thumbnail has no weights"),
        (["search", "film.dcm", "--index", "store", "--explain", "source"], 2, "not empty"),
        (["search", "film.dcm", "--index", "store", "--days-since-swab", "-400"], 2, "days_since_swab is -400"),
        (["search", "film.dcm", "--index", "store", "--earlier", "film.dcm@soon"], 2, "--earlier 1: what follows @"),
        (["search", "film.dcm", "--index", "store", "--earlier", "hand.dcm@-1"], 3, "not_a_chest: Further scan 1"),
        (["search", "film.dcm", "--index", "store", "--earlier", "gone.dcm"], 3, "missing_file: Further scan 1"),
        (["search", "film.dcm", "--index", "store", "--as-of", "2020-04-30"], 3, "no_candidates"),
        (["check", "nothing", "--index", "store"], 2, "not there"),
        (["score", "film.dcm", "--index", "store", "--out", "r.xls"], 2, "can be written"),
        (["score", "nothing", "--index", "store", "--out", "r.csv"], 2, "not there"),
    ],
)
def test_scankin_ends_in_one_clear_line(place: Path, arguments: list[str], code: int, words: str) -> None:
    done = run(place, "api", *arguments)
    assert done.returncode == code, done.stderr
    assert words in done.stderr and len(done.stderr.strip().splitlines()) == 1
    assert "Traceback" not in done.stderr and done.stdout == ""


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["ingest", "--from", "nonsense", "source", "book"], 2, "There are: covid-chestxray"),
        (["ingest", "--from", "hannover", "source", "book"], 4, "it has no data.csv"),
        (["build", "source", "s2", "--encoder", "thumbnail"], 4, "no casebook"),
        (["build", "casebook", "s2", "--encoder", "nonsense"], 2, "thumbnail"),
        (["build", "casebook", "s2", "--encoder", "rad_dino"], 2, "comes without weights"),
        (["build", "casebook", "s2", "--encoder", "thumbnail", "--engine", "abacus"], 2, "auto, torch, onnxruntime"),
        (
            ["build", "casebook", "s2", "--encoder", "efficientnet_lite0", "--engine", "onnxruntime"],
            2,
            "pip install 'scankin[torch]'",  # brackets are no markup
        ),
        (["verify", "nothing"], 4, "no published index"),
        (["rollback", "store"], 4, "no version before"),
        (["rollback", "store", "--version", "9"], 4, "no version '9'"),
        (["construct", "source"], 4, "not an empty folder"),
    ],
)
def test_scankin_index_ends_in_one_clear_line(place: Path, arguments: list[str], code: int, words: str) -> None:
    done = run(place, "index_build", *arguments)
    assert done.returncode == code, done.stderr
    assert words in " ".join(done.stderr.split()) and "Traceback" not in done.stderr
    assert not (place / "s2").exists()


def test_verify_and_list_tell_what_there_is(place: Path) -> None:
    verified = run(place, "index_build", "verify", "store")
    assert verified.returncode == 0 and "files match their hashes" in verified.stdout
    assert "24 X-ray scans, 12 patients" in " ".join(verified.stdout.split())
    listed = run(place, "index_build", "list", "store")
    assert "thumbnail" in listed.stdout and "*" in listed.stdout


def test_one_flipped_byte_is_told_by_verify_and_search(place: Path, tmp_path: Path) -> None:
    import shutil

    shutil.copytree(place / "store", tmp_path / "store")
    path = next((tmp_path / "store" / "versions").iterdir()) / "xray.faiss"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    for package, arguments in (("index_build", ["verify"]), ("api", ["search", str(place / "film.dcm"), "--index"])):
        done = run(tmp_path, package, *arguments, "store")
        assert done.returncode == 4 and "xray.faiss does not match its hash" in " ".join(done.stderr.split())


def test_a_casebook_with_a_missing_table_is_told(tmp_path: Path) -> None:
    a_casebook(tmp_path / "casebook", a_source(tmp_path / "source"))
    (tmp_path / "casebook" / "cases.parquet").unlink()
    done = run(tmp_path, "index_build", "build", "casebook", "store", "--encoder", "thumbnail")
    assert done.returncode == 4 and "cases.parquet is missing" in " ".join(done.stderr.split())


def test_search_shows_counts_base_rates_and_the_notice(place: Path) -> None:
    shown = " ".join(run(place, "api", "search", "film.dcm", "--index", "store").stdout.split())
    for words in (
        "Most similar patients",
        "What became of them",
        "base rate",
        "never counted as no",
        "Not UKCA or CE marked",
    ):
        assert words in shown


def test_search_explains_into_a_new_folder(place: Path, tmp_path: Path) -> None:
    done = run(place, "api", "search", "film.dcm", "--index", "store", "-k", "2", "--explain", str(tmp_path / "why"))
    assert done.returncode == 0, done.stderr
    assert "Where their similarity comes from" in done.stdout and "Explanations of 2 neighbours" in done.stderr
    assert len(list((tmp_path / "why").glob("0[12]-s*.png"))) == 2


def test_a_full_disk_is_one_line_and_harms_nothing_published(place: Path, tmp_path: Path) -> None:
    # A file size limit makes every longer write fail, as a full disk does.
    from scankin.retrieval.store import load_version

    a_casebook(tmp_path / "casebook", place / "source")
    script = "ulimit -f 8; exec " + " ".join(
        [
            sys.executable,
            "-m",
            "scankin.index_build",
            "build",
            "casebook",
            str(place / "store"),
            "--encoder",
            "thumbnail",
        ]
    )
    done = subprocess.run(
        ["bash", "-c", f"trap '' XFSZ; {script}"], capture_output=True, text=True, cwd=tmp_path, check=False
    )
    assert done.returncode == 4, done.stderr
    assert "Traceback" not in done.stderr
    load_version(place / "store")
