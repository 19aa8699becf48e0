"""Where the real, public chest scans lie that some tests need."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def data_dir(name: str) -> Path:
    """Return one folder of the real data; in CI its absence is a failure, elsewhere a skip that says why."""
    folder = Path(os.environ.get("SCANKIN_TEST_DATA", ROOT.parent / "shared" / "data")) / name
    if not folder.is_dir():
        reason = f"The real scans are not here: set SCANKIN_TEST_DATA to the folder that holds {name}/."
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return folder
