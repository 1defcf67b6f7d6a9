"""`make mutate`: one PostgreSQL for all mutants' tests, mutmut from a clean start, then the report.

With names (`ledger.money.*`) only these mutants are tried again, by new tests and by those that reached them before, and
everything else stands as it was.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from ops.embedded import embedded_servers
from tests.mutation import report


def main(names: list[str]) -> int:
    """Try the mutants of these names, or all, and give the exit code."""
    if names and not report.FOLDER.exists():
        print("there is no earlier run to stand beside these: run `make mutate` without MUTANTS first")
        return 2
    if not names:
        shutil.rmtree(report.FOLDER, ignore_errors=True)
    children = os.environ.get("MUTATE_CHILDREN", str(os.cpu_count() or 2))
    with (
        TemporaryDirectory() as folder,
        embedded_servers(
            Path(folder), database_url=os.environ.get("DATABASE_URL"), redis_url="redis://not-needed"
        ) as servers,
    ):  # fmt: skip
        subprocess.run(
            [Path(sys.executable).with_name("mutmut"), "run", "--max-children", children, *names],
            check=True,
            env=os.environ | {"DATABASE_URL": servers.database_url, "HYPOTHESIS_PROFILE": "mutation"},
        )
    return report.main()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
