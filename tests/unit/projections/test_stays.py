"""What a reservation's document and the revenue cells say after each thing that can happen to its stays."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from msgspec.structs import replace

from aggregates.payment import Payment
from aggregates.reservation import Reservation
from ledger.event import Event, Recorded
from ledger.keys import Sealed
from ledger.money import Money
from ledger.stay import BookedStay
from ledger.stay_dates import StayDates
from projections.reservation_document import ReservationDocument, fold, read_document
from projections.revenue import Changes, Sales, sell
from tests.examples import ARRIVAL, DEPOSIT, NOW, VEHICLE, deposit_of, held_event, named, price, stay, usd

R, D = named("r"), deposit_of("r")
ONE, TWO = stay("r", "g1"), stay("r", "g2", nights=3)
HELD = held_event("r", (ONE, TWO))
CONFIRMED = Reservation.Confirmed(guarantee="card", payment_id=D)


def recorded(events: Iterable[tuple[UUID, Event]]) -> list[Recorded]:
    """Record events one after the other, as the ledger would."""
    versions: dict[UUID, int] = {}
    found = []
    for position, (stream, event) in enumerate(events, 1):
        versions[stream] = versions.get(stream, 0) + 1
        found.append(
            Recorded(
                position=position, stream=stream, version=versions[stream], event=event, occurred_at=NOW, recorded_at=NOW,
                actor="key:desk", command_id=named("command"),
            )
        )  # fmt: skip
    return found


def document(*events: Event, payments: tuple[Event, ...] = ()) -> ReservationDocument:
    """Fold a reservation's events, then those of its deposit."""
    documents: dict[UUID, ReservationDocument] = {}
    for each in recorded([*((R, event) for event in events), *((D, event) for event in payments)]):
        fold(documents, each)
    return documents[R]


def longer(booked: BookedStay, nights: int) -> BookedStay:
    dates = StayDates(booked.dates.arrival, booked.dates.arrival + timedelta(days=nights))
    return replace(booked, dates=dates, price=price(nights=nights))


def changed(booked: BookedStay, difference: int = 0, reason: Any = "dates") -> Event:
    return Reservation.StayChanged(stay_id=booked.stay_id, stay=booked, difference=usd(difference), reason=reason)


def cancelled(booked: BookedStay, fee: int = 0) -> Event:
    return Reservation.StayCancelled(stay_id=booked.stay_id, reason="illness", fee=usd(fee), refund=usd(5))


def checked_in(booked: BookedStay, fee: int = 0) -> Event:
    return Reservation.StayCheckedIn(stay_id=booked.stay_id, room=booked.room, early=bool(fee), fee=usd(fee))


def checked_out(booked: BookedStay, fee: int = 0) -> Event:
    on = booked.dates.departure
    return Reservation.StayCheckedOut(stay_id=booked.stay_id, departed_on=on, late=bool(fee), fee=usd(fee))


def no_show(booked: BookedStay, fee: int = 0) -> Event:
    return Reservation.StayNoShow(stay_id=booked.stay_id, fee=usd(fee), refund=usd(0))


def back(booked: BookedStay, fee: int = 0) -> Event:
    return Reservation.StayReinstated(stay_id=booked.stay_id, stay=booked, fee=usd(fee), refund=usd(0))


CANCELLED = Reservation.Cancelled(reason="other", fee=usd(0), refund=usd(0))


# —— The state of each stay, and of all ———————————————————————————————————————————————————————————————————————————————


@pytest.mark.parametrize(
    ("events", "states", "whole"),
    [
        ((), ("held", "held"), "held"),
        ((CONFIRMED,), ("confirmed", "confirmed"), "confirmed"),
        ((Reservation.Expired(lost_nights=0),), ("expired", "expired"), "expired"),
        ((Reservation.Abandoned(reason="other"),), ("abandoned", "abandoned"), "abandoned"),
        ((CONFIRMED, checked_in(ONE)), ("checked_in", "confirmed"), "in_house"),
        ((CONFIRMED, checked_in(ONE), checked_out(ONE)), ("checked_out", "confirmed"), "confirmed"),
        ((CONFIRMED, checked_in(ONE), checked_out(ONE), no_show(TWO)), ("checked_out", "no_show"), "checked_out"),
        ((CONFIRMED, cancelled(ONE)), ("cancelled", "confirmed"), "confirmed"),
        ((CONFIRMED, cancelled(ONE), cancelled(TWO)), ("cancelled", "cancelled"), "cancelled"),
        ((CONFIRMED, cancelled(ONE), no_show(TWO)), ("cancelled", "no_show"), "no_show"),
        ((CONFIRMED, cancelled(ONE), no_show(TWO), back(TWO)), ("cancelled", "confirmed"), "confirmed"),
        (
            (CONFIRMED, checked_in(ONE), Reservation.Cancelled(reason="other", fee=usd(0), refund=usd(0))),
            ("checked_in", "cancelled"),
            "in_house",
        ),
    ],
)
def test_states(events: tuple[Event, ...], states: tuple[str, str], whole: str) -> None:
    found = document(HELD, *events)
    assert tuple(row.state for row in found.stays) == states
    assert found.state == whole
    assert found.version == 1 + len(events)


