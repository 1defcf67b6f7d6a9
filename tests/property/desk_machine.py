"""The hotel of `upkeep_machine` with the desk: what is left to pay, notes and names, merged guests, other restrictions."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from hypothesis import strategies as st
from hypothesis.stateful import MultipleResults, invariant, multiple, precondition, rule
from msgspec.structs import replace

from aggregates.reservation import Reservation
from commands.add_note import AddNote
from commands.define_property import DefineProperty
from commands.merge_guests import MergeGuests
from commands.name_guests import NamedGuest, NameGuests
from commands.request_payment import RequestPayment
from ledger.command import Envelope, Outcome
from ledger.keys import Sealed
from tests.auditor import today
from tests.desk_auditor import DeskAuditor
from tests.property.hotel_machine import HotelMachine
from tests.property.stays_machine import picks
from tests.property.upkeep_machine import UpkeepMachine
from tests.selling_rules import IN_TURN, SellingRule

AS_STORED = {"min_stay": "min_nights", "max_stay": "max_nights", "min_stay_through": "min_nights_through"}
PARTS = ("all", "all", "all", "some", "half", "more")
selling_rules = st.tuples(
    st.sampled_from(IN_TURN), st.integers(0, 3), st.integers(0, 1), st.sampled_from([2, 3, 1]),
    st.sampled_from(["", "garden", "villa"]), st.sampled_from(["", "", "flexible"]),
)  # fmt: skip


def as_stored(rule: SellingRule) -> dict[str, Any]:
    """Write a rule as the hotel's file has it."""
    said = {AS_STORED[rule.what]: rule.nights} if rule.what in AS_STORED else {rule.what: True}
    dates = {"first": rule.first.isoformat(), "last": rule.last.isoformat()}
    return {**dates, "room_type": rule.kind, "rate_plan": rule.plan, **said}


