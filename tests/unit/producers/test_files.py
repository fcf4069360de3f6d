import gzip

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from producers.sources import files
from producers.sources.building import Builder
from producers.sources.files import open_file
from producers.sources.guess import guess
from streams.contract.codec import decode_event
from streams.contract.errors import UsageError

HEADER = ["store", "item", "quantity", "amount", "date"]
ROW = ["köln", "milk", "2", "2.38", "2026-01-05 10:00:00"]


def events_of(path):
    source = open_file(path)
    first = next(source.read())
    builder = Builder(guess(first).mapping)
    parts = [builder.build(rows) for rows in source.read()]
    return [decode_event(raw) for part in parts for raw in part.raws], [bad for part in parts for bad in part.bad]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_a_file_is_read_whatever_its_delimiter_and_encoding(tmp_path, delimiter, encoding):
    path = tmp_path / "sales.csv"
    path.write_text("\r\n".join(delimiter.join(line) for line in (HEADER, ROW, ROW)), encoding)
    events, bad = events_of(path)
    assert [event.store for event in events] == ["köln", "köln"]
    assert bad == []


def test_a_gzipped_file_is_read_and_its_rows_are_estimated(tmp_path):
    path = tmp_path / "sales.csv.gz"
    path.write_bytes(gzip.compress("\n".join([",".join(HEADER)] + [",".join(ROW)] * 1000 + [""]).encode()))
    events, _ = events_of(path)
    assert len(events) == 1000
    assert open_file(path).count() == pytest.approx(1000, rel=0.05)


def test_rows_of_the_wrong_width_are_told_by_number_and_kept_text(tmp_path):
    path = tmp_path / "sales.csv"
    path.write_text("\n".join([",".join(HEADER), ",".join(ROW), "a,b", "", ",".join([*ROW, "more"]), ",".join(ROW)]))
    events, bad = events_of(path)
    assert len(events) == 2
    assert [row.row for row in bad] == [2, 3]
    assert [row.values["text"] for row in bad] == ["a,b", ",".join([*ROW, "more"])]  # noqa: PD011 - no frame


def test_bytes_that_are_not_of_the_encoding_make_a_bad_row_not_a_lost_one(tmp_path):
    path = tmp_path / "sales.csv"
    good = ",".join(ROW).encode()
    filler = [good] * 10_000  # the first bytes look like UTF-8: the file is then read as such
    path.write_bytes(b"\n".join([",".join(HEADER).encode(), *filler, good.replace("ö".encode(), b"\xff")]))
    events, bad = events_of(path)
    assert (len(events), len(bad)) == (10_000, 1)
    assert "Unicode" in bad[0].sentence


def test_ndjson_lines_that_are_no_objects_or_too_long_are_bad_rows(tmp_path):
    path = tmp_path / "sales.ndjson"
    good = b'{"store":"1","item":"milk","quantity":2,"amount":2.38,"date":"2026-01-05T10:00:00Z"}'
    path.write_bytes(b"\n".join([good, b"not json", b"[1]", b'{"store":"' + b"x" * 2_000_000 + b'"}', b"", good]))
    events, bad = events_of(path)
    assert len(events) == 2
    assert [row.row for row in bad] == [2, 3, 4]
    assert "not JSON" in bad[0].sentence
    assert "262144 bytes" in bad[2].sentence


def test_parquet_columns_of_every_kind_are_read(tmp_path):
    path = tmp_path / "sales.parquet"
    table = pa.table(
        {
            "store": pa.array(["a", None, "c"]).dictionary_encode(),
            "item": [1, 2, 3],
            "quantity": pa.array([1, None, 3], pa.int32()),
            "amount": pa.array([1.5, 2.5, 3.5], pa.float32()),
            "timestamp": pa.array([pd.Timestamp("2026-01-05T10:00", tz="Europe/Berlin")] * 3, pa.timestamp("us", "Europe/Berlin")),
        }
    )
    pq.write_table(table, path)
    events, bad = events_of(path)
    assert [(event.store, event.item, event.quantity, event.amount, event.sold_at) for event in events] == [
        ("a", "1", 1.0, 1.5, 1767603600.0),
        ("c", "3", 3.0, 3.5, 1767603600.0),
    ]
    assert [row.row for row in bad] == [2]


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("sales.csv", b"", "is empty"),
        ("sales.csv", b"\n\n", "no header line"),
        ("sales.csv", b"a,a\n1,2\n", "two columns of one name"),
        ("sales.parquet", b"PAR0 but not really", "no Parquet file"),
        ("sales.csv.gz", gzip.compress(b"a,b\n" * 100_000)[:-50], "cannot be read"),
        ("none.csv", None, "There is no file"),
    ],
)
def test_a_file_that_cannot_be_read_is_told_what_is_wrong(tmp_path, name, content, says):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(UsageError) as caught:
        list(open_file(tmp_path / name).read())
    assert says in str(caught.value)


def test_rows_are_the_same_in_runs_of_any_length(tmp_path, monkeypatch):
    path = tmp_path / "sales.csv"
    path.write_text("\n".join([",".join(HEADER)] + [",".join([*ROW[:2], str(n), *ROW[3:]]) for n in range(1, 51)]))
    whole = [row for rows in open_file(path).read() for row in rows.columns["quantity"]]
    monkeypatch.setattr(files, "ROWS_AT_ONCE", 7)
    runs = list(open_file(path).read())
    assert len(runs) == 8
    assert [row for rows in runs for row in rows.columns["quantity"]] == whole
    assert [number for rows in runs for number in rows.numbers] == list(range(1, 51))
