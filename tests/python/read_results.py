"""Reads a results folder with polars and DuckDB and compares it with the documented schema.

usage: read_results.py FOLDER DOCUMENTED
DOCUMENTED is JSON: table -> list of [column, polars type, unit].
"""

import json
import pathlib
import sys

import duckdb
import polars

folder, documented = pathlib.Path(sys.argv[1]), json.loads(sys.argv[2])
connection = duckdb.connect()
manifest = json.loads((folder / "manifest.json").read_text())
for table, columns in documented.items():
    path = folder / f"{table}.parquet"
    frame = polars.read_parquet(path)
    found = [[name, str(dtype)] for name, dtype in frame.schema.items()]
    expected = [[name, dtype] for name, dtype, _unit in columns]
    assert found == expected, f"{table}: polars sees {found}, documented is {expected}"

    rows = connection.execute(f"select count(*) from '{path}'").fetchall()[0][0]
    names = [column[0] for column in connection.execute(f"select * from '{path}' limit 0").description]
    assert names == [name for name, _dtype, _unit in columns], f"{table}: DuckDB sees {names}"
    assert rows == frame.height, f"{table}: DuckDB counts {rows} rows, polars {frame.height}"

    metadata = polars.read_parquet_metadata(path)
    for name, _dtype, unit in columns:
        assert not unit or f'"{unit}"' in " ".join(metadata.values()), f"{table}.{name}: unit {unit} is not in the metadata"

incidents = connection.execute(
    f"select kind, recovery_s from '{folder / 'incidents.parquet'}' where recovered_ns is not null order by start_ns"
).fetchall()
assert incidents, "no incident has recovered"
availability = polars.read_parquet(folder / "runs.parquet")["availability"][0]
assert 0.5 < availability <= 1.0, availability
assert manifest["seed"] is not None
print(f"{len(documented)} tables agree, {len(incidents)} incidents recovered, availability {availability:.4f}")
