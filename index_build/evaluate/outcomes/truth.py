"""The chances that constructed patients were drawn with, from the truth beside a constructed cohort."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from scankin.index_build.evaluate.outcomes.cohort import OutcomeCohort
from scankin.retrieval.errors import CasebookError

Risks = Mapping[str, Mapping[str, float]]
"""True chance by film (the source's own id) and outcome."""


def load_truth(path: Path) -> Risks:
    """Return the true chances of a truth as ``scankin-index construct`` writes it.

    Raises:
        CasebookError: It is not there, or is no such truth.
    """
    found: dict[str, Mapping[str, float]] = {}
    try:
        with path.open(encoding="utf-8") as lines:
            for line in lines:
                found |= {scan["path"]: scan["risks"] for scan in json.loads(line)["scans"] if scan["risks"]}
    except FileNotFoundError:
        raise CasebookError(f"There is no {path.name}. Name the truth.jsonl beside the constructed cohort.") from None
    except (ValueError, KeyError, TypeError) as error:
        raise CasebookError(
            f"{path.name} is no truth of a constructed cohort. Name the truth.jsonl that construct wrote."
        ) from error
    return found


def true_chances(risks: Risks, cohort: OutcomeCohort, rows: Sequence[int], outcome: str) -> NDArray[np.float64]:
    """Return ``[q]`` the true chance of an outcome at some films; NaN where the truth does not hold it."""
    held = [risks.get(cohort.source_ids[row], {}).get(outcome) for row in rows]
    return np.array([np.nan if one is None else one for one in held], np.float64)
