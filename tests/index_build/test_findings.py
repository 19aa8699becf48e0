import pytest
from hypothesis import given
from hypothesis import strategies as st

from scankin.index_build.findings import NIH_VOCABULARY, NO_FINDING, PARENTS, names_another_cause, stated_findings


def test_a_cause_is_present_with_all_that_it_implies_and_denies_no_finding() -> None:
    assert stated_findings(["COVID-19"]) == {
        "COVID-19": True,
        "Viral Pneumonia": True,
        "Pneumonia": True,
        "No Finding": False,
    }
    assert stated_findings(["Pneumocystis"]) == {
        "Pneumocystis": True,
        "Fungal Pneumonia": True,
        "Pneumonia": True,
        "No Finding": False,
    }


def test_no_finding_denies_pneumonia_and_covid_and_nothing_else() -> None:
    assert stated_findings([NO_FINDING]) == {"No Finding": True, "Pneumonia": False, "COVID-19": False}


@pytest.mark.parametrize("labels", [[], [""]])
def test_without_a_label_nothing_is_stated(labels: list[str]) -> None:
    assert stated_findings(labels) == {}
    assert stated_findings(labels, vocabulary=NIH_VOCABULARY) == {}


def test_covid_stated_absent_is_absent_and_says_nothing_of_pneumonia() -> None:
    assert stated_findings([], covid=False) == {"COVID-19": False}
    stated = stated_findings(["Pneumonia"], covid=False)
    assert (stated["COVID-19"], stated["Pneumonia"]) == (False, True)


def test_a_positive_swab_implies_nothing_seen_in_the_film() -> None:
    assert stated_findings([], covid=True) == {"COVID-19": True}
    assert stated_findings([NO_FINDING], covid=True) == {"No Finding": True, "Pneumonia": False, "COVID-19": True}


def test_a_label_and_a_swab_that_contradict_each_other_leave_covid_open() -> None:
    assert "COVID-19" not in stated_findings(["COVID-19"], covid=False)


def test_any_finding_outweighs_no_finding() -> None:
    assert stated_findings([NO_FINDING, "Mass"]) == {"Mass": True, "No Finding": False}


@pytest.mark.parametrize(
    ("labels", "is_another"),
    [
        (["SARS"], True),
        (["Bacterial Pneumonia"], True),
        (["Lipoid Pneumonia", "Pneumonia"], True),
        (["COVID-19"], False),
        (["Mycoplasma", "COVID-19"], False),
        (["Viral Pneumonia", "Pneumonia"], False),  # COVID-19 is one
        (["ARDS"], False),
        ([], False),
    ],
)
def test_only_a_named_cause_is_another_cause(labels: list[str], is_another: bool) -> None:
    assert names_another_cause(labels) is is_another


def test_another_finding_leaves_covid_and_pneumonia_not_stated() -> None:
    assert stated_findings(["Cardiomegaly"]) == {"Cardiomegaly": True, "No Finding": False}


def test_a_full_vocabulary_states_absent_what_it_does_not_name() -> None:
    stated = stated_findings(["Effusion", "Mass"], vocabulary=NIH_VOCABULARY)
    assert {name for name, shown in stated.items() if shown} == {"Effusion", "Mass"}
    # Fourteen labels less the two present, and "No Finding".
    assert sum(not shown for shown in stated.values()) == 13
    assert "COVID-19" not in stated


def test_the_name_of_a_class_is_no_finding_of_the_picture() -> None:
    assert stated_findings(["Non-COVID CT"], covid=False) == {"COVID-19": False}


@pytest.mark.parametrize("label", list(PARENTS))
def test_every_cause_is_a_pneumonia(label: str) -> None:
    assert stated_findings([label])["Pneumonia"] is True


@given(
    st.lists(st.sampled_from([*PARENTS, *NIH_VOCABULARY, NO_FINDING, "ARDS"]), max_size=5), st.randoms(), st.booleans()
)
def test_order_and_repetition_of_labels_do_not_matter(labels: list[str], dice: object, has_vocabulary: bool) -> None:
    vocabulary = NIH_VOCABULARY if has_vocabulary else ()
    shuffled = labels + labels[:1]
    dice.shuffle(shuffled)  # type: ignore[attr-defined]
    assert stated_findings(shuffled, vocabulary=vocabulary) == stated_findings(labels, vocabulary=vocabulary)


@given(st.lists(st.sampled_from([*PARENTS, *NIH_VOCABULARY, "ARDS"]), max_size=5))
def test_what_is_labelled_is_present_and_only_no_finding_is_denied(labels: list[str]) -> None:
    stated = stated_findings(labels)
    assert all(stated[label] for label in labels)
    assert {name for name, shown in stated.items() if not shown} == ({NO_FINDING} if labels else set())
