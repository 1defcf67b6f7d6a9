"""Search terms go with the guest's key, fiscal keys end when the law says so, a wrong master key locks and harms nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID, uuid4

import pytest

from commands.add_note import AddNote
from commands.cancel_reservation import CancelReservation
from commands.confirm_reservation import ConfirmReservation
from commands.dispatch import Asked
from commands.hold_stay import HoldStay
from commands.merge_guests import MergeGuests
from ledger.command import Command
from ledger.erasures import list_beside, read_erasures
from ledger.keys import MasterKey, MasterKeyWrong
from ledger.refusal import Refusal
from ops import erase as erasing
from ops.erase import erase_guest, guests_of
from ops.purge import Purged, purge
from ops.rebuild import rebuild
from ops.wiring import Wiring
from projections.reservation_document import ReservationDocument
from sagas.forgetting import fiscal_end
from tests.examples import GUEST, stay
from tests.integration.read_models.houses import House
from tests.integration.read_models.test_rebuild import follow_up

T = TypeVar("T")


@pytest.fixture(autouse=True)
def no_followers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for nobody: these tests move the read models themselves."""
    monkeypatch.setattr(erasing, "PATIENCE_SECONDS", 0.0)


def during(house: House, work: Callable[[Wiring], Awaitable[T]]) -> T:
    """Do work in one process of a house."""

    async def run() -> T:
        async with house.wiring() as wiring:
            return await work(wiring)

    return asyncio.run(run())


async def ask(house: House, wiring: Wiring, command: Command) -> dict[str, Any]:
    dispatch = await house.dispatch(wiring)
    return (await dispatch(command, Asked(command_id=uuid4(), actor="test"))).answer


async def held_by(house: House, wiring: Wiring, name: str, week: int = 5) -> UUID:
    """Hold a room for somebody."""
    arrival = datetime.now(UTC).date() + timedelta(weeks=week)
    command = HoldStay(
        room_type="garden", rate_plan="flexible", arrival=arrival, departure=arrival + timedelta(days=2), adults=2,
        guest=GUEST.model_copy(update={"name": name, "email": f"{name.split(maxsplit=1)[0].lower()}@example.com"}),
    )  # fmt: skip
    return UUID((await ask(house, wiring, command))["reservation_id"])


async def found(house: House, wiring: Wiring, wanted: str) -> set[UUID]:
    await follow_up(house, wiring)
    return {each.reservation_id for each in await guests_of(wiring, house.code).find(wanted)}


async def document(house: House, wiring: Wiring, reservation_id: UUID) -> ReservationDocument:
    desk = await wiring.desk(house.code)
    assert desk is not None
    shown = await desk.reservations.from_ledger(reservation_id)
    assert shown is not None
    return shown.document


def test_only_who_is_meant_is_found_and_an_erased_guest_by_nobody(house: House) -> None:
    async def run(wiring: Wiring) -> None:
        nimali = await held_by(house, wiring, "Nimali Perera")
        nimal = await held_by(house, wiring, "Nimal Pereira", week=6)
        assert await found(house, wiring, "nima per") == {nimali, nimal}
        assert await found(house, wiring, "nimali") == {nimali}
        assert await found(house, wiring, "NIMAL@example.com") == {nimal}
        await ask(house, wiring, CancelReservation(reservation_id=nimali))
        erased = await erase_guest(wiring, house.code, nimali)
        assert (erased.erased_before, erased.fiscal_until) == (False, None)
        assert await found(house, wiring, "nima") == {nimal}
        rows = house.sql(f"SELECT terms FROM {{schema}}.guests WHERE reservation_id = '{nimali}'")  # noqa: S608 - our id
        assert rows == [([],)]
        assert await guests_of(wiring, house.code).reservation_of(erased.guest_id) == nimali

    during(house, run)


