"""The service over real HTTP, while its store is republished and hostile requests come in."""

import io
import json
import os
import socket
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from builders import KEYRING, a_dataset, a_slice, dicom_bytes
from stores import CANARY, a_casebook, a_film, a_store

from scankin.api.app import create_app
from scankin.api.settings import Settings
from scankin.index_build.build import build
from scankin.index_build.publish import roll_back
from scankin.models import load_encoder
from scankin.retrieval.store import current_name


class Running:
    """A service in a process of its own, with its log."""

    def __init__(self, folder: Path) -> None:
        self.store = a_store(folder, explanations=True)
        self.log = folder / "log"
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        command = [sys.executable, "-m", "scankin.api", "serve", "--index", str(self.store), "--port", str(port)]
        environment = {"SCANKIN_POLL_SECONDS": "0.1", "SCANKIN_MAX_UPLOAD_MIB": "2", "PATH": "/usr/bin:/bin"}
        environment["PYTHONPATH"] = os.environ.get("PYTHONPATH", "")  # what is tested, wherever it lies
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(command, stderr=log, env=environment)
        self.client = httpx.Client(base_url=self.url, timeout=30)
        for _ in range(900):  # machines that run tests are shared and slow at times
            try:
                if self.client.get("/readyz").status_code == 200:
                    return
            except httpx.TransportError:
                time.sleep(0.1)
        raise RuntimeError(self.log.read_text())

    def ask(self, data: bytes, **fields: object) -> httpx.Response:
        return self.client.post("/v1/similar", files={"file": (f"{CANARY}.dcm", data)}, data=fields)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    running = Running(tmp_path_factory.mktemp("service"))
    yield running
    running.client.close()
    running.process.terminate()
    running.process.wait(20)


def test_answers_with_the_report(service: Running) -> None:
    answer = service.ask(a_film(500), k=4)
    assert answer.status_code == 200 and answer.headers["content-type"] == "application/json"
    report = answer.json()
    assert [case["rank"] for case in report["neighbours"]] == [1, 2, 3, 4]
    assert report["index"]["version"] == current_name(service.store)
    assert "read;dur=" in answer.headers["server-timing"]
    assert answer.headers["cache-control"] == "no-store"


def test_fields_may_stand_in_the_query_and_filters_hold(service: Running) -> None:
    answer = service.client.post(
        "/v1/similar?k=30&site=north&sex=F", files={"anything": a_film(500)}, data={"view": "PA"}
    )
    neighbours = answer.json()["neighbours"]
    assert neighbours and {(case["site"], case["sex"], case["view"]) for case in neighbours} == {("north", "F", "PA")}


def test_own_patient_is_left_out(service: Running) -> None:
    everybody = service.ask(dicom_bytes(a_dataset()), k=100).json()["neighbours"]
    others = service.ask(a_film(0), k=100).json()["neighbours"]
    assert (len(everybody), len(others)) == (12, 11)


def test_text_is_given_on_request(service: Running) -> None:
    answer = service.client.post("/v1/similar", files={"file": a_film(500)}, headers={"Accept": "text/plain"})
    assert answer.headers["content-type"].startswith("text/plain") and "Most similar patients" in answer.text
    refused = service.client.post("/v1/similar", files={"file": a_film(500)}, headers={"Accept": "image/gif"})
    assert (refused.status_code, refused.json()["code"]) == (406, "not_acceptable")


def test_a_zip_of_slices_reaches_the_ct_index_or_is_refused_in_words(service: Running) -> None:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        for z in range(3):
            archive.writestr(f"{z}.dcm", dicom_bytes(a_slice("1.2.3", z, 100 * z)))
    answer = service.ask(sink.getvalue())
    assert (answer.status_code, answer.json()["code"]) == (422, "no_candidates")  # the test store has no CT


@pytest.mark.parametrize(
    ("data", "status", "code"),
    [
        (b"", 422, "empty_file"),
        (b"text", 415, "not_dicom"),
        (b"\x89PNG\r\n\x1a\n" + b"\x00" * 64, 415, "not_dicom"),
        (a_film(1)[:900], 422, None),
        (dicom_bytes(a_dataset(Modality="MR", PatientID=CANARY)), 422, "unsupported_modality"),
        (dicom_bytes(a_dataset(BodyPartExamined="HAND")), 422, "not_a_chest"),
        (b"\x00" * (3 * 1024 * 1024), 413, "too_large"),
    ],
)
def test_what_cannot_be_answered_is_a_problem_document(
    service: Running, data: bytes, status: int, code: str | None
) -> None:
    answer = service.ask(data)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert set(problem) == {"type", "title", "status", "detail", "code"} and problem["status"] == status
    assert code in (None, problem["code"])
    assert CANARY not in answer.text


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({"k": "0"}, "k is 0"),
        ({"k": "x"}, "whole"),
        ({"colour": "red"}, "unknown"),
        ({"view": "up"}, "view"),
        ({"mix_ages": "7"}, "mix"),
    ],
)
def test_a_wrong_field_is_told(service: Running, fields: dict[str, str], word: str) -> None:
    answer = service.ask(a_film(500), **fields)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request") and word in answer.json()["detail"]


