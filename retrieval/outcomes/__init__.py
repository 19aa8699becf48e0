"""Outcomes, found by folder: ``retrieval/outcomes/<name>.py`` defines ``OUTCOME``."""

import sys
from functools import cache

from scankin.retrieval import plugins
from scankin.retrieval.outcomes.base import Outcome

__all__ = ["Outcome", "all_outcomes"]


@cache
def all_outcomes() -> tuple[Outcome, ...]:
    """Return every outcome of this folder, by what must happen, those of any time before those within days."""
    package = sys.modules[__name__]
    found = [plugins.load(package, name).OUTCOME for name in plugins.names(package)]
    return tuple(sorted(found, key=lambda one: (one.kind, one.horizon_days or 0, one.name)))
