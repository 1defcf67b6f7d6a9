"""The event catalogue says what the code says."""

from pathlib import Path

from ops.catalogue import CATALOGUE
from ops.event_catalogue import catalogue

PAGE = Path(__file__).parents[3] / "docs" / "events.md"


def test_the_page_is_not_stale() -> None:
    assert PAGE.read_text() == "\n".join(catalogue()) + "\n", "run make docs"


def test_every_topic_is_on_the_page() -> None:
    assert [topic for topic in CATALOGUE.topics if f"### `{topic}`" not in PAGE.read_text()] == []


def test_personal_fields_are_marked() -> None:
    assert "| `guest` | Sealed (*personal*) |" in PAGE.read_text()
