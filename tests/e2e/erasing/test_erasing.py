"""A guest asks to be forgotten: nothing that we run can tell who it was, all figures stay, and a live stay is refused.

The tests of this file share one installation and run in order.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import sqlite3
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID, uuid4

import httpx
import psycopg
import pytest
from redis import Redis

from commands.dispatch import Asked
from commands.erase_guest import EraseGuest
from ledger.keys import GuestKeys, MasterKey
from ops.erase import guests_of
from ops.settings import Settings
from ops.wiring import Wiring, wired
from tests.e2e.desk import Desk
from tests.e2e.erasing import stores
from tests.e2e.erasing.marks import DETAILS, MARKS, SHORTEST, Found, forms_of, marks_in
from tests.e2e.guest import WITH_3DS, Guest, Stay, stay_of
from tests.installation import Running, wait_for

Invite = Callable[[Running], Guest]
VENDORS_SECONDS = 15.0
T = TypeVar("T")


@dataclass
class Told:
    """What the first test leaves for the others."""

    guest: Guest
    stay: Stay
    backup: Path
    wrapped: bytes
    figures: tuple[int, int]

    @property
    def reservation_id(self) -> str:
        found: str = self.guest.held["reservation_id"]
        return found


@pytest.fixture(scope="module")
def story() -> dict[str, Told]:
    """Keep what happened from test to test."""
    return {}


@pytest.fixture(scope="module")
def marked(moved: Running) -> Iterator[Guest]:
    """Give the guest whose details are unmistakable."""
    with Guest(moved) as found:
        found.details = DETAILS
        yield found


def everywhere(running: Running, folder: Path) -> list[Found]:
    """Search every store."""
    return [found for where, content in stores.all_stores(running, folder) for found in marks_in(where, content)]


def keys_of(data_dir: Path) -> GuestKeys:
    """Open the keys store of an installation, as its owner can."""
    return GuestKeys(data_dir / "guest-keys.sqlite", MasterKey.from_text((data_dir / "master.key").read_text().strip()))


def guest_id_of(running: Running, reservation_id: str) -> UUID:
    """Read the guest's id out of the first event."""
    events = json.loads(running.run("history", reservation_id, "--json").stdout)
    return UUID(events[0]["event"]["guest"]["key_id"])


def test_a_marked_guest_walks_the_whole_way(
    moved: Running, moved_desk: Desk, marked: Guest, tmp_path_factory: pytest.TempPathFactory, story: dict[str, Told]
) -> None:
    """Hold, 3-D Secure, mails, and refused while live; then cancelled and refunded. No store shows a mark even now."""
    guest, stay = marked, stay_of()
    guest.holds(stay)
    refused = moved.run("erase-guest", guest.held["reservation_id"])
    assert (refused.returncode, "reservation.stay_live" in refused.stderr, "give them back first" in refused.stderr) == (
        1, True, True,
    )  # fmt: skip
    guest.checks_out().pays(WITH_3DS)
    guest.authenticates()
    guest.waits_for_payment("captured")
    refused = moved.run("erase-guest", guest.held["reservation_id"])
    assert (refused.returncode, f"ask again after {stay.departure}" in refused.stderr) == (1, True), refused.stderr
    assert guest.looks()["guest"]["name"] == DETAILS["name"]
    assert guest.cancels().status_code == 200
    guest.waits_for_payment("refunded")
    moved_desk.waits_for_quiet()
    folder = tmp_path_factory.mktemp("erasing")
    backup = moved.run("backup", "--out", str(folder / "backup"))
    assert backup.returncode == 0, backup.stderr
    guest_id = guest_id_of(moved, guest.held["reservation_id"])
    with closing(sqlite3.connect(moved.data_dir / "guest-keys.sqlite")) as connection:
        (wrapped,) = connection.execute("SELECT profile FROM guest WHERE key_id = ?", [guest_id.bytes]).fetchone()
    story["told"] = Told(guest, stay, folder / "backup", wrapped, moved_desk.revenue(stay))
    assert everywhere(moved, folder) == [], "logs, metrics, queues and tables never hold a guest's details in the clear"


MEANT = (
    DETAILS["email"], DETAILS["email"].upper(), DETAILS["phone"], "0704139027", "zephyrine", "quillf", "zeph obsid",
)  # fmt: skip
NOT_MEANT = ("nobody@example.com", "quillfeatherstone", "+94 70 413 9028", "zephyrine perera", "ze")


