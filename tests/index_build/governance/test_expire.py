import json
from datetime import date, timedelta
from pathlib import Path

import pytest
from builders import KEYRING
from stores import a_film, a_source, a_store, reads

from scankin.api.problems import problem_of
from scankin.api.serving import LiveIndex
from scankin.index_build.build import build
from scankin.index_build.governance.expire import expire
from scankin.index_build.ingest import ingest
from scankin.index_build.settings import load_settings
from scankin.models import load_encoder
from scankin.retrieval.errors import CasebookError, InvalidRequest, LicenceExpired
from scankin.retrieval.licence import Licence
from scankin.retrieval.question import Question
from scankin.retrieval.reading import ReadRequest, read_scan
from scankin.retrieval.retriever import Retriever
from scankin.retrieval.scan import Scan
from scankin.retrieval.source_tree import FolderTree
from scankin.retrieval.store import load_version

LINE = "Copyright © 2026, NHS England. All rights reserved."


def a_licensed_store(folder: Path, expires: date) -> Path:
    settings = folder / "settings.toml"
    folder.mkdir(parents=True, exist_ok=True)
    settings.write_text(f'[licence]\nline = "{LINE}"\nexpires = {expires.isoformat()}\nagreement = "DAA-1"\n')
    source = FolderTree(a_source(folder / "source"))
    ingest("test", reads, source, folder / "casebook", KEYRING, settings=settings, workers=2)
    build(folder / "casebook", folder / "store", load_encoder("thumbnail"), workers=2)
    return folder / "store"


def a_query(folder: Path) -> Scan:
    (folder / "query.dcm").write_bytes(a_film(99))
    return read_scan(ReadRequest(paths=(folder / "query.dcm",)))


def test_the_licence_travels_to_the_store_and_every_result(tmp_path: Path) -> None:
    last = date.today() + timedelta(days=3)
    version = load_version(a_licensed_store(tmp_path, last))
    assert version.licence == Licence(LINE, last, "DAA-1")
    report = Retriever(version, load_encoder("thumbnail")).report(a_query(tmp_path), Question(3))
    assert report.as_json()["index"]["licence"] == {"line": LINE, "expires": last.isoformat(), "agreement": "DAA-1"}


def test_after_its_last_day_nothing_is_built_loaded_or_answered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = a_licensed_store(tmp_path, date.today())  # the last day itself still counts
    version = load_version(store)

    class Tomorrow(date):
        @classmethod
        def today(cls) -> date:
            return date.fromordinal(date.today().toordinal() + 1)

    monkeypatch.setattr("scankin.retrieval.licence.date", Tomorrow)
    with pytest.raises(LicenceExpired, match="ended on"):
        load_version(store)
    with pytest.raises(LicenceExpired):
        Retriever(version, load_encoder("thumbnail")).report(a_query(tmp_path), Question(3))
    with pytest.raises(LicenceExpired):
        build(tmp_path / "casebook", store, load_encoder("thumbnail"), workers=1)
    assert load_version(store, is_for_use=False).name == version.name  # patients can still be taken out


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[licence]\nline = 'x'\n", "licence.expires"),
        ("[licence]\nline = ''\nexpires = 2027-01-01\n", "licence.line"),
        ("[license]\n", "license"),
        ("[nccid]\ncovid_window_days = [28, -14]\n", "first day"),
        ("[nccid]\nunits = 3\n", "nccid.units"),
        ("nonsense", "cannot be read"),
    ],
)
def test_wrong_settings_name_the_setting(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "settings.toml").write_text(text)
    with pytest.raises(CasebookError, match=says):
        load_settings(tmp_path / "settings.toml")


def test_everything_is_destroyed_and_the_inventory_lists_it(tmp_path: Path) -> None:
    a_store(tmp_path)
    files = sum(path.is_file() for name in ("casebook", "store") for path in (tmp_path / name).rglob("*"))
    expire([tmp_path / "casebook", tmp_path / "store"], tmp_path / "inventory.json")
    raw = json.loads((tmp_path / "inventory.json").read_text())
    assert not (tmp_path / "casebook").exists() and not (tmp_path / "store").exists()
    assert sum(len(artefact["files"]) for artefact in raw["artefacts"]) == files
    assert [(a["kind"], a["destroyed"]) for a in raw["artefacts"]] == [("casebook", True), ("store", True)]
    assert raw["artefacts"][0]["patients"] == 13
    assert all(len(file["sha256"]) == 64 for artefact in raw["artefacts"] for file in artefact["files"])


def test_nothing_else_is_deleted(tmp_path: Path) -> None:
    a_store(tmp_path)
    with pytest.raises(CasebookError, match="neither"):
        expire([tmp_path / "store", tmp_path / "source"], tmp_path / "inventory.json")
    with pytest.raises(InvalidRequest, match="another place"):
        expire([tmp_path / "store"], tmp_path / "store" / "inventory.json")
    assert load_version(tmp_path / "store").name


def test_a_service_whose_licence_ends_while_it_runs_stops_answering(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    live = LiveIndex(a_licensed_store(tmp_path, date.today()), None, "cpu", poll_seconds=9)
    live.refresh()
    assert live.retriever().version.licence is not None
    later = date.fromordinal(date.today().toordinal() + 1)
    monkeypatch.setattr(
        "scankin.retrieval.licence.date", type("Later", (date,), {"today": classmethod(lambda _: later)})
    )
    with pytest.raises(LicenceExpired) as error:
        live.retriever()
    response = problem_of(error.value)
    assert response.status_code == 503 and b"licence_expired" in bytes(response.body)
