"""The form as HTML: complete without a script; it keeps what was typed and says what is wrong beside the field."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from workbench.third_month.desk import SHOWN, Answer, Desk

STYLE: Final = """
:root{--ink:#1f2a33;--quiet:#5c6b77;--line:#e3e8ec;--blue:#0072B2;--bad:#a33c00}
*{box-sizing:border-box}
body{margin:0;background:#f5f7f9;color:var(--ink);font:16px/1.5 system-ui,"DejaVu Sans",sans-serif}
main{max-width:46rem;margin:0 auto;padding:1.4rem 1.25rem 2rem}
h1{font-size:1.5rem;margin:0 0 .3rem}
h2{font-size:1.05rem;margin:0 0 .6rem}
section{background:#fff;border:1px solid var(--line);border-radius:10px;padding:1rem 1.2rem;margin-top:1rem}
label{display:block;font-weight:600;margin-top:.8rem}
input{font:inherit;width:100%;max-width:16rem;padding:.4rem .6rem;border:1px solid #8a97a2;border-radius:6px}
input[aria-invalid=true]{border:2px solid var(--bad)}
button{display:block;font:inherit;margin-top:1.1rem;padding:.45rem 1.2rem;border:0;border-radius:6px;background:var(--blue);color:#fff}
.wrong{color:var(--bad);margin:.2rem 0 0}
.quiet{color:var(--quiet)}
.big{font-size:2rem;font-weight:700;margin:0}
.wide{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
th,td{text-align:right;padding:.25rem .5rem;border-bottom:1px solid var(--line)}
th:first-child,td:first-child{text-align:left}
th{color:var(--quiet);font-size:.85rem}
"""
POLICY: Final = (
    f"default-src 'none'; style-src 'sha256-{base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()}'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
LABELS: Final = (
    ("rate", "Rate of interest, in percent", ""),
    ("sales_in_first_month", "Sales of the first month", ""),
    ("sales_in_second_month", "Sales of the second month", ""),
    ("sales_in_third_month", "Sales of the third month", "Only when it is known: the model then learns from it."),
)


def page(desk: Desk, identity: str, given: Mapping[str, str], wrong: Mapping[str, str], answer: Answer | None = None) -> str:
    """The page. identity: of the next question. given: what was typed. wrong: sentences by field."""
    others = [sentence for name, sentence in wrong.items() if name not in {name for name, *_ in LABELS}]
    return _TEMPLATES.get_template(
        "form.html"
    ).render(
        style=Markup(STYLE),  # noqa: S704 - a constant of ours
        labels=LABELS,
        identity=identity,
        given=given,
        wrong=wrong,
        others=others,
        answer=answer,
        record=desk.record(),
        kept=desk.kept[: -SHOWN - 1 : -1],
        n=desk.n,
        best=desk.best,
    )


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:,.1f}"


def _templates() -> Environment:
    found = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"), autoescape=True, undefined=StrictUndefined, auto_reload=False
    )
    filters: dict[str, Any] = {"number": _number}
    found.filters |= filters
    return found


_TEMPLATES: Final = _templates()
