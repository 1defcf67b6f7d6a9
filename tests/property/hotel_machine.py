"""A hotel under everything at once: Hypothesis asks, a real writer decides, the auditor knows better.

After each step: the same refusals, the same holders, every law of the log, and replay equals live.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, Protocol
from uuid import UUID, uuid5

from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    MultipleResults,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    rule,
)
from msgspec.json import encode
from msgspec.structs import replace

from aggregates.payment import Payment
from aggregates.reservation import Reservation
from aggregates.room_night import RoomNight
from commands.cancel_reservation import CancelReservation
from commands.confirm_reservation import ConfirmReservation
from commands.define_property import DefineProperty
from commands.dispatch import HANDLERS
from commands.expire_hold import ExpireHold
from commands.hold_stay import guest_stream
from commands.poke_payment import PokePayment
from commands.record_payment_observation import RecordPaymentObservation, Seen
from commands.record_refund_observation import RecordRefundObservation
from commands.record_vehicle import RecordVehicle
from commands.request_payment import RequestPayment
from ledger.command import Command, Envelope, Handler, Outcome
from ledger.ids import holder_stream
from ledger.log import Row
from ledger.stay import LiveStay
from tests.auditor import BOOKED, OR, Auditor, Stay
from tests.examples import ARRIVAL, CODE, HOLD_SECONDS, NOBODY, NOW, hold_stay, usd
from tests.inspector import Inspector, Line
from tests.memory_log import MemoryLog
from tests.naive_house import Night, days
from tests.property.read_models import ReadModels
from tests.property.replay import fold, live, replayed
from tests.reception import OPEN, Reception, envelope

MOST_HOLDS = 2
GIVING = (RoomNight.HoldRequested.topic, RoomNight.Reassigned.topic)
STATUSES = ("open", "requires_action", "processing", "requires_capture", "succeeded", "canceled", "expired")
happened: Counter[str] = Counter()
"""What a run asked and was answered; printed at its end."""


def told(stay: LiveStay) -> tuple[object, ...]:
    """Give what the product knows of a stay in the auditor's words."""
    booked, rooms = stay.booked, dict[date, str]()
    for night, door in stay.nights():
        rooms[night] = f"{rooms[night]}+{door}" if night in rooms else door
    return (
        stay.state, booked.room_type, booked.rate_plan, booked.adults, booked.children, booked.slot, booked.wishes,
        bool(stay.pin), rooms,
    )  # fmt: skip


class KeptLog(Protocol):
    """A log whose rows can be looked at."""

    rows: list[Row]


