"""Files that are not what they seem: each is read as what it mostly is, or refused with a sentence, in bounded time."""

import os
import time

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from producers.sources.files import MAX_COLUMNS, open_file
from streams.contract.errors import UsageError
from tests.unit.producers.test_files import HEADER, ROW, events_of

HEAD, LINE = ",".join(HEADER), ",".join(ROW)


def written(path, *lines):
    path.write_bytes(b"\n".join(line if isinstance(line, bytes) else line.encode() for line in lines) + b"\n")
    return path


def test_one_odd_byte_in_a_utf8_file_makes_one_bad_row_and_changes_no_other_name(tmp_path):
    path = written(tmp_path / "sales.csv", HEAD, *[LINE] * 20, LINE.encode("cp1252"), *[LINE] * 20)
    events, bad = events_of(path)
    assert {event.store for event in events} == {"köln"}
    assert (len(events), [row.row for row in bad]) == (40, [21])
    assert "UTF-8" in open_file(path).about


def test_one_utf8_name_in_a_windows_file_does_not_change_the_others(tmp_path):
    path = written(tmp_path / "sales.csv", HEAD, *[LINE.encode("cp1252")] * 20, LINE)
    events, _ = events_of(path)
    assert [event.store for event in events].count("köln") == 20
    assert "Windows-1252" in open_file(path).about


def test_an_encoding_that_shows_only_far_into_the_file_is_found(tmp_path):
    path = written(tmp_path / "sales.csv", HEAD, *[LINE.replace("ö", "oe")] * 10_000, *[LINE.encode("cp1252")] * 3)
    assert path.stat().st_size > 300_000
    events, bad = events_of(path)
    assert (events[-1].store, bad) == ("köln", [])


def test_utf16_without_a_byte_order_mark_is_read(tmp_path):
    path = tmp_path / "sales.csv"
    path.write_bytes(f"{HEAD}\n{LINE}\n".encode("utf-16-le"))
    assert [event.store for event in events_of(path)[0]] == ["köln"]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (",".join(f"c{n}" for n in range(30_000)) + "\n", f"at most {MAX_COLUMNS:,}"),
        ("a," + "b" * 140_000 + "\n1,2\n", "header line"),
        ("a," * 200_000 + "\n", "first line"),
        ('a,"b\n1,2\n', "never closed"),
        ("a,b,a\n1,2,3\n", "two columns of one name, 'a'"),
        ("\n\n", "no header line"),
        ("", "empty"),
    ],
    ids=["columns", "header field", "header line", "quote", "twice", "blank", "empty"],
)
def test_a_file_that_cannot_be_a_table_is_refused_with_a_sentence_at_once(tmp_path, content, sentence):
    path = tmp_path / "sales.csv"
    path.write_text(content)
    began = time.monotonic()
    with pytest.raises(UsageError, match=sentence) as refused:
        list(open_file(path).read())
    assert len(str(refused.value)) < 600
    assert time.monotonic() - began < 20


def test_a_quote_that_is_never_closed_is_a_bad_row_and_not_the_end_of_the_file(tmp_path):
    row = LINE.replace(" 10:00:00", "")
    path = written(tmp_path / "sales.csv", HEAD, row, row.replace("2026-01-05", '"2026-01-05'), row, row)
    events, bad = events_of(path)
    assert len(events) == 1
    assert [(one.row, "never closed" in one.sentence) for one in bad] == [(2, True)]


def test_a_value_beyond_the_limit_is_a_bad_row(tmp_path):
    path = written(tmp_path / "sales.csv", HEAD, LINE, LINE.replace("milk", "m" * 200_000), LINE)
    events, bad = events_of(path)
    assert (len(events), [one.row for one in bad]) == (2, [2])


def test_what_is_no_file_and_no_parquet_is_said(tmp_path):
    os.mkfifo(tmp_path / "pipe.csv")
    for path, sentence in ((tmp_path, "is no file"), (tmp_path / "pipe.csv", "is no file"), (tmp_path / "gone.csv", "There is no file")):
        with pytest.raises(UsageError, match=sentence):
            open_file(path)
    with pytest.raises(UsageError, match="no Parquet"):
        list(open_file(written(tmp_path / "a.parquet", "PAR1 is what it begins with")).read())
    pq.write_table(pa.table({f"c{n}": [1] for n in range(MAX_COLUMNS + 1)}), tmp_path / "wide.parquet")
    with pytest.raises(UsageError, match="columns"):
        list(open_file(tmp_path / "wide.parquet").read())


def test_records_of_ever_new_fields_are_refused(tmp_path):
    path = written(tmp_path / "sales.ndjson", *(f'{{"a{n}":1,"b{n}":1}}' for n in range(3000)))
    with pytest.raises(UsageError, match="different fields"):
        list(open_file(path).read())
