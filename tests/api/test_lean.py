"""Without torch: a store that torch built is searched, scored and served by onnxruntime, with the same answers."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
from real_data import ROOT
from stores import a_casebook, a_film, a_source

from scankin.api.engine import Options, answer, open_retriever
from scankin.index_build.build import build
from scankin.index_build.export.network import export
from scankin.models import load_encoder
from scankin.retrieval.question import Question
from scankin.retrieval.reading import ReadingPool, ReadRequest

pytestmark = pytest.mark.slow  # it makes an environment

NAME, K = "efficientnet_lite0", 5
WEIGHTS = ("--weights", "net.onnx")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store built by torch, the network in ONNX, a film to ask about, and an environment without torch."""
    folder = tmp_path_factory.mktemp("lean")
    a_casebook(folder / "casebook", a_source(folder / "source"))
    encoder = load_encoder(NAME)
    build(folder / "casebook", folder / "store", encoder, workers=2)
    export(folder / "casebook", encoder, folder / "net.onnx", scans=5)
    (folder / "in").mkdir()
    (folder / "in" / "new.dcm").write_bytes(a_film(700))
    left_out = shutil.ignore_patterns(".git", ".venv", "demo", "build", "*.egg-info", "__pycache__")
    shutil.copytree(ROOT, folder / "copy", ignore=left_out)
    subprocess.run([sys.executable, "-m", "venv", folder / "env"], check=True)
    command = [folder / "env" / "bin" / "pip", "install", "--quiet", "-c", "constraints.txt", "."]
    subprocess.run(command, cwd=folder / "copy", env=alone(), check=True)
    return folder


def alone() -> dict[str, str]:
    """The environment without what leads to the packages that run this test."""
    return {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}


def run(place: Path, *command: str) -> str:
    program = [place / "env" / "bin" / command[0], *command[1:]]
    done = subprocess.run(program, cwd=place, env=alone(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def by_torch(place: Path) -> dict[str, float]:
    """The similarity of each neighbour's scan, as torch finds it."""
    retriever = open_retriever(place / "store", None, "cpu", "torch")
    with ReadingPool(1) as pool:
        report = answer(retriever, pool, ReadRequest(paths=(place / "in" / "new.dcm",)), Options(Question(K)))
    return {case["scan"]: case["similarity"] for case in report.as_json()["neighbours"]}


def neighbours(report: dict[str, list[dict[str, float]]]) -> dict[float, float]:
    return {case["scan"]: case["similarity"] for case in report["neighbours"]}


def test_torch_is_absent(place: Path) -> None:
    code = "from importlib.util import find_spec; print([find_spec(n) for n in ('torch', 'torchvision', 'onnx')])"
    assert run(place, "python", "-c", code) == "[None, None, None]\n"


def test_search_answers_as_torch_does(place: Path) -> None:
    told = run(place, "scankin", "search", "in/new.dcm", "--index", "store", "-k", str(K), "--json", *WEIGHTS)
    same = by_torch(place)
    assert list(neighbours(json.loads(told))) == list(same)
    assert neighbours(json.loads(told)) == pytest.approx(same, abs=1e-5)


def test_score_answers_as_torch_does(place: Path) -> None:
    run(place, "scankin", "score", "in", "--index", "store", "-k", str(K), "--out", "scores.ndjson", *WEIGHTS)
    (row,) = [json.loads(line) for line in (place / "scores.ndjson").read_text().splitlines()]
    assert neighbours(row["report"]) == pytest.approx(by_torch(place), abs=1e-5)


def test_serve_answers_as_torch_does(place: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    command = [place / "env" / "bin" / "scankin", "serve", "--index", "store", "--port", port, *WEIGHTS]
    with (place / "log").open("wb") as log:
        service = subprocess.Popen(command, cwd=place, env=alone(), stderr=log)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
            until_ready(client)
            file = {"file": ("film.dcm", (place / "in" / "new.dcm").read_bytes())}
            told = client.post("/v1/similar", files=file, data={"k": str(K)}).json()
    finally:
        service.terminate()
        service.wait(20)
    assert neighbours(told) == pytest.approx(by_torch(place), abs=1e-5)


def until_ready(client: httpx.Client) -> None:
    for _ in range(600):
        try:
            if client.get("/readyz").status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise RuntimeError("The service does not answer.")


def test_without_an_onnx_file_it_says_what_to_do(place: Path) -> None:
    program = [place / "env" / "bin" / "scankin", "search", "in/new.dcm", "--index", "store"]
    done = subprocess.run(program, cwd=place, env=alone(), capture_output=True, text=True, check=False)
    assert done.returncode == 2 and "scankin-index export" in done.stderr and "scankin[torch]" in done.stderr
