"""Takes the joint estimate of picture and facts for the outcomes in which it was better in patients held out."""

from collections.abc import Mapping
from dataclasses import replace

from scankin.retrieval.estimates.calibration import ModalityCalibration
from scankin.retrieval.estimates.estimate import Expected, OutcomeEstimate
from scankin.retrieval.estimates.joint import ENOUGH, Basis, JointFit


def with_facts(expected: Expected, calibration: ModalityCalibration | None, facts: Mapping[str, float]) -> Expected:
    """Return the estimates, each with its basis; curves stay those of the picture.

    Args:
        expected: From the picture.
        calibration: Of the modality; None: the version was published without.
        facts: Of the query.
    """
    held = {} if calibration is None else calibration.outcomes
    fits = {name: outcome.joint for name, outcome in held.items()}
    return replace(expected, estimates=tuple(_with_facts(one, fits.get(one.name), facts) for one in expected.estimates))


def _with_facts(made: OutcomeEstimate, fit: JointFit | None, facts: Mapping[str, float]) -> OutcomeEstimate:
    if made.estimate is None or made.interval is None:
        return made
    if fit is None:
        why = "picture alone: too few patients of the index state facts to fit a joint estimate"
    elif fit.model is None:
        why = f"picture alone: facts told no more in {_held_out(fit)}"
    elif not fit.model.states_enough(facts):
        why = (
            f"picture alone: the query states {sum(name in facts for name in fit.model.names)} of the joint estimate's "
            f"{len(fit.model.names)} facts; {ENOUGH:.0%} are needed"
        )
    else:
        chance, interval = fit.model.estimate(made.estimate, made.interval, facts)
        why = f"picture and facts: better than the picture alone in {_held_out(fit)}"
        basis = Basis(True, why, made.estimate)
        return replace(made, estimate=chance, interval=interval, basis=basis)
    return replace(made, basis=Basis(False, why, made.estimate))


def _held_out(fit: JointFit) -> str:
    low, high = fit.interval
    return f"{fit.patients} patients held out (gain in log loss {fit.gain:.3f}, 95 % {low:.3f} to {high:.3f})"
