"""One word for one thing on the command line: options that mean the same have the same name, and help lists all there is."""

from __future__ import annotations

from collections.abc import Iterator

import click
import pytest
from click.testing import CliRunner

from ops.bench.run import BENCHES
from ops.cli.bookings import cancel
from ops.cli.groups import group
from ops.cli.measuring import bench
from ops.cli.stays import stay


def versions() -> Iterator[tuple[str, click.Parameter]]:
    commands = {"cancel": cancel, **stay.commands, **{f"group {name}": each for name, each in group.commands.items()}}
    for name, command in commands.items():
        yield from ((name, option) for option in command.params if option.name == "expected_version")


def test_the_version_option_has_one_name_everywhere() -> None:
    found = dict(versions())
    assert {"cancel", "change", "move", "group confirm"} <= set(found)
    assert [name for name, option in found.items() if option.opts[0] != "--expected-version"] == []
    assert "--version" in found["cancel"].opts
    assert "--version" in found["move"].opts


@pytest.mark.parametrize("name", BENCHES)
def test_help_lists_every_bench(name: str) -> None:
    told = CliRunner().invoke(bench, ["--help"]).output
    listed = told.partition("peers:")[2].partition(";")[0].replace("\n", " ").split(",")
    assert name in [word.strip() for word in listed]
