"""A manager's table of promotions and closed days becomes events, all of them or none."""

from datetime import UTC, datetime, timedelta

import pytest

from producers.announcements.table import announced_in, summary
from producers.sources.files import open_file
from streams.contract.codec import decode_event, encode
from streams.contract.errors import UsageError
from streams.contract.messages import OpeningPlanned, PromotionPlanned

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def read(tmp_path, text, **options):
    file = tmp_path / "plans.csv"
    file.write_bytes(text.encode("utf-8") if isinstance(text, str) else text)
    return announced_in(open_file(file).read(), NOW, **options)


def test_rows_with_an_item_are_promotions_and_rows_with_open_are_days_of_the_store(tmp_path):
    found = read(
        tmp_path, "Store;Item;First_day;last_day;OPEN\nb1;milk;2026-12-01;2026-12-07;\nb1;;2026-12-24;;no\nb2;;2026-12-27;2026-12-28;ja\n"
    )
    assert found.wrong == []
    promotion, closed, opened = found.announced
    assert isinstance(promotion, PromotionPlanned)
    assert (promotion.store, promotion.item, promotion.first_day, promotion.last_day, promotion.active) == (
        "b1", "milk", "2026-12-01", "2026-12-07", True,
    )  # fmt: skip
    assert isinstance(closed, OpeningPlanned)
    assert (closed.first_day, closed.last_day, closed.open) == ("2026-12-24", "2026-12-24", False)
    assert (opened.store, opened.open) == ("b2", True)
    assert len({plan.event_id for plan in found.announced}) == 3
    assert [decode_event(encode(plan)) for plan in found.announced] == found.announced
    assert summary(found.announced) == "1 promotion of 1 item, 1 closure, 1 opening; 2 stores; 2026-12-01 to 2026-12-28"


def test_dates_of_other_countries_need_their_format(tmp_path):
    text = "store,first_day,last_day,open\nb1,24.12.2026,26.12.2026,no\n"
    [sentence] = read(tmp_path, text).wrong
    assert "'24.12.2026' is no date as 2026-12-24" in sentence
    assert "--date-format" in sentence
    [plan] = read(tmp_path, text, date_format="%d.%m.%Y").announced
    assert (plan.first_day, plan.last_day) == ("2026-12-24", "2026-12-26")


def test_a_withdrawal_takes_the_same_days_back(tmp_path):
    text = "store,first_day,open\nb1,2026-12-24,no\n"
    [plan], [back] = read(tmp_path, text).announced, read(tmp_path, text, withdraw=True).announced
    assert (plan.active, back.active) == (True, False)
    assert plan.event_id != back.event_id
    assert (back.first_day, back.open) == (plan.first_day, plan.open)


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("b1,milk,2026-12-24,,no", "either an item"),
        ("b1,,2026-12-24,,", "either an item"),
        ("b1,,2026-12-24,,perhaps", "write yes or no"),
        (",milk,2026-12-24,,", "must stand in each row"),
        ("b1,milk,,2026-12-24,", "must stand in each row"),
        ("b1,milk,2026-12-24,2026-12-01,", "last_day lies before first_day"),
        ("b1,milk,2026-02-30,,", "is no date"),
        ("b1,milk,soon,,", "'soon' is no date"),
        ("b1,milk,0001-01-01,,", "years 2000 to 2099"),
        ("b1,milk,2026-11-18,,", "is over"),
        ("b1,\x07,2026-12-24,,", "item"),
    ],
)
def test_a_wrong_row_is_named_with_what_to_write(tmp_path, row, says):
    found = read(tmp_path, f"store,item,first_day,last_day,open\nb1,milk,2026-12-24,,\n{row}\n")
    [sentence] = found.wrong
    assert sentence.startswith("row 2: ")
    assert says in sentence


@pytest.mark.parametrize(
    ("header", "says"),
    [
        ("store,first_day", "A column is missing"),
        ("store,item,first_day,price", "'price' is no column"),
        ("item,first_day", "is missing"),
        ("store,Store ,first_day,open", "'store' stands twice"),
    ],
)
def test_a_table_of_something_else_is_refused(tmp_path, header, says):
    with pytest.raises(UsageError, match=says):
        read(tmp_path, f"{header}\n{','.join('x' * len(header.split(',')))}\n")


def test_dates_with_a_midnight_behind_them_are_dates(tmp_path):
    found = read(tmp_path, "store,first_day,last_day,open\nb1,2026-12-24 00:00:00,2026-12-26T00:00:00.000Z,no\n")
    assert [(plan.first_day, plan.last_day) for plan in found.announced] == [("2026-12-24", "2026-12-26")]


@pytest.mark.parametrize("date_format", ["%q", "%d.%m.", "tomorrow"])
def test_a_format_that_is_none_is_told_once(tmp_path, date_format):
    with pytest.raises(UsageError, match="--date-format"):
        read(tmp_path, "store,first_day,open\nb1,24.12.2026,no\n", date_format=date_format)


def test_more_plans_than_a_store_keeps_are_refused_before_anything_is_sent(tmp_path):
    days = [NOW.date() + timedelta(days=n) for n in range(1001)]
    with pytest.raises(UsageError, match="1,001 plans of open and closed days of the store 'b1': it keeps 1,000"):
        read(tmp_path, "store,first_day,open\n" + "".join(f"b1,{day},no\n" for day in days))


def test_a_file_of_something_else_is_not_read_to_its_end(tmp_path):
    file = tmp_path / "plans.ndjson"
    file.write_text("nonsense\n" * 100_001)
    with pytest.raises(UsageError, match="more than 100,000 rows"):
        announced_in(open_file(file).read(), NOW)
