from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from builders import KEYRING, a_record, a_scan, a_version, unit
from stores import SCANS, a_retriever

from scankin.index_build.gate.fit import fit_gates
from scankin.models import load_encoder
from scankin.retrieval.case import Case, Event, EventKind, State
from scankin.retrieval.encoder import embed
from scankin.retrieval.errors import EncoderMismatch, InvalidRequest, Reason, RefusedScan
from scankin.retrieval.filters import Filters
from scankin.retrieval.question import Question
from scankin.retrieval.report import NOTICE
from scankin.retrieval.retriever import Retriever
from scankin.retrieval.scan import Age, Modality, Scan, Sex, View
from scankin.retrieval.thumbnails import thumbnail_png

ENCODER = load_encoder("thumbnail")


def keys(retriever: Retriever, scan: Scan, k: int = 40, filters: Filters = Filters()) -> list[str]:
    return [case.scan for case in retriever.report(scan, Question(k, filters)).neighbours]


def test_own_patient_is_never_a_neighbour_by_any_of_its_ids(tmp_path: Path) -> None:
    own = {3: {"patient": "pown"}, 7: {"patient": "pown"}}
    retriever = a_retriever(tmp_path, own, aliases={"ward-17": ("pown",)})
    found = keys(retriever, a_scan(99, patient_id=" WARD-17 "))
    assert len(found) == 38 and not {"s000000000000003", "s000000000000007"} & set(found)
    assert len(keys(retriever, a_scan(99, patient_id="somebody else"))) == 39  # pown once


def test_the_same_picture_leaves_its_whole_patient_out(tmp_path: Path) -> None:
    retriever = a_retriever(tmp_path, {4: {"patient": "pown"}, 9: {"patient": "pown"}})
    report = retriever.report(SCANS[4], Question(40))
    assert "pown" not in {case.patient for case in report.neighbours}
    assert any("left out" in caution for caution in report.cautions)


