"""The registry and the page about it agree."""

from real_data import ROOT

from scankin.retrieval.clinical import FACTS, Kind


def test_every_fact_is_documented_with_its_unit_and_codes() -> None:
    rows = {
        line.split("`")[1]: line
        for line in (ROOT / "docs" / "clinical.md").read_text().splitlines()
        if line.startswith("| `") and line.count("|") == 6
    }
    assert set(FACTS) <= set(rows)
    for name, fact in FACTS.items():
        cells = [cell.strip() for cell in rows[name].split("|")[1:-1]]
        assert cells[1] == fact.what
        if fact.kind is Kind.NUMBER:
            assert cells[2:4] == [fact.unit, f"{fact.low:g} to {fact.high:,.0f}"], name
        for code in (*fact.loinc, *fact.snomed, *fact.icd10):
            assert code in cells[4], name