class DeskMachine(UpkeepMachine):
    """The rest is paid, guests are named, noted and found to be the same, and the hotel changes what it sells."""

    auditor: DeskAuditor

    def __init__(self) -> None:
        super().__init__()
        self.auditor = DeskAuditor(self.inspector)

    def ask(self, asked: Envelope) -> Outcome:
        """Ask with a key of its own for whoever is made known by this: nobody is anybody else."""
        own = Sealed(asked.command_id, b"nobody reads this")
        return super().ask(replace(asked, sealed=dict.fromkeys(asked.sealed, own)))

    @precondition(lambda machine: machine.auditor.bookings)
    @rule(
        target=HotelMachine.payments,
        pick=picks,
        purpose=st.sampled_from(["balance", "balance", "extra"]),
        part=st.sampled_from(PARTS),
        then=st.sampled_from(["", "requires_capture", "succeeded", "succeeded"]),
        wrong_by=st.sampled_from([0, 0, 0, 1]),
    )
    def the_rest_is_asked_for(
        self, pick: int, purpose: Any, part: str, then: str, wrong_by: int
    ) -> UUID | MultipleResults[UUID]:
        """Open a page for what is left to pay, and often see at once that it was paid."""
        name = self.name_of(pick)
        left = self.auditor.left(name)
        amount = {"all": None, "some": 1000, "half": max(1, left // 2), "more": max(left, 0) + 1}[part]
        expected = self.auditor.on_rest(name, amount)
        command = RequestPayment(
            reservation_id=UUID(name), description="", language="en", purpose=purpose, amount_minor=amount
        )  # fmt: skip
        outcome = self.do(command)
        if not self.answers(outcome, expected):
            return multiple()
        payment = str(outcome.answer["payment_id"])
        assert outcome.answer["amount"]["amount_minor"] == (amount or left)
        self.auditor.ask_rest(name, purpose, amount or left, payment, self.now)
        self.payment_of[UUID(name)] = UUID(payment)
        if then:
            look = (UUID(payment), self.version(UUID(payment)))
            self.what_was_seen_arrives(look=look, status=then, wrong_by=wrong_by)
        return UUID(payment)

    @precondition(lambda machine: machine.auditor.bookings)
    @rule(pick=picks, about=st.sampled_from(["all", "stay", "stranger"]), stale=st.sampled_from([False, False, True]))
    def note_is_added(self, pick: int, about: str, *, stale: bool) -> None:
        """About a booking, one of its stays, or a stay that somebody else has."""
        name = self.name_of(pick)
        theirs = self.auditor.bookings[name].stays
        others = [stay_id for stay_id in self.auditor.stays if stay_id not in theirs]
        stay_id = {"all": "", "stay": theirs[-1], "stranger": others[0] if others else ""}[about]
        command = AddNote(
            reservation_id=UUID(name), stay_id=UUID(stay_id) if stay_id else None, note="They come by train.",
            expected_version=self.seen_at(name, stale=stale),
        )  # fmt: skip
        if self.answers(self.do(command), self.auditor.on_note(name, stay_id, stale=stale)):
            self.auditor.notes[name].append(stay_id)

    @precondition(lambda machine: machine.auditor.stays)
    @rule(pick=picks, guests=st.sampled_from([1, 2, 2, 4]), stale=st.sampled_from([False, False, True]))
    def guests_are_named(self, pick: int, guests: int, *, stale: bool) -> None:
        stay_id, stay = self.stay_of(pick)
        command = NameGuests(
            reservation_id=UUID(stay.booking), stay_id=UUID(stay_id), guests=(NamedGuest(name="Sunil Perera"),) * guests,
            expected_version=self.seen_at(stay.booking, stale=stale),
        )  # fmt: skip
        if self.answers(self.do(command), self.auditor.on_names(stay_id, guests, stale=stale)):
            self.auditor.named.add(stay_id)

    @precondition(lambda machine: machine.auditor.bookings)
    @rule(pick=picks, other=picks)
    def guests_are_merged(self, pick: int, other: int) -> None:
        name, into = self.name_of(pick), self.name_of(other)
        expected = self.auditor.on_merge(name, into)
        if self.answers(self.do(MergeGuests(reservation_id=UUID(name), into=UUID(into))), expected):
            self.auditor.person[name] = self.auditor.who(into)
        people = {(self.auditor.who(each), self.read(Reservation, UUID(each)).person) for each in self.auditor.bookings}
        assert len(dict(people)) == len(people) == len({person for _, person in people}), (
            f"not everybody is who they were: {people}"
        )

    @rule(rules=st.lists(selling_rules, max_size=2))
    def the_hotel_sells_otherwise(self, rules: list[tuple[str, int, int, int, str, str]]) -> None:
        """For a few dates something is closed; the next time something else."""
        selling = [
            SellingRule(
                what, (first := today(self.now) + timedelta(days=ahead)), first + timedelta(days=more), nights, kind, plan
            )
            for what, ahead, more, nights, kind, plan in rules
        ]
        before, after = ([as_stored(each) for each in rows] for rows in (self.auditor.selling, selling))
        tariff = {**self.opening.tariff, "restrictions": after}
        outcome = self.do(DefineProperty(definition=self.opening.definition, tariff=tariff))
        assert self.answers(outcome, "")
        assert outcome.answer["changed"] == (before != after)
        self.auditor.selling = selling

    @invariant()
    def what_was_written_is_shown(self) -> None:
        """Notes in their order, and who was named."""
        documents = {str(name): document for name, document in self.read_models.documents.items()}
        notes = {name: [str(note.stay_id or "") for note in each.notes] for name, each in documents.items() if each.notes}
        assert notes == self.auditor.notes
        named = {str(row.stay.stay_id) for each in documents.values() for row in each.stays if row.guests}
        assert named == self.auditor.named

    def name_of(self, pick: int) -> str:
        """Pick a booking: mostly one that stands, now and then any; everything before was looked at."""
        self.every_line_obeys_the_laws()
        names = (self.auditor.booked() if pick % 8 else []) or list(self.auditor.bookings)
        return names[pick // 8 % len(names)]

    def seen_at(self, name: str, *, stale: bool) -> int:
        """Give the version at which somebody looked at a booking."""
        self.every_line_obeys_the_laws()
        return self.inspector.versions[name] - stale
