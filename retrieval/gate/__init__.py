"""Refuses queries that an index should not answer: pictures unlike every scan it was fitted on."""

from scankin.retrieval.gate.gate import FALSE_REFUSAL, Gate, Measured, Verdict

__all__ = ["FALSE_REFUSAL", "Gate", "Measured", "Verdict"]
