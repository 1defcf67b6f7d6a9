"""A guest is forgotten once, when the stay is over or will not be, and each vendor is asked once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from aggregates.reservation import VENDORS, Reservation
from commands.erase_guest import EraseGuest
from commands.record_vendor_forgot import RecordVendorForgot
from ledger.command import Change
from tests.examples import HELD_UNTIL, NOW, OPENED, SEALED, confirmed, held, minutes, named, stay, usd
from tests.spec import given

R = named("r")
ERASE = EraseGuest(reservation_id=R)
ERASED = Change(R, Reservation.GuestErased(guest_id=SEALED.key_id))
CANCELLED = Change(R, Reservation.Cancelled(reason="other", fee=usd(0), refund=usd(0)))
LAST_DAY = datetime(2126, 3, 12, 12, 0, tzinfo=UTC)
"""Noon of the day on which the guests leave."""
MIDNIGHT = datetime(2126, 3, 12, 18, 30, tzinfo=UTC)
"""The end of that day at the hotel."""


@pytest.mark.parametrize(
    "ended",
    [
        [*confirmed("r"), CANCELLED],
        [Change(R, Reservation.Expired(lost_nights=0))],
        [Change(R, Reservation.Abandoned(reason="other"))],
    ],
)
def test_a_guest_who_will_not_come_is_forgotten(ended: list[Change]) -> None:
    given(*OPENED, *held("r"), *ended).when(ERASE).then(ERASED).answers(guest_id=str(SEALED.key_id), erased_before=False)


@pytest.mark.parametrize("at", [NOW, HELD_UNTIL + timedelta(days=9)])
def test_a_hold_is_live_until_it_is_ended(at: datetime) -> None:
    given(*OPENED, *held("r")).when(ERASE, at=at).refuses(Reservation.StayLive, state="held")


@pytest.mark.parametrize("at", [NOW, LAST_DAY, MIDNIGHT - timedelta(seconds=1)])
def test_a_booking_is_live_to_the_end_of_its_last_day(at: datetime) -> None:
    story = given(*OPENED, *held("r"), *confirmed("r"))
    story.when(ERASE, at=at).refuses(Reservation.StayLive, state="confirmed", departure="2126-03-12")


def test_after_the_stay_the_guest_is_forgotten() -> None:
    given(*OPENED, *held("r"), *confirmed("r")).when(ERASE, at=MIDNIGHT).then(ERASED)


def test_the_last_of_several_stays_counts() -> None:
    stays = (stay("r", "g1"), stay("r", "g2", nights=5))
    given(*OPENED, *held("r", *stays), *confirmed("r", *stays)).when(ERASE, at=MIDNIGHT).refuses(
        Reservation.StayLive, departure="2126-03-15"
    )


def test_nobody_is_forgotten_twice() -> None:
    story = given(*OPENED, *held("r"), *confirmed("r"), CANCELLED, ERASED)
    story.when(ERASE).then().answers(guest_id=str(SEALED.key_id), erased_before=True)


def test_who_never_was_cannot_be_forgotten() -> None:
    given(*OPENED).when(ERASE).refuses(Reservation.Unknown)


def test_each_vendor_is_noted_once_and_the_last_one_ends_it() -> None:
    assert VENDORS == ("stripe", "sendgrid")
    stripe = Change(R, Reservation.VendorForgot(vendor="stripe", reference="cus_1", left=("sendgrid",)))
    sendgrid = Change(R, Reservation.VendorForgot(vendor="sendgrid", reference="job", left=()))
    before = (*OPENED, *held("r"), *confirmed("r"), CANCELLED, ERASED)
    given(*before).when(noted("stripe", "cus_1")).then(stripe)
    given(*before, stripe).when(noted("stripe", "cus_1")).then()
    given(*before, stripe).when(noted("sendgrid", "job")).then(sendgrid)
    given(*before, stripe, sendgrid).when(noted("sendgrid", "again")).then()


@pytest.mark.parametrize("vendor", ["stripe", "somebody"])
def test_a_vendor_that_nobody_asked_changes_nothing(vendor: str) -> None:
    given(*OPENED, *held("r")).when(noted(vendor, "cus_1"), at=minutes(1)).then()
    given(*OPENED, *held("r"), *confirmed("r"), CANCELLED, ERASED).when(noted("somebody", "x")).then()


def noted(vendor: str, reference: str) -> RecordVendorForgot:
    return RecordVendorForgot(reservation_id=R, vendor=vendor, reference=reference)
