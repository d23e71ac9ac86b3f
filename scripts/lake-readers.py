"""Compares the rows of a lake as Quoll, PyIceberg and ClickHouse's library see
them. The argument is the folder that scripts/lake-readers filled."""

import json
import os
import pathlib
import sys

import chdb
from pyiceberg.catalog.sql import SqlCatalog

COLUMNS = {
    "UnifiedAuditLog": ["Id", "Operation", "UserId", "ClientIP", "Record"],
    "OfficeActivity": ["OfficeId", "Operation", "UserId", "ClientIP", "OfficeObjectId"],
}


def quoll(work, table, columns):
    with open(work / f"{table}.jsonl") as lines:
        for line in lines:
            row = json.loads(line)
            yield tuple(row[c] if isinstance(row[c], str) else "" for c in ["At", *columns])


def iceberg(catalog, table, columns):
    rows = catalog.load_table(f"quoll.{table}").scan(selected_fields=("TimeGenerated", *columns)).to_arrow()
    for row in rows.to_pylist():
        yield (row["TimeGenerated"].strftime("%Y-%m-%d %H:%M:%S.%f"), *(row[c] or "" for c in columns))


def clickhouse(folder, columns):
    query = f"SELECT formatDateTime(TimeGenerated, '%Y-%m-%d %H:%i:%S.%f', 'UTC') AS At, {', '.join(columns)} FROM icebergLocal('{folder}')"
    for line in str(chdb.query(query, "JSONEachRow")).splitlines():
        row = json.loads(line)
        yield tuple(row[c] or "" for c in ["At", *columns])


def main():
    work = pathlib.Path(sys.argv[1]).resolve()
    lake = work / "data" / "lake"
    os.chdir(work)  # ClickHouse's library reads files below the present folder only
    catalog = SqlCatalog("quoll", uri=f"sqlite:///{lake}/catalog.db", warehouse=str(lake))
    wrong = False
    for table, columns in COLUMNS.items():
        want = sorted(quoll(work, table, columns))
        for name, got in {
            "PyIceberg": sorted(iceberg(catalog, table, columns)),
            "ClickHouse": sorted(clickhouse(lake / "quoll" / table, columns)),
        }.items():
            same = got == want and len(want) > 0
            wrong = wrong or not same
            print(f"{table}: {name} reads {len(got)} rows, Quoll {len(want)}: {'equal' if same else 'OTHER ROWS'}")
            if not same:
                other = [pair for pair in zip(got, want) if pair[0] != pair[1]][:1]
                print(f"  for example {other}", file=sys.stderr)
    sys.exit(1 if wrong else 0)


main()
