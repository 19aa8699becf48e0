"""Explanations of films that an index of thumbnails answers."""

from pathlib import Path

import numpy as np
import pytest
from builders import a_record, a_scan, a_version

from scankin.models import load_encoder
from scankin.retrieval.encoder import EncoderIdentity, can_locate, embed
from scankin.retrieval.errors import InvalidRequest, UnknownName
from scankin.retrieval.explainer import MOST_NEIGHBOURS, Explainer
from scankin.retrieval.fingerprint import fingerprint
from scankin.retrieval.locations import places_of
from scankin.retrieval.question import Question
from scankin.retrieval.retriever import Retriever
from scankin.retrieval.scan import Modality, Scan

ENCODER = load_encoder("thumbnail")
FILMS = [a_scan(seed) for seed in range(1, 9)]
KEYS = [f"s{number:015x}" for number in range(len(FILMS))]


def a_retriever(folder: Path, *, has_places: bool = True) -> Retriever:
    assert can_locate(ENCODER)
    records = [a_record(n, fingerprint=fingerprint(film)) for n, film in enumerate(FILMS)]
    vectors = np.vstack([embed(ENCODER, film).vectors for film in FILMS])
    made = {key: places_of(ENCODER, film, ENCODER.prepare(film)) for key, film in zip(KEYS, FILMS, strict=True)}
    places = {key: held for key, held in made.items() if held is not None} if has_places else None
    aliases = {"ward-17": ("p000000000000005",)}
    return Retriever(a_version(folder, records, vectors, ENCODER.identity, aliases=aliases, places=places), ENCODER)


def test_both_maps_add_up_to_the_similarity_that_the_report_gives(tmp_path: Path) -> None:
    retriever = a_retriever(tmp_path)
    neighbours = retriever.report(a_scan(99), Question(3)).neighbours
    found = Explainer(retriever).explain(a_scan(99), [case.scan for case in neighbours])
    assert [one.scan for one in found] == [case.scan for case in neighbours]
    for one, case in zip(found, neighbours, strict=True):
        assert one.neighbour_map is not None and one.query_map.shape == (16, 16)
        assert one.similarity == pytest.approx(case.similarity, abs=1e-6)
        assert one.query_map.sum() == pytest.approx(case.similarity, abs=1e-5)
        assert one.neighbour_map.sum() == pytest.approx(case.similarity, abs=1e-3)


def test_the_map_of_a_thumbnail_is_the_product_of_pixels(tmp_path: Path) -> None:
    (found,) = Explainer(a_retriever(tmp_path), random_maps=1).explain(a_scan(99), KEYS[:1])
    query, neighbour = (embed(ENCODER, film).vectors[0].reshape(16, 16) for film in (a_scan(99), FILMS[0]))
    assert np.allclose(found.query_map, query * neighbour, atol=1e-6)


def test_an_index_without_places_still_maps_the_query(tmp_path: Path) -> None:
    (found,) = Explainer(a_retriever(tmp_path, has_places=False), random_maps=1).explain(a_scan(99), KEYS[:1])
    assert found.neighbour_map is None and found.neighbour_box is None
    assert found.as_json()["has_neighbour_map"] is False
    assert found.query_map.sum() == pytest.approx(found.similarity, abs=1e-5)


def test_own_patients_and_unknown_keys_get_the_same_answer(tmp_path: Path) -> None:
    explainer = Explainer(a_retriever(tmp_path))
    told = []
    for scan, key in ((a_scan(99, patient_id="WARD-17"), KEYS[5]), (FILMS[2], KEYS[2]), (a_scan(99), "s-none")):
        with pytest.raises(UnknownName) as error:
            explainer.explain(scan, [key])
        told.append(str(error.value))
    assert len(set(told)) == 1


def test_a_mask_of_the_left_half_holds_what_lies_left(tmp_path: Path) -> None:
    def left(picture: np.ndarray) -> np.ndarray:
        mask = np.zeros_like(picture)
        mask[:, : picture.shape[1] // 2] = 1
        return mask

    (found,) = Explainer(a_retriever(tmp_path), left, random_maps=1).explain(a_scan(99), KEYS[:1])
    positive = np.clip(found.query_map, 0, None)
    assert found.in_lungs is not None and found.in_lungs.area == 0.5
    assert found.in_lungs.share == pytest.approx(positive[:, :8].sum() / positive.sum(), abs=1e-6)


def test_no_lungs_is_not_a_share_of_nothing(tmp_path: Path) -> None:
    (found,) = Explainer(a_retriever(tmp_path), np.zeros_like, random_maps=1).explain(a_scan(99), KEYS[:1])
    assert found.in_lungs is None and found.as_json()["in_lungs"] is None


def test_of_a_withheld_map_nothing_is_told(tmp_path: Path) -> None:
    for one in Explainer(a_retriever(tmp_path), np.ones_like, random_maps=1).explain(a_scan(99), KEYS):
        # One random map cannot show one in twenty: nothing is faithful.
        told = one.as_json()
        assert told["faithful"] is False and told["in_lungs"] is None and "Withheld" in told["verdict"]


def test_ct_and_too_many_neighbours_are_told(tmp_path: Path) -> None:
    explainer = Explainer(a_retriever(tmp_path))
    with pytest.raises(InvalidRequest, match="CT"):
        explainer.explain(Scan(Modality.CT, a_scan(1).pixels), KEYS[:1])
    with pytest.raises(InvalidRequest, match=f"at most {MOST_NEIGHBOURS}"):
        explainer.explain(a_scan(99), ["s"] * (MOST_NEIGHBOURS + 1))


class Placeless:
    """An encoder that answers with the same vectors as ``thumbnail`` and does not tell places."""

    identity: EncoderIdentity = ENCODER.identity
    slices = ENCODER.slices
    prepare = staticmethod(ENCODER.prepare)
    encode = staticmethod(ENCODER.encode)


def test_an_encoder_without_places_says_so(tmp_path: Path) -> None:
    retriever = Retriever(a_retriever(tmp_path).version, Placeless())
    with pytest.raises(InvalidRequest, match="thumbnail cannot explain"):
        Explainer(retriever)


def test_a_head_on_an_encoder_without_places_has_none() -> None:
    from scankin.models.adapted import Adapted

    square = np.eye(ENCODER.identity.dim, dtype=np.float32)
    heads: dict[bool, Adapted] = {
        tells: Adapted(base, square[0] * 0, square, "0" * 64) for tells, base in ((True, ENCODER), (False, Placeless()))
    }
    assert {tells: can_locate(head) for tells, head in heads.items()} == {True: True, False: False}
    with pytest.raises(InvalidRequest, match="cannot tell the places"):
        heads[False].locate(ENCODER.prepare(a_scan(1)))
