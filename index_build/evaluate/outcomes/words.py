"""What an evaluation of outcomes says in words: whether neighbours add anything, and what the shortcut audit found."""

from collections.abc import Iterator

import numpy as np

from scankin.index_build.evaluate.bootstrap import Figure
from scankin.index_build.evaluate.outcomes.figures import AUC, BRIER, CONCORDANCE, SCALED
from scankin.index_build.evaluate.outcomes.run import OutcomeEvaluation, OutcomeFound, TimesFound
from scankin.index_build.evaluate.outcomes.shortcuts import ACQUISITION, COSTS
from scankin.index_build.evaluate.outcomes.timed import COX
from scankin.index_build.evaluate.outcomes.told import AGE_SEX, BASE_RATE, LOGISTIC, NEIGHBOURS
from scankin.index_build.evaluate.verdicts import Result, Verdict, said
from scankin.retrieval.outcomes import all_outcomes

PRIMARY_FIGURES = "AUC of neighbours less that of logistic regression on the same vectors, and less that of age and sex"
"""What a claim rests on, named before looking."""


def plain(name: str) -> str:
    """Return the name of an outcome in words."""
    return name.replace("_", " ")


def adds(found: OutcomeFound) -> str:
    """Return in words whether neighbours add anything to the base rate, age and sex, and logistic regression."""
    name = plain(found.told.name)
    if found.compared is None:
        return f"{name}: not measured: {found.told.refusal}."
    mine = found.compared.of(NEIGHBOURS, AUC)
    scaled = found.compared.of(NEIGHBOURS, SCALED)
    if mine is None or scaled is None:
        return f"{name}: not measured: patients of one kind only."
    tells = "tell more than the base rate" if mine.low > 0.5 else "are not shown to tell more than the base rate"
    sentence = f"{name}: neighbours {tells} (AUC {said(mine)}, scaled Brier {said(scaled)})"
    against = [
        f"{_beside(less)} {words} ({less.value:+.3f} [{less.low:+.3f}, {less.high:+.3f}])"
        for method, words in ((AGE_SEX, "age and sex"), (LOGISTIC, "logistic regression on the same vectors"))
        if (less := found.compared.less(method, AUC)) is not None and np.isfinite(less.value)
    ]
    if found.compared.less(AGE_SEX, AUC) is None:
        against.append("not compared with age and sex, which too few patients have stated")
    return f"{sentence}; {'; '.join(against)}."


def adds_to_times(found: TimesFound) -> str:
    """Return in words whether neighbours order patients by the days to an event better than what is simpler."""
    name = plain(found.timed.name)
    mine = found.compared.of(NEIGHBOURS, CONCORDANCE)
    if mine is None:
        return f"Days to {name}: not measured: {found.timed.refusal}."
    against = [
        f"{_beside(less)} {words} ({less.value:+.3f} [{less.low:+.3f}, {less.high:+.3f}])"
        for method, words in ((AGE_SEX, "age and sex"), (COX, "Cox's regression on the same vectors"))
        if (less := found.compared.less(method, CONCORDANCE)) is not None
    ]
    return f"Days to {name}: C-index {said(mine)}{'; ' if against else ''}{'; '.join(against)}."


def headline(evaluation: OutcomeEvaluation) -> str:
    """Return the primary outcome's answer, and a warning where the audit found a shortcut."""
    found = evaluation.primary
    asked = f"{len(evaluation.answers.rows):,} patients asked"
    if found is None:
        text = f"Death can be foretold of too few of {asked}, so that nothing is claimed of it."
    else:
        text = adds(found)
        text = text[0].upper() + text[1:]
    failed = [f"{one.test} {one.name}: {one.said}" for one in verdicts(evaluation) if one.result is Result.FAILED]
    return text + (f" THE AUDIT FOUND A SHORTCUT OR A FAULT: {' '.join(failed)}" if failed else "")


def verdicts(evaluation: OutcomeEvaluation) -> list[Verdict]:
    """Return every test of the outcome audit, those that were not done included."""
    clock = evaluation.clocked
    found = [
        Verdict(
            "T6",
            "patient-disjoint",
            Result.of(evaluation.overlaps == 0),
            f"{evaluation.overlaps} of {len(evaluation.answers.rows):,} patients asked were in the index that answered "
            "them; it must be 0.",
        ),
        Verdict(
            "T10",
            "time leakage",
            Result.of(clock.changed == 0),
            f"{clock.changed} of {clock.asked:,} answers with a horizon change when the clock is stopped at its end "
            f"({clock.informed:,} could); it must be 0.",
        ),
    ]
    ever = {outcome.name for outcome in all_outcomes() if outcome.horizon_days is None}
    for name, one in evaluation.outcomes.items():
        # Of each event once, and of the primary: outcomes within days are of the same patients, one more chance to err.
        if one.shortcut is not None and (name in ever or one is evaluation.primary):
            found += [
                Verdict("O1", f"acquisition alone, {plain(name)}", *_acquisition(one)),
                Verdict("O2", f"within one site, {plain(name)}", *_within(one)),
                Verdict("O3", f"outside the lungs, {plain(name)}", *_outside(one)),
                Verdict("O4", f"a regression on the frame, {plain(name)}", *_in_frame(one)),
            ]
    return sorted(found, key=lambda one: (one.test[0] != "T", int(one.test[1:])))


