"""The page about an evaluation of outcomes: one HTML file that asks nothing of any network and names no patient."""

from importlib.metadata import version
from pathlib import Path

import numpy as np
from markupsafe import Markup

from scankin.index_build.describe.disclosure import few_or
from scankin.index_build.evaluate.bootstrap import Figure
from scankin.index_build.evaluate.outcomes import drawings
from scankin.index_build.evaluate.outcomes.figures import AUC, COMPARED, CONCORDANCE
from scankin.index_build.evaluate.outcomes.run import OutcomeEvaluation, OutcomeFound
from scankin.index_build.evaluate.outcomes.subgroups import NOT_HELD, WHY_WITHHELD
from scankin.index_build.evaluate.outcomes.told import AGE_SEX, LOGISTIC
from scankin.index_build.evaluate.outcomes.words import (
    PRIMARY_FIGURES,
    adds,
    adds_to_times,
    headline,
    plain,
    verdicts,
)
from scankin.retrieval.files import replaced
from scankin.retrieval.pages import environment_of
from scankin.retrieval.report import NOTICE

PAGE = "outcomes.html"


def write_page(evaluation: OutcomeEvaluation, out: Path) -> Path:
    """Write the page into a folder, made when it is not there, and return where."""
    environment = environment_of(Path(__file__).parent)
    environment.filters["figure"] = shown
    environment.filters["signed"] = signed
    environment.filters["few"] = few_or
    cohort = evaluation.cohort
    measured = evaluation.measured
    sentences = [(adds(one), one.compared is not None) for one in evaluation.outcomes.values()]
    sentences += [(adds_to_times(one), one.timed.refusal is None) for one in evaluation.times.values()]
    text = environment.get_template("page.html.j2").render(
        evaluation=evaluation,
        encoder=cohort.encoder,
        asked=len(evaluation.answers.rows),
        people=len(np.unique(cohort.people)),
        fitted=len(np.unique(cohort.people[~cohort.may_ask])),
        headline=headline(evaluation),
        primary_figures=PRIMARY_FIGURES,
        primary=None if evaluation.primary is None else evaluation.primary.told.name,
        said=[text for text, is_measured in sentences if is_measured],
        unsaid=[text for text, is_measured in sentences if not is_measured],
        verdicts=verdicts(evaluation),
        measured=measured,
        plots={name: _plots(one) for name, one in measured.items()},
        overview={words: Markup(plot) for words, plot in _overview(measured).items()},
        compared_names=COMPARED,
        concordance=CONCORDANCE,
        not_held=NOT_HELD,
        why_withheld=WHY_WITHHELD,
        notice=NOTICE,
        version=version("scankin"),
    )
    out.mkdir(parents=True, exist_ok=True)
    replaced(out / PAGE, text.encode())
    return out / PAGE


def shown(found: Figure | None) -> str:
    """Return a figure with its interval; what is not defined says so."""
    if found is None:
        return "withheld"
    if not np.isfinite(found.value):
        return "not defined"
    return f"{found.value:.3f} [{found.low:.3f}, {found.high:.3f}]"


def signed(found: Figure | None) -> str:
    """Return a difference with its interval."""
    if found is None or not np.isfinite(found.value):
        return ""
    return f"{found.value:+.3f} [{found.low:+.3f}, {found.high:+.3f}]"


def _plots(one: OutcomeFound) -> dict[str, Markup]:
    name = plain(one.told.name)
    share = float(np.average(one.told.happened, weights=one.told.weights))
    made = {"Foretold and observed": drawings.calibration(f"Calibration {name}", one.bins)}
    if one.decisions is not None:
        made["Decision curve"] = drawings.decision(f"Decision {name}", one.decisions, share)
    if one.abstention is not None:
        made["Error against evidence"] = drawings.evidence(f"Evidence {name}", one.abstention)
    return {title: Markup(plot) for title, plot in made.items()}


def _overview(measured: dict[str, OutcomeFound]) -> dict[str, str]:
    found = {}
    for method in (LOGISTIC, AGE_SEX):
        less = {
            plain(name): figure
            for name, one in measured.items()
            if one.compared is not None and (figure := one.compared.less(method, AUC)) is not None
        }
        if less:
            title = f"AUC of neighbours less {method}"
            found[title] = drawings.differences(title, less, unit="above 0: neighbours tell more")
    return found
