"""The floor of writing: `pgbench` inserting one short row a transaction, with no client code of ours."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from ops.bench.callers import Shape
from ops.bench.clients import ClientFailed
from ops.bench.site import Site
from ops.embedded.binaries import postgres_programs

TABLE = "CREATE TABLE {} (number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, room integer, arrival date)"
SCRIPT = "\\set room random(0, 1999)\nINSERT INTO {} (room, arrival) VALUES (:room, '2030-01-01');\n"
RATE = re.compile(r"tps = ([0-9.]+)")


def pgbench(site: Site, shape: Shape, seconds: float) -> float:
    """Give the single-row inserts a second; every one is a durable transaction. Raises ClientFailed."""
    schema = site.new_schema()
    table = sql.Identifier(schema, "bookings")
    with site.connect() as connection:
        connection.execute(sql.SQL(TABLE).format(table))
    script = site.settings.data_dir / f"{schema}.sql"
    script.write_text(sql.SQL(SCRIPT).format(table).as_string())
    callers = shape.processes * shape.callers
    done = subprocess.run(
        [
            postgres_programs() / "pgbench", "--no-vacuum", f"--file={script}", f"--client={callers}",
            f"--jobs={shape.processes}", "--protocol=prepared", f"--time={max(1, round(seconds))}",
        ],
        env=os.environ | _environment(site), capture_output=True, text=True, check=False,
    )  # fmt: skip
    rate = RATE.search(done.stdout)
    if done.returncode != 0 or rate is None:
        message = f"pgbench failed: {done.stderr.strip().splitlines()[-1:] or done.stdout}"
        raise ClientFailed(message)
    return float(rate[1])


def has_pgbench() -> bool:
    """Tell whether the programs of PostgreSQL have pgbench beside them."""
    return Path(postgres_programs() / "pgbench").exists()


def _environment(site: Site) -> dict[str, str]:
    parts = conninfo_to_dict(site.database_url)
    names = {"PGHOST": "host", "PGPORT": "port", "PGUSER": "user", "PGPASSWORD": "password", "PGDATABASE": "dbname"}
    return {variable: str(parts[name]) for variable, name in names.items() if parts.get(name)}
