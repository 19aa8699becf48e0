import csv
import json
import re
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from scipy import stats

from scankin.api.capacity.run import capacity
from scankin.retrieval.capacity import needs
from scankin.retrieval.errors import InvalidRequest

NAMES = [outcome.name for outcome in needs()]


def a_row(estimate: float | None = 0.5, *, status: str = "ok", site: str = "", day: str = "2020-04-02") -> dict:
    """An admission whose every need has one estimate, with a narrow interval; base rate 0.2 of a million."""
    row = {"patient": "q1", "site": site, "status": status, "first_day": day, "index_day": day}
    row |= {"index_version": "0001-x", "encoder": "thumbnail", "manifest": "f" * 64, "licence": ""}
    is_ok = status == "ok"
    for name in NAMES:
        low = high = ""
        if estimate is not None:
            low, high = max(estimate - 1e-6, 0), min(estimate + 1e-6, 1)
        row |= {
            f"{name}_estimate": estimate if is_ok and estimate is not None else "",
            f"{name}_low": low if is_ok else "",
            f"{name}_high": high if is_ok else "",
            f"{name}_base_rate": 0.2 if is_ok else "",
            f"{name}_base_rate_patients": 1_000_000 if is_ok else "",
        }
    return row


def a_table(path: Path, rows: list[dict]) -> Path:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def test_the_table_tells_the_distribution_of_certain_chances(tmp_path: Path) -> None:
    p = [0.1, 0.5, 0.5, 0.9]
    capacity(a_table(tmp_path / "s.patients.csv", [a_row(one) for one in p]), tmp_path / "out")
    with (tmp_path / "out" / "capacity.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["outcome"], row["site"]) for row in rows] == [(name, "all sites") for name in NAMES]
    other = stats.poisson_binom(p)
    for row in rows:
        assert float(row["expected"]) == pytest.approx(2.0, abs=0.01)
        assert float(row["sd"]) == pytest.approx(other.std(), abs=0.01)
        assert (int(row["low_95"]), int(row["high_95"])) == tuple(map(int, other.ppf([0.025, 0.975])))
        assert "Research use only" in row["notice"]
    raw = json.loads((tmp_path / "out" / "capacity.json").read_text())
    assert raw["needs"][0]["chances"] == pytest.approx(other.pmf(range(5)), abs=2e-3)
    assert raw["index"]["version"] == "0001-x" and raw["days"] == ["2020-04-02", "2020-04-02"]


def test_who_has_no_estimate_counts_at_the_base_rate_and_who_has_no_answer_is_only_counted(tmp_path: Path) -> None:
    rows = [a_row(0.5)] * 4 + [a_row(None)] * 10 + [a_row(status="refused")] * 2 + [a_row(status="failed")]
    for need in capacity(a_table(tmp_path / "s.csv", rows), tmp_path / "out").needs:
        assert (need.patients, need.estimated, need.abstained, need.not_estimated) == (17, 4, 10, 3)
        assert need.forecast is not None and need.forecast.patients == 14
        assert need.forecast.mean == pytest.approx(4 * 0.5 + 10 * 0.2, abs=0.1)


def test_sites_add_up_to_all_and_a_site_that_no_list_states_is_shown(tmp_path: Path) -> None:
    rows = [a_row(0.5, site="'+South"), a_row(0.2, site="North"), a_row(0.2, site="North"), a_row(0.4)]
    plan = capacity(a_table(tmp_path / "s.csv", rows), tmp_path / "out", by_site=True)
    of = {(need.site, need.outcome.name): need for need in plan.needs}
    assert list(dict.fromkeys(site for site, _ in of)) == ["all sites", "+South", "North", "not stated"]
    for name in NAMES:
        parts = [of[site, name].forecast for site in ("+South", "North", "not stated")]
        whole = of["all sites", name].forecast
        assert whole and sum(part.mean for part in parts if part) == pytest.approx(whole.mean, abs=0.01)


def test_a_day_is_chosen_and_parquet_reads_like_csv(tmp_path: Path) -> None:
    rows = [a_row(0.5), a_row(0.5, day="2020-04-03"), a_row(0.1, day="2020-04-03")]
    a_table(tmp_path / "s.csv", rows)
    held = [{key: None if value == "" else value for key, value in row.items()} for row in rows]
    pq.write_table(pa.Table.from_pylist(held), tmp_path / "s.parquet")
    means = [
        capacity(tmp_path / name, tmp_path / "out", day="2020-04-03").needs[0].forecast.mean  # type: ignore[union-attr]
        for name in ("s.csv", "s.parquet")
    ]
    assert means[0] == means[1] == pytest.approx(0.6, abs=0.01)


def test_a_backtest_widens_and_its_absence_is_told(tmp_path: Path) -> None:
    table = a_table(tmp_path / "s.csv", [a_row(0.5)] * 60)
    (tmp_path / "b.json").write_text(json.dumps({"outcomes": {name: {"drift": 0.6} for name in NAMES}}))
    still = capacity(table, tmp_path / "a")
    moved = capacity(table, tmp_path / "b", backtest=tmp_path / "b.json")
    assert moved.needs[0].forecast.sd > 1.8 * still.needs[0].forecast.sd  # type: ignore[union-attr]
    assert "Drift is not carried" in (tmp_path / "a" / "capacity.html").read_text()
    assert "0.60 for intensive care within 7 days" in (tmp_path / "b" / "capacity.html").read_text()


def test_the_page_stands_alone_and_escapes_what_lists_say(tmp_path: Path) -> None:
    rows = [a_row(0.5, site="<script>x</script>"), a_row(0.2, site="North")]
    capacity(a_table(tmp_path / "s.csv", rows), tmp_path / "out", by_site=True)
    page = (tmp_path / "out" / "capacity.html").read_text()
    assert "Research use only" in page and "<script" not in page and "&lt;script&gt;" in page
    assert not re.search(r'(src|href)="(?!#)', page) and "://" not in page
    ids = re.findall(r'id="([^"]+)"', page)
    assert len(ids) == len(set(ids)) and page.count("<svg") == 4 * 3 + 4


def test_nobody_with_an_answer_gives_no_number_and_not_zero(tmp_path: Path) -> None:
    plan = capacity(a_table(tmp_path / "s.csv", [a_row(status="refused")]), tmp_path / "out")
    assert all(need.forecast is None and need.row()["expected"] is None for need in plan.needs)
    assert "cannot be told" in (tmp_path / "out" / "capacity.html").read_text()


@pytest.mark.parametrize(
    ("content", "name", "words"),
    [
        (b"input,status\nx,ok\n", "s.csv", "no column 'patient'"),
        (b"", "s.csv", "holds no admission"),
        (b"PAR1 not", "s.parquet", "damaged"),
        (b"x", "s.xlsx", "are read"),
        (None, "s.csv", "not there"),
    ],
)
def test_a_table_that_cannot_be_used_is_told(tmp_path: Path, content: bytes | None, name: str, words: str) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(InvalidRequest, match=words):
        capacity(tmp_path / name, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_row_that_cannot_be_is_named_by_its_number(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match=r"Row 2 .*cannot be"):
        capacity(a_table(tmp_path / "s.csv", [a_row(0.5), a_row(0.5) | {f"{NAMES[0]}_low": 0.7}]), tmp_path / "out")
    other = a_row(0.5) | {"index_version": "0002-y"}
    with pytest.raises(InvalidRequest, match="Two indexes"):
        capacity(a_table(tmp_path / "s.csv", [a_row(0.5), other]), tmp_path / "out")
