"""Every line of every block of the README runs, in order, in a copy of the project, as a newcomer runs them."""

import os
import re
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from real_data import ROOT

BLOCKS = re.findall(r"```\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
RECIPES = {
    # What make does after installing; the environment that runs this test is what it would have installed.
    "make demo": 'sh scripts/demo.sh demo "" auto ""',
    "make test": "true",  # this test is part of it
}


@pytest.mark.slow
def test_every_block_of_the_readme_runs(tmp_path: Path) -> None:
    place = tmp_path / "copy"
    shutil.copytree(ROOT, place, ignore=shutil.ignore_patterns(".git", ".venv", "demo", "build", "casebook", "store"))
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "SCANKIN_KEY_FILE": str(tmp_path / "key"),
    }
    shown: dict[str, str] = {}
    for line in [line for block in BLOCKS for line in block.strip().splitlines()]:
        service = _serve(place, environment) if line.startswith("curl") else None
        try:
            command = ["bash", "-ec", RECIPES.get(line, line)]
            done = subprocess.run(command, cwd=place, env=environment, capture_output=True, text=True, check=False)
        finally:
            if service:
                service.terminate()
                service.wait(20)
        assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"
        shown[line] = done.stdout
    assert len(shown) == 17
    assert "What became of them" in shown["make demo"] and "NONE OF THEM IS REAL" in shown["make demo"]
    assert '"neighbours"' in next(text for line, text in shown.items() if line.startswith("curl"))
    assert (place / "scores.csv").read_text().count("\n") >= 2


def _serve(place: Path, environment: dict[str, str]) -> subprocess.Popen[bytes]:
    command = ["scankin", "serve", "--index", "demo/store"]
    service = subprocess.Popen(command, cwd=place, env=environment, stderr=subprocess.DEVNULL)
    for _ in range(300):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", 8000)) == 0:
                return service
        time.sleep(0.1)
    raise RuntimeError("The service does not listen.")
