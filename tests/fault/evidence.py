"""What is true afterwards: the raw events, the vendor's own books and the inbox, read past the product's queries.

The laws are folded here by hand from stored topics and JSON; only reading the tables is shared with the product.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import httpx
import psycopg

from ops.read_models import NAMES
from tests.fault.guests import LEASE_SECONDS, Booking
from tests.installation import Running, wait_until

Json = dict[str, Any]
REPORT_SECONDS, PATIENCE_SECONDS = 121, 40.0
VENDOR = {"Authorization": "Bearer sk_test_sandbox"}


@dataclass(frozen=True)
class Told:
    """A stored event."""

    position: int
    stream: UUID
    version: int
    topic: str
    event: Json
    command_id: UUID | None
    index: int
    count: int


def log_of(running: Running) -> list[Told]:
    """Read the whole log in order."""
    with psycopg.connect(running.servers().database_url) as connection:
        rows = connection.execute(
            "SELECT position, stream, version, topic, payload, command_id, command_index, command_count"
            " FROM property_ella.events ORDER BY position"
        ).fetchall()
    return [Told(p, stream, version, topic, json.loads(payload), *rest) for p, stream, version, topic, payload, *rest in rows]


def head_of(running: Running) -> int:
    """Read the last position."""
    with psycopg.connect(running.servers().database_url) as connection:
        row = connection.execute("SELECT max(position) FROM property_ella.events").fetchone()
    assert row is not None
    return int(row[0])


def due_rows(running: Running) -> list[tuple[str, UUID, datetime, int]]:
    """List what the sagas still have to do, without the timers of holds that nobody pays."""
    with psycopg.connect(running.servers().database_url) as connection:
        rows = connection.execute(
            "SELECT due.rule, due.subject, due.due_at, due.tries FROM property_ella.due"
            " JOIN property_ella.models ON models.name = 'due' AND models.live AND models.generation = due.generation"
            " LEFT JOIN property_ella.reservations held ON held.reservation_id = due.subject AND held.state = 'held'"
            " WHERE held.reservation_id IS NULL"
        ).fetchall()
    return [(rule, subject, due_at, tries) for rule, subject, due_at, tries in rows]


def is_settled(running: Running) -> bool:
    """Tell whether the followers are at the head and no saga has anything to do."""
    with psycopg.connect(running.servers().database_url) as connection:
        found = connection.execute(
            "SELECT count(*) FROM property_ella.models WHERE live"
            " AND position < (SELECT max(position) FROM property_ella.events)"
        ).fetchone()
    return found == (0,) and not due_rows(running)


def settle(running: Running, seconds: float = 12) -> int:
    """Wait until all sagas have finished; give how often time had to be moved on.

    A killed worker's lease and an unreported mail run out with the clock alone, so it is moved instead of waited for;
    once nothing is left to move, a busy machine gets the time that it needs.
    """
    moves = 0
    for on in (REPORT_SECONDS, REPORT_SECONDS, LEASE_SECONDS, 0):
        try:
            wait_until(lambda: is_settled(running), seconds if on else max(seconds, PATIENCE_SECONDS))
        except AssertionError:
            assert on, f"sagas do not finish: {due_rows(running)}"
            moves += 1
            running.control("POST", "/clock", {"advance_seconds": on})
        else:
            break
    return moves


# —— The ledger's laws ————————————————————————————————————————————————————————————————————————————————————————————————


def check_log(log: Sequence[Told]) -> None:
    """Positions and versions without a hole, commands whole, at most one holder a room-night (law 1)."""
    assert [told.position for told in log] == list(range(1, len(log) + 1))
    versions: Counter[UUID] = Counter()
    for told in log:
        versions[told.stream] += 1
        assert told.version == versions[told.stream], told
    commands: dict[UUID | None, list[Told]] = defaultdict(list)
    for told in log:
        commands[told.command_id].append(told)
    for events in commands.values():
        assert [told.index for told in events] == list(range(events[0].count)), events
    check_holders(log)


def check_holders(log: Sequence[Told]) -> None:
    """Every room-night goes free → held → booked → free or held → free, each step by its holder."""
    holder: dict[UUID, tuple[str, str]] = {}
    after = {
        ("", "hold-requested"): "held",
        ("held", "booking-confirmed"): "booked",
        ("held", "hold-released"): "",
        ("booked", "cancelled"): "",
    }
    for told in log:
        aggregate, _, what = told.topic.removesuffix(".v1").partition(".")
        if aggregate != "room-night":
            continue
        state, stay = holder.get(told.stream, ("", ""))
        assert (state, what) in after, f"law 1: {what} on a room-night that is {state or 'free'} at {told.position}"
        assert not state or stay == told.event["stay_id"], f"law 1: another stay's room-night at {told.position}"
        holder[told.stream] = after[state, what], told.event["stay_id"]


def states(log: Sequence[Told]) -> dict[UUID, str]:
    """Give the state of each reservation by its own last word."""
    words = {"held", "confirmed", "expired", "cancelled", "abandoned"}
    found: dict[UUID, str] = {}
    for told in log:
        aggregate, _, what = told.topic.removesuffix(".v1").partition(".")
        if aggregate == "reservation" and what in words:
            found[told.stream] = what
    return found


def check_answers(log: Sequence[Told], bookings: Sequence[Booking], since: int) -> Counter[str]:
    """Whatever was acknowledged is in the ledger once; nothing else is, after `since`. Give how the journeys ended."""
    odd = [odd for booking in bookings for odd in booking.odd]
    assert not odd, odd
    held = Counter(told.stream for told in log if told.topic == "reservation.held.v1" and told.position > since)
    assert all(count == 1 for count in held.values())
    acknowledged = [booking.reservation_id for booking in bookings if booking.reservation_id]
    assert len(set(acknowledged)) == len(acknowledged), "two guests have one reservation"
    assert set(acknowledged) == set(held), "acknowledged and recorded reservations differ"
    now = states(log)
    for booking in bookings:
        assert booking.reservation_id or booking.refused, f"never answered: {booking}"
        if booking.reservation_id and booking.card:
            assert now[booking.reservation_id] == "confirmed", booking
            assert booking.state == "confirmed", booking
    return Counter(now[booking.reservation_id] if booking.reservation_id else booking.refused for booking in bookings)


# —— The vendors' books ———————————————————————————————————————————————————————————————————————————————————————————————


def vendor_list(running: Running, kind: str, **wanted: str) -> Iterator[Json]:
    """List all objects of a kind at the sandbox that fit the vendor's own filters, newest first."""
    after: Mapping[str, str] = {}
    while True:
        answer = httpx.get(
            f"{running.sandbox}/v1/{kind}", params={"limit": "100", **wanted, **after}, headers=VENDOR, timeout=20
        )
        page = answer.raise_for_status().json()
        yield from page["data"]
        if not page["has_more"]:
            return
        after = {"starting_after": page["data"][-1]["id"]}


