"""What is left to do for a guest who is to be forgotten, and what of the keys goes at once."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from msgspec.structs import replace

from aggregates.reservation import VENDORS, Reservation
from ledger.event import Event, Recorded
from ledger.keys import GuestKeys, MasterKey, MasterKeyWrong, new_guest_key
from sagas.forgetting import destroy, fiscal_end, follow
from tests.examples import NOW, held_event, named, stay, usd

R = named("r")
KEY = new_guest_key(named("guest key"))
NIMALI = {"name": "Nimali Perera", "email": "nimali@example.com"}
CONFIRMED = Reservation.Confirmed(guarantee="staff")
CANCELLED = Reservation.Cancelled(reason="other", fee=usd(0), refund=usd(0))
ERASED = Reservation.GuestErased(guest_id=KEY.key_id)


def told(*events: Event) -> list[Recorded]:
    """Record events of one reservation, one after the other."""
    return [
        Recorded(position=place, stream=R, version=place, event=event, occurred_at=NOW, recorded_at=NOW)
        for place, event in enumerate(events, 1)
    ]


def held() -> Reservation.Held:
    """Hold a room for a guest whose details are really sealed."""
    return replace(held_event("r", (stay("r"),)), guest=KEY.seal(NIMALI, R, 1, "guest"))


@pytest.fixture
def keys(tmp_path: Path) -> GuestKeys:
    store = GuestKeys(tmp_path / "keys.sqlite", MasterKey(bytes(range(32))))
    store.keep([KEY])
    return store


@pytest.mark.parametrize(
    ("after", "left"),
    [
        ((), ()),
        ((CONFIRMED, CANCELLED), ()),
        ((CANCELLED, ERASED), VENDORS),
        ((ERASED, Reservation.VendorForgot(vendor="stripe", reference="cus_1", left=("sendgrid",))), ("sendgrid",)),
        ((ERASED, Reservation.VendorForgot(vendor="sendgrid", reference="job", left=())), ()),
    ],
)
def test_who_is_still_to_be_asked(after: Sequence[Event], left: tuple[str, ...]) -> None:
    assert follow(R, told(held(), *after), VENDORS).left == left


def test_nothing_is_destroyed_before_the_ledger_says_so(keys: GuestKeys) -> None:
    destroy(keys, follow(R, told(held(), CONFIRMED, CANCELLED), VENDORS), NOW, 7)
    assert keys.find(KEY.key_id) == KEY


def test_of_a_booking_the_fiscal_key_stays_to_its_date(keys: GuestKeys) -> None:
    booking = held()
    destroy(keys, follow(R, told(booking, CONFIRMED, CANCELLED, ERASED), VENDORS), NOW, 7)
    left = keys.find(KEY.key_id)
    assert left is not None
    assert (left.profile, left.fiscal) == (None, KEY.fiscal)
    assert keys.fiscal_until(KEY.key_id) == fiscal_end(booking.stays, 7)
    assert keys.address_of_leaving(KEY.key_id) == NIMALI["email"]


def test_a_longer_stay_keeps_the_fiscal_key_for_longer(keys: GuestKeys) -> None:
    booking, longer = held(), stay("r", nights=5)
    changed = Reservation.StayChanged(stay_id=longer.stay_id, stay=longer, difference=usd(0), reason="dates")
    destroy(keys, follow(R, told(booking, CONFIRMED, changed, CANCELLED, ERASED), VENDORS), NOW, 7)
    assert keys.fiscal_until(KEY.key_id) == fiscal_end([longer], 7) != fiscal_end(booking.stays, 7)


def test_of_a_hold_nothing_stays(keys: GuestKeys) -> None:
    forgetting = follow(R, told(held(), Reservation.Expired(lost_nights=0), ERASED), VENDORS)
    for _ in range(2):
        destroy(keys, forgetting, NOW, 7)
    assert keys.find(KEY.key_id) is None
    assert keys.address_of_leaving(KEY.key_id) == NIMALI["email"]


def test_after_the_address_was_let_go_nothing_brings_it_back(keys: GuestKeys) -> None:
    forgetting = follow(R, told(held(), CONFIRMED, CANCELLED, ERASED), VENDORS)
    destroy(keys, forgetting, NOW, 7)
    keys.let_go(KEY.key_id)
    destroy(keys, forgetting, NOW, 7)
    assert keys.address_of_leaving(KEY.key_id) == ""


@pytest.mark.parametrize(
    "killed_at",
    ["ledger.keys.GuestKeys._keep_addresses", "ledger.keys.note", "ledger.keys.catch_up", "ledger.keys_file.KeysFile.scrub"],
)
def test_killed_anywhere_it_is_finished_and_the_address_is_still_known(
    keys: GuestKeys, killed_at: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    forgetting = follow(R, told(held(), CONFIRMED, CANCELLED, ERASED), VENDORS)

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(killed_at, die)
        with pytest.raises(KeyboardInterrupt):
            destroy(keys, forgetting, NOW, 7)
    again = GuestKeys(keys.path, MasterKey(bytes(range(32))))
    destroy(again, forgetting, NOW, 7)
    left = again.find(KEY.key_id)
    assert left is not None
    assert left.profile is None
    assert again.address_of_leaving(KEY.key_id) == NIMALI["email"]


def test_under_a_wrong_master_key_nothing_is_destroyed(keys: GuestKeys) -> None:
    wrong = GuestKeys(keys.path, MasterKey(bytes(32)))
    with pytest.raises(MasterKeyWrong):
        destroy(wrong, follow(R, told(held(), Reservation.Abandoned(reason="other"), ERASED), VENDORS), NOW, 7)
    assert keys.find(KEY.key_id) == KEY
