"""The library's own test cases for recorders, on ours and a real PostgreSQL: over a plain pool, and as behind a pooler."""

from __future__ import annotations

import os
from collections.abc import Iterator
from threading import Event
from typing import Any, ClassVar
from unittest import TestCase
from uuid import UUID, uuid4

import psycopg
import pytest
from eventsourcing.persistence import (
    IntegrityError,
    OperationalError,
    PersistenceError,
    ProgrammingError,
    StoredEvent,
    Tracking,
)
from eventsourcing.tests.persistence import (
    ApplicationRecorderTestCase,
    NonInterleavingNotificationIDsBaseCase,
    TrackingRecorderTestCase,
)
from psycopg import sql
from psycopg_pool import ConnectionPool

from ledger.clock import Clock
from ledger.recorder import Pool, Recorder, lent
from ledger.schema import creation, schema_name
from ledger.tracking import Tracker
from ledger.tracking import creation as tracking_creation
from ops.embedded import embedded_servers


@pytest.fixture(scope="module", autouse=True)
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with embedded_servers(
        tmp_path_factory.mktemp("recorder"), database_url=os.environ.get("DATABASE_URL"), redis_url="unused"
    ) as servers:
        OnPostgres.database_url = servers.database_url
        yield


class OnPostgres(TestCase):
    """A new empty ledger for each recorder."""

    database_url: ClassVar[str]
    pools: list[ConnectionPool[Any]]

    def setUp(self) -> None:
        super().setUp()
        self.pools = []

    def tearDown(self) -> None:
        for pool in self.pools:
            pool.close()
        super().tearDown()

    def new_originator_id(self) -> UUID:
        return uuid4()

    def pool(self) -> Pool:
        pool: ConnectionPool[Any] = ConnectionPool(self.database_url, max_size=8, kwargs={"autocommit": True}, open=True)
        self.pools.append(pool)
        return pool

    def property_code(self) -> str:
        code = f"recorder_{uuid4().hex[:12]}"
        with psycopg.connect(self.database_url, autocommit=True) as connection:
            for statement in (*creation(code), tracking_creation(code)):
                connection.execute(statement)
        return code

    def create_recorder(self) -> Any:
        return Recorder(self.property_code(), self.pool(), Clock())


class AsBehindAPooler(OnPostgres):
    """Each loan is another server connection, which forgets everything afterwards: nothing may rest on a session."""

    def pool(self) -> Pool:
        pool: ConnectionPool[Any] = ConnectionPool(
            self.database_url, min_size=4, max_size=8, open=True, reset=_forget,
            kwargs={"autocommit": True, "prepare_threshold": None},
        )  # fmt: skip
        self.pools.append(pool)
        return pool


def _forget(connection: psycopg.Connection[Any]) -> None:
    connection.execute("DISCARD ALL")


class TestApplicationRecorder(OnPostgres, ApplicationRecorderTestCase[Recorder]):
    """As published."""


class TestApplicationRecorderBehindAPooler(AsBehindAPooler, ApplicationRecorderTestCase[Recorder]):
    """The same, without a session."""


class TestPositionsDoNotInterleave(OnPostgres, NonInterleavingNotificationIDsBaseCase):
    """As published: a thousand events of one append are neighbours."""


class TestTrackingRecorder(OnPostgres, TrackingRecorderTestCase):
    """As published."""

    def create_recorder(self) -> Tracker:
        return Tracker(self.property_code(), self.pool())


class TestTrackingRecorderBehindAPooler(AsBehindAPooler, TrackingRecorderTestCase):
    """The same, without a session."""

    def create_recorder(self) -> Tracker:
        return Tracker(self.property_code(), self.pool())


