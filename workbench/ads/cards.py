"""The data card and the model card of a study of ads: one page each, for people who were not there."""

from __future__ import annotations

from streams.contract.codec import printable
from workbench.ads.advice import CAVEAT, Advice
from workbench.ads.drivers import Importance
from workbench.ads.evaluation import Judged
from workbench.ads.table import DATE, Ads
from workbench.tracking.findings import environment


def data_card(ads: Ads, fingerprint: str) -> str:
    """What the data are, what cleaning did, and what to beware of; Markdown."""
    lines = [f"# Data: {printable(ads.name, 80)}", "", f"{ads.rows:,} rows, {len(ads.frame):,} used. SHA-256 `{fingerprint}`.", ""]
    if ads.dated:
        lines += [f"Days from {ads.frame[DATE].min().date()} to {ads.frame[DATE].max().date()}.", ""]
    lines += ["| measure | column | sum | ads with 0 | median | largest |", "|---|---|---|---|---|---|"]
    for name, column in ads.columns.measures.items():
        values = ads.frame[name]
        total = f"{ads.sums[name]:,.2f}" if name == "spend" else f"{ads.sums[name]:,.0f}"
        lines.append(f"| {name} | {_cell(column)} | {total} | {(values == 0).mean():.0%} | {values.median():,.2f} | {values.max():,.2f} |")
    lines += ["", "| kind of ad | values |", "|---|---|"]
    for name in ads.columns.categories:
        counts = ads.frame[name].value_counts()
        shown = ", ".join(f"{_cell(str(value))} ({n:,})" for value, n in counts.head(8).items())
        lines.append(f"| {_cell(name)} | {len(counts)}: {shown}{' ...' if len(counts) > 8 else ''} |")
    lines += ["", "## Cleaning", ""]
    counted = [*((n, "dropped", rule) for rule, n in ads.dropped.items()), *((n, "mended", rule) for rule, n in ads.mended.items())]
    lines += [f"- {n:,} {what}: {rule}" for n, what, rule in counted] or ["No row was dropped or mended."]
    lines += ["", "## To look at", ""]
    lines += [f"- {n:,} rows: {rule}" for rule, n in ads.warned.items()] or ["Nothing."]
    return "\n".join(lines) + "\n"


def model_card(ads: Ads, judged: Judged, important: list[Importance], advice: Advice) -> str:
    """What the best model does, how good it is, by kind too, and what it must not be used for; Markdown."""
    best = judged.scores[judged.best]
    lines = [f"# Model: {judged.best.replace('_', ' ')} of {judged.target}", ""]
    lines += [f"Expected {judged.target} of an ad from {', '.join(map(_cell, ads.inputs))}. Judged on {judged.split}.", ""]
    lines += ["| model | deviance (90 %) | R2 | RMSE | MAE |", "|---|---|---|---|---|"]
    for name in judged.order:
        score = judged.scores[name]
        low, high = score.intervals["deviance"]
        lines.append(f"| {name} | {score.deviance:.3f} ({low:.2f} to {high:.2f}) | {score.r2:.3f} | {score.rmse:.3f} | {score.mae:.3f} |")
    lines += ["", f"The best was ahead of the second in {judged.lead:.0%} of bootstraps. n = {best.n:,}.", "", "## What drives it", ""]
    lines += [f"- {_cell(one.name)}: {one.share:+.0%} of deviance when shuffled" for one in important]
    lines += ["", "## By kind", "", "| kind | ads | sold | spent |", "|---|---|---|---|"]
    for name in ads.columns.categories[:4]:
        sums = ads.frame.groupby(name).agg(n=("spend", "size"), sold=(judged.target, "sum"), spent=("spend", "sum"))
        lines += [
            f"| {_cell(name)} {_cell(str(value))} | {row.n:,.0f} | {row.sold:,.0f} | {row.spent:,.2f} |"
            for value, row in sums.nlargest(8, "spent").iterrows()
        ]
    lines += ["", "## Limits", "", f"- {CAVEAT}"]
    lines += ["- It forecasts ads like those of the file; far outside, it is cut at three times the most conversions of an ad that it saw."]
    lines += ["- Clicks and spend are known only when the ad runs: it explains, and plans what money brings, and is no forecast of clicks."]
    lines += [
        f"- The advice takes conversions to grow with the power {advice.elasticity:.2f} of spend, as they do within ads.",
        "",
        "## Made with",
        "",
    ]
    lines += [f"- {name} {number}" for name, number in environment().items()]
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return printable(text, 60).replace("|", "/")
