"""One door: a question in, an answer out. Reads the database; knows nothing of terminals and HTTP."""

from typing import Final

from charts.insight.answers.ahead import errors, forecasts, of_one_horizon
from charts.insight.answers.answer import Answer, Cell
from charts.insight.answers.causes import explained
from charts.insight.answers.knowledge import Holdings, books, holdings
from charts.insight.answers.people import is_about_people, people_table
from charts.insight.answers.tables import Table, needs_one_currency, selection_of, table
from charts.insight.answers.values import money_rows
from charts.insight.questions.catalogue import MEASURES
from charts.insight.questions.form import Form, notation, sentence
from charts.insight.questions.reading import EXAMPLES, Reading, read
from charts.insight.reports.decisions import decided
from charts.queries.grouped import cells
from charts.queries.held import Remembering
from charts.queries.sales import Finds, Period, Sums

STAFF_OFF: Final = "Numbers about cashiers are off. Set SHELFCAST_STAFF_REPORTS=true where law and agreements allow them."


def ask(
    database: Finds,
    question: str,
    before: Form | None = None,
    today: str | None = None,
    *,
    held: Holdings | None = None,
    check_books: bool = True,
    staff: bool = False,
) -> Answer:
    """Answer a question, or say why not.

    Parameters
    ----------
    before
        The form of the question that this one may follow up.
    today
        Business date that "today" means; default: the newest one with sales.
    held
        What the database holds, if it was read a moment ago.
    check_books
        Whether to compare the sums by item with those by store.
    staff
        Whether questions about cashiers are answered.

    Raises ServerError.

    """
    held = held or holdings(database, today)
    if held is None:
        return Answer(refused=True, reason="The database holds no sales yet.", choices=EXAMPLES[:3])
    reading = read(question, held.known, before)
    if reading.form is None:
        return _refused(reading, held)
    form = reading.form
    if MEASURES.get(form.measure) is not None and MEASURES[form.measure].kind == "score":
        form = of_one_horizon(form)
    currency = form.currency or (held.currencies[0] if len(held.currencies) == 1 else None)
    in_money = needs_one_currency(form) or form.measure == "forecast_revenue" or form.kind == "decisions"
    if in_money and len(held.currencies) > 1 and not form.currency:
        choices = tuple(f"{question.strip().rstrip('?')} in {one}" for one in held.known.currencies)
        return Answer(
            refused=True, ambiguous=True, reason="Currencies are never added up. Which one?", choices=choices, watermark=held.watermark
        )
    if form.by == "cashier" and not staff:
        return Answer(refused=True, reason=STAFF_OFF, understood=sentence(form), watermark=held.watermark)
    reading_once = Remembering(database)
    made = _made(reading_once, form, held, currency)
    if isinstance(made, str):
        return Answer(refused=True, reason=made, understood=sentence(form), watermark=held.watermark)
    of_sales = form.kind == "why" or (form.kind == "rows" and MEASURES[form.measure].kind not in ("forecast", "score"))
    notes = [*(f"{one}." for one in reading.corrections), *made.notes]
    if of_sales and (not form.last or form.last >= held.known.today):
        notes.append(f"{held.known.today} is the newest day with sales and may not be complete.")
    return Answer(
        understood=sentence(form),
        query={"form": notation(form), "database": list(reading_once.asked)},
        columns=made.columns,
        rows=tuple(made.rows),
        notes=tuple(notes),
        watermark=held.watermark,
        currency=currency if in_money or form.kind == "why" else None,
        books=books(reading_once, form.stores, Period(form.first or None, form.last or None)) if of_sales and check_books else None,
        form=form,
    )


def _refused(reading: Reading, held: Holdings) -> Answer:
    return Answer(
        refused=True, ambiguous=reading.ambiguous, reason=reading.reason, choices=reading.choices, notes=reading.corrections,
        watermark=held.watermark,
    )  # fmt: skip


def _made(  # noqa: PLR0911 - one line a kind of question
    database: Finds, form: Form, held: Holdings, currency: str | None
) -> Table | str:
    """The table of an answer, or a sentence that says why there is none."""
    if form.kind == "decisions":
        return _decisions(database, form, held, currency)
    if form.kind == "why":
        return _causes(database, form, held, currency)
    kind = MEASURES[form.measure].kind
    if kind == "score":
        return errors(database, form)
    if kind == "forecast":
        made = forecasts(database, form, held.known.today, currency)
        return made if made.rows or form.bounds else "No forecast reaches that period. " + " ".join(made.notes)
    if is_about_people(form):
        return people_table(database, form, held.known.today, currency)
    if form.by == "hour" and not _whole_months(form, held):
        return "Hours are kept by month: ask for a whole month, or leave the period out."
    return table(database, form, held, currency)


def _whole_months(form: Form, held: Holdings) -> bool:
    if not form.first and not form.last:
        return True
    whole = Period(form.first or None, form.last or None)
    ends = not form.last or form.last >= held.known.today or whole.whole().last == f"{form.last[:7]}-31"
    return ends and (not form.first or form.first.endswith("-01"))


def _causes(database: Finds, form: Form, held: Holdings, currency: str | None) -> Table | str:
    now, before = cells(database, selection_of(form)), cells(database, selection_of(form, before=True))
    if not now or not before:
        return "One of the two periods has no sale line, so that there is nothing to compare."
    if form.measure == "profit" and any(_lacks_profit(sums, currency) for sums in (*now.values(), *before.values())):
        return "Profit is not known for all lines, so that its change cannot be divided into causes."
    found = explained(before, now, form.measure, currency)
    size, decimals = (1e3, 3) if form.measure == "units" else (1e6, 2)
    rows: list[tuple[Cell, ...]] = [
        (one.name, round(one.amount / size, decimals), round(one.amount / found.change, 4) if found.change else None, one.series)
        for one in found.causes
    ]
    rows.append(("change", round(found.change / size, decimals), 1.0 if found.change else None, len({*now, *before})))
    told = f"{form.measure.capitalize()} went from {found.before / size:,.2f} to {found.now / size:,.2f}."
    notes = [told]
    if (form.direction == "fell" and found.change >= 0) or (form.direction == "rose" and found.change <= 0):
        really = "did not change" if not found.change else "rose" if found.change > 0 else "fell"
        notes.insert(0, f"It {really}: the question takes it for granted that it {form.direction}.")
    if held.first_day > form.before_first:
        notes.append(f"The data begin on {held.first_day}: the earlier period is not complete.")
    notes.append("The parts divide the change exactly; they do not prove what made customers buy.")
    return Table(("cause", f"{form.measure}_change", "share_of_change", "series"), rows, notes)


def _lacks_profit(sums: Sums, currency: str | None) -> bool:
    lines, known = money_rows(sums, currency)
    return known < lines


def _decisions(database: Finds, form: Form, held: Holdings, currency: str | None) -> Table:
    found = [
        one for one in decided(database, held.known.today, currency, form.stores)
        if (not form.actions or one.action in form.actions) and (not form.items or one.item in form.items)
        and (form.actions or form.items or one.action != "keep")
    ]  # fmt: skip
    rows: list[tuple[Cell, ...]] = [(one.item, one.bucket, one.forecast_revenue, one.action, one.reason, one.at_stake) for one in found]
    notes = ["Actions follow from rules; docs/insights.md has them. At stake: the money of 28 days that the reason is about."]
    return Table(("item", "bucket", "forecast_revenue_28_days", "action", "reason", "at_stake"), rows, notes)
