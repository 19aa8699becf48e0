"""One page about a casebook, for whoever answers for the data: what is in it, what is missing, what leaks the label."""

from scankin.index_build.describe.page import PAGE, Described, describe

__all__ = ["PAGE", "Described", "describe"]
