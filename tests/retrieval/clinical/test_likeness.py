"""Gower's likeness over the facts of the query, by hand and against the obvious loop."""

import numpy as np
import pytest
from builders import a_record

from scankin.retrieval.clinical import FACTS, Kind
from scankin.retrieval.clinical.likeness import fact_columns, facts_of_record
from scankin.retrieval.scan import Age, Sex


def test_by_hand() -> None:
    # 21 records of CRP 0, 10, ..., 200: 5th and 95th percentiles are the 2nd and 20th: 10 and 190.
    records = [a_record(n, facts={"crp": 10.0 * n, "diabetes": float(n % 2)}) for n in range(21)]
    columns = fact_columns(records)
    assert columns.spans["crp"] == pytest.approx(180)
    alike = columns.likeness({"crp": 100.0, "diabetes": 1.0, "urea": 5.0})
    # Urea is stated by nobody: it counts as not alike, so the sum is over 3 facts.
    assert alike[10] == pytest.approx((1 + 0 + 0) / 3)
    assert alike[13] == pytest.approx((1 - 30 / 180 + 1) / 3)
    assert alike[0] == pytest.approx((1 - 100 / 180 + 0) / 3)


def test_a_fact_that_is_missing_in_the_neighbour_never_makes_it_alike() -> None:
    stated = [a_record(n, facts={"crp": 10.0 * n, "spo2": 80.0 + n}) for n in range(10)]
    silent = a_record(99, facts={"crp": 50.0})
    alike = fact_columns([*stated, silent]).likeness({"crp": 50.0, "spo2": 85.0})
    assert alike[5] == pytest.approx(1.0) and alike[10] == pytest.approx(0.5)


def test_likeness_equals_the_obvious_loop() -> None:
    rng = np.random.default_rng(3)
    records = [
        a_record(
            n,
            age=Age.of(float(rng.integers(18, 90))) if rng.random() < 0.7 else None,
            sex=[Sex.FEMALE, Sex.MALE, Sex.OTHER, None][rng.integers(4)],
            facts={
                name: float(rng.random() < 0.5) if name == "diabetes" else float(rng.gamma(2, 10))
                for name in ("crp", "ferritin", "diabetes")
                if rng.random() < 0.6
            },
        )
        for n in range(60)
    ]
    held = [facts_of_record(record) for record in records]
    query = {"age": 64.0, "sex": 1.0, "crp": 12.0, "diabetes": 0.0}
    expected = []
    for facts in held:
        total = 0.0
        for name, value in query.items():
            if name not in facts:
                continue
            if FACTS[name].kind is Kind.NUMBER:
                known = [other[name] for other in held if name in other]
                span = np.percentile(known, 95) - np.percentile(known, 5)
                total += max(0.0, 1 - abs(facts[name] - value) / span)
            else:
                total += facts[name] == value
        expected.append(total / len(query))
    assert fact_columns(records).likeness(query) == pytest.approx(np.array(expected))


def test_without_a_fact_of_the_query_likeness_cannot_be_told() -> None:
    columns = fact_columns([a_record(0, facts={"crp": 1.0})])
    assert np.isnan(columns.likeness({})).all()
    assert columns.likeness({"urea": 3.0}).tolist() == [0.0]


def test_age_and_sex_alone_are_no_facts_of_an_index() -> None:
    assert not fact_columns([a_record(0, age=Age.of(50), sex=Sex.MALE)]).has_facts
    assert fact_columns([a_record(0, facts={"crp": 3.0})]).has_facts


def test_a_number_that_all_of_the_index_shares_is_alike_only_where_equal() -> None:
    columns = fact_columns([a_record(n, facts={"crp": 5.0}) for n in range(3)])
    assert columns.likeness({"crp": 5.0})[0] == 1.0 and columns.likeness({"crp": 6.0})[0] == 0.0
