"""How many of a group of patients will need a bed: the distribution of the number, not of one patient."""

from scankin.retrieval.capacity.beds import beds, needs
from scankin.retrieval.capacity.drift import drift_likelihood, drift_sd
from scankin.retrieval.capacity.forecast import Forecast
from scankin.retrieval.capacity.risks import GroupRisks, Risk

__all__ = ["Forecast", "GroupRisks", "Risk", "beds", "drift_likelihood", "drift_sd", "needs"]
