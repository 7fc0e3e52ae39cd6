"""Measurements of labkit beside its peers. Each module prints a table and, with `--json FILE`, writes a record."""
