"""Facts and counter-evidence at the doors: command line and HTTP."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from builders import a_scan
from starlette.testclient import TestClient
from stores import a_film, a_retriever, a_store
from typer.testing import CliRunner

from scankin.api.app import create_app
from scankin.api.cli import app
from scankin.api.renderers import text
from scankin.api.settings import Settings
from scankin.retrieval.clinical.comparison import FactsAsked
from scankin.retrieval.clinical.stated import StatedFact, StatedFacts
from scankin.retrieval.errors import InvalidRequest
from scankin.retrieval.estimates.estimate import OutcomeEstimate
from scankin.retrieval.estimates.evidence import BaseRate
from scankin.retrieval.estimates.joint import Basis
from scankin.retrieval.question import Question

FACTS = {"spo2": 88, "crp": {"value": 120, "unit": "mg/L"}, "diabetes": True}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return a_store(tmp_path_factory.mktemp("facts"))


@pytest.fixture(scope="module")
def client(store: Path):
    with TestClient(create_app(Settings(index=store, workers=1))) as held:
        yield held


def test_the_command_line_and_http_give_the_same_facts_and_counter_evidence(
    store: Path, client: TestClient, tmp_path: Path
) -> None:
    (tmp_path / "new.dcm").write_bytes(a_film(99))
    (tmp_path / "facts.json").write_text(json.dumps({"spo2": 88, "diabetes": True}))
    told = CliRunner().invoke(
        app,
        [
            "search", str(tmp_path / "new.dcm"), "--index", str(store), "--json", "-k", "3", "--counter", "died",
            "--facts", str(tmp_path / "facts.json"), "--fact", "crp=12mg/dL", "--facts-weight", "0.2",
        ],
    )  # fmt: skip
    assert told.exit_code == 0, told.output
    fields = {"k": "3", "counter": "died", "facts": json.dumps(FACTS), "facts_weight": "0.2"}
    answer = client.post("/v1/similar", data=fields, files={"file": a_film(99)})
    assert answer.status_code == 200, answer.text
    by_command, by_http = json.loads(told.output), answer.json()
    assert by_http["facts"]["stated"] == {
        "spo2": {"value": 88.0, "unit": "%"},
        "crp": {"value": 120.0, "unit": "mg/L"},
        "diabetes": {"value": "yes", "unit": ""},
    }
    for name in ("facts", "counter", "neighbours", "outcomes", "cautions"):
        assert by_command[name] == by_http[name]
    assert by_http["counter"]["patients"] == {"happened": 4, "did_not_happen": 4, "neither": 4}
    assert by_http["facts"]["weight"] == 0.2


def test_the_page_shows_facts_and_both_sides(store: Path, tmp_path: Path) -> None:
    (tmp_path / "new.dcm").write_bytes(a_film(99))
    told = CliRunner().invoke(
        app, ["search", str(tmp_path / "new.dcm"), "--index", str(store), "--fact", "spo2=88", "--counter", "died"]
    )
    assert told.exit_code == 0, told.output
    for words in (
        "spo2 %",
        "shared",
        "0 of 1",
        "of whom is known: died (4 of 4)",
        "of whom is known not: died (4 of 4)",
    ):
        assert words in told.output, words
    assert "Research use only" in told.output


@pytest.mark.parametrize(
    ("fields", "status", "said"),
    [
        ({"facts": '{"crp": -3}'}, 422, "crp: -3 mg/L cannot be"),
        ({"facts": '{"resourceType": "Encounter"}'}, 422, "A FHIR Encounter states no facts"),
        ({"facts_weight": "9"}, 422, "The weight of facts is 9"),
        ({"facts_weight": "much"}, 422, "facts_weight is not a number"),
        ({"counter": "dead"}, 422, "There is no outcome 'dead'. Is died"),
        ({"facts": '{"crp": 1}' + " " * 300_000}, 422, "256 KiB"),
    ],
)
def test_each_fault_is_one_problem(client: TestClient, fields: dict[str, str], status: int, said: str) -> None:
    answer = client.post("/v1/similar", data=fields, files={"file": a_film(99)})
    assert answer.status_code == status and said in answer.json()["detail"], answer.text


def test_facts_in_the_url_are_refused_since_logs_keep_it(client: TestClient) -> None:
    answer = client.post("/v1/similar", params={"facts": '{"crp": 120}'}, files={"file": a_film(99)})
    assert answer.status_code == 422 and "facts stand in the URL" in answer.json()["detail"]
    assert "120" not in answer.text


def test_a_bundle_larger_than_an_ordinary_field_is_read(client: TestClient) -> None:
    entry = {
        "resource": {
            "resourceType": "Observation",
            "status": "final",
            "code": {"coding": [{"system": "http://loinc.org", "code": "1988-5"}], "text": "x" * 300},
            "valueQuantity": {"value": 120, "code": "mg/L"},
        }
    }
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": [entry] * 40}
    answer = client.post("/v1/similar", data={"facts": json.dumps(bundle)}, files={"file": a_film(99)})
    assert answer.status_code == 200 and answer.json()["facts"]["stated"] == {"crp": {"value": 120.0, "unit": "mg/L"}}


@pytest.mark.parametrize(
    ("content", "said"), [(None, "No such file"), (b"\xff\xfe", "it is not UTF-8")], ids=["missing", "not text"]
)
def test_a_file_of_facts_that_cannot_be_read_is_told_without_its_path(
    store: Path, tmp_path: Path, content: bytes | None, said: str
) -> None:
    (tmp_path / "new.dcm").write_bytes(a_film(99))
    if content is not None:
        (tmp_path / "facts.json").write_bytes(content)
    command = ["search", str(tmp_path / "new.dcm"), "--index", str(store), "--facts", str(tmp_path / "facts.json")]
    told = CliRunner().invoke(app, command)
    assert isinstance(told.exception, InvalidRequest) and said in str(told.exception)
    assert str(tmp_path) not in str(told.exception)


def test_an_unknown_outcome_of_counter_evidence_is_told(store: Path, tmp_path: Path) -> None:
    (tmp_path / "new.dcm").write_bytes(a_film(99))
    command = ["search", str(tmp_path / "new.dcm"), "--index", str(store), "--counter", "dead"]
    assert isinstance(CliRunner().invoke(app, command).exception, InvalidRequest)


def test_an_outcome_that_nobody_has_is_told_on_the_page(store: Path, tmp_path: Path) -> None:
    (tmp_path / "new.dcm").write_bytes(a_film(99))
    command = ["search", str(tmp_path / "new.dcm"), "--index", str(store), "--counter", "oxygen"]
    told = CliRunner().invoke(app, command)
    assert told.exit_code == 0
    assert "Oxygen: it is known of nobody who may answer" in " ".join(told.output.split())


def test_what_an_estimate_rests_on_is_on_the_page_and_in_json(tmp_path: Path) -> None:
    facts = FactsAsked(StatedFacts((StatedFact("crp", 100.0),)))
    report = a_retriever(tmp_path).report(a_scan(99), Question(3, facts=facts))
    basis = Basis(True, "picture and facts: better than the picture alone", 0.25)
    made = OutcomeEstimate("died", 0.3, (0.2, 0.4), 40.0, 90, BaseRate(0.2, 90), None, None, None, basis)
    died, *others = report.outcomes
    report = replace(report, outcomes=(replace(died, estimate=made), *others))
    page = " ".join(text.render(report).decode().split())
    assert "Estimate of died (picture alone: 25 %): picture and facts: better than the picture alone." in page
    assert report.as_json()["outcomes"][0]["basis"] == {
        "has_facts": True,
        "why": "picture and facts: better than the picture alone",
        "picture": 0.25,
    }
