"""The report as JSON, documented in ``docs/report.md``."""

import json

from scankin.retrieval.report import SimilarityReport

MEDIA_TYPE = "application/json"


def render(report: SimilarityReport) -> bytes:
    """Return the report as UTF-8 JSON."""
    return json.dumps(report.as_json(), ensure_ascii=False, allow_nan=False).encode()
