"""The data card and the model card of the third month, and the figure of its errors."""

from __future__ import annotations

from typing import Final

import numpy as np
from matplotlib.figure import Figure

from charts.figures.style import BLUE, GRID, REST, SIDE, add_body, label_inches, new_figure
from streams.contract.codec import printable
from workbench.third_month.leave_one_out import REGRESSION
from workbench.third_month.regression import COEFFICIENTS
from workbench.third_month.report import Findings
from workbench.tracking.findings import environment

LIMITS: Final = (
    "It says what was seen in a handful of rows; nobody set the rates by chance, so a slope is no effect.",
    "Far from the rows that taught it warns, and its interval widens; it still assumes a straight line.",
    "One row more can change the slopes: see n and the interval, not the digits.",
)


def data_card(name: str, findings: Findings, fingerprint: str) -> str:
    """The rows and what cleaning did; Markdown."""
    cleaned = findings.cleaned
    lines = [f"# Data: {printable(name, 80)}", "", f"{cleaned.rows:,} rows, {len(cleaned.months):,} used. SHA-256 `{fingerprint}`.", ""]
    lines += ["| column | least | mean | most | missing |", "|---|---|---|---|---|"]
    for column, values in _columns(findings).items():
        known = np.array([value for value in values if value is not None])
        lines.append(f"| {column} | {known.min():,.4g} | {known.mean():,.4g} | {known.max():,.4g} | {len(values) - len(known)} |")
    rules = [f"- {n:,} mended: {rule}" for rule, n in cleaned.mended.items()] + [
        f"- {n:,} dropped: {rule}" for rule, n in cleaned.dropped.items()
    ]
    return "\n".join([*lines, "", "## Cleaning", "", *(rules or ["No row was dropped or mended."])]) + "\n"


def model_card(findings: Findings) -> str:
    """The regression, its errors beside two rules, and its limits; Markdown."""
    regression = findings.regression
    lines = ["# Model: linear regression of the third month", ""]
    lines += [f"Least squares on {regression.n:,} rows; missing rates filled in every known way (Rubin, 1987).", ""]
    lines += [*(f"- {name}: {value:+.6g}" for name, value in regression.coefficients.items()), ""]
    lines += ["## Each row forecast from all others", "", "| method | MAE | RMSE | n |", "|---|---|---|---|"]
    for name, error in sorted(findings.errors.items(), key=lambda pair: pair[1].mae):
        lines.append(f"| {name} | {error.mae:,.1f} | {error.rmse:,.1f} | {error.n:,} |")
    lines += [
        "",
        f"{regression.n} rows for {COEFFICIENTS} coefficients leave {regression.freedom} to judge the spread by.",
        "",
        "## Limits",
        "",
    ]
    lines += [*(f"- {limit}" for limit in LIMITS), "", "## Made with", ""]
    return "\n".join([*lines, *(f"- {library} {number}" for library, number in environment().items())]) + "\n"


def errors(findings: Findings) -> Figure:
    """Mean absolute error of the regression and of the two rules."""
    order = sorted(findings.errors, key=lambda name: findings.errors[name].mae)
    ours = findings.errors.get(REGRESSION)
    second = next((name for name in order if name != REGRESSION), order[0])
    said = "cannot be judged" if ours is None else f"errs by {ours.mae:,.0f}, {second} by {findings.errors[second].mae:,.0f}"
    subtitle = f"Mean absolute error, each row forecast from all others; {findings.regression.n} rows"
    figure = new_figure(f"The third month: the regression {said}", subtitle, 0.5 * len(order) + 0.3)
    axes = add_body(figure, SIDE + label_inches(order) + 0.15, 0.9)
    values = [findings.errors[name].mae for name in order]
    axes.barh(np.arange(len(order)), values, color=[BLUE if name == REGRESSION else REST for name in order], height=0.6)
    for place, value in enumerate(values):
        axes.annotate(f"{value:,.1f}", (value, place), xytext=(5, 0), textcoords="offset points", va="center", size=9)
    axes.set_yticks(np.arange(len(order)), order)
    axes.set_ylim(len(order) - 0.5, -0.5)
    axes.grid(axis="x", color=GRID)
    return figure


def _columns(findings: Findings) -> dict[str, list[float | None]]:
    months = findings.cleaned.months
    return {
        "rate": [month.rate for month in months],
        "sales_in_first_month": [month.first for month in months],
        "sales_in_second_month": [month.second for month in months],
        "sales_in_third_month": [month.third for month in months],
    }
