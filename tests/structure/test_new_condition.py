"""The worked example of docs/outcomes.md, done to a copy of the sources."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

from builders import a_dataset, dicom_bytes
from real_data import ROOT

ANSWER = """
from pathlib import Path
from scankin.index_build.importers import OpenedSource, SourceCase, load_importer
from scankin.retrieval.source_tree import FolderTree
from scankin.retrieval.case import Case
from scankin.retrieval.outcomes import all_outcomes

outcome = next(one for one in all_outcomes() if one.name == "heart_failure_30d")
read = load_importer("dicom-folder").read
cases = [one for one in read(OpenedSource(FolderTree(Path("source")))) if isinstance(one, SourceCase)]
for one in cases:
    case = Case(one.patient_id, one.collection, one.clock, one.events, one.last_seen_alive)
    print(one.patient_id, outcome.of(case, 18353).value)
"""


def test_a_new_condition_is_added_as_the_docs_say(tmp_path: Path) -> None:
    kind, column, outcome = re.findall(r"```python\n(.*?)```", (ROOT / "docs/outcomes.md").read_text(), re.DOTALL)
    for layer in ("retrieval", "index_build"):
        shutil.copytree(ROOT / layer, tmp_path / "scankin" / layer, ignore=shutil.ignore_patterns("__pycache__"))
    _after(tmp_path / "scankin/retrieval/case.py", '    DEATH = "death"\n', kind)
    _after(tmp_path / "scankin/index_build/importers/dicom_folder.py", '    "oxygen": EventKind.OXYGEN,\n', column)
    (tmp_path / "scankin/retrieval/outcomes/heart_failure_30d.py").write_text(outcome)
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "film.dcm").write_bytes(dicom_bytes(a_dataset(PatientID="A")))
    (tmp_path / "source" / "cases.csv").write_text(
        "patient_id,heart_failure,heart_failure_date,last_seen_alive\n"
        "A,Y,2020-04-11,\n"  # the scan is of 2020-04-01, day 18353
        "B,N,,2020-05-01\n"
        "C,N,,2020-04-20\n"
        "D,Y,2020-03-01,\n"
        "E,,,2020-05-01\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", ANSWER],
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "A happened",
        "B did not happen",
        "C censored",
        "D already happened",
        "E unknown",
    ]


def _after(path: Path, line: str, added: str) -> None:
    text = path.read_text()
    assert text.count(line) == 1
    path.write_text(text.replace(line, line + added))