class TestAReaderOfSomebodyElse(OnPostgres):
    """A projection that others write: how many events of each topic there are, in a table of theirs."""

    def setUp(self) -> None:
        super().setUp()
        code = self.property_code()
        self.recorder, self.tracker = Recorder(code, self.pool(), Clock()), Tracker(code, self.pool())
        self.counts = sql.Identifier(schema_name(code), "counts")
        with lent(self.pool()) as connection:
            connection.execute(sql.SQL("CREATE TABLE {} (topic text PRIMARY KEY, number integer)").format(self.counts))
        stream = uuid4()
        self.recorder.insert_events([StoredEvent(stream, 1 + each, f"topic{each % 2}", b"{}") for each in range(10)])

    def read(self, *, stop_at: int = 0) -> None:
        after = self.tracker.max_tracking_id("counting") or 0
        for each in self.recorder.select_notifications(after, 100, inclusive_of_start=False):
            with self.tracker.applying(Tracking("counting", each.id)) as connection:
                count = sql.SQL(
                    "INSERT INTO {} AS counts VALUES (%s, 1) ON CONFLICT (topic) DO UPDATE SET number = counts.number + 1"
                )
                connection.execute(count.format(self.counts), [each.topic])
                if each.id == stop_at:
                    raise ConnectionResetError

    def counted(self) -> dict[str, int]:
        with lent(self.pool()) as connection:
            return dict(connection.execute(sql.SQL("SELECT * FROM {}").format(self.counts)).fetchall())

    def test_rows_and_position_move_together(self) -> None:
        with pytest.raises(ConnectionResetError):
            self.read(stop_at=6)
        assert self.tracker.max_tracking_id("counting") == 5
        assert self.counted() == {"topic0": 3, "topic1": 2}
        self.read()
        assert self.counted() == {"topic0": 5, "topic1": 5}
        self.tracker.wait("counting", 10)

    def test_a_notification_is_applied_once_whoever_comes_second(self) -> None:
        self.read()
        again = self.tracker.applying(Tracking("counting", 10))
        with pytest.raises(IntegrityError, match="counting has applied notification 10 before"), again:
            pytest.fail("it must not be lent")
        assert self.counted() == {"topic0": 5, "topic1": 5}

    def test_a_subscription_goes_on_with_what_comes_later(self) -> None:
        seen: list[int] = []
        with self.recorder.subscribe(gt=8) as subscription:
            for notification in subscription:
                seen.append(notification.id)
                if notification.id == 10:
                    self.recorder.insert_events([StoredEvent(uuid4(), 1, "late", b"{}")])
                if notification.topic == "late":
                    subscription.stop()
        assert seen == [9, 10, 11]

    def test_a_reader_that_is_told_to_stop_does(self) -> None:
        stopped = Event()
        subscription = self.recorder.subscribe(gt=10)
        subscription.stop()
        with subscription:
            stopped.set()
            assert list(subscription) == []


class TestWhatItWrites(OnPostgres):
    """Beyond what the library asks for: metadata, the order both ways, ids as texts, pages."""

    def written(self, *events: StoredEvent) -> tuple[Recorder, str]:
        code = self.property_code()
        recorder = Recorder(code, self.pool(), Clock())
        for event in events:
            recorder.insert_events([event])
        return recorder, code

    def rows(self, code: str, what: str, table: str) -> list[Any]:
        with lent(self.pool()) as connection:
            statement = sql.SQL("SELECT {} FROM {} ORDER BY 1").format(sql.SQL(what), sql.Identifier(schema_name(code), table))
            return connection.execute(statement).fetchall()

    def test_an_event_says_that_the_library_wrote_it_and_leaves_no_outcome(self) -> None:
        _, code = self.written(StoredEvent(uuid4(), 1, "topic", b"{}"))
        assert self.rows(code, "position, actor, command_id, command_index, command_count", "events") == [
            (1, "library", None, 0, 1)
        ]
        assert self.rows(code, "*", "outcomes") == []

    def test_a_stream_is_read_both_ways_and_by_an_id_that_is_a_text(self) -> None:
        stream = uuid4()
        recorder, _ = self.written(*[StoredEvent(stream, version, "topic", b"{}") for version in (1, 2, 3)])
        for name in (stream, str(stream)):
            assert [event.originator_version for event in recorder.select_events(name)] == [1, 2, 3]
            assert [event.originator_version for event in recorder.select_events(name, desc=True)] == [3, 2, 1]
            assert [event.originator_version for event in recorder.select_events(name, desc=True, limit=1)] == [3]
        recorder.insert_events([StoredEvent(str(stream), 4, "topic", b"{}")])
        assert len(recorder.select_events(stream)) == 4

    def test_a_subscription_gives_its_topics_only_from_the_very_first_event_on(self) -> None:
        recorder, _ = self.written(*[StoredEvent(uuid4(), 1, f"topic{each % 2}", b"{}") for each in range(5)])
        for topics, expected in (((), [1, 2, 3, 4, 5]), (("topic0",), [1, 3, 5])):
            seen: list[int] = []
            with recorder.subscribe(topics=topics) as subscription:
                for notification in subscription:
                    seen.append(notification.id)
                    if notification.id == 5:
                        subscription.stop()
            assert seen == expected


class TestFaults(OnPostgres):
    """Whatever goes wrong has the library's name for it."""

    def test_a_version_that_is_taken(self) -> None:
        recorder, event = self.create_recorder(), StoredEvent(uuid4(), 1, "topic", b"{}")
        recorder.insert_events([event])
        with pytest.raises(IntegrityError):
            recorder.insert_events([event])
        assert recorder.max_notification_id() == 1

    def test_a_property_that_does_not_exist(self) -> None:
        with pytest.raises(ProgrammingError, match="property_nowhere"):
            Recorder("nowhere", self.pool(), Clock()).max_notification_id()

    def test_a_server_that_does_not_answer(self) -> None:
        nowhere: Pool = ConnectionPool("host=127.0.0.1 port=1", open=True, timeout=0.2, min_size=1)
        self.pools.append(nowhere)
        with pytest.raises(OperationalError):
            Tracker("ella", nowhere).max_tracking_id("counting")

    def test_what_the_driver_has_no_finer_name_for(self) -> None:
        with pytest.raises(PersistenceError), lent(self.pool()) as connection:
            connection.execute("SELECT 1; SELECT 1/0")