def test_bookings_of_one_person_are_found_through_each_other(house: House) -> None:
    async def run(wiring: Wiring) -> None:
        first = await held_by(house, wiring, "Nimali Perera")
        second = await held_by(house, wiring, "Nimali Perera-Silva", week=6)
        stranger = await held_by(house, wiring, "Kamala Silva", week=7)
        guests = guests_of(wiring, house.code)
        await follow_up(house, wiring)
        assert await guests.bookings_of_person(first) == [first]
        await ask(house, wiring, MergeGuests(reservation_id=second, into=first))
        await follow_up(house, wiring)
        assert set(await guests.bookings_of_person(first)) == {first, second}
        assert len({each.person for each in await guests.find("nimali")}) == 1
        done = await rebuild(wiring, house.code, "guests", lambda *_: None)
        assert done.differences == []
        assert set(await guests.bookings_of_person(second)) == {first, second}
        await ask(house, wiring, CancelReservation(reservation_id=second))
        erased = await erase_guest(wiring, house.code, second)
        await follow_up(house, wiring)
        assert erased.others == (first,)
        assert await guests.bookings_of_person(first) == [first]
        assert await guests.bookings_of_person(stranger) == [stranger]

    during(house, run)


@pytest.mark.parametrize("merges", [[(0, 1), (1, 2), (3, 0)], [(1, 2), (0, 1), (3, 0)], [(3, 0), (0, 1), (1, 2)]])
def test_bookings_merged_one_after_another_are_one_person(house: House, merges: list[tuple[int, int]]) -> None:
    """Whoever merges the third into the second does not know of the first."""

    async def run(wiring: Wiring) -> None:
        booked = [await held_by(house, wiring, f"Nimali {name}", week=week) for week, name in enumerate("ABCD", 5)]
        stranger = await held_by(house, wiring, "Nimali E", week=9)
        for one, other in merges:
            await ask(house, wiring, MergeGuests(reservation_id=booked[one], into=booked[other]))
        await follow_up(house, wiring)
        guests = guests_of(wiring, house.code)
        for each in booked:
            assert set(await guests.bookings_of_person(each)) == set(booked)
        assert await guests.bookings_of_person(stranger) == [stranger]

    during(house, run)


def test_a_note_is_read_until_the_guest_is_erased(house: House) -> None:
    async def run(wiring: Wiring) -> None:
        booked = await held_by(house, wiring, "Nimali Perera")
        await ask(house, wiring, AddNote(reservation_id=booked, note="Allergic to nuts."))
        desk = await wiring.desk(house.code)
        assert desk is not None
        shown = await desk.reservations.from_ledger(booked)
        assert shown is not None
        assert [note.text for note in shown.notes] == ["Allergic to nuts."]
        await ask(house, wiring, CancelReservation(reservation_id=booked))
        await erase_guest(wiring, house.code, booked)
        later = await desk.reservations.from_ledger(booked)
        assert later is not None
        assert list(later.notes) == []
        with pytest.raises(Refusal, match="forgotten"):
            await ask(house, wiring, AddNote(reservation_id=booked, note="Came back."))

    during(house, run)


def test_a_rebuild_does_not_bring_terms_back(house: House) -> None:
    async def run(wiring: Wiring) -> tuple[int, int, set[UUID]]:
        nimali = await held_by(house, wiring, "Nimali Perera")
        stays = await held_by(house, wiring, "Kamala Silva", week=6)
        await follow_up(house, wiring)
        before = terms(house)
        await ask(house, wiring, CancelReservation(reservation_id=nimali))
        await erase_guest(wiring, house.code, nimali)
        await follow_up(house, wiring)
        await rebuild(wiring, house.code, "guests", lambda *_: None)
        assert await found(house, wiring, "kamala") == {stays}
        return before, terms(house), await found(house, wiring, "nimali")

    before, after, nobody = during(house, run)
    assert before > after > 0
    assert nobody == set()


def terms(house: House) -> int:
    live = "(SELECT generation FROM {schema}.models WHERE name = 'guests' AND live)"
    every = f"SELECT coalesce(sum(cardinality(terms)), 0)::int FROM {{schema}}.guests WHERE generation = {live}"  # noqa: S608 - ours
    (count,) = house.sql(every)[0]
    assert isinstance(count, int)
    return count