def check_money(running: Running, log: Sequence[Told]) -> None:
    """One capture of exactly `pay_now` for a confirmed reservation; for any other, nothing kept and nothing reserved."""
    pay_now = {told.stream: told.event["pay_now"]["amount_minor"] for told in log if told.topic == "reservation.held.v1"}
    now = states(log)
    refunded: Counter[str] = Counter()
    for refund in vendor_list(running, "refunds"):
        refunded[refund["payment_intent"]] += refund["amount"] if refund["status"] in {"succeeded", "pending"} else 0
    taken: dict[UUID, list[int]] = defaultdict(list)
    for intent in vendor_list(running, "payment_intents"):
        reservation = UUID(intent["metadata"]["reservation_id"])
        assert intent["status"] != "requires_capture", f"money stays reserved: {now.get(reservation)} {intent['id']}"
        kept = intent["amount_received"] - refunded[intent["id"]]
        if kept:
            taken[reservation].append(kept)
    for reservation, state in now.items():
        wanted = [pay_now[reservation]] if state == "confirmed" else []
        assert taken[reservation] == wanted, f"{reservation} is {state}: kept {taken[reservation]}, due {wanted}"


def mails_by_kind(running: Running) -> dict[UUID, Counter[str]]:
    """Count the mails that really went out, by reservation and kind.

    The inbox is read before the log: a hold that expires meanwhile may send a mail at any time, but each was asked for first.
    """
    inbox = running.control("GET", "/mail.json")
    asked = {str(told.stream): told.event for told in log_of(running) if told.topic == "notification.asked.v1"}
    found: dict[UUID, Counter[str]] = defaultdict(Counter)
    for mail in inbox:
        about = asked[mail["custom_args"]["notification_id"]]
        found[UUID(about["reservation_id"])][about["kind"]] += 1
    return found


def check_mails(running: Running, log: Sequence[Told]) -> None:
    """Each reservation that was ever confirmed has exactly one `confirmed` mail, and no other has any."""
    mails = mails_by_kind(running)
    confirmed = {told.stream for told in log if told.topic == "reservation.confirmed.v1"}
    for reservation, state in states(log).items():
        assert mails[reservation]["confirmed"] == (reservation in confirmed), f"{reservation} {state}: {mails[reservation]}"


def check_read_models(running: Running) -> None:
    """A rebuild from nothing gives what the followers kept."""
    done = running.run("rebuild", "--all", "--dry-run", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    found = {model["name"]: model["differences"] for model in json.loads(done.stdout)}
    assert found == {name: [] for name in NAMES}


def check_all(running: Running, bookings: Sequence[Booking], since: int) -> Counter[str]:
    """Hold everything against everything, once nothing moves any more. Give how the journeys ended."""
    faults = [line for line in running.said().splitlines() if "unexpected fault" in line]
    assert not faults, faults
    log = log_of(running)
    check_log(log)
    ended = check_answers(log, bookings, since)
    check_money(running, log)
    check_mails(running, log)
    check_read_models(running)
    return ended
