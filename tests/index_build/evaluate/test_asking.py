"""Who asks: nobody whom the encoder was fitted on, by the casebook's record or by the encoder's card."""

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from builders import a_sample, sources_and_truth
from stores import CANARY, a_store

from scankin.index_build.casebook import Casebook
from scankin.index_build.evaluate import audit
from scankin.index_build.evaluate.command import is_named_in
from scankin.index_build.evaluate.figures import Scope
from scankin.index_build.evaluate.results import who_asked
from scankin.index_build.evaluate.run import evaluate
from scankin.index_build.evaluate.sample import load_pair, load_sample
from scankin.index_build.fitted import patients_of, record_fit
from scankin.models import load_encoder
from scankin.retrieval.encoder import EncoderIdentity
from scankin.retrieval.errors import CasebookError

IDENTITY = EncoderIdentity("made", "ab" * 32, "none", "none", 2)


def test_fitted_patients_and_whoever_shares_a_picture_with_them_only_answer() -> None:
    sample = a_sample(np.eye(4), [{"A": True}] * 4, [0, 0, 0, 1], [0, 1, 2, 3])
    joined = replace(sample, people=np.array([0, 1, 1, 3]), fitted=frozenset({"p1"}))
    assert joined.asking.tolist() == [0, 3]
    assert {ranked.query for ranked in audit.nearest(joined)} == {0, 3}
    assert {row for ranked in audit.nearest(joined) for row in ranked.rows} > {1}


def test_every_figure_is_of_those_who_may_ask() -> None:
    sample = sources_and_truth(1, by="illness")
    fitted = replace(sample, fitted=frozenset(f"p{number}" for number in range(50)))
    found = evaluate(fitted, IDENTITY)
    ill = int((sample.covid[50:] == 1).sum())  # finding sets are asked of films that show something
    for scope in (Scope.ACROSS, Scope.POOLED):
        assert {one.queries for one in found.figures[scope].values()} == {150, ill}, scope
    assert found.figures[Scope.WITHIN]["COVID-19 AUC"].queries <= 150
    assert {found.re_identification.queries, *(one.queries for one in found.probes.values())} == {0, 150}
    assert sum(one.queries for one in found.strata["age group"].values()) == ill
    assert who_asked(found) == (
        "150 X-ray films of 150 patients ask. 50 films of 50 patients, on whom it was fitted, do not ask; "
        "they may answer."
    )


def test_the_casebooks_record_names_whom_weights_or_their_base_were_fitted_on(tmp_path: Path) -> None:
    a_store(tmp_path)
    casebook = tmp_path / "casebook"
    identity = load_encoder("thumbnail").identity
    book = Casebook.load(casebook)
    patients = sorted(set(book.tables["scans"]["patient"].to_pylist()))
    record_fit(book, "made", "cd" * 32, patients[:3])
    assert load_sample(casebook, identity).fitted == frozenset()
    record_fit(book, "thumbnail", identity.weights, patients[2:5])
    assert load_sample(casebook, identity).fitted == frozenset(patients[2:5])
    mine, other = load_pair(casebook, identity, identity)
    assert other is not None and other.fitted == mine.fitted
    assert len(mine.asking) == 24 - 2 * 3


def test_a_card_names_films_by_the_hash_of_their_id(tmp_path: Path) -> None:
    a_store(tmp_path)
    listed = tmp_path / "fitted.txt"
    listed.write_text(f"# films\n{hashlib.sha256(b'004.dcm').hexdigest()}\n")
    sample = load_sample(tmp_path / "casebook", load_encoder("thumbnail").identity, is_named_in([listed]))
    assert len(sample.fitted) == 1 and len(sample.asking) == 22  # both films of its patient
    assert CANARY not in listed.read_text()
    assert not is_named_in([])("004.dcm")


def test_whom_a_heads_base_was_fitted_on_counts_too(tmp_path: Path) -> None:
    a_store(tmp_path)
    base = "cd" * 32
    book = Casebook.load(tmp_path / "casebook")
    patients = sorted(set(book.tables["scans"]["patient"].to_pylist()))
    record_fit(book, "base", base, patients[:1])
    head = EncoderIdentity("adapted", "ef" * 32, f"base {base[:16]}: steps", "e", 4)
    assert patients_of(book, head, patients) == {patients[0]}


def test_a_list_that_is_none_of_hashes_is_refused_by_name(tmp_path: Path) -> None:
    listed = tmp_path / "fitted.txt"
    listed.write_text("004.dcm\n")
    with pytest.raises(CasebookError, match=r"fitted.txt: '004.dcm' is no SHA-256"):
        is_named_in([listed])
