"""Outcomes, found by folder: ``retrieval/outcomes/<name>.py`` defines ``OUTCOME``."""

import sys
from functools import cache

from scankin.retrieval import plugins
from scankin.retrieval.outcomes.base import Outcome

__all__ = ["Outcome", "all_outcomes"]


@cache
def all_outcomes() -> tuple[Outcome, ...]:
    """Return every outcome of this folder, by name."""
    package = sys.modules[__name__]
    return tuple(plugins.load(package, name).OUTCOME for name in plugins.names(package))
