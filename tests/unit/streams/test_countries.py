"""Where stores are: codes, the file of stores, and what a processor makes of them."""

import asyncio
import logging
from types import SimpleNamespace

import pytest
from faust.types import TP

from deploy.training.rebuild import _rules
from streams.contract.errors import SettingsError, SnapshotError
from streams.contract.settings import WorkerSettings
from streams.processor.processor import Processor
from streams.processor.rules import Rules
from streams.runtime.countries import MAX_ROWS, code_of, read_countries
from streams.runtime.partitions import Partitions
from streams.runtime.rules_of import rules_of
from tests.unit.streams.logs import DAY, MONDAY, log_of, sale

CORPUS_CHRISTI = "Corpus Christi"
WOMEN = "Women's Day"


def written(folder, text):
    file = folder / "stores.csv"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return file


@pytest.mark.parametrize(("text", "code"), [("DE", "DE"), ("de-nw", "DE-NW"), (" GB-sct ", "GB-SCT"), ("AT-9", "AT-9")])
def test_codes_are_taken_as_people_write_them(text, code):
    assert code_of(text) == code
    assert rules_of(WorkerSettings.read({"SHELFCAST_COUNTRY": text})).country == code


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("XX", "as DE or DE-NW"),
        ("MON", "as DE or DE-NW"),  # a name of the library that is no country
        ("DE-", "as DE or DE-NW"),
        ("-NW", "as DE or DE-NW"),
        ("Germany", "as DE or DE-NW"),
        ("DE-XX", "DE-NI, DE-NW, DE-RP"),
        ("JP-13", "set JP,"),
        ("US-XX", "US-KY and 37 more"),
    ],
)
def test_a_code_that_nobody_knows_is_refused_with_what_to_set(code, words):
    with pytest.raises(SettingsError, match=words) as found:
        rules_of(WorkerSettings.read({"SHELFCAST_COUNTRY": code}))
    assert f"SHELFCAST_COUNTRY={code!r}" in str(found.value)
    assert "\n" not in str(found.value)


@pytest.mark.parametrize(
    "text",
    [
        "store,country\n25,DE-NW\nMain Street,de\n",
        b"\xef\xbb\xbfStore,Country\r\n25,DE-NW\r\nMain Street,DE\r\n",
        "name;country;store\nx;DE-NW;25\ny;DE;Main Street\n\n;;\n",
        'store,country\n"25",DE-NW\n25,de-nw\n Main Street ,DE',
    ],
)
def test_a_file_of_stores_is_read(text, tmp_path):
    assert read_countries(written(tmp_path, text)) == {"25": "DE-NW", "Main Street": "DE"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "line 1: .*store,country"),
        ("store,place\n25,DE\n", "line 1: the columns are store, place: write one store and one country"),
        ("store,country,store\n1,DE,2\n", "line 1: .*one store"),
        ("store,country\n25,DE\n26,DE-XX\n", "line 3: country 'DE-XX': .*DE-NW"),
        ("store,country\n25,Bavaria\n", "line 2: country 'Bavaria': .*as DE or DE-NW"),
        ("store,country\n25,DE-NW\n26,DE\n25,DE-BY\n", "line 4: the store '25' stands twice, as DE-NW and as DE-BY"),
        ("store,country\n25,\n", "line 2: the country is empty"),
        ("store,country\n,DE\n", "line 2: the store is empty"),
        ("store,country\n25\n", "line 2: the country is empty"),
        ('store,country\n25,"DE\n', "look at its quotes"),
        (b"store,country\nK\xf6ln,DE\n", "line 2: it is not UTF-8"),
    ],
)
def test_a_wrong_file_of_stores_is_refused_with_its_line(text, words, tmp_path):
    file = written(tmp_path, text)
    with pytest.raises(SettingsError, match=words) as found:
        rules_of(WorkerSettings.read({"SHELFCAST_STORE_COUNTRIES": str(file)}))
    assert str(file) in str(found.value)
    assert "\n" not in str(found.value)


def test_a_file_that_is_not_there_or_has_no_end_is_refused(tmp_path):
    with pytest.raises(SettingsError, match=r"there is no file .*nowhere\.csv: name a CSV file with the columns store and country"):
        read_countries(tmp_path / "nowhere.csv")
    rows = "".join(f"{n},DE\n" for n in range(MAX_ROWS + 1))
    with pytest.raises(SettingsError, match=f"line {MAX_ROWS + 2}: more than 100,000 rows"):
        read_countries(written(tmp_path, "store,country\n" + rows))
    with pytest.raises(SettingsError, match="larger than 32 MB"):
        read_countries(written(tmp_path, b"x" * (32 * 1024 * 1024 + 1)))


# ---------------------------------------------------------------------- processors

BAVARIA_AND_BERLIN = Rules(country="DE", store_countries={"south": "DE-BY", "capital": "DE-BE"})


def days_of(stores, first=0, last=3):
    """A sale a day and store, each in the one partition there is."""
    sales = [(day, store) for day in range(first, last) for store in stores]
    return log_of(
        *[sale(n, store=store, sold_at=MONDAY + day * DAY) for n, (day, store) in enumerate(sales, 100 * first)], first=100 * first
    )