def _beside(less: Figure) -> str:
    if less.low > 0:
        return "more than"
    return "less than" if less.high < 0 else "not shown to be more or less than"


def _acquisition(found: OutcomeFound) -> tuple[Result, str]:
    one = found.shortcut
    if one is None or one.acquisition is None or one.less_acquisition is None:
        return Result.NOT_DONE, "Neither site, device nor projection tells the patients asked apart."
    told = (
        ""
        if one.explained is None
        else f" They tell {max(one.explained, 0):.0%} of the variance of the estimates (p {one.explained_p:.3f})."
    )
    passed = one.less_acquisition.high >= 0
    words = (
        f"{', '.join(ACQUISITION)} alone: AUC {said(one.acquisition)}; neighbours less that "
        f"{said(one.less_acquisition)}. Failed if surely below 0.{told}"
    )
    return Result.of(passed), words


def _within(found: OutcomeFound) -> tuple[Result, str]:
    one = found.shortcut
    if one is None:
        return Result.NOT_DONE, ""
    name = next((attribute for attribute in ("site", "collection") if attribute in one.within), None)
    if name is None:
        return Result.NOT_DONE, "Too few patients are of sites or collections that hold both kinds."
    inside, less = one.within[name], one.pooled_less_within[name]
    words = (
        f"Pairs of one {name} only: AUC {said(inside)}, of {inside.patients:,} patients; all their pairs less that "
        f"{said(less)}. Passed if above 0.5; failed if it is not, and all pairs surely tell more, and something: then "
        f"the {name} is what foretells."
    )
    if inside.low > 0.5:
        return Result.PASSED, words
    pooled = None if found.compared is None else found.compared.of(NEIGHBOURS, AUC)
    is_told = pooled is not None and pooled.low > 0.5
    return (Result.FAILED if is_told and less.low > 0 else Result.UNDECIDED), words


def _outside(found: OutcomeFound) -> tuple[Result, str]:
    one = found.shortcut
    if one is None or one.lungs_cost is None:
        return Result.NOT_DONE, "Needs films encoded anew, and enough of them with lungs found."
    figures = "; ".join(f"{kind} {said(figure)}" for kind, figure in one.altered.items())
    words = (
        f"AUC of {figures}; whole films less their lungs alone {said(one.lungs_cost)}. Failed if surely more "
        f"than {COSTS}: then something outside the lungs foretells, such as a marker, a tube or the projection; passed "
        "if surely not."
    )
    outcome = one.is_outside
    return (Result.UNDECIDED if outcome is None else Result.of(not outcome)), words


def _in_frame(found: OutcomeFound) -> tuple[Result, str]:
    one = found.shortcut
    if one is None or one.probe_gain is None:
        return Result.NOT_DONE, "Needs films encoded anew, and enough of them with lungs found."
    figures = "; ".join(f"{kind} {said(figure)}" for kind, figure in one.probed.items())
    words = (
        f"Logistic regression on vectors of each: AUC of {figures}; the frame less the lungs {said(one.probe_gain)}. "
        "Failed if surely above 0: then the vectors hold something outside the lungs that foretells better than they, "
        "such as a marker, whether or not neighbours follow it; passed if surely below."
    )
    outcome = one.is_in_frame
    return (Result.UNDECIDED if outcome is None else Result.of(not outcome)), words


def table_rows(evaluation: OutcomeEvaluation) -> Iterator[tuple[str, ...]]:
    """Yield the rows of the table that is printed: outcome, patients, with it, AUC, less age and sex, less logistic."""
    for name, one in evaluation.outcomes.items():
        if one.compared is None:
            continue
        mine, brier = one.compared.of(NEIGHBOURS, AUC), one.compared.less(BASE_RATE, BRIER)
        less = [one.compared.less(method, AUC) for method in (AGE_SEX, LOGISTIC)]
        yield (
            plain(name),
            str(len(one.told.rows)),
            str(int(one.told.happened.sum())),
            "" if mine is None else said(mine),
            *(
                "" if figure is None else f"{figure.value:+.3f} [{figure.low:+.3f}, {figure.high:+.3f}]"
                for figure in less
            ),
            "" if brier is None else f"{brier.value:+.3f}",
        )
