"""Groups, those who wait and those turned away, on real servers: rebuilt equals kept, and who left the list is forgotten."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from commands.cancel_reservation import CancelReservation
from commands.change_block import ChangeBlock
from commands.dispatch import Asked, Dispatch
from commands.group_block import BlockWish
from commands.hold_stay import GuestDetails, HoldStay
from commands.join_waitlist import JoinWaitlist
from commands.leave_waitlist import LeaveWaitlist
from commands.open_group import OpenGroup
from commands.pick_up import PickUp
from commands.record_turnaway import RecordTurnaway
from commands.rooming_list import RoomingRow
from ledger.command import Command
from ops.purge import purge
from ops.wiring import Wiring
from projections.due import EVERYBODY
from queries.demand import DemandQuery
from queries.groups import GroupQuery
from sagas import offering_waitlist
from tests.examples import GUEST
from tests.integration.read_models.houses import House
from tests.integration.read_models.test_rebuild import NONE, follow_up

ARRIVAL = datetime.now(UTC).date() + timedelta(days=20)
DEPARTURE = ARRIVAL + timedelta(days=2)
VILLA: dict[str, Any] = {"room_type": "villa", "rate_plan": "flexible", "arrival": ARRIVAL, "departure": DEPARTURE}


async def ask(dispatch: Dispatch, command: Command) -> dict[str, Any]:
    return (await dispatch(command, Asked(command_id=uuid4(), actor="staff"))).answer


def person(name: str) -> GuestDetails:
    return GuestDetails(name=name, email=f"{name.lower()}@example.com")


async def wait(dispatch: Dispatch, name: str) -> UUID:
    return UUID((await ask(dispatch, JoinWaitlist(**VILLA, guest=person(name))))["entry_id"])


def due_rows(house: House) -> list[tuple[object, ...]]:
    """List when the waitlist is to be looked through, and since which event."""
    live = "(SELECT generation FROM {schema}.models WHERE name = 'due' AND live)"
    return house.sql(
        f"SELECT due_at <= now(), position FROM {{schema}}.due WHERE rule = '{offering_waitlist.RULE}'"  # noqa: S608 - ours
        f" AND subject = '{EVERYBODY}' AND generation = {live}"
    )


async def a_group(dispatch: Dispatch) -> UUID:
    """Open a block of three, name two guests, give one room back."""
    wish = BlockWish(room_type="garden", arrival=ARRIVAL, departure=DEPARTURE, rooms=3)
    opening = OpenGroup(name="Tea growers", rate_plan="flexible", cutoff=ARRIVAL, blocks=(wish,))
    group_id = UUID((await ask(dispatch, opening))["group_id"])
    rows = tuple(
        RoomingRow(room_type="garden", arrival=ARRIVAL, departure=DEPARTURE, guest=person(name), line=line)
        for line, name in enumerate(("Ruwan", "Kamala"), 2)
    )
    await ask(dispatch, PickUp(group_id=group_id, rows=rows))
    none = BlockWish(room_type="garden", arrival=ARRIVAL, departure=DEPARTURE, rooms=0)
    await ask(dispatch, ChangeBlock(group_id=group_id, blocks=(none,)))
    return group_id


def queries(wiring: Wiring, house: House) -> tuple[GroupQuery, DemandQuery]:
    models = wiring.models(house.code)
    return (
        GroupQuery(models.groups.model, wiring.pool, wiring.keys),
        DemandQuery(models.demand.model, wiring.pool, wiring.keys),
    )


def test_a_group_and_its_guests_are_told_and_rebuilt_the_same(house: House) -> None:
    async def run() -> None:
        async with house.wiring() as wiring:
            group_id = await a_group(await house.dispatch(wiring))
            await follow_up(house, wiring, most=3)
            groups, _ = queries(wiring, house)
            found = await groups.find(group_id)
            assert found is not None
            assert [(row.blocked, row.picked_up, row.reduced) for row in found.document.nights.values()] == [(3, 2, 1)] * 2
            rooms = await groups.rooming_list(group_id)
            assert [(row["name"], row["state"], row["room"]) for row in rooms] == [
                ("Ruwan", "confirmed", "g1"), ("Kamala", "confirmed", "g2")
            ]  # fmt: skip
            assert [each.group_id for each in (await groups.every("definite"))[1]] == [group_id]
            assert (await groups.every("expired"))[1] == []
            assert await groups.find(uuid4()) is None
            assert await house.differences(wiring) == NONE

    asyncio.run(run())


def test_a_wait_is_due_while_somebody_waits_and_woken_by_what_frees_rooms(house: House) -> None:
    async def run() -> None:
        async with house.wiring() as wiring:
            dispatch = await house.dispatch(wiring)
            taken = UUID((await ask(dispatch, HoldStay(**VILLA, guest=GUEST)))["reservation_id"])
            other = HoldStay(**{**VILLA, "room_type": "garden"}, guest=GUEST)
            await ask(dispatch, CancelReservation(reservation_id=UUID((await ask(dispatch, other))["reservation_id"])))
            await follow_up(house, wiring, most=1)
            assert due_rows(house) == [], "nobody waits, so nothing that comes free is looked at"
            first, second = [await wait(dispatch, name) for name in ("Ada", "Bimal")]
            await follow_up(house, wiring, most=2)
            [(_, before)] = due_rows(house)
            house.sql("UPDATE {schema}.due SET due_at = now() + interval '1 hour'")
            await ask(dispatch, CancelReservation(reservation_id=taken))
            await follow_up(house, wiring)
            [(is_due, woken)] = due_rows(house)
            assert is_due
            assert isinstance(woken, int)
            assert isinstance(before, int)
            assert woken > before
            streams = wiring.streams(house.code)
            assert await offering_waitlist.advance(dispatch, streams, house.code) == offering_waitlist.LOOK_AGAIN_SECONDS
            await follow_up(house, wiring)
            _, demand = queries(wiring, house)
            entries = (await demand.waiting(ended=True))[1]
            assert [(each["entry_id"], each["state"]) for each in entries] == [
                (str(first), "offered"),
                (str(second), "waiting"),
            ]
            assert [each["name"] for each in (await demand.waiting())[1]] == ["Bimal"]
            assert await house.differences(wiring) == NONE
            await ask(dispatch, LeaveWaitlist(entry_id=second))
            await follow_up(house, wiring)
            assert due_rows(house) == []
            assert await house.differences(wiring) == NONE

    asyncio.run(run())


def test_who_leaves_the_list_is_forgotten(house: House) -> None:
    async def run() -> None:
        async with house.wiring() as wiring:
            dispatch = await house.dispatch(wiring)
            await ask(dispatch, HoldStay(**VILLA, guest=GUEST))
            stays, leaves = [await wait(dispatch, name) for name in ("Ada", "Bimal")]
            await ask(dispatch, LeaveWaitlist(entry_id=leaves))
            await purge(wiring)
            await follow_up(house, wiring)
            _, demand = queries(wiring, house)
            names = {each["entry_id"]: (each["state"], each["name"]) for each in (await demand.waiting(ended=True))[1]}
            assert names == {str(stays): ("waiting", "Ada"), str(leaves): ("withdrawn", "erased")}

    asyncio.run(run())


def test_turnaways_are_counted_by_reason_and_day(house: House) -> None:
    async def run() -> None:
        async with house.wiring() as wiring:
            dispatch = await house.dispatch(wiring)
            for reason, rooms in (("sold_out", 2), ("price", 1), ("sold_out", 1)):
                enquiry = {"reason": reason, "rooms": rooms, "arrival": ARRIVAL, "departure": DEPARTURE}
                await ask(dispatch, RecordTurnaway.model_validate(enquiry))
            await follow_up(house, wiring, most=1)
            _, demand = queries(wiring, house)
            _, counted = await demand.turned_away(date.min, date.max)
            assert [(each["reason"], each["enquiries"], each["room_nights"]) for each in counted] == [
                ("sold_out", 2, 6), ("price", 1, 2)
            ]  # fmt: skip
            assert (await demand.turned_away(date.min, ARRIVAL - timedelta(days=30)))[1] == []
            assert await house.differences(wiring) == NONE

    asyncio.run(run())