class HotelMachine(RuleBasedStateMachine):
    """The small hotel, one writer, and an auditor who is told everything that is asked."""

    reservations: Bundle[UUID] = Bundle("reservations")
    payments: Bundle[UUID] = Bundle("payments")
    looks: Bundle[tuple[UUID, int]] = Bundle("looks")
    opening: DefineProperty = OPEN

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.log, self.reception = self.open_reception()
        self.auditor, self.inspector = Auditor(), Inspector()
        self.read_models = ReadModels()
        self.now = NOW
        self.asked: list[tuple[Envelope, Outcome]] = []
        self.wishes: dict[UUID, dict[str, Any]] = {}
        self.payment_of: dict[UUID, UUID] = {}
        self.places: dict[UUID, Night] = {}

    def teardown(self) -> None:
        self.runner.close()

    def open_reception(self) -> tuple[KeptLog, Reception]:
        """Give the log and the writer that this run is about; on PostgreSQL in `integration/ledger`."""
        log = MemoryLog(CODE)
        return log, Reception.in_memory(log, self.handlers(log))

    def handlers(self, log: MemoryLog) -> Mapping[type[Command], Handler]:  # noqa: ARG002 - the controls need it
        return HANDLERS

    # —— What happens

    @initialize()
    def open_the_hotel(self) -> None:
        assert self.ask(envelope(self.opening, at=self.now)).accepted

    @rule(
        target=reservations,
        kind=st.sampled_from(["villa", "villa", "garden"]),
        plan=st.sampled_from(["flexible", "flexible", "saver"]),
        adults=st.sampled_from([2, 2, 2, 1, 3]),
        offset=st.sampled_from([0, 0, 1, 2]),
        nights=st.sampled_from([2, 2, 2, 1, 3, 2, 0]),
        rooms=st.sampled_from([1, 1, 1, 2]),
        holder=st.sampled_from("abc"),
        suggested=st.lists(st.sampled_from(["g1", "g3", "v1", "x"]), max_size=3),
        pays=st.booleans(),
    )
    def hold(
        self, kind: str, plan: str, adults: int, offset: int, nights: int, rooms: int, holder: str, suggested: list[str],
        *, pays: bool,
    ) -> UUID | MultipleResults[UUID]:  # fmt: skip
        arrival = ARRIVAL + timedelta(days=offset)
        command = hold_stay(
            room_type=kind,
            rate_plan=plan,
            adults=adults,
            arrival=arrival,
            departure=arrival + timedelta(days=nights),
            rooms=rooms,
        )
        expected = self.auditor.on_hold(
            kind=kind, plan=plan, adults=adults, arrival=arrival, nights=nights, rooms=rooms, holder=holder, most=MOST_HOLDS,
            now=self.now,
        )  # fmt: skip
        limit = ((holder_stream(CODE, holder), MOST_HOLDS),)
        asked = envelope(command, at=self.now, command_id=self.new_id(), rooms=tuple(suggested), holders=limit)
        position = len(self.log.rows)
        if not self.answers(self.ask(asked), expected):
            return multiple()
        reservation = guest_stream(asked.command_id)
        stays = self.stays_held(reservation, kind, plan, adults)
        assert len({stay.rooms[arrival] for stay in stays.values()}) == rooms
        assert all(sorted(stay.rooms) == days(arrival, nights) for stay in stays.values())
        self.wishes[reservation] = {
            "kind": kind, "plan": plan, "adults": adults, "offset": offset, "nights": nights, "rooms": rooms, "pays": pays,
        }  # fmt: skip
        self.auditor.hold(str(reservation), stays, self.now + timedelta(seconds=HOLD_SECONDS), holder)
        self.rooms_are_taken_over(position, set(stays))
        if pays:
            self.the_guest_opens_the_payment(reservation=reservation)
        return reservation

    @rule(
        target=reservations,
        reservation=reservations,
        holder=st.sampled_from("cdef"),
        patient=st.sampled_from([True, True, False]),
        late_money=st.sampled_from(["", "requires_capture", "succeeded"]),
    )
    def a_rival_wants_the_same(
        self, reservation: UUID, holder: str, *, patient: bool, late_money: str
    ) -> UUID | MultipleResults[UUID]:
        """Ask for the rooms of somebody else, often just when their time is over, and often just before they pay."""
        if patient:
            self.now += timedelta(seconds=HOLD_SECONDS)
        rival = self.hold(**(self.wishes[reservation] | {"holder": holder, "suggested": []}))
        if late_money and reservation in self.payment_of:
            self.the_money_is_looked_at(reservation=reservation, status=late_money)
        return rival

    @rule(minutes=st.sampled_from([1, 14, 15, 15, 15, 60, 60 * 24 * 4]))
    def time_passes(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    @rule(reservation=reservations)
    def staff_confirm(self, reservation: UUID) -> None:
        expected = self.auditor.on_confirm(str(reservation))
        if self.answers(self.do(ConfirmReservation(reservation_id=reservation)), expected):
            self.auditor.confirm(str(reservation))

    @rule(reservation=reservations)
    def guest_cancels(self, reservation: UUID) -> None:
        expected = self.auditor.on_cancel(str(reservation), self.now)
        before = len(self.log.rows)
        if self.answers(self.do(CancelReservation(reservation_id=reservation)), expected):
            self.auditor.cancel(str(reservation), self.refunds_after(before))

    @rule(reservation=reservations)
    def the_sweeper_expires(self, reservation: UUID) -> None:
        expected = self.auditor.on_expire(str(reservation), self.now)
        if self.answers(self.do(ExpireHold(reservation_id=reservation)), expected):
            self.auditor.end(str(reservation), "expired")

    @rule(target=payments, reservation=reservations)
    def the_guest_opens_the_payment(self, reservation: UUID) -> UUID | MultipleResults[UUID]:
        expected = self.auditor.on_request(str(reservation), self.now)
        command = RequestPayment(reservation_id=reservation, description="", language="en")
        outcome = self.do(command)
        if not self.answers(outcome, expected):
            return multiple()
        self.auditor.request(str(reservation), outcome.answer["payment_id"])
        self.payment_of[reservation] = UUID(outcome.answer["payment_id"])
        return self.payment_of[reservation]

    @rule(payment=payments)
    def the_page_is_made(self, payment: UUID) -> None:
        self.do(RecordVehicle(payment_id=payment, session_id="cs", url="https://pay.example"))

    @rule(target=looks, payment=payments)
    def somebody_looks(self, payment: UUID) -> tuple[UUID, int]:
        return payment, self.version(payment)

    @rule(look=looks, status=st.sampled_from(STATUSES), wrong_by=st.sampled_from([0, 0, 0, 1]))
    def what_was_seen_arrives(self, look: tuple[UUID, int], status: Any, wrong_by: int) -> None:
        """Late, early, twice, in any order."""
        self.every_line_obeys_the_laws()
        payment, version = look
        due = self.due(payment)
        if self.read(Payment, payment).state == "capturing":
            wrong_by = 0  # no bank takes another amount than it reserved
        seen = Seen(status=status, amount_minor=due + wrong_by, currency="USD", intent_id="pi", charge_id="ch")
        expected = "" if version == self.version(payment) else "payment.moved_on"
        command = RecordPaymentObservation(payment_id=payment, version=version, seen=seen)
        if self.answers(self.do(command), expected):
            self.auditor.observe(str(payment), status, right_amount=not wrong_by)

    @rule(reservation=reservations, status=st.sampled_from([*STATUSES, "requires_capture", "succeeded", "succeeded"]))
    def the_money_is_looked_at(self, reservation: UUID, status: Any) -> None:
        """See what became of a guest's latest payment; a guest who has none yet opens one."""
        if reservation not in self.payment_of:
            self.the_guest_opens_the_payment(reservation=reservation)
        else:
            payment = self.payment_of[reservation]
            self.what_was_seen_arrives(look=(payment, self.version(payment)), status=status, wrong_by=0)

    @rule(payment=payments)
    def a_webhook_pokes(self, payment: UUID) -> None:
        self.do(PokePayment(payment_id=payment, source="webhook", vendor_event_id="evt", kind="any"))

    @rule(payment=payments, status=st.sampled_from(["pending", "succeeded", "failed"]))
    def the_refund_is_looked_at(self, payment: UUID, status: str) -> None:
        refund_id = self.read(Payment, payment).refund_id or NOBODY
        self.do(RecordRefundObservation(payment_id=payment, refund_id=refund_id, vendor_refund_id="re", status=status))
        self.auditor.refund(str(payment), status)

    @rule(which=st.integers(0, 10**6), times=st.integers(1, 3))
    def a_command_comes_again(self, which: int, times: int) -> None:
        """A command twice equals once, also when all copies are in one batch, and whatever happened since."""
        asked, outcome = self.asked[which % len(self.asked)]
        before = len(self.log.rows)
        again = self.together(*[asked] * times)
        assert list(map(encode, again)) == [encode(replace(outcome, again=True))] * times
        assert len(self.log.rows) == before

    # —— What must hold after each step

    @invariant()
    def every_line_obeys_the_laws(self) -> None:
        for row in self.log.rows[self.inspector.position :]:
            line = Line.of(row)
            if line.topic.startswith("room-night."):
                self.places[row.stream] = (line.body["room"], date.fromisoformat(line.body["stay_date"]), line.body["slot"])
            self.inspector.read(line)

    @invariant()
    def the_auditor_sees_the_same_holders(self) -> None:
        """Room-nights as the product folds them, and stays, against the auditor's book."""
        folds = fold(self.log.rows)
        nights = [(place, folds[stream][1]) for stream, place in self.places.items()]
        ours = {
            place: (str(night.stay_id), night.state)
            for place, night in nights
            if isinstance(night, RoomNight) and night.state != "free"
        }
        assert ours == self.auditor.holders(), (
            f"the rooms are not the auditor's: {ours.items() ^ self.auditor.holders().items()}"
        )
        for name in self.auditor.bookings:
            reservation = folds[UUID(name)][1]
            assert isinstance(reservation, Reservation)
            assert reservation.state == self.auditor.state(name)
            assert {str(stay_id): told(stay) for stay_id, stay in reservation.live.items()} == {
                stay_id: self.auditor.told(stay_id) for stay_id in self.auditor.bookings[name].stays
            }

    @invariant()
    def the_read_models_show_what_the_auditor_knows(self) -> None:
        """Stays as pages show them, and room-nights and money on the books."""
        self.read_models.follow(self.log.rows)
        for name, document in self.read_models.documents.items():
            shown = {str(row.stay.stay_id): told(row.stay) for row in document.stays}
            assert shown == {stay_id: self.auditor.told(stay_id) for stay_id in self.auditor.bookings[str(name)].stays}
        assert self.read_models.sold == self.auditor.sold(), "other room-nights are on the books"
        booked = [stay.total for stay in self.inspector.stays.values() if stay.state in BOOKED]
        assert self.read_models.sum_minor == sum(booked), f"{self.read_models.sum_minor} on the books, not {sum(booked)}"

    @invariant()
    def replay_equals_live(self) -> None:
        again = replayed(self.log.rows)
        for stream, kept in live(self.reception).items():
            assert again[stream] == kept

    # —— How it is asked

    def new_id(self) -> UUID:
        return uuid5(NOBODY, f"command {len(self.asked)}")

    def do(self, command: Command) -> Outcome:
        return self.ask(envelope(command, at=self.now, command_id=self.new_id()))

    def ask(self, asked: Envelope) -> Outcome:
        outcome = self.together(asked)[0]
        self.asked.append((asked, outcome))
        happened[f"{type(asked.command).__name__}: {outcome.code or 'accepted'}"] += 1
        return outcome

    def together(self, *asked: Envelope) -> list[Outcome]:
        async def all_at_once() -> list[Outcome]:
            return list(await asyncio.gather(*[self.reception.writer.submit(each) for each in asked]))

        return self.runner.run(all_at_once())

    def answers(self, outcome: Outcome, expected: str) -> bool:
        answer = outcome.code or "accepted"
        assert answer in (expected or "accepted").split(OR), f"{answer} and not {expected or 'accepted'}: {outcome.message}"
        return outcome.accepted

    def read(self, kind: Any, stream: UUID) -> Any:
        found = fold(row for row in self.log.rows if row.stream == stream)[stream][1]
        assert isinstance(found, kind)
        return found

    def version(self, stream: UUID) -> int:
        return sum(row.stream == stream for row in self.log.rows)

    def due(self, payment: UUID) -> int:
        amount = self.read(Payment, payment).amount
        assert amount.currency == usd(0).currency
        return int(amount.amount_minor)

    def stays_held(self, reservation: UUID, kind: str, plan: str, adults: int) -> dict[str, Stay]:
        """Give the stays of a new booking, with the rooms that the log says they have."""
        self.every_line_obeys_the_laws()
        return {
            stay_id: Stay(str(reservation), kind, plan, adults, self.rooms_of(stay_id))
            for stay_id in self.inspector.stays_of(str(reservation))
        }

    def rooms_are_taken_over(self, position: int, asked: set[str]) -> None:
        """Tell the auditor which rooms stays were given after a position, those asked about and those that made room."""
        self.every_line_obeys_the_laws()
        lines = [Line.of(row) for row in self.log.rows[position:]]
        given = {line.body["stay_id"] for line in lines if line.topic in GIVING}
        self.auditor.adopt({stay_id: self.rooms_of(stay_id) for stay_id in sorted(given | asked)}, asked, self.now)

    def rooms_of(self, stay_id: str) -> dict[date, str]:
        places = sorted(self.inspector.places[stay_id])
        return {
            date.fromisoformat(day): "+".join(room for room, at, _ in places if at == day) for _, day, _ in places
        }  # fmt: skip

    def refunds_after(self, position: int) -> dict[str, int]:
        lines = [Line.of(row) for row in self.log.rows[position:]]
        return {
            line.stream: line.body["amount"]["amount_minor"] for line in lines if line.topic == Payment.RefundAsked.topic
        }  # fmt: skip
