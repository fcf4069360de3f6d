import os
from pathlib import Path

import pytest

from streams.contract.errors import FileError
from streams.files.spreadsheet import csv_text
from streams.files.whole_files import make_folder, write_whole


def test_a_file_is_replaced_whole_also_behind_a_link(tmp_path):
    file, link = tmp_path / "a.txt", tmp_path / "link.txt"
    file.write_text("old")
    link.symlink_to(file)
    write_whole(link, "new")
    assert (file.read_text(), link.is_symlink(), len(list(tmp_path.iterdir()))) == ("new", True, 2)


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    file = tmp_path / "a.txt"
    file.write_text("old")

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(FileError, match=r"a\.txt cannot be written: No space left"):
        write_whole(file, "new")
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("a.txt", "old")]


def test_a_device_is_written_to_and_not_replaced():
    write_whole(Path(os.devnull), "x")
    assert not Path(os.devnull).is_file()


def test_a_folder_that_cannot_be_made_is_said(tmp_path):
    (tmp_path / "a").write_text("")
    with pytest.raises(FileError, match="cannot be made"):
        make_folder(tmp_path / "a" / "b")


def test_no_text_of_a_table_is_a_formula():
    text = csv_text(("item", "units"), [("=cmd|calc", 1), ("@a", -2), ("milk", 3)])
    assert text == "item,units\r\n'=cmd|calc,1\r\n'@a,-2\r\nmilk,3\r\n"
