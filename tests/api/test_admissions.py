from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from scankin.api.admissions import Film, admissions_of, day_of


def film(key: str, day: str | None, patient: str | None = "P", status: str = "ok", **said: str) -> Film:
    code = None if status == "ok" else "blank"
    return Film(key, patient, said.get("admission"), said.get("site"), day_of(day), status, code)


def keys(*films: Film, gap: int = 30) -> list[list[str]]:
    return [[one.key for one in stay.films] for stay in admissions_of(films, gap)]


def test_a_gap_longer_than_the_limit_begins_another_admission() -> None:
    films = film("a", "2020-03-01"), film("b", "2020-03-31"), film("c", "2020-05-01")
    assert keys(*films) == [["a", "b"], ["c"]], "30 days belong together, 31 do not"
    assert keys(*films, gap=29) == [["a"], ["b"], ["c"]]


def test_films_of_other_patients_or_of_nobody_known_never_share_an_admission() -> None:
    films = film("a", "2020-03-01"), film("b", "2020-03-01", "Q"), film("c", None, None), film("d", None, None)
    assert keys(*films) == [["a"], ["b"], ["c"], ["d"]]


def test_a_list_decides_what_one_admission_is() -> None:
    films = film("a", "2020-03-01", admission="one"), film("b", "2020-03-02", admission="two")
    late = film("c", "2021-01-01", admission="one")
    assert keys(*films, late) == [["a", "c"], ["b"]]


def test_the_index_film_is_the_last_known_on_the_first_day_with_an_answer() -> None:
    (stay,) = admissions_of(
        [
            film("late", "2020-03-09"),
            film("refused", "2020-03-01", status="refused"),
            film("first", "2020-03-02"),
            film("second", "2020-03-02"),
        ]
    )
    assert stay.index is not None and stay.index.key == "second"
    assert stay.days == (date(2020, 3, 1), date(2020, 3, 9)) and stay.status == "ok"
    assert stay.statuses == {"ok": 3, "refused": 1} and stay.reasons == {"blank": 1}


def test_a_film_before_the_stated_day_of_admission_does_not_stand_for_it() -> None:
    said = {"admission": "2020-03-05"}
    (stay,) = admissions_of([film("before", "2020-03-01", **said), film("after", "2020-03-06", **said)])
    assert stay.index is not None and stay.index.key == "after" and len(stay.films) == 2
    (none,) = admissions_of([film("before", "2020-03-01", **said)])
    assert none.index is None


def test_an_admission_without_an_answer_is_refused_when_any_film_was_and_else_failed() -> None:
    (stay,) = admissions_of([film("a", "2020-03-01", status="failed"), film("b", None, status="refused")][:1])
    assert stay.status == "failed" and stay.index is None
    stays = admissions_of([film("a", "2020-03-01", status="failed"), film("b", "2020-03-01", status="refused")])
    assert [one.status for one in stays] == ["refused"]


def test_films_without_a_day_are_an_admission_after_those_with_one() -> None:
    stays = admissions_of([film("u", None), film("a", "2020-03-01"), film("v", None)])
    assert [(one.number, [f.key for f in one.films], one.days is None) for one in stays] == [
        (1, ["a"], False), (2, ["u", "v"], True),
    ]  # fmt: skip


@given(st.permutations(range(8)), st.integers(0, 40))
def test_every_film_is_in_one_admission_whatever_the_order(order: list[int], gap: int) -> None:
    days = ["2020-03-01", "2020-03-20", "2020-04-30", "2020-06-01", None, "2020-03-02", "2020-07-01", None]
    films = [film(str(n), days[n], "PQ"[n % 2]) for n in order]
    held = [frozenset(stay) for stay in keys(*films, gap=gap)]
    assert sorted(key for stay in held for key in stay) == sorted(str(n) for n in range(8))
    assert set(held) == {
        frozenset(stay) for stay in keys(*[film(str(n), days[n], "PQ"[n % 2]) for n in range(8)], gap=gap)
    }