def holidays_of(processor, store):
    """Names of the store's holidays in the years its table has."""
    place = processor.model._stores[processor._stores[store].index]
    table = processor.model._pool.table(place.country, place.subdivision)
    table.reach(739_253, 366)  # 2025
    return set(table.names.values())


def test_each_store_keeps_its_own_holidays_after_a_restart_too():
    processor = Processor(BAVARIA_AND_BERLIN, 0, 1)
    processor.apply(days_of(["south", "capital", "else"]))
    for each in (processor, Processor.load(processor.dump(), BAVARIA_AND_BERLIN, 0, 1)):
        south, capital, other = (holidays_of(each, store) for store in ("south", "capital", "else"))
        assert CORPUS_CHRISTI in south - capital - other
        assert WOMEN in capital - south - other
        assert "German Unity Day" in south & capital & other
        assert each.kept_countries() == {}
    again = Processor.load(processor.dump(), BAVARIA_AND_BERLIN, 0, 1)
    more = days_of(["south", "capital", "new"], 3, 40)
    assert processor.apply(more).forecasts == again.apply(more).forecasts
    assert processor.dump() == again.dump()


def test_a_country_of_all_stores_may_be_a_part_of_one():
    processor = Processor(Rules(country="DE-BY"), 0, 1)
    processor.apply(days_of(["any"]))
    assert CORPUS_CHRISTI in holidays_of(processor, "any")


def test_stores_added_to_the_file_leave_the_state_and_its_stores_as_they_were():
    before = Rules(country="DE", store_countries={"south": "DE-BY"})
    processor = Processor(before, 0, 1)
    processor.apply(days_of(["south", "capital"]))
    later = Processor.load(processor.dump(), BAVARIA_AND_BERLIN, 0, 1)
    assert later.dump() == processor.dump()
    assert later.kept_countries() == {"capital": ("DE", "DE-BE")}
    assert WOMEN not in holidays_of(later, "capital")
    without = Processor.load(processor.dump(), Rules(country="DE"), 0, 1)
    assert without.kept_countries() == {"south": ("DE-BY", "DE")}
    assert CORPUS_CHRISTI in holidays_of(without, "south")
    with pytest.raises(SnapshotError, match="rules"):
        Processor.load(processor.dump(), Rules(country="AT", store_countries=before.store_countries), 0, 1)


def test_a_store_that_is_new_takes_its_country_from_the_file_of_the_day():
    processor = Processor(Rules(country="DE"), 0, 1)
    processor.apply(days_of(["south"]))
    later = Processor.load(processor.dump(), BAVARIA_AND_BERLIN, 0, 1)
    later.apply(days_of(["capital"], 3, 6))
    assert WOMEN in holidays_of(later, "capital")


def test_without_a_file_the_state_is_that_of_releases_that_knew_none():
    processor = Processor(Rules(country="DE", store_countries={"south": "DE"}), 0, 1)
    processor.apply(days_of(["south"]))
    plain = Processor(Rules(country="DE"), 0, 1)
    plain.apply(days_of(["south"]))
    assert processor.dump() == plain.dump()


def test_a_rebuild_gives_its_stores_the_countries_they_began_with(tmp_path):
    """Not those that the file gives new stores by now: the rebuilt state would not be the worker's."""
    processor = Processor(Rules(country="DE", store_countries={"south": "DE-BY"}), 0, 1)
    log = days_of(["south", "capital"])
    processor.apply(log)
    file = written(tmp_path, "store,country\nsouth,DE-SN\ncapital,DE-BE\n")
    settings = WorkerSettings.read({"SHELFCAST_COUNTRY": "DE", "SHELFCAST_STORE_COUNTRIES": str(file)})
    again = Processor(_rules(processor.dump(), settings), 0, 1)
    again.apply(log)
    assert again.dump() == processor.dump()
    assert _rules(None, settings).country_of("capital") == "DE-BE"


def test_a_store_that_keeps_its_country_is_warned_of_once(caplog):
    old = Processor(Rules(country="DE"), 0, 1)
    old.apply(days_of(["south", "capital"]))

    async def at_the_beginning(*tps):
        return dict.fromkeys(tps, 0)

    async def committed(tps):
        return dict.fromkeys(tps, (old.next_offset, "place"))

    settings = WorkerSettings()
    metrics = SimpleNamespace(recoveries=SimpleNamespace(labels=lambda _: SimpleNamespace(inc=lambda: None)))
    reader = SimpleNamespace(at=lambda partition, metadata: old.dump())
    partitions = Partitions("events", 1, BAVARIA_AND_BERLIN, settings, None, reader, metrics, None)
    partitions.consumer = SimpleNamespace(thread=SimpleNamespace(committed=committed), earliest_offsets=at_the_beginning)
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            asyncio.run(partitions.recover([TP("events", 0)]))
    (warned,) = [record.getMessage() for record in caplog.records]
    assert "2 stores keep the country they were first seen with, as 'south' DE although" in warned
    assert "now give DE-BY" in warned
    assert "rebuild from the log" in warned
