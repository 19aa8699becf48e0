"""From the fields of a request to the options of a query."""

from collections.abc import Mapping

from scankin.api.engine import Options
from scankin.api.stated_facts import facts_asked
from scankin.api.times import TIME_FIELDS, time_of
from scankin.api.uploads import number, one, whole_number
from scankin.retrieval.errors import InvalidRequest
from scankin.retrieval.filters import Filters, days_between
from scankin.retrieval.question import Question

FIELDS = {
    "k": "Patients wanted, 1 to 1,000; 10 unless given.",
    "age_band": "Only this age band, such as 60-69; repeatable.",
    "sex": "Only F, M or O; repeatable.",
    "view": "Only this view, such as PA; repeatable.",
    "site": "Only this site; repeatable.",
    "collection": "Only this collection; repeatable.",
    "min_days_since_admission": "Least days since admission.",
    "max_days_since_admission": "Most days since admission.",
    "false_refusal": "Share of scans like the index's that the gate may refuse; 0 switches it off.",
    "mix_ages": "true lets children and adults answer for each other.",
    "facts": "Clinical facts as JSON by name, or a FHIR R4 resource (docs/clinical.md); in the form, never in the URL.",
    "facts_weight": "What full likeness in facts adds to the cosine that orders; 0 only shows them.",
    "counter": "An outcome: the nearest patients with it and without it are shown too.",
    "explain": "true says of each of at most 20 neighbours where its similarity comes from; films only; seconds.",
    **TIME_FIELDS,
}
"""Every field of ``POST /v1/similar`` beside the file, with what it means."""

_TRUTHS = {"true": True, "1": True, "false": False, "0": False}


def options_of(fields: Mapping[str, list[str]]) -> Options:
    """Return the options that the fields ask for.

    Raises:
        InvalidRequest: A field is unknown, or its value is none of those there are.
    """
    unknown = sorted(set(fields) - set(FIELDS))
    if unknown:
        raise InvalidRequest(f"A field is unknown. There are: {', '.join(FIELDS)}.")
    k = whole_number(fields, "k")
    days = whole_number(fields, "min_days_since_admission"), whole_number(fields, "max_days_since_admission")
    question = Question(
        false_refusal=number(fields, "false_refusal"),
        time=time_of(fields),
        k=10 if k is None else k,
        filters=Filters.parse(
            age_bands=fields.get("age_band", ()),
            sexes=fields.get("sex", ()),
            views=fields.get("view", ()),
            sites=fields.get("site", ()),
            collections=fields.get("collection", ()),
            days_since_admission=days_between(*days),
            mix_ages=_truth(fields, "mix_ages"),
        ),
        facts=facts_asked(one(fields, "facts"), (), number(fields, "facts_weight")),
        counter=one(fields, "counter"),
    )
    return Options(question, explain=_truth(fields, "explain"))


def _truth(fields: Mapping[str, list[str]], name: str) -> bool:
    text = (one(fields, name) or "false").lower()
    if text not in _TRUTHS:
        raise InvalidRequest(f"{name} is neither true nor false.")
    return _TRUTHS[text]
