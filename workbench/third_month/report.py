"""The exercise on a file: what cleaning did, what the regression found, and whether it beats two rules that need no model."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from streams.contract.errors import UsageError
from workbench.third_month.leave_one_out import MEAN, REGRESSION, Error, leave_one_out
from workbench.third_month.months import Cleaned
from workbench.third_month.regression import COEFFICIENTS, Regression


@dataclass(frozen=True, slots=True)
class Findings:
    """A cleaned file, the regression on it, and the leave-one-out errors by method."""

    cleaned: Cleaned
    regression: Regression
    errors: dict[str, Error]

    @property
    def best(self) -> str:
        """The method with the smallest mean absolute error among those that forecast all rows they could."""
        return min(self.errors, key=lambda name: self.errors[name].mae)

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "rows": self.cleaned.rows,
            "mended": dict(self.cleaned.mended),
            "dropped": dict(self.cleaned.dropped),
            "n": self.regression.n,
            "coefficients": self.regression.coefficients,
            "leave_one_out": {name: asdict(error) for name, error in self.errors.items()},
            "best": self.best,
        }


def find(cleaned: Cleaned) -> Findings:
    """Fit and judge. Raises UsageError if there are too few rows."""
    if len(cleaned.months) <= COEFFICIENTS:
        raise UsageError(
            f"{len(cleaned.months)} rows are left of {cleaned.rows}, and a regression with {COEFFICIENTS} coefficients needs at least "
            f"{COEFFICIENTS + 1}: add rows, or mend those that were dropped."
        )
    return Findings(cleaned, Regression(cleaned.months), leave_one_out(cleaned.months))


def show(findings: Findings, console: Console) -> None:
    """Print the findings."""

    def say(sentence: str) -> None:
        console.print(sentence, highlight=False, markup=False)

    cleaned, regression = findings.cleaned, findings.regression
    say(f"{cleaned.rows:,} rows; {len(cleaned.months):,} are used.")
    for name, n in cleaned.mended.items():
        say(f"  {n:,} mended: {name}")
    for name, n in cleaned.dropped.items():
        say(f"  {n:,} dropped: {name}")
    slopes = regression.coefficients
    terms = " ".join(f"{value:+.4g} x {name}" for name, value in slopes.items() if name != "constant")
    say(f"sales_in_third_month = {slopes['constant']:.4g} {terms}")
    table = Table(
        title="Each row forecast from all others", title_justify="left", title_style="bold", box=SIMPLE_HEAD, padding=(0, 1, 0, 0)
    )
    for heading, side in (("method", "left"), ("MAE", "right"), ("RMSE", "right"), ("n", "right")):
        table.add_column(heading, justify=side)  # type: ignore[arg-type]
    for name, error in sorted(findings.errors.items(), key=lambda pair: pair[1].mae):
        table.add_row(name, f"{error.mae:,.1f}", f"{error.rmse:,.1f}", f"{error.n:,}")
    console.print(table)
    say(_verdict(findings))


def _verdict(findings: Findings) -> str:
    ours, mean = findings.errors.get(REGRESSION), findings.errors.get(MEAN)
    n, freedom = findings.regression.n, findings.regression.freedom
    caution = f"{n} rows for {COEFFICIENTS} coefficients leave {freedom} to judge the spread by, so its intervals are wide."
    if ours is None or mean is None:
        return f"The regression cannot be judged: without any one row too few are left. {caution}"
    if findings.best == REGRESSION:
        return f"The regression errs by {ours.mae / mean.mae:.2f} of what the mean errs by. {caution}"
    ratio = ours.mae / mean.mae
    return f"The regression errs by {ratio:.2f} times what the mean errs by: trust {findings.best} until more rows come. {caution}"
