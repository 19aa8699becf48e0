import json
from pathlib import Path

import numpy as np
import pytest
from builders import an_outcome_cohort

from scankin.index_build.evaluate.outcomes.truth import load_truth, true_chances
from scankin.retrieval.errors import CasebookError


def test_true_chances_are_those_of_the_film_that_asks(tmp_path: Path) -> None:
    patients = [
        {"scans": [{"path": "film-0", "risks": {"died": 0.2}}, {"path": "film-1", "risks": {}}]},
        {"scans": [{"path": "film-2", "risks": {"died": 0.7, "intubated": 0.1}}]},
    ]
    path = tmp_path / "truth.jsonl"
    path.write_text("".join(json.dumps(one) + "\n" for one in patients))
    found = true_chances(load_truth(path), an_outcome_cohort(1, patients=20), [2, 0, 1, 3], "died")
    assert found[:2].tolist() == [0.7, 0.2] and np.isnan(found[2:]).all()


def test_what_is_no_truth_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(CasebookError, match=r"There is no truth\.jsonl"):
        load_truth(tmp_path / "truth.jsonl")
    (tmp_path / "cases.csv").write_text("patient_id\n1\n")
    with pytest.raises(CasebookError, match=r"cases\.csv is no truth of a constructed cohort"):
        load_truth(tmp_path / "cases.csv")