# —— Rooms, pins, dates ———————————————————————————————————————————————————————————————————————————————————————————————


def test_a_move_in_the_middle_gives_the_stay_two_rooms() -> None:
    moved = Reservation.StayMoved(
        stay_id=TWO.stay_id, from_room="g2", to_room="g3", first_night=ARRIVAL + timedelta(days=1), reason="request"
    )
    found = document(HELD, CONFIRMED, moved)
    assert found.stays[1].rooms == ((ARRIVAL, "g2"), (ARRIVAL + timedelta(days=1), "g3"))
    assert found.stays[0].rooms == ((ARRIVAL, "g1"),)
    assert (found.timeline[-1].note, found.timeline[-1].actor) == ("g2 → g3", "key:desk")


def test_a_pin_tells_why_and_goes_again() -> None:
    pinned = Reservation.StayPinned(stay_id=ONE.stay_id, reason="promised")
    assert document(HELD, pinned).stays[0].pin == "promised"
    assert document(HELD, pinned, Reservation.StayUnpinned(stay_id=ONE.stay_id)).stays[0].pin == ""


def test_a_change_is_kept_with_what_was_before() -> None:
    found = document(HELD, CONFIRMED, changed(longer(ONE, 4), 24_360))
    (row,) = found.changes
    assert (row.stay_id, row.reason, row.difference) == (ONE.stay_id, "dates", usd(24_360))
    assert (row.dates, row.total, row.actor) == (ONE.dates, ONE.price.total, "key:desk")
    assert found.stays[0].booked.dates.nights == 4
    assert found.revision == 1
    assert found.timeline[-1].note == "dates"


def test_notes_stay_sealed_with_the_command_that_they_are_bound_to() -> None:
    sealed = Sealed(named("key"), b"x")
    found = document(HELD, CONFIRMED, Reservation.Noted(stay_id=ONE.stay_id, note=sealed))
    (note,) = found.notes
    assert (note.stay_id, note.command_id, note.note, note.actor) == (ONE.stay_id, named("command"), sealed, "key:desk")


def test_the_guests_of_a_stay_are_those_named_last() -> None:
    first, last = Sealed(named("key"), b"x"), Sealed(named("key"), b"y")
    named_twice = [Reservation.GuestsNamed(stay_id=TWO.stay_id, guests=each) for each in (first, last)]
    found = document(HELD, CONFIRMED, *named_twice)
    assert [row.guests for row in found.stays] == [None, last]
    assert found.stays[1].guests_by == named("command")


def test_a_document_of_an_earlier_release_has_the_stays_that_were_held() -> None:
    old = '{"held":%s,"state":"confirmed"}' % _json(HELD)  # noqa: UP031 - the text has braces of its own
    found = read_document(old)
    assert [row.state for row in found.stays] == ["confirmed", "confirmed"]
    assert [row.booked for row in found.stays] == [ONE, TWO]


def _json(event: Event) -> str:
    import msgspec  # noqa: PLC0415 - for this one text

    return msgspec.json.encode(event).decode()


# —— Money of payments ————————————————————————————————————————————————————————————————————————————————————————————————


def test_two_refunds_of_one_payment_are_told_as_one_sum() -> None:
    of = {"reservation_id": R}
    first, second = named("first"), named("second")
    asked = [Payment.RefundAsked(**of, refund_id=each, amount=usd(500), reason="changed") for each in (first, second)]
    story: tuple[Event, ...] = (
        Payment.Requested(**of, purpose="deposit", amount=DEPOSIT, vehicle=VEHICLE),
        Payment.Captured(reservation_id=R, intent_id="pi_1", charge_id="ch_1", amount=DEPOSIT),
        *asked,
        Payment.Refunded(reservation_id=R, refund_id=first, vendor_refund_id="re_1", amount=usd(500), pending=1),
    )
    (row,) = document(HELD, payments=story).payments
    assert (row.state, row.returning, row.refunded) == ("refunding", usd(1_000), usd(500))
    failed = Payment.RefundFailed(reservation_id=R, refund_id=second, reason="closed")
    (row,) = document(HELD, payments=(*story, failed)).payments
    assert (row.state, row.refunded) == ("refund_failed", usd(500))


