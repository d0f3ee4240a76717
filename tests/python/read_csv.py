"""Reads CSV from standard input with Python's csv module, strictly, and writes its rows as JSON."""

import csv
import io
import json
import sys

text = io.TextIOWrapper(sys.stdin.buffer, encoding="utf-8", errors="strict", newline="")
rows = list(csv.DictReader(text, strict=True))
for row in rows:
    if None in row or None in row.values():
        sys.exit(f"row {row} has more or fewer fields than the header")
json.dump(rows, sys.stdout)
