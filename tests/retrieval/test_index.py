import numpy as np
import pytest
from builders import a_record, an_identity, unit
from hypothesis import given, settings
from hypothesis import strategies as st

from scankin.retrieval.encoder import Embeddings
from scankin.retrieval.errors import EncoderMismatch, InvalidRequest
from scankin.retrieval.index import Neighbours, ScanIndex
from scankin.retrieval.records import ScanRecord


def an_index(vectors: np.ndarray, patients: list[str]) -> ScanIndex:
    records = [a_record(number, patient) for number, patient in enumerate(patients)]
    return ScanIndex.of(records, Embeddings(vectors, an_identity(vectors.shape[1])))


def brute_force(
    vectors: np.ndarray, query: np.ndarray, records: tuple[ScanRecord, ...], k: int, allowed: np.ndarray
) -> list[tuple[str, float]]:
    """Every similarity, sorted, one scan a patient: the obvious way."""
    best: list[tuple[str, float]] = []
    seen = set()
    rows = [
        (-round(float(np.dot(v.astype(float), query.astype(float))), 6), r.scan, r.patient)
        for v, r in zip(vectors, records, strict=True)
    ]
    for negative, scan, patient in sorted(row for row, ok in zip(rows, allowed, strict=True) if ok):
        if patient not in seen:
            seen.add(patient)
            best.append((scan, -negative))
    return best[:k]


@given(
    seed=st.integers(0, 10_000),
    count=st.integers(1, 400),
    patients=st.integers(1, 60),
    k=st.integers(1, 30),
    passing=st.floats(0.02, 1),
)
@settings(max_examples=60, deadline=None)
def test_search_equals_brute_force(seed: int, count: int, patients: int, k: int, passing: float) -> None:
    random = np.random.default_rng(seed)
    # Few distinct directions, so that exact ties are common.
    vectors = unit(random.integers(-2, 3, (count, 4)) + np.array([0.1, 0, 0, 0]))
    owners = [f"p{random.integers(patients)}" for _ in range(count)]
    index = an_index(vectors, owners)
    query = unit(random.normal(size=(1, 4)))
    allowed = random.random(count) < passing
    found = index.search(Embeddings(query, an_identity()), k, allowed)
    expected = brute_force(vectors, query[0], index.records, k, allowed)
    assert [record.scan for record in found.records] == [scan for scan, _ in expected]
    assert np.allclose(found.similarities, [similarity for _, similarity in expected], atol=2e-6)


def test_equal_similarities_are_ordered_by_scan_key() -> None:
    vectors = unit(np.ones((300, 4)))
    index = an_index(vectors, [f"p{number}" for number in range(300)])
    found = index.search(Embeddings(vectors[:1], an_identity()), 5, np.ones(300, bool))
    assert [record.scan for record in found.records] == [f"s{number:015x}" for number in range(5)]


def test_a_patient_with_many_scans_appears_once_and_hides_nobody() -> None:
    vectors = unit(np.vstack([np.tile([1.0, 0.01, 0, 0], (500, 1)), [[1, 1, 0, 0]], [[0, 1, 0, 0]]]))
    index = an_index(vectors, ["many"] * 500 + ["second", "third"])
    found = index.search(Embeddings(unit(np.array([[1.0, 0, 0, 0]])), an_identity()), 3, np.ones(502, bool))
    assert [record.patient for record in found.records] == ["many", "second", "third"]


def test_fewer_come_back_when_patients_run_out() -> None:
    index = an_index(unit(np.eye(4)[:2]), ["a", "b"])
    found = index.search(Embeddings(unit(np.ones((1, 4))), an_identity()), 10, np.array([True, False]))
    assert len(found.records) == 1


def test_adding_a_far_scan_changes_nothing_near() -> None:
    random = np.random.default_rng(3)
    vectors = unit(np.abs(random.normal(size=(50, 4))))
    owners = [f"p{number}" for number in range(50)]
    query = Embeddings(unit(np.abs(random.normal(size=(1, 4)))), an_identity())
    before = an_index(vectors, owners).search(query, 10, np.ones(50, bool))
    more = np.vstack([vectors, -query.vectors])
    after = an_index(more, [*owners, "far"]).search(query, 10, np.ones(51, bool))
    assert before == after


def test_a_query_of_another_encoder_is_refused_and_named() -> None:
    index = an_index(unit(np.eye(4)), list("abcd"))
    other = Embeddings(unit(np.ones((1, 4))), an_identity(preprocessing="p2"))
    with pytest.raises(EncoderMismatch, match="preprocessing"):
        index.search(other, 1, np.ones(4, bool))


def test_k_below_one_is_refused() -> None:
    index = an_index(unit(np.eye(4)), list("abcd"))
    with pytest.raises(InvalidRequest):
        index.search(Embeddings(unit(np.ones((1, 4))), an_identity()), 0, np.ones(4, bool))


def test_neighbours_check_their_own_order() -> None:
    with pytest.raises(ValueError, match="falling"):
        Neighbours((a_record(1), a_record(2)), (0.1, 0.2), (0.1, 0.2))
    with pytest.raises(ValueError, match="twice"):
        Neighbours((a_record(1, "p"), a_record(2, "p")), (0.2, 0.1), (0.2, 0.1))


@pytest.mark.parametrize("bad", [np.full((1, 4), 0.4, np.float32), np.full((1, 4), np.nan, np.float32), np.eye(4)[:1]])
def test_embeddings_are_finite_unit_float32(bad: np.ndarray) -> None:
    with pytest.raises(ValueError, match="Embeddings"):
        Embeddings(bad, an_identity())


def test_what_other_likeness_adds_decides_the_order_and_is_told_beside_the_cosine() -> None:
    rng = np.random.default_rng(5)
    vectors = unit(rng.normal(size=(40, 4)))
    owners = [f"p{row // 2}" for row in range(40)]
    query, bonus = unit(rng.normal(size=(1, 4))), rng.uniform(0, 0.5, 40)
    index, allowed = an_index(vectors, owners), rng.random(40) < 0.8
    found = index.search(Embeddings(query, an_identity()), 5, allowed, bonus)
    best: dict[str, tuple[float, float]] = {}
    for row in np.flatnonzero(allowed):
        cosine = round(float(vectors[row].astype(np.float64) @ query[0].astype(np.float64)), 6)
        best[owners[row]] = max(best.get(owners[row], (-9.0, 0.0)), (round(cosine + bonus[row], 6), cosine))
    expected = sorted(best.values(), reverse=True)[:5]
    assert found.scores == tuple(score for score, _ in expected)
    assert found.similarities == tuple(cosine for _, cosine in expected)
