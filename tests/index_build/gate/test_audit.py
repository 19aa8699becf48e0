from pathlib import Path

import pytest
from stores import a_gated_retriever, scans_by_kind

from scankin.index_build.gate.audit import ALL, audit_gate
from scankin.retrieval.errors import InvalidRequest
from scankin.retrieval.retriever import Retriever


@pytest.fixture(scope="module")
def retriever(tmp_path_factory: pytest.TempPathFactory) -> Retriever:
    return a_gated_retriever(tmp_path_factory.mktemp("version"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return scans_by_kind(tmp_path_factory.mktemp("scans"))


def test_an_audit_counts_refusals_by_kind_and_leaves_out_insiders_of_the_index(
    retriever: Retriever, folder: Path
) -> None:
    audit = audit_gate(retriever, folder, folder / "like", None, workers=2)
    assert {kind: (held.refused, held.asked) for kind, held in audit.outsiders.items()} == {
        "header": (2, 2),  # the torn file is not counted
        "like": (0, 2),
        "noise": (1, 1),
        ALL: (3, 5),
    }
    assert audit.outsiders["header"].reasons == {"failed": 1, "not_a_chest": 1, "not_frontal": 1}
    assert (audit.insiders[ALL].refused, audit.insiders[ALL].asked) == (0, 1)
    assert audit.insiders[ALL].reasons == {"in the index": 1, "passed": 1}
    # Wilson, by hand for 0 of 1: z^2 / (1 + z^2) with z = 1.96 is 0.793.
    assert audit.insiders[ALL].interval == pytest.approx((0, 0.793), abs=5e-4)


def test_an_audit_of_a_folder_that_is_not_there_is_an_error(retriever: Retriever, tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match="no such folder"):
        audit_gate(retriever, tmp_path / "none", None, None, workers=1)
    with pytest.raises(InvalidRequest, match="holds no scan"):
        audit_gate(retriever, tmp_path, None, None, workers=1)
