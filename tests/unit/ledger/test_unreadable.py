"""What is said about an event that cannot be read: where it stands, which part is wrong, what to run next."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError

import pytest

from ledger import unreadable
from ledger.unreadable import CorruptEvent, UnknownTopic, Unreadable, release


def test_where_it_stands_is_said_as_soon_as_it_is_known() -> None:
    wrong = Unreadable("door.opened.v1", "it creaks")
    assert wrong.position is None
    assert str(wrong) == "an event cannot be read: it creaks"
    assert wrong.at(17) is wrong
    assert str(wrong) == "the event at position 17 cannot be read: it creaks"
    assert repr(wrong) == "Unreadable('door.opened.v1', 'it creaks')"


@pytest.mark.parametrize(
    ("newest", "said"),
    [(None, ": run"), ("door.opened.v2", " (the newest that it knows is door.opened.v2): run")],
)
def test_an_unknown_topic_names_the_release_and_the_newest_that_it_knows(newest: str | None, said: str) -> None:
    wrong = UnknownTopic("door.opened.v3", newest)
    assert wrong.topic == "door.opened.v3"
    assert f"topic 'door.opened.v3' is unknown to this release, {release()}{said}" in str(wrong)


@pytest.mark.parametrize(
    ("wrong", "field", "said"),
    [
        (ValueError("Expected `int`, got `str` - at `$.fee.amount_minor`"), "fee.amount_minor",
         "its field fee.amount_minor is damaged (Expected `int`, got `str`; topic 't')"),
        (ValueError("Too short - at `$[0].fee`"), "[0].fee", "its field [0].fee is damaged (Too short; topic 't')"),
        (ValueError("JSON is malformed"), "", "its content is damaged (JSON is malformed; topic 't')"),
        (ValueError(" - at the end"), "", "its content is damaged ( - at the end; topic 't')"),
        (RecursionError(), "", "its content is damaged (RecursionError; topic 't')"),
    ],
)  # fmt: skip
def test_damage_is_told_with_its_field(wrong: Exception, field: str, said: str) -> None:
    corrupt = CorruptEvent("t", wrong)
    assert (corrupt.topic, corrupt.field) == ("t", field)
    assert str(corrupt) == f"an event cannot be read: {said}: compare with a backup, `nightledger verify` says more"


def test_a_release_that_was_not_installed_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(name: str) -> str:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(unreadable, "version", unknown)
    assert release() == "not installed"