def test_fiscal_keys_go_when_the_law_does_not_need_them(house: House) -> None:
    async def run(wiring: Wiring) -> None:
        booked = await held_by(house, wiring, "Nimali Perera")
        await ask(house, wiring, ConfirmReservation(reservation_id=booked))
        given_back = await held_by(house, wiring, "Kamala Silva", week=6)
        await ask(house, wiring, CancelReservation(reservation_id=given_back))
        waiting = await held_by(house, wiring, "Ravi Fernando", week=7)
        assert await purge(wiring) == Purged(never_booked=1, ended=0)
        assert await purge(wiring) == Purged(never_booked=0, ended=0)
        guests = {
            name: (await document(house, wiring, each)).held
            for name, each in (("booked", booked), ("given back", given_back), ("waiting", waiting))
        }
        keys = {name: wiring.keys.find(held.guest.key_id) for name, held in guests.items()}
        assert {name: (key is not None and key.fiscal is not None) for name, key in keys.items()} == {
            "booked": True, "given back": False, "waiting": True,
        }  # fmt: skip
        assert keys["given back"] is not None
        until = wiring.keys.fiscal_until(guests["booked"].guest.key_id)
        assert until == fiscal_end(guests["booked"].stays, 7)
        box = guests["booked"].fiscal
        assert box is not None
        assert wiring.keys.read(box, booked, 1, "fiscal") == {"name": "Nimali Perera", "country": ""}
        assert wiring.keys.destroy_due_fiscal(until, datetime.now(UTC)) == 1
        assert wiring.keys.read(box, booked, 1, "fiscal") is None

    during(house, run)


def test_a_log_that_was_thrown_back_is_looked_through_again(house: House) -> None:
    async def run(wiring: Wiring) -> Purged:
        wiring.keys.set_mark(f"log/{house.code}", 10**9)
        given_back = await held_by(house, wiring, "Kamala Silva")
        await ask(house, wiring, CancelReservation(reservation_id=given_back))
        return await purge(wiring)

    assert during(house, run).never_booked == 1


def test_the_list_names_each_destroyed_key_once(house: House) -> None:
    async def run(wiring: Wiring) -> None:
        given_back = await held_by(house, wiring, "Kamala Silva")
        await ask(house, wiring, CancelReservation(reservation_id=given_back))
        for _ in range(3):
            await erase_guest(wiring, house.code, given_back)
            await purge(wiring)
        listed, _ = read_erasures(list_beside(wiring.keys.path))
        assert [erasure.purpose for erasure in listed] == ["profile", "fiscal"]

    during(house, run)


@pytest.mark.parametrize(
    ("departure", "years", "end"),
    [
        ("2126-03-12", 7, "2133-03-12"),
        ("2128-02-29", 7, "2135-03-01"),
        ("2128-02-28", 7, "2135-02-28"),
        ("2126-03-12", 0, "2126-03-12"),
    ],
)
def test_the_law_counts_from_the_last_departure(departure: str, years: int, end: str) -> None:
    last = datetime.fromisoformat(departure).date()
    arrival = last - timedelta(days=2)
    stays = stay("r", "g1", arrival=arrival), stay("r", "g2", nights=1, arrival=arrival)
    assert fiscal_end(stays, years).isoformat() == end


def test_a_wrong_master_key_locks_names_and_writes_and_nothing_else(house: House) -> None:
    """What needs no name works; nothing is written; with the right key all is as before."""

    async def right(wiring: Wiring) -> UUID:
        reservation_id = await held_by(house, wiring, "Nimali Perera")
        await follow_up(house, wiring)
        return reservation_id

    reservation_id = during(house, right)
    right_key = (house.data_dir / "master.key").read_text()
    events = house.sql("SELECT count(*) FROM {schema}.events")
    kept = house.sql("SELECT count(*) FROM {schema}.outcomes")
    (house.data_dir / "master.key").write_text(MasterKey.generate())

    async def wrong(wiring: Wiring) -> None:
        desk = await wiring.desk(house.code)
        assert desk is not None
        shown = await desk.reservations.find(reservation_id)
        assert shown is not None
        assert (shown.guest["name"], shown.document.state) == ("unreadable", "held")
        for attempt in (
            ask(house, wiring, CancelReservation(reservation_id=reservation_id)),
            held_by(house, wiring, "Kamala Silva", week=6),
            guests_of(wiring, house.code).find("nimali"),
            erase_guest(wiring, house.code, reservation_id),
        ):
            with pytest.raises(MasterKeyWrong, match="MASTER_KEY does not open"):
                await attempt
        assert {name: await model.position() for name, model in house.models(wiring).items()}["reservations"] > 0

    during(house, wrong)
    assert house.sql("SELECT count(*) FROM {schema}.events") == events
    assert house.sql("SELECT count(*) FROM {schema}.outcomes") == kept
    (house.data_dir / "master.key").write_text(right_key)

    async def again(wiring: Wiring) -> set[UUID]:
        return await found(house, wiring, "nimali")

    assert during(house, again) == {reservation_id}