def test_the_guest_is_found_and_nobody_else(moved: Running, story: dict[str, Told]) -> None:
    found = moved.run("guest", "find", "quillf", "zeph")
    assert (found.returncode, DETAILS["name"] in found.stdout) == (0, True), found.stderr
    answers = asyncio.run(with_wiring(moved, lambda wiring: find_all(wiring, (*MEANT, *NOT_MEANT))))
    assert answers == [UUID(story["told"].reservation_id)] * len(MEANT) + [None] * len(NOT_MEANT)


async def find_all(wiring: Wiring, wanted: Sequence[str]) -> list[UUID | None]:
    """Ask for each and give the only booking that is found, or nothing."""
    found = [await guests_of(wiring, "ella").find(each) for each in wanted]
    return [each[0].reservation_id if len(each) == 1 else None for each in found]


async def with_wiring(running: Running, work: Callable[[Wiring], Awaitable[T]]) -> T:
    """Work on the installation's servers from this process."""
    servers = running.servers()
    settings = Settings(data_dir=running.data_dir, database_url=servers.database_url, redis_url=servers.redis_url)
    async with wired(settings, connections=2) as wiring:
        return await work(wiring)


def test_the_guest_is_forgotten(moved: Running, moved_desk: Desk, story: dict[str, Told], tmp_path: Path) -> None:
    told = story["told"]
    mails = len(told.guest.mails())
    assert mails > 0
    done = moved.run("erase-guest", told.reservation_id, "--json")
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert (answer["erased_before"], answer["search_terms_dropped"]) == (False, True)
    assert answer["fiscal_until"] == seven_years_after(told.stay.departure).isoformat()
    asked = wait_for(lambda: vendors_of(moved, told.reservation_id), VENDORS_SECONDS, moved.said)
    assert asked["stripe"].startswith("cus_")
    customer = httpx.get(
        f"{moved.sandbox}/v1/customers/{asked['stripe']}", headers={"Authorization": "Bearer sk_test_1"}, timeout=10
    )
    assert customer.json()["deleted"] is True
    jobs = moved.control("GET", "/sendgrid/erasures")
    assert [(job["id"], job["recipients"], job["mails"]) for job in jobs] == [(asked["sendgrid"], 1, mails)]
    moved_desk.waits_for_quiet()
    for where, content in stores.all_stores(moved, tmp_path):
        assert told.wrapped not in content, f"the destroyed key is still in {where}"
        assert marks_in(where, content) == []
    gone = moved.run("guest", "find", "zephyrine")
    assert (gone.returncode, "nobody is found" in gone.stdout) == (1, True)


def seven_years_after(day: date) -> date:
    """Give the same day seven years later; 29 February, which that year lacks, is over on the day after."""
    return date(day.year + 7, 3, 1) if (day.month, day.day) == (2, 29) else day.replace(year=day.year + 7)


def vendors_of(running: Running, reservation_id: str) -> dict[str, str] | None:
    """Say what the vendors answered, once all were asked."""
    events = json.loads(running.run("history", reservation_id, "--json").stdout)
    answers = [each["event"] for each in events if each["topic"] == "reservation.vendor-forgot.v1"]
    return {each["vendor"]: each["reference"] for each in answers} if len(answers) == 2 else None


def test_what_stays(moved: Running, moved_desk: Desk, story: dict[str, Told]) -> None:
    """All figures, and the invoice's name until its date, under a key of its own."""
    told = story["told"]
    assert moved_desk.revenue(told.stay) == told.figures
    keys = keys_of(moved.data_dir)
    key = keys.find(guest_id_of(moved, told.reservation_id))
    assert key is not None
    assert key.profile is None
    assert key.fiscal is not None
    assert moved.run("doctor").returncode == 0, moved.run("doctor").stdout
    verified = moved.run("verify")
    assert verified.returncode == 0, verified.stderr + verified.stdout


def test_twice_is_once(moved: Running, moved_desk: Desk, story: dict[str, Told]) -> None:
    head = moved_desk.waits_for_quiet()
    again = moved.run("erase-guest", story["told"].reservation_id, "--json")
    assert (again.returncode, json.loads(again.stdout)["erased_before"]) == (0, True)
    by_guest = moved.run("erase-guest", str(guest_id_of(moved, story["told"].reservation_id)))
    assert (by_guest.returncode, "was forgotten before" in by_guest.stdout) == (0, True), by_guest.stderr
    assert moved_desk.waits_for_quiet() == head
    assert len(moved.control("GET", "/sendgrid/erasures")) == 1


