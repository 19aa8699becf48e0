import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scankin.retrieval.estimates.kernel import Kernel, PatientRows


@given(st.integers(0, 10_000))
def test_each_patient_answers_by_the_most_similar_allowed_scan(seed: int) -> None:
    rng = np.random.default_rng(seed)
    patients, similarities = rng.integers(0, 5, 12), rng.integers(-3, 3, 12) / 4
    allowed = rng.random(12) < 0.7
    found = PatientRows(patients).best(similarities, allowed)
    expected = {}
    for row in np.flatnonzero(allowed):  # the slow obvious version
        held = expected.get(patients[row])
        if held is None or similarities[row] > similarities[held]:
            expected[patients[row]] = row
    assert dict(zip(patients[found.rows].tolist(), found.rows.tolist(), strict=True)) == expected
    assert found.similarities.tolist() == [similarities[row] for row in found.rows]


def test_the_kernel_is_the_exponential_of_the_cosine_and_1_for_the_first() -> None:
    assert Kernel(10.0, 1.0).weights(np.array([0.9, 0.8]), np.zeros(2)) == pytest.approx([1.0, np.exp(-1.0)])
    assert Kernel(0.0, 1.0).weights(np.array([0.9, 0.1]), np.zeros(2)).tolist() == [1.0, 1.0]


def test_a_difference_of_scores_takes_a_normal_kernel_of_its_width_off() -> None:
    weights = Kernel(10.0, 0.5).weights(np.array([0.9, 0.8, 0.9]), np.array([0.5, 0.0, 1.0]))
    # Exponents less 9: -0.5, -1, -2.
    assert weights == pytest.approx(np.exp([0.0, -0.5, -1.5]))


@pytest.mark.parametrize("wrong", [(-1.0, 1.0), (1.0, 0.0)])
def test_a_kernel_of_no_width_or_below_0_cannot_be(wrong: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match="cannot be"):
        Kernel(*wrong)
