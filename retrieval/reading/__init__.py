"""Reads scans from files, in worker processes that no file can use to harm the caller."""

from scankin.retrieval.reading.folder import FoundScan, find_scans
from scankin.retrieval.reading.limits import Limits
from scankin.retrieval.reading.pool import ReadingPool
from scankin.retrieval.reading.read import read_scan
from scankin.retrieval.reading.request import ReadRequest

__all__ = ["FoundScan", "Limits", "ReadRequest", "ReadingPool", "find_scans", "read_scan"]