def test_a_brighter_resized_copy_is_the_same_picture(tmp_path: Path) -> None:
    from PIL import Image

    retriever = a_retriever(tmp_path)
    small = np.asarray(Image.fromarray(SCANS[4].pixels[0]).resize((48, 48), Image.Resampling.LANCZOS))
    copy = Scan(Modality.XRAY, (small // 2 + 40).astype(np.uint8)[np.newaxis])
    assert "s000000000000004" not in keys(retriever, copy)


def test_children_and_adults_stay_apart_unless_mixed(tmp_path: Path) -> None:
    ages = {n: {"age": Age.of(5)} for n in range(10)} | {n: {"age": Age.of(50)} for n in range(10, 20)}
    retriever = a_retriever(tmp_path, ages)
    assert len(keys(retriever, a_scan(99, age=Age.of(70)))) == 30  # adults and ages not stated
    assert len(keys(retriever, a_scan(99))) == 30
    assert len(keys(retriever, a_scan(99, age=Age.of(3)))) == 10
    assert len(keys(retriever, a_scan(99, age=Age.of(3)), filters=Filters(mix_ages=True))) == 40


def test_filters_apply_inside_the_search_and_unknown_never_passes(tmp_path: Path) -> None:
    facts = {
        n: {
            "view": View.PA if n % 2 else View.AP,
            "sex": Sex.FEMALE if n % 3 else None,
            "site": "north" if n < 20 else None,
            "age": Age.of(60 + n % 20),
            "days_since_admission": n - 5 if n % 4 else None,
        }
        for n in range(40)
    }
    retriever = a_retriever(tmp_path, facts)
    filters = Filters.parse(
        views=["pa"], sexes=["F"], sites=["north"], age_bands=["60-69"], days_since_admission=(-2, 8)
    )
    expected = {
        f"s{n:015x}" for n in range(40) if n % 2 and n % 3 and n < 20 and n % 20 < 10 and n % 4 and -2 <= n - 5 <= 8
    }
    assert set(keys(retriever, a_scan(99), filters=filters)) == expected != set()


@pytest.mark.parametrize(
    "wrong", [{"views": ["sideways"]}, {"sexes": ["X"]}, {"age_bands": ["60-70"]}, {"days_since_admission": (5, 1)}]
)
def test_a_filter_that_cannot_be_names_those_that_can(wrong: dict[str, object]) -> None:
    with pytest.raises(InvalidRequest):
        Filters.parse(**wrong)


def test_neighbours_equal_brute_force_and_counts_add_up(tmp_path: Path) -> None:
    facts = {
        n: {"findings": {"COVID-19": n % 2 == 0} if n % 5 else {}, "measures": {"brixia": float(n % 19)}}
        for n in range(40)
    }
    cases = [Case(f"p{n:015x}", "test", events=(Event(EventKind.DEATH, n % 4 == 0),)) for n in range(40) if n % 3]
    retriever = a_retriever(tmp_path, facts, cases=cases)
    query = a_scan(99)
    report = retriever.report(query, Question(10))
    similarities = np.vstack([embed(ENCODER, scan).vectors for scan in SCANS]) @ embed(ENCODER, query).vectors[0]
    best = np.argsort(-similarities)[:10]
    assert [case.scan for case in report.neighbours] == [f"s{n:015x}" for n in best]
    assert [case.similarity for case in report.neighbours] == pytest.approx(similarities[best], abs=2e-6)
    covid = next(summary for summary in report.findings if summary.name == "COVID-19")
    assert covid.happened == sum(n % 5 != 0 and n % 2 == 0 for n in best)
    assert covid.known == sum(n % 5 != 0 for n in best) and covid.unknown == 10 - covid.known
    assert covid.base_rate == pytest.approx(np.mean([n % 2 == 0 for n in range(40) if n % 5]))
    died = next(one.counts for one in report.outcomes if one.counts.name == "died")
    assert died.happened == sum(n % 3 != 0 and n % 4 == 0 for n in best)
    assert died.known == sum(n % 3 != 0 for n in best)
    assert report.neighbours[0].outcomes["intubated"] is State.UNKNOWN


def test_a_patient_counts_once_in_a_base_rate(tmp_path: Path) -> None:
    shown = {n: {"patient": "pmany", "findings": {"COVID-19": n == 0}} for n in range(4)}
    shown[4] = {"findings": {"COVID-19": True}}
    report = a_retriever(tmp_path, shown).report(a_scan(99), Question(3))
    # One patient with 1 of 4 scans, one with 1 of 1: (0.25 + 1) / 2.
    assert report.findings[0].base_rate == pytest.approx(0.625)


def test_report_as_json_has_exactly_its_names(tmp_path: Path) -> None:
    report = a_retriever(tmp_path).report(a_scan(99), Question(3)).as_json()
    assert list(report) == [
        "schema", "query", "neighbours", "findings", "outcomes", "curves", "measures", "time", "cautions",
        "index", "explanations", "facts", "counter", "notice",
    ]  # fmt: skip
    assert set(report["neighbours"][0]) == {
        "rank", "scan", "patient", "similarity", "likeness", "score", "modality", "view", "age_band", "sex",
        "site", "days_since_admission", "findings", "outcomes", "days", "next", "facts",
    }  # fmt: skip
    assert set(report["outcomes"][0]) == {
        "name", "happened", "known", "already_happened", "censored", "unknown", "estimate", "interval", "abstained",
        "effective_n", "estimate_patients", "base_rate", "base_rate_patients", "age_sex", "basis",
    }  # fmt: skip
    assert set(report["measures"][0]) == {"name", "estimate", "interval", "known"}
    assert set(report["index"]) == {"version", "encoder", "manifest", "licence"}
    assert report["notice"] == NOTICE and "Not UKCA or CE marked" in NOTICE


def test_k_larger_than_the_index_gives_all_and_says_so(tmp_path: Path) -> None:
    report = a_retriever(tmp_path).report(a_scan(99), Question(500))
    assert len(report.neighbours) == 40
    assert any("40 similar patients were found, not 500" in caution for caution in report.cautions)


def test_nothing_that_may_answer_is_a_refusal(tmp_path: Path) -> None:
    retriever = a_retriever(tmp_path)
    for refused, filters in ((a_scan(99), Filters(sites=("nowhere",))), (a_scan(99, modality=Modality.CT), Filters())):
        with pytest.raises(RefusedScan) as caught:
            retriever.report(refused, Question(3, filters))
        assert caught.value.reason is Reason.NO_CANDIDATES


def test_a_lateral_is_refused_until_laterals_of_40_patients_are_indexed(tmp_path: Path) -> None:
    with pytest.raises(RefusedScan, match="laterals of 39 patients") as caught:
        a_retriever(tmp_path, {n: {"view": View.LATERAL} for n in range(39)}).report(a_scan(99, view=View.LATERAL))
    assert caught.value.reason is Reason.NOT_FRONTAL
    many = a_retriever(tmp_path, {n: {"view": View.LATERAL} for n in range(40)})
    assert many.report(a_scan(99, view=View.LATERAL)).neighbours


def test_an_index_without_children_refuses_a_child_unless_ages_are_mixed(tmp_path: Path) -> None:
    retriever, child = a_retriever(tmp_path), a_scan(99, age=Age.of(9))
    for ask in (retriever.report, retriever.check):
        with pytest.raises(RefusedScan, match="a child, and the index holds no children") as caught:
            ask(child)
        assert caught.value.reason is Reason.NO_CANDIDATES
    assert retriever.report(child, Question(filters=Filters(mix_ages=True))).neighbours
    assert retriever.check(child, mix_ages=True) is None


def test_an_index_without_a_gate_refuses_no_picture_and_says_so(tmp_path: Path) -> None:
    retriever = a_retriever(tmp_path)
    noise = Scan(Modality.XRAY, np.random.default_rng(1).integers(0, 255, (1, 64, 64)).astype(np.uint8))
    assert retriever.check(noise) is None
    assert "Nothing checked" in retriever.report(noise).cautions[0]


def test_a_gate_refuses_what_is_unlike_the_index_and_can_only_be_switched_off_openly(tmp_path: Path) -> None:
    ungated = a_retriever(tmp_path).version
    pictures = {record.scan: thumbnail_png(scan) for record, scan in zip(ungated.records.values(), SCANS, strict=True)}
    retriever = Retriever(replace(ungated, gates=fit_gates(ungated.indexes, pictures.__getitem__)), ENCODER)
    noise = Scan(Modality.XRAY, np.random.default_rng(1).integers(0, 255, (1, 64, 64)).astype(np.uint8))
    with pytest.raises(RefusedScan, match="Of 20 patients of the index") as caught:
        retriever.report(noise)
    assert caught.value.reason is Reason.UNLIKE_THE_INDEX
    assert "switched off" in retriever.report(noise, Question(false_refusal=0)).cautions[0]
    alike = a_scan(99)
    assert not retriever.check(alike).is_refused  # type: ignore[union-attr]
    assert not any("gate" in caution for caution in retriever.report(alike).cautions)
    assert "rate of 0.1, not 0.05" in retriever.report(alike, Question(false_refusal=0.1)).cautions[0]


def test_a_blank_film_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RefusedScan) as caught:
        a_retriever(tmp_path).report(Scan(Modality.XRAY, np.full((1, 64, 64), 7, np.uint8)), Question(3))
    assert caught.value.reason is Reason.BLANK


def test_another_encoder_is_refused_when_the_retriever_is_made(tmp_path: Path) -> None:
    version = a_version(
        tmp_path,
        [a_record(1)],
        unit(np.ones((1, 256))),
        ENCODER.identity.__class__(**{**vars(ENCODER.identity), "weights": "x"}),
    )
    with pytest.raises(EncoderMismatch, match="weights"):
        Retriever(version, ENCODER)


def test_keys_of_a_patient_do_not_depend_on_capitals_and_differ_by_source() -> None:
    assert KEYRING.patient("nccid", "Covid12 ") == KEYRING.patient("nccid", "COVID12")
    assert KEYRING.patient("nccid", "Covid12") != KEYRING.patient("other", "Covid12")
