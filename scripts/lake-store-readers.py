"""Compares the rows of a lake in the S3 of moto and in Azurite, as PyIceberg and
ClickHouse's library see them, with those that Quoll answered. scripts/lake-store-readers
calls it: first to make bucket and container, then with the folder that it filled."""

import json
import os
import pathlib
import sqlite3
import sys
import time
import urllib.request

COLUMNS = {
    "UnifiedAuditLog": ["Id", "Operation", "UserId", "ClientIP", "Record"],
    "OfficeActivity": ["OfficeId", "Operation", "UserId", "ClientIP", "OfficeObjectId"],
}
KEY, SECRET, ACCOUNT_KEY = (os.environ[name] for name in ("QUOLL_LAKE_KEY", "QUOLL_LAKE_SECRET", "QUOLL_LAKE_ACCOUNT_KEY"))


def connection(azure):
    return f"DefaultEndpointsProtocol=http;AccountName=quoll;AccountKey={ACCOUNT_KEY};BlobEndpoint=http://127.0.0.1:{azure}/quoll;"


def make(s3, azure):
    from azure.storage.blob import ContainerClient

    for _ in range(300):
        try:
            urllib.request.urlopen(urllib.request.Request(f"http://127.0.0.1:{s3}/rows", method="PUT"))
            break
        except OSError:
            time.sleep(0.1)
    for _ in range(300):
        try:
            ContainerClient.from_connection_string(connection(azure), "rows").create_container()
            break
        except Exception:  # it does not answer yet
            time.sleep(0.1)


def quoll(work, table, columns):
    with open(work / f"{table}.jsonl") as lines:
        for line in lines:
            row = json.loads(line)
            yield tuple(row[c] if isinstance(row[c], str) else "" for c in ["At", *columns])


def iceberg(location, properties, columns):
    from pyiceberg.table import StaticTable

    table = StaticTable.from_metadata(location, properties=properties)
    rows = table.scan(selected_fields=("TimeGenerated", *columns)).to_arrow()
    for row in rows.to_pylist():
        yield (row["TimeGenerated"].strftime("%Y-%m-%d %H:%M:%S.%f"), *(row[c] or "" for c in columns))


def clickhouse(source, columns):
    import chdb

    query = f"SELECT formatDateTime(TimeGenerated, '%Y-%m-%d %H:%i:%S.%f', 'UTC') AS At, {', '.join(columns)} FROM {source}"
    for line in str(chdb.query(query, "JSONEachRow")).splitlines():
        row = json.loads(line)
        yield tuple(row[c] or "" for c in ["At", *columns])


def lake_of(work, kind):
    """Where the catalogue says that the first table is, without the table."""
    with sqlite3.connect(work / kind / "lake" / "catalog.db") as db:
        (location,) = db.execute("SELECT metadata_location FROM iceberg_tables LIMIT 1").fetchone()
    return location.rsplit("/", 3)[0]


def readers(work, s3, azure, table, columns):
    on_s3, on_azure = lake_of(work, "s3"), lake_of(work, "azure")
    yield "PyIceberg from S3", lambda: iceberg(f"{on_s3}/{table}", {
        "s3.endpoint": f"http://127.0.0.1:{s3}", "s3.access-key-id": KEY, "s3.secret-access-key": SECRET, "s3.region": "us-east-1"}, columns)
    path = on_s3.removeprefix("s3://")
    yield "ClickHouse from S3", lambda: clickhouse(f"icebergS3('http://127.0.0.1:{s3}/{path}/{table}', '{KEY}', '{SECRET}')", columns)
    yield "PyIceberg from Azurite", lambda: iceberg(f"{on_azure}/{table}", {
        "py-io-impl": "pyiceberg.io.fsspec.FsspecFileIO", "adls.connection-string": connection(azure)}, columns)
    path = on_azure.split("/", 3)[3]
    yield "ClickHouse from Azurite", lambda: clickhouse(f"icebergAzure('{connection(azure)}', 'rows', '{path}/{table}')", columns)


def compare(s3, azure, work):
    work = pathlib.Path(work).resolve()
    wrong = False
    for table, columns in COLUMNS.items():
        want = sorted(quoll(work, table, columns))
        for name, read in readers(work, s3, azure, table, columns):
            try:
                got = sorted(read())
            except Exception as error:
                wrong = True
                print(f"{table}: {name}: {type(error).__name__}: {str(error)[:600]}")
                continue
            same = got == want and len(want) > 0
            wrong = wrong or not same
            print(f"{table}: {name} reads {len(got)} rows, Quoll {len(want)}: {'equal' if same else 'OTHER ROWS'}")
    sys.exit(1 if wrong else 0)


{"make": make, "compare": compare}[sys.argv[1]](*sys.argv[2:])
