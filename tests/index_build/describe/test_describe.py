"""The page about a casebook made in code, whose every count is known."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from builders import KEYRING

from scankin.index_build.casebook import TABLES, Casebook, Source
from scankin.index_build.construct import construct
from scankin.index_build.describe import PAGE, describe
from scankin.index_build.describe.disclosure import WITHHELD
from scankin.index_build.describe.facts import facts_of
from scankin.index_build.describe.faults import MADE_OF_IT, faults_of
from scankin.index_build.describe.fields import field_facts_of
from scankin.index_build.describe.leaks import leaks_of
from scankin.index_build.describe.outcomes import outcome_facts_of
from scankin.index_build.describe.rows import rows_of
from scankin.index_build.field_values import ContradictionKind
from scankin.index_build.importers.nccid import read
from scankin.index_build.ingest import IngestAccount, ingest
from scankin.index_build.readings import EPOCH
from scankin.retrieval.report import NOTICE
from scankin.retrieval.source_tree import FolderTree

MADE = date(2026, 5, 4)
SOUTH = "South <b>&</b> $x$"
ROOT = "a-secret-folder/of-films"
LICENCE = "Copyright © 2026, the data's owner."


def day(text: str) -> int:
    return (date.fromisoformat(text) - EPOCH).days


def a_scan(patient: str, on: str, covid: bool | None, **facts: Any) -> dict[str, Any]:
    source_id = f"canary/{patient}/{on}/{facts.get('modality', 'X-ray')}"
    return {
        "scan": KEYRING.scan("made", source_id),
        "patient": KEYRING.patient("made", patient),
        "collection": "made",
        "modality": "X-ray",
        "site": None,
        "day": day(on),
        "findings": [] if covid is None else [("COVID-19", covid)],
        "measures": [],
        "pixel_hash": "0" * 64,
        "fingerprint": bytes(32),
        "source": "made",
        "source_id": source_id,
        "files": [f"{source_id}.dcm"],
        **facts,
    }


def a_case(patient: str, site: str, cohort: str, events: list[dict[str, Any]], **facts: Any) -> dict[str, Any]:
    return {
        "patient": KEYRING.patient("made", patient),
        "collection": "made",
        "clock": "calendar",
        "events": events,
        "facts": [("cohort", cohort)],
        "source": "made",
        "case_site": site,
        **facts,
    }


def a_field(patient: str, name: str, flag: str, value: str | None, *, is_current: bool = True) -> dict[str, Any]:
    keyed = KEYRING.patient("made", patient)
    version = f"canary/{patient}/{is_current}.json"
    row = {"source": "made", "patient": keyed, "version": version, "is_current": is_current}
    return {**row, "field": name, "raw": "canary", "flag": flag, "value": value}


def rows() -> dict[str, list[dict[str, Any]]]:
    """North: 8 positive patients; South: 3 negative; West: 6 negative."""
    scans, cases, fields = [], [], []
    died = {0: "2020-03-15", 1: "2020-04-19"}
    for n in range(8):
        name, first = f"CANARY-N{n}", "2020-03-10"
        common = {"site": "North", "view": "AP", "sex": "F", "device": "Maker & Co", "cohort": "positive"}
        scans += [a_scan(name, first, True, **common), a_scan(name, "2020-04-02", None, **common)]
        events = [{"kind": "positive_swab", "happened": True, "day": day("2020-03-08")}]
        if n in died:
            events.append({"kind": "death", "happened": True, "day": day(died[n])})
        alive = day(first) + 60 if 2 <= n <= 6 else None
        cases.append(a_case(name, "North", "positive", events, last_seen_alive=alive))
        fields.append(
            a_field(name, "crp_mg_per_l", "clean", "12") if n < 6 else a_field(name, "crp_mg_per_l", "blank", None)
        )
    fields.append(a_field("CANARY-N7", "crp_mg_per_l", "clean", "9", is_current=False))
    for centre, count, on in ((SOUTH, 3, "2020-03-15"), ("West", 6, "2018-06-05")):
        for n in range(count):
            name = f"CANARY-{centre[0]}{n}"
            common = {"site": centre, "view": "PA", "sex": "M", "cohort": "negative"}
            scans.append(a_scan(name, on, False, **common))
            cases.append(a_case(name, centre, "negative", []))
            fields.append(a_field(name, "swab_date", "clean", "2020-03-01"))
            if name == "CANARY-S0":
                scans.append(a_scan(name, on, None, **common, modality="CT"))
    refused = [
        {
            "source": "made",
            "source_id": f"canary/refused/{n}",
            "collection": "made",
            "reason": "localizer" if n < 5 else "not_dicom",
            "message": "canary",
            "patient": KEYRING.patient("made", f"CANARY-N{n}") if n < 5 else None,
            "case_site": "North" if n < 5 else None,
        }
        for n in range(6)
    ]
    odd = {
        "source": "made",
        "patient": KEYRING.patient("made", "CANARY-N0"),
        "kind": "sex_differs",
        "message": "canary",
    }
    return {"scans": scans, "cases": cases, "fields": fields, "refusals": refused, "contradictions": [odd]}


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Casebook:
    folder = tmp_path_factory.mktemp("made") / "book"
    folder.mkdir()
    (folder / "settings.toml").write_text(f'[licence]\nline = "{LICENCE}"\nexpires = 2031-02-03\n')
    made = {name: pa.Table.from_pylist(rows().get(name, []), schema=schema) for name, schema in TABLES.items()}
    Casebook(folder, KEYRING, made, {"made": Source("made", "nccid", ROOT, 26, 17, 6)}).save()
    return Casebook.load(folder)


@pytest.fixture(scope="module")
def page(book: Casebook, tmp_path_factory: pytest.TempPathFactory) -> str:
    return describe(book.folder, tmp_path_factory.mktemp("page"), made=MADE).page.read_text()


def test_headline_centres_and_months(book: Casebook) -> None:
    facts = facts_of(book, rows_of(book))
    assert [(figure.name, figure.value) for figure in facts.figures] == [
        ("patients", "17"),
        ("patients, cohort negative", "9"),
        ("patients, cohort positive", "8"),
        ("X-ray films", "25"),  # 2 each of 8, 1 each of 9
        ("CTs", "<5"),
        ("items refused", "6"),
        ("patients without a scan", "0"),
        ("sources", "1"),
    ]
    assert facts.centres.rows == ("North", "West", SOUTH)
    assert facts.centres.columns == ("patients", "negative", "positive")
    assert facts.centres.items.tolist() == [[8, 0, 8], [6, 6, 0], [3, 3, 0]]
    assert facts.scans_by_centre.items.tolist() == [[16, 0], [6, 0], [3, 1]]
    # South's 3 are hidden, and the 6 of West with them: 9 negative patients are told.
    assert [row[:3] for row in facts.centres_table().rows] == [
        ("North", "8", "0"),
        ("West", WITHHELD, WITHHELD),
        (SOUTH, "<5", "<5"),
    ]
    months = facts.months
    assert (months.rows[0], months.rows[-1], len(months.rows)) == ("2018-06", "2020-04", 23)
    assert months.items[0].tolist() == [6, 6, 0, 0, 6]
    assert months.items[-2].tolist() == [11, 11, 1, 8, 3]  # March 2020: North's first films, and South
    assert months.items[-1].tolist() == [8, 8, 0, 0, 0]
    assert facts.films_each.items.tolist() == [[9, 0], [0, 8]]  # one film: negative; two: positive
    assert facts.film_devices.rows == ("Maker & Co", "not stated")


def test_completeness_is_of_current_records_by_cohort(book: Casebook) -> None:
    found = field_facts_of(book, rows_of(book))
    negative, positive = sorted(found.completeness, key=lambda one: one.cohort)
    assert (positive.fields, positive.centres, positive.records) == (("crp_mg_per_l",), ("North",), 8)
    np.testing.assert_allclose(positive.shares, [[6 / 8]])  # the older version of the eighth does not count
    assert (negative.fields, negative.centres, negative.left_out) == (("swab_date",), ("West",), 1)
    np.testing.assert_allclose(negative.overall, [1])


def test_outcomes_are_counted_from_the_first_scan_in_scope(book: Casebook) -> None:
    showing, any_kind = outcome_facts_of(rows_of(book))
    counts = dict(zip(showing.states.rows, showing.states.items.tolist(), strict=True))
    # happened, did not, already happened, censored, unknown: deaths on days 5 and 40, five
    # followed for 60 days, one unknown.
    assert counts["died within 7 days"] == [1, 6, 0, 0, 1]
    assert counts["died within 30 days"] == [1, 6, 0, 0, 1]
    assert counts["died, at any time"] == [2, 0, 0, 0, 6]
    assert counts["intubated within 7 days"] == [0, 0, 0, 0, 8]
    assert (showing.patients, any_kind.patients) == (8, 17)
    assert dict(zip(showing.states.rows, showing.shares, strict=True))["intubated within 7 days"] == "known in none"


def test_refusals_and_contradictions(book: Casebook) -> None:
    faults = faults_of(book, rows_of(book))
    assert (faults.refusals.rows, faults.refusals.items.ravel().tolist()) == (("localizer", "not_dicom"), [5, 1])
    assert (faults.by_centre.rows, faults.by_centre.items.tolist()) == (("North", "not stated"), [[5, 5, 0], [1, 0, 1]])
    assert faults.contradictions.cells() == [["<5"]]
    assert set(MADE_OF_IT) == set(ContradictionKind)


def test_leaks_are_measured_on_stated_films_only_and_sorted(book: Casebook) -> None:
    leaks = leaks_of(rows_of(book))
    found = {leak.fact.name: leak for leak in leaks.measured}
    for name in ("Site", "Sex", "Device", "Projection (AP or PA)", "Number of films of the patient"):
        assert found[name].separation.auc == 1, name  # North against the rest, in each
        assert (found[name].true, found[name].false, found[name].patients) == (8, 9, 17)
    # North and South share a quarter: their pairs are ties, so it is below 1 and above chance.
    assert 0.6 < found["Age of the film, by calendar quarter"].separation.auc < 1
    assert [leak.separation.auc for leak in leaks.measured] == sorted(
        (leak.separation.auc for leak in leaks.measured), reverse=True
    )
    assert {one.fact.name: one.why for one in leaks.unmeasured} == {
        "Age of the patient": "it is not stated of any film",
        "Collection": "it is the same in all films",
        "Days from admission": "no film whose label is stated has it",
        "Days from the first positive swab": "fewer than 5 patients have such films with COVID-19, or without it",
    }


class Strict(HTMLParser):
    """Fails on tags that do not match, ids that come twice, and links to nowhere on the page."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.links: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in ("meta", "br"):
            self.open.append(tag)
        self._attributes(attrs)

    def handle_startendtag(self, _tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._attributes(attrs)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def _attributes(self, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            assert name not in ("src", "srcset", "onload", "onclick")
            if name == "id":
                self.ids.append(value or "")
            if name in ("href", "xlink:href"):
                assert (value or "").startswith("#")
                self.links.add((value or "")[1:])


def check(page: str) -> None:
    parser = Strict()
    parser.feed(page)
    parser.close()
    assert parser.open == []
    assert len(parser.ids) == len(set(parser.ids))
    assert parser.links <= set(parser.ids)
    assert not re.search(r"https?:|//|@import|<script|<img|<link|<iframe", page.replace("<!--", ""))
    assert {target[0] for target in re.findall(r"url\((.)", page)} <= {"#"}


def private(book: Casebook) -> Iterator[str]:
    """Everything of a casebook that must not be told."""
    for table in ("scans", "cases", "refusals", "fields", "contradictions"):
        for row in book.tables[table].to_pylist():
            yield from (row[name] for name in ("scan", "patient", "source_id", "study", "version") if row.get(name))
            yield from row.get("files") or ()
    yield from (source.root for source in book.sources.values())
    yield book.keyring.secret.hex()


def test_the_page_asks_nothing_of_a_network_and_is_well_formed(page: str) -> None:
    check(page)


def test_the_page_names_no_patient_scan_or_file(page: str, book: Casebook) -> None:
    found = [name for name in private(book) if name in page]
    assert found == []
    assert "canary" not in page.lower()


def test_names_are_escaped_and_never_set_as_formulae(page: str) -> None:
    assert "<b>" not in page
    assert "South &lt;b&gt;&amp;&lt;/b&gt; $x$" in page
    assert "Maker &amp; Co" in page


def test_the_page_says_whose_it_is(page: str, book: Casebook) -> None:
    for text in (NOTICE, LICENCE, book.content, "2031-02-03", "Made 2026-05-04", "Scankin 0.1.0"):
        assert text.replace("'", "&#39;") in page


def test_describing_twice_gives_the_same_bytes_but_for_the_date(book: Casebook, page: str, tmp_path: Path) -> None:
    again = describe(book.folder, tmp_path, made=MADE).page.read_text()
    assert again == page
    later = describe(book.folder, tmp_path, made=date(2027, 1, 2)).page.read_text()
    assert later.replace("Made 2027-01-02", "Made 2026-05-04") == page
    assert [path.name for path in tmp_path.iterdir()] == [PAGE]


def test_a_casebook_with_nothing_in_it_is_described_in_words(tmp_path: Path) -> None:
    Casebook(tmp_path / "book", KEYRING).save()
    described = describe(tmp_path / "book", tmp_path / "page", made=MADE)
    text = described.page.read_text()
    check(text)
    assert "<svg" not in text
    for words in (
        "No scan has a calendar date",
        "There is no X-ray film",
        "Nothing could be measured",
        "Nothing was refused",
    ):
        assert words in text
    assert "No leak" in described.worst_leak


@pytest.fixture(scope="module")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, IngestAccount]:
    folder = tmp_path_factory.mktemp("nccid")
    construct(folder / "cohort", patients=60, seed=23, centres=4, pixels_for=20, workers=2)
    settings = folder / "cohort-truth" / "settings.toml"
    tree = FolderTree(folder / "cohort")
    return folder, ingest("nccid", read, tree, folder / "book", KEYRING, settings=settings, workers=2)


def test_a_constructed_cohort_is_described_as_it_was_taken_in(
    cohort: tuple[Path, IngestAccount], tmp_path: Path
) -> None:
    folder, account = cohort
    book = Casebook.load(folder / "book")
    facts = {figure.name: figure.value for figure in facts_of(book, rows_of(book)).figures}
    films = sum(count for (*_, modality), count in account.scans.items() if modality == "X-ray")
    assert (facts["patients"], facts["X-ray films"]) == ("60", str(films))
    assert facts["items refused"] == str(sum(account.refusals.values()))
    described = describe(folder / "book", tmp_path, made=MADE)
    page = described.page.read_text()
    check(page)
    assert [name for name in private(book) if name in page] == []
    truth = [json.loads(line) for line in (folder / "cohort-truth" / "truth.jsonl").read_text().splitlines()]
    pseudonyms = {match for line in truth for match in re.findall(r"Covid[0-9a-f-]+", json.dumps(line), re.IGNORECASE)}
    assert len(pseudonyms) >= 60
    assert [name for name in pseudonyms if re.search(rf"{name}\b", page, re.IGNORECASE)] == []


def test_the_command_names_the_page_and_the_worst_leak(book: Casebook, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "scankin.index_build", "describe", str(book.folder), "--out", str(tmp_path / "page")],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "COLUMNS": "60", "NO_COLOR": "1"},
    )
    assert done.returncode == 0, done.stderr
    leak, page = done.stdout.splitlines()
    assert leak.startswith("Worst leak of the COVID-19 label: Device, AUC 1.00 (95 % interval")
    assert page == f"The page: {tmp_path / 'page' / PAGE}"
    missing = subprocess.run(
        [sys.executable, "-m", "scankin.index_build", "describe", str(tmp_path), "--out", str(tmp_path / "other")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert missing.returncode == 4 and missing.stderr.startswith("CasebookError") and not (tmp_path / "other").exists()
