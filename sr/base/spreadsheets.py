"""CSV tables for spreadsheets: with decimal commas, as Brazil's and most of Europe's read them, and
as a workbook that every one reads.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping
from datetime import datetime

# As this program writes numbers; a code such as 007 or 12e34 is none.
NUMBER = re.compile(r"-?(0|[1-9]\d{0,14})(\.\d+)?(e[+-]\d+)?")
FORMULA = tuple("=+-@\t\r\uff1d\uff0b\uff0d\uff20")  # where a spreadsheet begins to compute
LONGEST_SHEET_NAME = 31
MADE = datetime(2026, 1, 1)  # in every workbook: equal tables give equal bytes


def excel_csv(table: str) -> bytes:
    """A CSV table with semicolons, decimal commas and a byte order mark.

    Text that a spreadsheet would take for a formula gets an apostrophe in front.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
    for row in _rows(table):
        writer.writerow([_local(cell) for cell in row])
    return text.getvalue().encode("utf-8-sig")


def workbook(tables: Mapping[str, str]) -> bytes:
    """CSV tables as the sheets of one .xlsx file; numbers are numbers, all else is text."""
    import xlsxwriter

    content = io.BytesIO()
    with xlsxwriter.Workbook(content, {"in_memory": True}) as book:
        book.set_properties({"created": MADE})
        bold = book.add_format({"bold": True})
        for name, table in tables.items():
            sheet = book.add_worksheet(name[:LONGEST_SHEET_NAME])
            sheet.freeze_panes(1, 0)
            for number, row in enumerate(_rows(table)):
                for column, cell in enumerate(row):
                    if number and NUMBER.fullmatch(cell):
                        sheet.write_number(number, column, float(cell))
                    elif cell:
                        sheet.write_string(number, column, cell, None if number else bold)
    return content.getvalue()


def for_excel(tables: Mapping[str, str], book: str) -> dict[str, bytes]:
    """What `--excel` adds to CSV files: NAME_excel.csv beside each NAME.csv, and a workbook of all.

    Args:
        tables: the text of the files by name without ending.
        book: the workbook's name without ending.
    """
    files = {f"{name}_excel.csv": excel_csv(table) for name, table in tables.items()}
    return files | {f"{book}.xlsx": workbook(tables)}


def _rows(table: str) -> Iterator[list[str]]:
    return csv.reader(io.StringIO(table, newline=""))


def _local(cell: str) -> str:
    if NUMBER.fullmatch(cell):
        return cell.replace(".", ",")
    return f"'{cell}" if cell.startswith(FORMULA) else cell