def test_every_door_says_erased(moved: Running, story: dict[str, Told]) -> None:
    told = story["told"]
    found = told.guest.looks()
    assert found["guest"]["name"] == "erased"
    assert found["erased_at"]
    told.guest.opens(told.guest.held["manage_url"])
    assert (told.guest.page.status, "were erased on" in told.guest.page.text) == (200, True), told.guest.page.text
    home = str(told.guest.page.url)
    for address in (
        f"{home}/calendar.ics", f"{home}/cancel", told.guest.held["checkout_url"], f"{told.guest.held['checkout_url']}/return",
    ):  # fmt: skip
        answer = told.guest.browser.get(address)
        assert answer.status_code == 200, address
        assert marks_in(address, answer.content) == []
    again = told.guest.cancels()
    assert (again.status_code, again.json()["code"]) == (409, "reservation.not_confirmed")
    for command in (("history", told.reservation_id), ("reservation", "show", told.reservation_id)):
        shown = moved.run(*command)
        assert shown.returncode == 0, shown.stderr
        assert marks_in(" ".join(command), shown.stdout.encode()) == []
    assert told.guest.mails() == []


def test_a_restored_backup_has_forgotten_too(moved: Running, story: dict[str, Told], tmp_path: Path) -> None:
    told = story["told"]
    before = tmp_path / "before.sqlite"
    shutil.copy(next(told.backup.rglob("guest-keys.sqlite")), before)
    guest_id = guest_id_of(moved, told.reservation_id)
    master = MasterKey.from_text((moved.data_dir / "master.key").read_text().strip())
    kept = GuestKeys(before, master).find(guest_id)
    assert kept is not None
    assert kept.profile is not None, "the backup must still hold the key, or this test shows nothing"
    done = moved.run("restore", str(told.backup), "--data-dir", str(tmp_path / "new"), "--old-data-dir", str(moved.data_dir))
    assert done.returncode == 0, done.stderr
    restored = GuestKeys(tmp_path / "new" / "guest-keys.sqlite", master).find(guest_id)
    assert restored is not None
    assert restored.profile is None
    for where, content in stores.files(tmp_path / "new"):
        assert told.wrapped not in content, f"the destroyed key is back in {where}"
        assert marks_in(where, content) == []


def test_an_erasure_that_was_killed_is_finished(moved: Running, moved_desk: Desk, invite: Invite) -> None:
    """Only the decision is in the ledger, and nobody is left who knows of it: the sweeper finds it."""
    guest = invite(moved).holds(stay_of())
    reservation_id = guest.held["reservation_id"]
    assert guest.cancels().status_code == 200
    moved_desk.waits_for_quiet()
    guest_id = guest_id_of(moved, reservation_id)
    with moved.without("worker"):
        position = asyncio.run(with_wiring(moved, lambda wiring: only_decide(wiring, UUID(reservation_id))))
        found = keys_of(moved.data_dir).find(guest_id)
        assert found is not None
        assert found.profile is not None
        assert guest.looks(after=position)["guest"]["name"] == "erased", "what is decided is not shown any more"
    assert wait_for(lambda: vendors_of(moved, reservation_id), VENDORS_SECONDS, moved.said)["stripe"] == "nothing known"
    assert keys_of(moved.data_dir).find(guest_id) is None, "nothing was booked, so the law needs nothing either"


async def only_decide(wiring: Wiring, reservation_id: UUID) -> int:
    """Do the first step of an erasure and no other."""
    desk = await wiring.desk("ella")
    assert desk is not None
    asked = Asked(command_id=uuid4(), actor="test")
    return (await desk.dispatch(EraseGuest(reservation_id=reservation_id), asked)).position


