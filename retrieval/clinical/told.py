"""A report with the query's facts, and beside them those of every case that it shows."""

from dataclasses import replace

from scankin.retrieval.clinical.comparison import Comparison
from scankin.retrieval.index import ScanIndex
from scankin.retrieval.report import SimilarCase, SimilarityReport


def told(report: SimilarityReport, compared: Comparison, index: ScanIndex) -> SimilarityReport:
    """Return the report with facts, also of the cases of its counter-evidence, and what limits their comparison."""

    def beside(cases: tuple[SimilarCase, ...]) -> tuple[SimilarCase, ...]:
        rows = [(case, index.row(case.scan)) for case in cases]
        return tuple(case if row is None else replace(case, facts=compared.of_case(row)) for case, row in rows)

    counter = report.counter
    if counter is not None:
        counter = replace(counter, happened=beside(counter.happened), did_not_happen=beside(counter.did_not_happen))
    return replace(
        report,
        neighbours=beside(report.neighbours),
        facts=compared.report(),
        counter=counter,
        cautions=(*report.cautions, *compared.cautions()),
    )
