"""Shelf files: the same shelf from TOML and CSV, and a sentence for what is wrong."""

from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from producers.sources.shelf_file import as_planned, read_shelf
from streams.contract.errors import UsageError

EXAMPLES = Path(__file__).parents[3] / "docs" / "examples"
AT = datetime(2026, 5, 1, 8, tzinfo=UTC)
TOML = 'store="s"\nshelf="d"\nlevel_width=10\nlevels=1\n[[items]]\nitem="a"\n'


def test_the_examples_describe_the_same_shelf():
    toml, table = read_shelf(EXAMPLES / "dairy.toml", AT), read_shelf(EXAMPLES / "dairy.csv", AT)
    assert msgspec.structs.replace(toml, event_id="x") == msgspec.structs.replace(table, event_id="x")
    assert toml.items[2].max_facings == 6
    assert as_planned(toml).min_facings.tolist() == [1, 0, 2, 0, 0]


def test_a_shelf_defined_again_is_another_event(tmp_path):
    path = tmp_path / "a.toml"
    path.write_text(TOML)
    first, again = read_shelf(path, AT), read_shelf(path, AT.replace(hour=9))
    assert first.event_id != again.event_id
    assert first.event_id == read_shelf(path, AT).event_id


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("store=", "not TOML"),
        (TOML + "widht=3\n", "'widht' is no field of an item"),
        (TOML + 'width="wide"\n', "float"),
        (TOML + "width=11\n", "in one unit"),
        (TOML + "width=-1\n", "width"),
        ('items="a"\n' + TOML.split("[[", maxsplit=1)[0], "under a line"),
        (TOML.replace('"a"', r'"a\u0007"'), "control character"),
        ("store='s'\nshelf='d'\nlevel_width=9\nlevels=1\nitems=[]", "items"),
    ],
)
def test_a_wrong_toml_file_is_refused_with_a_sentence(tmp_path, text, sentence):
    path = tmp_path / "a.toml"
    path.write_text(text)
    with pytest.raises(UsageError, match=sentence):
        read_shelf(path, AT)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "is empty"),
        ("store,shelf,level_width,levels,itme\ns,d,10,1,a\n", "'itme' is no field"),
        ("store;shelf;level_width;levels;item;width\ns;d;10;1;a;2,5\n", "line 2: width is '2,5'"),
        ("store,shelf,level_width,levels,item\ns,d,10,1,a\nt,,,,b\n", "line 3: store is 't' here and 's' before"),
        ("store,shelf,level_width,levels,item,must_stay\ns,d,10,1,a,perhaps\n", "write true or false"),
        ("store,shelf,level_width,levels,item\ns,d,10,1,a,b\n", "more values than columns"),
    ],
)
def test_a_wrong_csv_file_is_refused_with_a_sentence(tmp_path, text, sentence):
    path = tmp_path / "a.csv"
    path.write_text(text)
    with pytest.raises(UsageError, match=sentence):
        read_shelf(path, AT)


def test_files_that_cannot_be_read(tmp_path):
    with pytest.raises(UsageError, match="cannot be read"):
        read_shelf(tmp_path / "none.toml", AT)
    latin = tmp_path / "latin.csv"
    latin.write_bytes("store,item\nMünchen,a".encode("latin-1"))
    with pytest.raises(UsageError, match="UTF-8"):
        read_shelf(latin, AT)
