"""Cox's curves where nothing tells patients apart, and where one feature does; against other software."""

import numpy as np
import pytest
from sksurv.nonparametric import kaplan_meier_estimator

from scankin.index_build.evaluate.outcomes.cox import cox_curves
from scankin.index_build.evaluate.outcomes.survival import concordance, followed
from scankin.retrieval.estimates.curves import HORIZON_DAYS, Times


def times_by(hazard: np.ndarray, seed: int) -> Times:
    """Exponential times with the given daily hazards; nobody is lost before day 31."""
    drawn = np.ceil(np.random.default_rng(seed).exponential(1 / hazard)).astype(np.int64)
    days = np.minimum(drawn, HORIZON_DAYS + 1)
    present = (days[:, np.newaxis] >= np.arange(HORIZON_DAYS + 1)).astype(float)
    return Times(days, drawn <= HORIZON_DAYS, np.zeros(len(hazard), bool), present)


def test_without_anything_to_tell_patients_apart_all_have_about_kaplan_and_meiers_curve() -> None:
    times = times_by(np.full(200, 0.03), 1)
    noise = np.random.default_rng(2).normal(0, 1e-3, (200, 1))
    curves = cox_curves(noise, times, np.arange(200) % 4, noise[:3])
    _, survival = kaplan_meier_estimator(times.is_event, times.days)
    assert curves[:, -1] == pytest.approx(1 - survival[-2:].min(), abs=0.01)
    assert (np.diff(curves, axis=1) >= 0).all() and (curves[:, 0] >= 0).all()


def test_a_feature_that_drives_the_hazard_orders_patients() -> None:
    lean = np.random.default_rng(3).normal(size=240)
    times = times_by(0.03 * np.exp(lean), 4)
    features = np.column_stack([lean, np.random.default_rng(5).normal(size=240)]) / np.sqrt(2)
    there, asked = np.arange(160), np.arange(160, 240)
    fitted = Times(*(part[there] for part in (times.days, times.is_event, times.is_competing, times.present)))
    others = Times(*(part[asked] for part in (times.days, times.is_event, times.is_competing, times.present)))
    curves = cox_curves(features[there], fitted, there % 4, features[asked])
    held, once = followed(others), np.ones((1, 80))
    found, best = (concordance(held, scores, once)[0] for scores in (curves[:, -1], lean[asked]))
    assert best > 0.65 and found > best - 0.05
    assert abs(curves[:, -1].mean() - (others.days <= HORIZON_DAYS).mean()) < 0.1