def test_bodies_that_are_no_form_or_lie_about_their_size(service: Running) -> None:
    assert service.client.post("/v1/similar", content=b"x").json()["code"] == "invalid_request"
    two = service.client.post("/v1/similar", files=[("a", b"1"), ("b", b"2")])
    assert (two.status_code, two.json()["code"]) == (422, "invalid_request")

    def endless() -> Iterator[bytes]:
        yield b'--x\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\n'
        for _ in range(64):
            yield b"\x00" * 65536

    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    try:
        answer = service.client.post("/v1/similar", content=endless(), headers=headers)
        assert answer.status_code == 413
    except httpx.WriteError:
        pass  # the service hung up, having said 413 to nobody
    assert service.ask(a_film(500)).status_code == 200


def test_cases_and_thumbnails_by_key(service: Running) -> None:
    first = service.ask(a_film(500), k=1).json()["neighbours"][0]
    case = service.client.get(f"/v1/cases/{first['scan']}").json()
    assert {name: case[name] for name in first if name in case} == {
        name: value for name, value in first.items() if name in case
    }
    assert not {"source_id", "files", "fingerprint", "pixel_hash"} & set(case)
    image = service.client.get(f"/v1/cases/{first['scan']}/image")
    assert image.headers["content-type"] == "image/png" and image.content.startswith(b"\x89PNG")
    missing = service.client.get("/v1/cases/s000000000000000")
    assert (missing.status_code, missing.json()["code"]) == (404, "unknown_key")


def test_an_explanation_is_a_picture_of_the_upload_and_one_neighbour(service: Running) -> None:
    answer = service.ask(a_film(500), k=2, explain="true").json()
    explained = answer["explanations"][0]
    assert explained["scan"] == answer["neighbours"][0]["scan"]
    picture = service.client.post(explained["link"]["href"], files={"file": (f"{CANARY}.dcm", a_film(500))})
    assert picture.headers["content-type"] == "image/png" and picture.content.startswith(b"\x89PNG")
    assert CANARY.encode() not in picture.content and picture.headers["cache-control"] == "no-store"


def test_no_explanation_tells_whose_scan_a_key_is(service: Running) -> None:
    # Films 0 and 1 are of one patient: the answer is the same as of a key that is not there.
    own = KEYRING.scan("test", "001.dcm")
    assert service.client.get(f"/v1/cases/{own}").status_code == 200
    told = [
        service.client.post("/v1/explain", params={"scan": key}, files={"file": a_film(0)})
        for key in (own, "s000000000000000")
    ]
    assert [answer.status_code for answer in told] == [404, 404] and told[0].json() == told[1].json()


def test_an_explanation_needs_exactly_one_scan(service: Running) -> None:
    for query in ("", "?scan=a&scan=b", "?scan=a&k=3"):
        answer = service.client.post(f"/v1/explain{query}", files={"file": a_film(500)})
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")


def test_index_facts_and_health(service: Running) -> None:
    facts = service.client.get("/v1/index").json()
    assert facts["counts"] == {"X-ray": {"scans": 24, "patients": 12}}
    assert facts["base_rates"]["X-ray"]["outcomes"]["died"] == {"share": 0.5, "patients": 8}
    assert service.client.get("/healthz").json() == {"status": "alive"}
    for path, status in (("/nowhere", 404), ("/v1/similar", 405)):
        answer = service.client.get(path)
        assert answer.status_code == status and answer.headers["content-type"] == "application/problem+json"


def test_republishing_fails_no_request_and_mixes_no_versions(service: Running) -> None:
    place = service.store.parent
    versions = {current_name(service.store): 24}
    problems: list[str] = []
    answered = {24: 0, 25: 0}
    stop = threading.Event()

    def client() -> None:
        with httpx.Client(base_url=service.url, timeout=30) as http:
            while not stop.is_set():
                answer = http.post("/v1/similar", files={"file": a_film(500)}, data={"k": "1"})
                if answer.status_code != 200:
                    problems.append(answer.text)
                    continue
                report = answer.json()
                scans = report["query"]["candidates"]["scans"]
                if versions.get(report["index"]["version"]) != scans:
                    problems.append(f"{report['index']['version']} answered from {scans} scans")
                answered[scans] += 1

    first = current_name(service.store)
    (place / "source" / "024.dcm").write_bytes(a_film(24))
    a_casebook(place / "casebook", place / "source")
    # The new version's name is known only once it is published, so it is published and rolled back first.
    second = build(place / "casebook", service.store, load_encoder("thumbnail"), workers=1).version
    versions[second] = 25
    clients = [threading.Thread(target=client) for _ in range(3)]
    for thread in clients:
        thread.start()
    for _ in range(4):
        time.sleep(0.7)
        roll_back(service.store, first)
        time.sleep(0.7)
        roll_back(service.store, second)
    time.sleep(0.7)
    stop.set()
    for thread in clients:
        thread.join()
    assert problems == [] and min(answered.values()) > 10


