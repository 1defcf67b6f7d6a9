"""Every `nightledger …` that a document or a message of ours names is a command that there is, with options that it has."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from ops.cli import cli

ROOT = Path(__file__).resolve().parents[3]
PLACES = (
    "*.md",
    "docs/**/*.md",
    "ops/**/*.md",
    "ops/**/*.py",
    "ops/**/*.toml",
    "web/**/*.py",
    "queries/**/*.py",
    "ledger/**/*.py",
)
WORD = r"…|[\w./-]+\.\w+|\d[\w./-]*|--?[a-z-]+|[a-z]+(?:-[a-z]+)*|[A-Z][A-Z_/|-]*"
NAMED = re.compile(rf"\bnightledger(?P<words>(?: (?:{WORD}))+)")
"""As people write it: words, options, PLACEHOLDERS, figures and names of files."""


def mentions() -> Iterator[tuple[str, str]]:
    """List what is named, with its place."""
    for path in sorted({path for pattern in PLACES for path in ROOT.glob(pattern)}):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            for code in re.findall(r"`([^`]+)`", line) or ([line] if line.startswith("nightledger ") else []):
                for found in NAMED.finditer(code):
                    yield f"{path.relative_to(ROOT)}:{number}", found["words"].strip()


def wrong_word(words: str) -> str | None:
    """Give the first word that is no command and no option of the one before."""
    command: click.Command = cli
    for word in words.split():
        if word.startswith("-"):
            if word not in {
                "-h",
                "--help",
                *(name for option in command.params for name in (*option.opts, *option.secondary_opts)),
            }:
                return word
        elif isinstance(command, click.Group):
            if word == "…":
                return None
            if word not in command.commands:
                return word
            command = command.commands[word]
    return None


def test_every_command_that_is_named_exists() -> None:
    found = list(mentions())
    assert len(found) > 50
    assert [(place, words) for place, words in found if wrong_word(words)] == []


@pytest.mark.parametrize(
    ("words", "wrong"),
    [
        ("hold --name --email", None), ("group import GROUP_ID rooms.csv", None), ("--help", None), ("group … --x", None),
        ("seal-key show --pem", None), ("hold --nmae", "--nmae"), ("holds", "holds"),
        ("group improt GROUP_ID", "improt"), ("verify --pem", "--pem"),
    ],
)  # fmt: skip
def test_what_does_not_exist_is_noticed(words: str, wrong: str | None) -> None:
    assert wrong_word(words) == wrong