def test_a_vendor_that_is_away_is_asked_again(moved: Running, moved_desk: Desk, invite: Invite) -> None:
    guest = invite(moved).holds(stay_of())
    assert guest.cancels().status_code == 200
    moved_desk.waits_for_quiet()
    jobs = len(moved.control("GET", "/sendgrid/erasures"))
    moved.control("POST", "/faults", {"path": "/v3/recipients/erasejob", "action": "server_error", "status": 503, "times": 1})
    assert moved.run("erase-guest", guest.held["reservation_id"]).returncode == 0
    assert wait_for(lambda: vendors_of(moved, guest.held["reservation_id"]), VENDORS_SECONDS, moved.said)["sendgrid"]
    assert len(moved.control("GET", "/sendgrid/erasures")) == jobs + 1


def test_the_master_key_changes_while_everything_runs(moved: Running, moved_desk: Desk, invite: Invite) -> None:
    guest = invite(moved).holds(stay_of())
    name = guest.looks()["guest"]["name"]
    before = (moved.data_dir / "master.key").read_text()
    done = moved.run("keys", "rotate", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["unreadable"] == 0
    assert (moved.data_dir / "master.key").read_text() != before
    assert not (moved.data_dir / "master.key.new").exists()
    assert guest.looks()["guest"]["name"] == name, "the processes that run take the new key up, and links outlive it"
    late = invite(moved).holds(stay_of())
    assert late.looks()["guest"]["name"] == name
    assert moved.run("keys", "status").returncode == 0
    moved_desk.waits_for_quiet()


def test_a_wrong_master_key_is_said_and_locks_only_what_needs_it(moved: Running, invite: Invite) -> None:
    guest = invite(moved).holds(stay_of())
    reservation_id = guest.held["reservation_id"]
    moved.stop()
    right = (moved.data_dir / "master.key").read_text()
    (moved.data_dir / "master.key").write_text(MasterKey.generate())
    try:
        before = len(moved.said())
        moved.start()
        assert "guests' details are locked. MASTER_KEY does not open the guests' keys" in moved.said()[before:]
        stay = stay_of()
        refused = guest.asks(stay)
        assert (refused.status_code, refused.json()["code"], "Retry-After" in refused.headers) == (503, "keys.locked", True)
        with Desk(moved) as desk:
            assert desk.free(stay)
            assert desk.reads(f"reservations/{reservation_id}").json()["guest"]["name"] == "unreadable"
        for command in (("erase-guest", reservation_id), ("guest", "find", "ada")):
            failed = moved.run(*command)
            assert (failed.returncode, failed.stderr.count("\n")) == (2, 1), failed.stderr
            assert "Set the key that belongs to this keys store" in failed.stderr
        assert (moved.run("doctor").returncode, moved.run("keys", "status").returncode) == (1, 1)
    finally:
        moved.stop()
        (moved.data_dir / "master.key").write_text(right)
        moved.start()
    assert guest.looks()["guest"]["name"] == guest.details["name"]


@pytest.mark.parametrize("kind", ["table", "bytea", "Redis", "file"])
def test_control_the_searcher_finds_a_mark_in_each_kind_of_store(moved: Running, kind: str) -> None:
    servers = moved.servers()
    planted = b'{"name": "' + DETAILS["name"].encode() + b'"}'
    found: Any = None
    if kind in {"table", "bytea"}:
        shape, value = ("text", planted.decode()) if kind == "table" else ("bytea", planted)
        with psycopg.connect(servers.database_url, autocommit=True) as connection:
            connection.execute(f"CREATE TABLE public.planted (value {shape})")
            try:
                connection.execute("INSERT INTO public.planted VALUES (%s)", [value])
                found = [each for where, content in stores.tables(servers.database_url) for each in marks_in(where, content)]
            finally:
                connection.execute("DROP TABLE public.planted")
    elif kind == "Redis":
        redis = Redis.from_url(servers.redis_url)
        redis.lpush("planted", planted)
        found = [each for where, content in stores.in_redis(servers.redis_url) for each in marks_in(where, content)]
        redis.delete("planted")
        redis.close()
    else:
        (moved.data_dir / "planted").write_bytes(planted)
        found = [each for where, content in stores.files(moved.data_dir) for each in marks_in(where, content)]
        (moved.data_dir / "planted").unlink()
    assert {each.mark for each in found} >= {"Zephyrine", "Quillfeather"}


@pytest.mark.parametrize("mark", MARKS)
def test_control_each_form_of_a_mark_is_known(mark: str) -> None:
    for name, form in forms_of(mark):
        assert marks_in("here", b"before" + form + b"after") or len(form) < SHORTEST, name