# —— Revenue ——————————————————————————————————————————————————————————————————————————————————————————————————————————


def cells(*events: Event) -> dict[str, list[int]]:
    """Sum room-nights, room revenue and total by night after some events; nights that come to nothing are left out."""
    known: dict[str, Sales] = {}
    changes: Changes = {}
    for each in recorded((R, event) for event in events):
        sell(known, changes, each)
    sums = {night: [sum(column) for column in zip(*fields.values(), strict=True)] for night, fields in changes.items()}
    return {night: column for night, column in sorted(sums.items()) if any(column)}


def sold(*stays: BookedStay) -> dict[str, list[int]]:
    """Say what must be on the books for these stays."""
    return cells(held_event("r", stays), CONFIRMED) if stays else {}


@pytest.mark.parametrize(
    ("events", "left"),
    [
        ((), ()),
        ((CONFIRMED,), (ONE, TWO)),
        ((changed(longer(ONE, 4)), CONFIRMED), (longer(ONE, 4), TWO)),
        ((CONFIRMED, changed(longer(ONE, 4))), (longer(ONE, 4), TWO)),
        ((CONFIRMED, changed(longer(TWO, 1)), changed(longer(TWO, 2))), (ONE, longer(TWO, 2))),
        ((CONFIRMED, cancelled(ONE)), (TWO,)),
        ((CONFIRMED, no_show(TWO, 500)), (ONE,)),
        ((CONFIRMED, no_show(TWO, 500), back(TWO, 300)), (ONE, TWO)),
        ((CONFIRMED, no_show(TWO, 500), CANCELLED), ()),
        ((CONFIRMED, no_show(TWO, 500), CANCELLED, back(TWO, 300)), (TWO,)),
        ((CONFIRMED, no_show(TWO, 500), CANCELLED, back(TWO, 300), no_show(TWO, 500), back(TWO)), (TWO,)),
        ((CONFIRMED, checked_in(ONE), CANCELLED), (ONE,)),
        ((CONFIRMED, no_show(ONE, 500), back(longer(ONE, 1), 300)), (longer(ONE, 1), TWO)),
        ((CONFIRMED, cancelled(ONE), cancelled(TWO)), ()),
        ((CONFIRMED, checked_in(ONE, 100), checked_out(ONE, 100)), (ONE, TWO)),
        ((CONFIRMED, cancelled(ONE), Reservation.Cancelled(reason="other", fee=usd(0), refund=usd(0))), ()),
        ((Reservation.Expired(lost_nights=0),), ()),
    ],
)
def test_the_cells_are_those_of_the_stays_that_are_sold(events: tuple[Event, ...], left: tuple[BookedStay, ...]) -> None:
    assert cells(HELD, *events) == sold(*left)


def test_another_type_and_plan_move_to_other_cells() -> None:
    villa = replace(ONE, room_type="villa", rate_plan="saver", price=price("saver", "villa"))
    known: dict[str, Sales] = {}
    changes: Changes = {}
    for each in recorded([(R, held_event("r", (ONE,))), (R, CONFIRMED), (R, changed(villa))]):
        sell(known, changes, each)
    fields = changes[ARRIVAL.isoformat()]
    assert fields["garden|flexible|direct|2126-03-01"] == [0, 0, 0]
    assert fields["villa|saver|direct|2126-03-01"][0] == 1


def test_day_use_brings_money_and_sells_no_night() -> None:
    day = replace(longer(ONE, 1), slot="day")
    assert sold(day) == {night: [0, *amounts] for night, (_, *amounts) in sold(longer(ONE, 1)).items()}


def test_what_guests_pay_is_shared_out_to_the_last_unit() -> None:
    whole = sum(column[2] for column in sold(ONE, TWO).values())
    assert Money(whole, "USD") == ONE.price.total + TWO.price.total
    assert set(sold(ONE)) == {date(2126, 3, 10).isoformat(), date(2126, 3, 11).isoformat()}
