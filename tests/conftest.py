import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from scankin.retrieval.retriever import Retriever

# CI machines are shared and slow at times: how long an example takes says nothing of the code.
settings.register_profile("scankin", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("scankin")

# Keys of test casebooks are derived with a secret of the test run, never with the user's own.
os.environ["SCANKIN_KEY_FILE"] = str(Path(tempfile.mkdtemp(prefix="scankin-test-")) / "index.key")


@pytest.fixture(scope="session")
def gated_retriever(tmp_path_factory: pytest.TempPathFactory) -> "Retriever":
    """A retriever whose index has a gate; shared, never changed."""
    from stores import a_gated_retriever

    return a_gated_retriever(tmp_path_factory.mktemp("gated"))


@pytest.fixture(scope="session")
def scans_of_kinds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of scans that the gate passes, refuses, or never sees; shared, never changed."""
    from stores import scans_by_kind

    return scans_by_kind(tmp_path_factory.mktemp("kinds"))
