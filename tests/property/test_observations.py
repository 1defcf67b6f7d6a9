"""The same observation ten times and in any order ends in the same state, and stale ones are looked at again."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregates.payment import Payment
from aggregates.reservation import Reservation
from aggregates.room_night import RoomNight
from commands.hold_stay import guest_stream
from commands.poke_payment import PokePayment
from commands.record_payment_observation import RecordPaymentObservation, Seen
from commands.record_refund_observation import RecordRefundObservation
from commands.record_vehicle import RecordVehicle
from commands.request_payment import RequestPayment
from ledger.ids import made_by
from tests.examples import CODE, HELD_UNTIL, NOW, hold_stay, named
from tests.inspector import Inspector, Line
from tests.memory_log import MemoryLog
from tests.property.replay import fold
from tests.reception import OPEN, Reception

VILLA = hold_stay(room_type="villa", adults=3)
MINE, RIVAL = guest_stream(named("mine")), guest_stream(named("rival"))


class Payer:
    """A guest who opened the payment page, the bank as it truly stands, and everybody who saw it on the way there."""

    def __init__(self, *, rival: bool, truth: str) -> None:
        self.log = MemoryLog(CODE)
        self.reception = Reception.in_memory(self.log)
        self.at = HELD_UNTIL if rival else NOW
        self.rival = rival
        self.truth: Any = truth
        self.payment = UUID(int=0)

    async def opens(self) -> None:
        await self.reception.ask(OPEN)
        await self.reception.ask(VILLA, command_id=named("mine"))
        request = RequestPayment(reservation_id=MINE, description="", language="en")
        self.payment = UUID((await self.reception.ask(request)).answer["payment_id"])
        await self.reception.ask(RecordVehicle(payment_id=self.payment, session_id="cs", url="https://pay.example"))
        if self.rival:
            await self.reception.ask(VILLA, command_id=named("rival"), at=self.at)

    async def hears(self, status: Any, version: int, number: int) -> None:
        """Take what somebody saw; when it is stale, look again."""
        outcome = await self.record(status, version, named(f"seen {number}"))
        if outcome.code == "payment.moved_on":
            await self.looks()
        else:
            assert outcome.accepted

    async def looks(self) -> bool:
        """See the bank as it stands; give whether anything moved."""
        state = self.of(Payment, self.payment).state
        if state == "refund_due":
            refund = self.of(Payment, self.payment).refund_id
            command = RecordRefundObservation(
                payment_id=self.payment, refund_id=refund, vendor_refund_id="re", status="succeeded"
            )  # fmt: skip
            await self.reception.ask(command, at=self.at)
            return True
        if self.truth == "requires_capture" and state in {"capturing", "voiding"}:
            self.truth = {"capturing": "succeeded", "voiding": "canceled"}[state]
        return bool((await self.record(self.truth, self.version, None)).answer["moved"])

    async def record(self, status: Any, version: int, command_id: UUID | None) -> Any:
        due = self.of(Payment, self.payment).amount
        seen = Seen(status=status, amount_minor=due.amount_minor, currency=due.currency, intent_id="pi", charge_id="ch")
        command = RecordPaymentObservation(payment_id=self.payment, version=version, seen=seen)
        return await self.reception.ask(command, at=self.at, command_id=command_id)

    @property
    def version(self) -> int:
        return sum(row.stream == self.payment for row in self.log.rows)

    def of(self, kind: Any, stream: UUID) -> Any:
        found = fold(self.log.rows)[stream][1]
        assert isinstance(found, kind)
        return found

    def end(self) -> tuple[str, str, set[Any]]:
        """Give how payment and booking ended, and who holds the nights; the log itself is inspected."""
        inspector = Inspector()
        for row in self.log.rows:
            inspector.read(Line.of(row))
        nights = [state for _, state in fold(self.log.rows).values() if isinstance(state, RoomNight)]
        holders = {(night.state, night.stay_id) for night in nights}
        return self.of(Payment, self.payment).state, self.of(Reservation, MINE).state, holders


MY_STAY, RIVALS_STAY = made_by(named("mine"), "stay/1"), made_by(named("rival"), "stay/1")
IN_TIME = ("captured", "confirmed", {("booked", MY_STAY)})
WORLDS: dict[str, tuple[bool, str, list[str], Any]] = {
    "in time": (False, "requires_capture", ["open", "requires_action", "requires_capture"], IN_TIME),
    "in time, captured at once": (False, "succeeded", ["open", "succeeded"], IN_TIME),
    "too late": (True, "requires_capture", ["open", "requires_capture"], ("closed", "expired", {("held", RIVALS_STAY)})),
    "too late, captured at once": (True, "succeeded", ["open", "succeeded"], ("refunded", "expired", {("held", RIVALS_STAY)})),
    "the page was closed": (False, "expired", ["open", "expired"], ("closed", "held", {("held", MY_STAY)})),
}


@pytest.mark.parametrize("world", WORLDS)
@given(choices=st.data())
def test_any_order_and_number_of_observations_ends_the_same(world: str, choices: st.DataObject) -> None:
    rival, truth, on_the_way, expected = WORLDS[world]
    heard = choices.draw(st.lists(st.sampled_from(on_the_way), min_size=1, max_size=10))
    poked = choices.draw(st.lists(st.booleans(), min_size=len(heard), max_size=len(heard)))

    async def run() -> Any:
        payer = Payer(rival=rival, truth=truth)
        await payer.opens()
        looked_at = payer.version
        for number, (status, poke) in enumerate(zip(heard, poked, strict=True)):
            if poke:
                hint = PokePayment(payment_id=payer.payment, source="webhook", vendor_event_id="evt", kind="any")
                await payer.reception.ask(hint, at=payer.at)
            await payer.hears(status, looked_at, number)
        while await payer.looks():
            pass
        return payer.end()

    assert asyncio.run(run()) == expected


@pytest.mark.parametrize("world", WORLDS)
def test_the_same_ten_times_is_the_same_as_once(world: str) -> None:
    rival, truth, on_the_way, _ = WORLDS[world]

    async def run(times: int) -> list[tuple[str, bytes]]:
        payer = Payer(rival=rival, truth=truth)
        await payer.opens()
        version = payer.version
        for _ in range(times):
            await payer.record(on_the_way[-1], version, named("one id"))
        for number in range(times):
            await payer.record(on_the_way[-1], version, named(f"another id {number}"))
        return [(row.topic, row.payload) for row in payer.log.rows]

    assert asyncio.run(run(10)) == asyncio.run(run(1))
