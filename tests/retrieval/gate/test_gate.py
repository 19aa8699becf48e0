import numpy as np
import pytest
from scipy import stats

from scankin.retrieval.errors import InvalidRequest
from scankin.retrieval.gate.gate import USED, Gate, level_of


def a_gate(patients: int, seed: int = 0) -> tuple[Gate, np.random.Generator]:
    """A gate whose calibration distances are log-normal, each on a scale of its own, and the generator of more."""
    rng = np.random.default_rng(seed)
    return Gate({}, np.stack([some_distances(rng) for _ in range(patients)])), rng


def some_distances(rng: np.random.Generator) -> np.ndarray:
    return 10.0 ** np.arange(len(USED)) * rng.lognormal(size=len(USED))


def test_a_p_value_is_a_rank_among_the_calibration_patients_and_the_query() -> None:
    gate, rng = a_gate(24)
    distances = some_distances(rng)
    verdict = gate.judge(distances)
    together = [*gate.calibration.tolist(), distances.tolist()]
    for column, measured in enumerate(verdict.measured):
        values = [row[column] for row in together]
        assert measured.p_value == sum(value >= values[-1] for value in values) / 25
        assert (measured.depth, measured.distance) == USED[column]
    assert verdict.p_value * 25 == pytest.approx(round(verdict.p_value * 25))


def test_p_values_of_more_of_the_same_are_uniform() -> None:
    p_values = []
    for seed in range(600):
        gate, rng = a_gate(19, seed)
        p_values.append(gate.judge(some_distances(rng), 0.1).p_value)
    counts = np.bincount(np.round(np.array(p_values) * 20).astype(int), minlength=21)[1:]
    assert stats.chisquare(counts).pvalue > 0.01  # 20 values, each as likely as the others


def test_what_is_far_at_one_depth_only_is_refused_and_that_depth_is_named() -> None:
    gate, _ = a_gate(60)
    for column, (depth, distance) in enumerate(USED):
        distances = np.median(gate.calibration, axis=0)
        distances[column] *= 1000
        verdict = gate.judge(distances)
        assert verdict.is_refused and verdict.p_value == 1 / 61
        assert (verdict.spoke.depth, verdict.spoke.distance) == (depth, distance)
        assert "Of 60 patients" in verdict.reason and "0 are as unlike" in verdict.reason


def test_what_lies_in_the_middle_is_never_refused() -> None:
    gate, _ = a_gate(60)
    assert not gate.judge(np.median(gate.calibration, axis=0), 0.5).is_refused


def test_the_level_keeps_the_bound_in_95_of_100_calibration_sets() -> None:
    # One rank of n: false refusals are Beta(1, n), at most 5 % with probability 1 - 0.95**n: 0.9515 for 59.
    assert level_of(0.05, 59) == pytest.approx(1 / 60)
    # Two ranks: 1 - 0.95**n - n * 0.05 * 0.95**(n - 1), which is 0.9489 for 92 and 0.9511 for 93.
    assert level_of(0.05, 92) == pytest.approx(1 / 93)
    assert level_of(0.05, 93) == pytest.approx(2 / 94)
    assert 0.035 < level_of(0.05, 1000) < 0.05


def test_few_patients_keep_the_bound_on_average_or_refuse_nothing() -> None:
    assert level_of(0.05, 20) == pytest.approx(1 / 21)
    assert level_of(0.05, 18) == 0


def test_a_rate_that_was_not_calibrated_for_is_an_error() -> None:
    gate, rng = a_gate(20)
    for rate in (0.01, 0.6, float("nan")):
        with pytest.raises(InvalidRequest, match="cannot be kept"):
            gate.judge(some_distances(rng), rate)
