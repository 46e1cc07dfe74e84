"""Tables for spreadsheets: numbers as people there write them, text that stays text."""

from __future__ import annotations

import io
import re
import zipfile

from sr.base.spreadsheets import excel_csv, for_excel, workbook

TABLE = 'name,psnr,code\nbird; "big",27.125,007\n=SUM(A1),1e-05,12e34\n-3,,inf\n'


def test_semicolons_decimal_commas_and_a_byte_order_mark() -> None:
    text = excel_csv(TABLE).decode("utf-8")
    assert text == (
        "\ufeffname;psnr;code\r\n"
        '"bird; ""big""";27,125;007\r\n'
        "'=SUM(A1);1e-05;12e34\r\n"
        "-3;;inf\r\n"
    )


def test_a_workbook_has_numbers_where_there_are_numbers_and_no_formula() -> None:
    with zipfile.ZipFile(io.BytesIO(workbook({"means": TABLE}))) as archive:
        sheet = archive.read("xl/worksheets/sheet1.xml").decode()
        names = archive.read("xl/workbook.xml").decode()
        words = archive.read("xl/sharedStrings.xml").decode()
    assert re.findall(r'<c r="(\w+)"><v>([^<]+)</v>', sheet) == [
        ("B2", "27.125"),
        ("B3", "1E-05"),
        ("A4", "-3"),
    ]
    assert "<f>" not in sheet
    assert "=SUM(A1)" in words
    assert 'name="means"' in names


def test_files_stand_beside_those_for_programs_and_are_the_same_every_time() -> None:
    files = for_excel({"table": TABLE, "images": TABLE}, "table")
    assert list(files) == ["table_excel.csv", "images_excel.csv", "table.xlsx"]
    assert for_excel({"table": TABLE, "images": TABLE}, "table") == files