def test_a_corrupt_new_version_leaves_the_old_one_serving(service: Running) -> None:
    pointer = service.store / "current"
    whole = pointer.read_bytes()
    before = service.client.get("/readyz").json()["version"]
    pointer.write_bytes(b"0009-0000000000000000\n")
    time.sleep(0.5)
    ready = service.client.get("/readyz").json()
    pointer.write_bytes(whole)
    assert ready["version"] == before and "StoreCorrupt" in ready["warning"]
    assert service.ask(a_film(500)).status_code == 200


def test_logs_are_lines_of_json_without_patients_and_paths(service: Running) -> None:
    service.ask(a_film(1))
    service.client.get(f"/v1/cases/{CANARY}")
    time.sleep(0.2)
    lines = service.log.read_text().splitlines()
    assert CANARY not in service.log.read_text() and str(service.store.parent) not in service.log.read_text()
    requests = [json.loads(line) for line in lines if line.startswith("{")]
    assert {"/v1/similar", "/v1/cases/{key}"} <= {entry.get("route") for entry in requests}


def test_without_a_store_it_is_alive_and_not_ready(tmp_path: Path) -> None:
    import asyncio

    app = create_app(Settings(index=tmp_path / "nothing", workers=1))

    async def ask() -> None:
        transport = httpx.ASGITransport(app)
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=transport, base_url="http://x") as http,
        ):
            assert (await http.get("/healthz")).status_code == 200
            answer = await http.get("/readyz")
            assert (answer.status_code, answer.json()["code"]) == (503, "index_unavailable")
            assert (await http.post("/v1/similar", files={"file": a_film(1)})).status_code == 503

    asyncio.run(ask())


def test_further_files_are_earlier_scans_of_the_patient(service: Running) -> None:
    files = [("file", (name, a_film(number))) for name, number in (("a", 500), ("b", 501), ("c", 500))]
    answer = service.client.post("/v1/similar?days_since_admission=3", files=files, data={"day": ["-4", "-2"]})
    report = answer.json()
    assert answer.status_code == 200, answer.text
    assert report["time"]["days"] == {"admission": 3, "symptom_onset": None, "positive_swab": None}
    assert [one["days_before"] for one in report["time"]["changes"]] == [4]
    assert any("Further scan 2 is the same picture" in caution for caution in report["cautions"])
    dated = service.client.post("/v1/similar", files=files[:2])  # both headers hold the same StudyDate
    assert [one["days_before"] for one in dated.json()["time"]["changes"]] == [0]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"day": "-4"}, "1 days for 0 further files"),
        ({"days_since_admission": "5000"}, "-365 to 3,650"),
        ({"days_since_swab": "-400"}, "days_since_swab is -400"),
        ({"days_since_onset": "soon"}, "not a whole number"),
        ({"days_weight": "11"}, "0 to 10"),
        ({"as_of": "yesterday"}, "not a date"),
    ],
)
def test_times_that_cannot_be_are_named(service: Running, fields: dict[str, str], words: str) -> None:
    answer = service.ask(a_film(500), **fields)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request") and words in answer.json()["detail"]


def test_a_further_file_of_another_patient_or_day_is_refused_by_its_place(service: Running) -> None:
    other = dicom_bytes(a_dataset(PatientID=f"{CANARY}-OTHER"))
    for files, data, code in (
        ([a_film(500), a_film(501), other], {"day": ["-4", "-2"]}, "other_patient"),
        ([a_film(500), dicom_bytes(a_dataset(PatientID=f"{CANARY}-250", StudyDate=None))], {}, "unknown_day"),
        ([a_film(500), b""], {"day": "-1"}, "empty_file"),
    ):
        answer = service.client.post("/v1/similar", files=[("file", one) for one in files], data=data)
        assert answer.json()["code"] == code, answer.text
        assert f"Further scan {len(files) - 1}" in answer.json()["detail"] and CANARY not in answer.text


def test_too_many_files_are_refused(service: Running) -> None:
    answer = service.client.post("/v1/similar", files=[("file", a_film(500))] * 22)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request") and "21 files" in answer.text


def test_as_of_a_day_needs_an_index_with_dates(service: Running) -> None:
    answer = service.ask(a_film(500), as_of="2020-04-30")  # the test store's clock begins at each admission
    assert (answer.status_code, answer.json()["code"]) == (422, "no_candidates")
