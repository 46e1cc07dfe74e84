"""The report as a page: words, tables, figures and how they are put together."""
