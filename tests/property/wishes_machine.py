"""The hotel of `desk_machine` with a house made of two rooms, day use, wishes and promises, and holds of several stays."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from uuid import UUID

import msgspec
from hypothesis import strategies as st
from hypothesis.stateful import MultipleResults, multiple, rule
from msgspec.structs import replace

from commands.define_property import DefineProperty
from commands.hold_stay import HoldStay, guest_stream
from ledger.ids import holder_stream
from tests.auditor import Stay, today
from tests.examples import ARRIVAL, CODE, GUEST, HOLD_SECONDS, HOTEL, TARIFF, VILLA
from tests.inspector import Line
from tests.naive_house import days
from tests.property.desk_machine import DeskMachine
from tests.property.hotel_machine import GIVING, MOST_HOLDS, HotelMachine
from tests.property.stays_machine import picks
from tests.reception import envelope
from tests.wish_auditor import FEATURES, JOINED, Place, WishAuditor

HOUSE = replace(VILLA, code="house", name="The whole ground floor", made_of=("g1", "g2"))
MANSION = replace(
    HOTEL,
    room_types=(*HOTEL.room_types, HOUSE),
    rooms=tuple(
        replace(room, connects=tuple(JOINED[room.code]), features=tuple(sorted(FEATURES[room.code]))) for room in HOTEL.rooms
    ),
)
PRICES = (*TARIFF.prices, replace(TARIFF.prices[1], room_type="house"))
WISHES = (
    "floor-high",
    "floor-low",
    "bed-twin",
    "accessible",
    "floor-high!",
    "bed-twin!",
    "accessible!",
    "near",
    "near!",
    "connecting",
    "connecting!",
)
wanted_stays = st.tuples(
    st.sampled_from(["garden", "garden", "garden", "house", "house", "villa"]),
    st.sampled_from(["flexible", "flexible", "flexible", "saver"]),
    st.sampled_from([2, 2, 1, 3]),
    st.sampled_from([0, 0, 0, 1, 2]),
    st.sampled_from([0, 0, 1, 2, 3, -1]),
    st.sampled_from([1, 1, 2, 2, 3, 1, 2, 0]),
    st.sampled_from(["night", "night", "day"]),
    st.lists(st.sampled_from(WISHES), max_size=2, unique=True),
)

lodged: Counter[str] = Counter()
"""What kinds of stays a run held; printed at its end."""


def plain(wish: str) -> str:
    """Give a wish without whom it is about."""
    word, _, whom = wish.partition(":")
    return f"{word}!" if whom.endswith("!") else word


class WishesMachine(DeskMachine):
    """Guests want a room for the day, a room of their liking, or rooms for different nights, and often book them."""

    auditor: WishAuditor
    opening = DefineProperty(
        definition=msgspec.to_builtins(MANSION), tariff=msgspec.to_builtins(replace(TARIFF, prices=PRICES))
    )  # fmt: skip

    def __init__(self) -> None:
        super().__init__()
        self.auditor = WishAuditor(self.inspector)

    @rule(
        target=HotelMachine.reservations,
        wanted=st.lists(wanted_stays, min_size=1, max_size=3)
        | wanted_stays.flatmap(lambda each: st.sampled_from([[each], [each], [each] * 2])),
        pick=picks,
        books=st.sampled_from([True, True, False]),
    )
    def stays_are_held(
        self, wanted: list[tuple[str, str, int, int, int, int, str, list[str]]], pick: int, *, books: bool
    ) -> UUID | MultipleResults[UUID]:
        """Hold stays that differ, and mostly book them."""
        holder = f"stays {len(self.asked)}"
        arrivals = [today(self.now) + timedelta(days=ahead) for *_, ahead, _, _, _ in wanted]
        lengths = [1 if slot == "day" and nights == 2 else nights for *_, nights, slot, _ in wanted]
        places = [
            Place(kind, plan, adults, tuple(days(arrival, nights)), slot, self.near_whom(wishes, pick), children)
            for (kind, plan, adults, children, _, _, slot, wishes), arrival, nights in zip(
                wanted, arrivals, lengths, strict=True
            )
        ]
        expected = self.auditor.on_places(places, lengths, holder, MOST_HOLDS, self.now)
        alone = len(places) == 1 and lengths[0] > 0
        free = self.auditor._free_for(places[0], frozenset(), self.now) if alone else []
        stays = tuple(
            {
                "room_type": place.kind, "rate_plan": place.plan, "arrival": arrival, "adults": place.adults,
                "children": place.children,
                "departure": arrival + timedelta(days=nights), "wishes": place.wishes, "slot": place.slot,
            }
            for place, arrival, nights in zip(places, arrivals, lengths, strict=True)
        )  # fmt: skip
        command = HoldStay.model_validate({"stays": stays, "guest": GUEST})
        limit = ((holder_stream(CODE, holder), MOST_HOLDS),)
        asked = envelope(command, at=self.now, command_id=self.new_id(), holders=limit)
        position = len(self.log.rows)
        if not self.answers(self.ask(asked), expected):
            return multiple()
        reservation = guest_stream(asked.command_id)
        self.are_held(reservation, places, holder, position, free if alone else [])
        if books:
            self.staff_confirm(reservation=reservation)
        return reservation

    def are_held(self, reservation: UUID, places: list[Place], holder: str, position: int, free: list[str]) -> None:
        """Take the stays over with the rooms that they were given, and judge those."""
        lodged.update({f"{place.kind} by {place.slot}" for place in places})
        lodged.update({f"{len(places)} stays"} | {plain(wish) for place in places for wish in place.wishes})
        self.every_line_obeys_the_laws()
        name, seen = str(reservation), self.inspector.stays_of(str(reservation))
        stays = {
            stay_id: Stay(
                name, place.kind, place.plan, place.adults, self.rooms_of(stay_id), place.slot, wishes=place.wishes,
                pinned=any(wish.endswith("!") for wish in place.wishes), children=place.children,
            )
            for stay_id, place in zip(seen, places, strict=True)
        }  # fmt: skip
        moved = {Line.of(row).body["stay_id"] for row in self.log.rows[position:] if row.topic in GIVING} - stays.keys()
        self.auditor.judge(places, list(stays.values()), alone=len(places) == 1 and not moved, free=free)
        self.auditor.hold(name, stays, self.now + timedelta(seconds=HOLD_SECONDS), holder)
        first = places[0]
        self.wishes[reservation] = {
            "kind": first.kind, "plan": first.plan, "adults": first.adults, "offset": (first.dates[0] - ARRIVAL).days,
            "nights": len(first.dates), "rooms": 1, "pays": False,
        }  # fmt: skip
        self.rooms_are_taken_over(position, set(stays))

    def near_whom(self, wishes: list[str], pick: int) -> tuple[str, ...]:
        """Say near whom somebody wants to be: others who have rooms; nobody is wished near when there are none."""
        there = self.auditor.booked()
        whom = there[pick % len(there)] if there else ""
        return tuple(wish.replace("near", f"near:{whom}") for wish in wishes if whom or not wish.startswith("near"))
