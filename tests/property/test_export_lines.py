"""Laws of an exported log, without a database: what is written is read again to the byte, and no change goes unseen."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from io import BytesIO
from typing import Any
from uuid import UUID

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from ledger.log import Row
from ledger.unreadable import Unreadable
from ops.catalogue import CATALOGUE
from ops.export import Sink, Span, header
from ops.export_lines import encoded, event_line, fits, outcome_line
from ops.import_file import BadExport, ExportFile
from queries.access import Listed

LISTED = Listed("kandy", "Asia/Colombo", "USD", scratch=False)
moments = st.datetimes(min_value=datetime(1901, 1, 1), max_value=datetime(2300, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - Hypothesis adds the zone
words = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
jsons = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**40), 2**40) | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3), max_leaves=6,
)  # fmt: skip
json_bytes = st.builds(
    lambda value, gap: json.dumps(value, separators=(f",{gap}", f":{gap}")).encode(), jsons,
    st.sampled_from(["", " ", "\t", "\n", "\r\n"]),
)  # fmt: skip
payloads = json_bytes | st.binary(max_size=40) | st.builds(lambda text: text.encode(), words)


@st.composite
def logs(draw: st.DrawFn, least: int = 0) -> list[Row]:
    """Make a log of whole commands, as odd as the table allows."""
    rows: list[Row] = []
    for count in draw(st.lists(st.integers(1, 3), min_size=least, max_size=4)):
        command_id = draw(st.none() | st.uuids())
        rows += [
            Row(
                len(rows) + 1 + index, draw(st.uuids()), draw(st.integers(0, 2**31 - 1)), draw(words), draw(payloads),
                draw(moments), draw(moments), command_id, index, count, draw(st.none() | st.uuids()),
                draw(st.none() | st.integers(1, 2**62)), draw(words), draw(st.none() | st.dates()),
            )
            for index in range(count)
        ]  # fmt: skip
    return rows


outcomes = st.lists(
    st.tuples(st.uuids(), st.binary(min_size=16, max_size=16), words, moments, st.just(0), payloads),
    max_size=3, unique_by=lambda outcome: outcome[0],
)  # fmt: skip
Outcomes = Sequence[tuple[UUID, bytes, str, datetime, int, bytes]]


def written(rows: Sequence[Row], answers: Outcomes = ()) -> bytes:
    """Write a file as the export does."""
    out = BytesIO()
    sink = Sink(out)
    sink.write(header(Span(LISTED, 1, len(rows)), decoded=False))
    for row in rows:
        sink.write(event_line(row))
    for answer in sorted(answers):
        sink.write(outcome_line(*answer))
    sink.close()
    return out.getvalue()


def read(content: bytes) -> list[tuple[str, tuple[Any, ...]]]:
    """Read a whole file; events of any topic are welcome."""
    return list(ExportFile(BytesIO(content), lambda _: None))


@given(logs(), outcomes)
def test_what_is_written_is_read_again(rows: list[Row], answers: Outcomes) -> None:
    found = read(written(rows, answers))
    assert [Row(*columns) for kind, columns in found if kind == "event"] == rows
    assert [columns for kind, columns in found if kind == "outcome"] == sorted(answers)


@given(logs(), outcomes)
def test_lines_are_lines_with_sorted_keys(rows: list[Row], answers: Outcomes) -> None:
    content = written(rows, answers)
    lines = content.split(b"\n")[:-1]
    assert len(lines) == len(rows) + len(answers) + 2
    for line in lines:
        keys = [key for key, _ in json.loads(line, object_pairs_hook=list)]
        assert keys == sorted(keys)


@given(payloads)
@example(b'{"a":1.0e5}')
@example(b' {"a":1}')
@example(b'{"a":1} ')
@example(b"1,2")
@example(b"")
@example(b'{"a":"\xff"}')
@example(b"[" * 2000 + b"]" * 2000)
def test_bytes_that_fit_come_back_as_they_are(stored: bytes) -> None:
    row = Row(1, UUID(int=1), 1, "t", stored, datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC),
              None, 0, 1, None, None, "a", None)  # fmt: skip
    assert (b"payload_base64" in encoded(event_line(row))) == (not fits(stored))
    ((_, columns),) = read(written([row]))
    assert Row(*columns).payload == stored


@given(logs(least=1), outcomes, st.data())
def test_a_flipped_bit_is_seen(rows: list[Row], answers: Outcomes, choice: st.DataObject) -> None:
    content = bytearray(written(rows, answers))
    place = choice.draw(st.integers(0, len(content) - 1))
    content[place] ^= 1 << choice.draw(st.integers(0, 7))
    with pytest.raises((BadExport, Unreadable), match=r"line|file"):
        read(bytes(content))


@given(logs(least=1), outcomes, st.data())
def test_a_cut_file_is_seen_and_names_its_last_good_line(rows: list[Row], answers: Outcomes, choice: st.DataObject) -> None:
    content = written(rows, answers)
    short = content[: choice.draw(st.integers(0, len(content) - 1))]
    with pytest.raises(BadExport, match=f"the last good line is {short.count(10)} "):
        read(short)


@given(logs(least=1), outcomes, st.data())
def test_a_line_taken_out_or_put_elsewhere_is_seen(rows: list[Row], answers: Outcomes, choice: st.DataObject) -> None:
    lines = written(rows, answers).split(b"\n")[:-1]
    taken = choice.draw(st.integers(0, len(lines) - 1))
    line = lines.pop(taken)
    if choice.draw(st.booleans()):
        back = choice.draw(st.integers(0, len(lines)))
        assume(back != taken)
        lines.insert(back, line)
    with pytest.raises(BadExport):
        read(b"".join(line + b"\n" for line in lines))


def test_unknown_topics_name_position_and_topic() -> None:
    row = Row(1, UUID(int=1), 1, "reservation.held.v99", b"{}", datetime(2026, 1, 1, tzinfo=UTC),
              datetime(2026, 1, 1, tzinfo=UTC), None, 0, 1, None, None, "a", None)  # fmt: skip
    with pytest.raises(Unreadable, match=r"position 1 .*reservation\.held\.v99.*run the release that wrote it"):
        list(ExportFile(BytesIO(written([row])), CATALOGUE.read))


def changed(old: bytes, new: bytes) -> bytes:
    content = written([])
    assert old in content
    return content.replace(old, new)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "the file ends within line 1"),
        (b"hello\n", "line 1 is not the header of an exported log"),
        (b"[1]\n", "line 1 is not the header of an exported log"),
        (changed(b'"format_version":1', b'"format_version":2'), "format version 2.*knows 1: run the newer release"),
        (changed(b'"format_version":1', b'"format_version":2,"new":1'), "format version 2"),
        (changed(b'"schema_version":', b'"schema_version":9'), "schema version 9.*run the newer release"),
        (changed(b'{"epoch"', b'{"decoded":true,"epoch"'), "made with --decoded"),
        (changed(b'"kandy"', b'"Kandy"'), "line 1 is damaged"),
        (changed(b'"last_position":0', b'"last_position":7'), "the events end at position 0, the header promises 7"),
        (changed(b'"header":1', b'"header":2'), "line 2 is damaged, it counts"),
        (changed(b"USD", b"EUR"), "the file's hash differs from its trailer"),
        (written([]) + b"\n", "there is something after the trailer"),
    ],
)  # fmt: skip
def test_a_bad_file_is_told_in_one_clear_line(content: bytes, said: str) -> None:
    with pytest.raises(BadExport, match=said) as caught:
        read(content)
    assert "\n" not in str(caught.value)
