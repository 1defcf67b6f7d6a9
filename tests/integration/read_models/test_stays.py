"""Read models that followed changes, moves, cancellations, arrivals and departures equal ones made from nothing."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

from commands.add_note import AddNote
from commands.cancel_stay import CancelStay
from commands.change_stay import ChangeStay
from commands.check_out import CheckOut
from commands.confirm_reservation import ConfirmReservation
from commands.dispatch import Asked, Dispatch
from commands.hold_stay import HoldStay
from commands.move_stay import MoveStay
from commands.pin_room import PinRoom
from commands.walk_in import WalkIn
from ledger.clock import local_date
from ledger.command import Command
from ops.read_models import NAMES
from ops.wiring import Wiring
from queries.bookings import booking_of
from queries.hotel import HotelQuery
from tests.examples import GUEST, ZONE
from tests.integration.read_models.houses import House
from tests.integration.read_models.test_rebuild import follow_up

Answer = dict[str, Any]


async def ask(dispatch: Dispatch, command: Command) -> Answer:
    """Have a member of staff ask for something."""
    return (await dispatch(command, Asked(command_id=uuid4(), actor="key:desk"))).answer


async def live_through(dispatch: Dispatch, today: date) -> tuple[UUID, UUID]:
    """Let much happen to two reservations; give them: the first with a stay left of two, the second departed early."""
    arrival = today + timedelta(days=30)
    wish: dict[str, Any] = {"room_type": "garden", "rate_plan": "flexible", "adults": 2, "guest": GUEST}
    held = await ask(dispatch, HoldStay(**wish, arrival=arrival, departure=arrival + timedelta(days=3), rooms=2))
    reservation_id, (one, two) = UUID(str(held["reservation_id"])), [UUID(str(stay["stay_id"])) for stay in held["stays"]]
    of: Any = {"reservation_id": reservation_id, "stay_id": one}
    await ask(dispatch, ConfirmReservation(reservation_id=reservation_id))
    await ask(dispatch, ChangeStay(**of, departure=arrival + timedelta(days=5)))
    await ask(dispatch, ChangeStay(**of, rate_plan="half-board", adults=1))
    await ask(dispatch, ChangeStay(**of, arrival=arrival + timedelta(days=1)))
    await ask(dispatch, MoveStay(**of, room="g3", first_night=arrival + timedelta(days=3)))
    await ask(dispatch, PinRoom(**of))
    await ask(dispatch, AddNote(reservation_id=reservation_id, note="came by bus"))
    await ask(dispatch, CancelStay(reservation_id=reservation_id, stay_id=two))
    walked = await ask(dispatch, WalkIn(**wish, arrival=today, departure=today + timedelta(days=4)))
    walk_in = UUID(str(walked["reservation_id"]))
    await ask(dispatch, CheckOut(reservation_id=walk_in, stay_id=UUID(str(walked["stays"][0]["stay_id"]))))
    return reservation_id, walk_in


def test_rebuilt_equals_kept_and_tells_what_is_so(house: House) -> None:
    async def run() -> None:
        async with house.wiring() as wiring:
            today = local_date(wiring.clock.now(), ZONE)
            changed, left = await live_through(await house.dispatch(wiring), today)
            await follow_up(house, wiring, 5)
            assert await house.differences(wiring) == {name: [] for name in NAMES}
            await _check_documents(house, wiring, changed, left)
            await _check_revenue(house, wiring, today)

    asyncio.run(run())


async def _check_documents(house: House, wiring: Wiring, changed: UUID, left: UUID) -> None:
    desk = await wiring.desk(house.code)
    assert desk is not None
    hotel = await HotelQuery(house.code, desk.streams).current()
    for reservation_id, state, states in (
        (changed, "confirmed", ["confirmed", "cancelled"]),
        (left, "checked_out", ["checked_out"]),
    ):
        kept, folded = await desk.reservations.find(reservation_id), await desk.reservations.from_ledger(reservation_id)
        assert kept is not None
        assert folded is not None
        assert kept.document == folded.document
        assert (kept.document.state, [row.state for row in kept.document.stays]) == (state, states)
        shown = booking_of(kept, hotel, wiring.clock.now())
        assert shown.balance == shown.owed, "nobody has paid yet"
    found = await desk.reservations.find(changed)
    assert found is not None
    assert [note.text for note in found.notes] == ["came by bus"]
    assert [room for _, room in found.document.stays[0].rooms][-1] == "g3"
    assert found.document.stays[0].booked.dates.nights == 4


async def _check_revenue(house: House, wiring: Wiring, today: date) -> None:
    desk = await wiring.desk(house.code)
    assert desk is not None
    month = await desk.revenue.on_the_books(today, today + timedelta(days=60), "rate_plan")
    nights = {group.group: group.room_nights for group in month.groups}
    assert nights == {"half-board": 4, "flexible": 1}
    folded = [await desk.reservations.from_ledger(UUID(key)) for key in _reservations(house)]
    totals = [row.booked.price.total for found in folded if found for row in found.document.stays if row.state in SOLD]
    assert month.whole.total_revenue_minor == sum(total.amount_minor for total in totals)


SOLD = {"confirmed", "checked_in", "checked_out"}


def _reservations(house: House) -> list[str]:
    return [str(row[0]) for row in house.sql("SELECT DISTINCT reservation_id FROM {schema}.reservations")]
