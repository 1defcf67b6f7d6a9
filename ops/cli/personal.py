"""Guests' personal data: find, forget, and the keys that it rests on."""

from __future__ import annotations

import sys
from typing import Any
from uuid import UUID, uuid4

import click
from rich.console import Console
from rich.progress import Progress

from commands.dispatch import Asked
from commands.merge_guests import MergeGuests
from ledger.clock import Clock
from ledger.command import Urgency
from ledger.keys_root import begin_anew
from ledger.keys_root import rotate as rotate_keys
from ops import secrets
from ops.cli.running import FAILED, JSON, PROPERTY, on_servers, show
from ops.erase import erase_guest as erase
from ops.erase import guests_of
from ops.purge import purge as purge_keys
from ops.settings import BadConfiguration, read_settings
from ops.telling import desk_of
from ops.wiring import Wiring, open_keys


@click.command("erase-guest")
@click.argument("subject", metavar="ID", type=click.UUID)
@PROPERTY
@JSON
def erase_guest(subject: UUID, property_code: str, as_json: bool) -> None:
    """Forget the guest of a reservation (or the guest with this ID); refused while the stay is live."""
    done = on_servers(lambda wiring: erase(wiring, property_code, subject))
    show(done.as_json(), as_json, done.text())


@click.group()
def guest() -> None:
    """Look for guests."""


@guest.command("find")
@click.argument("wanted", nargs=-1, required=True)
@PROPERTY
@JSON
def find(wanted: tuple[str, ...], property_code: str, as_json: bool) -> None:
    """Find bookings by e-mail, phone number, or the beginnings of words of a name."""
    words = " ".join(wanted)

    async def do(wiring: Wiring) -> list[dict[str, Any]]:
        await desk_of(wiring, property_code)
        return [{**vars(each), "guest": dict(each.guest)} for each in await guests_of(wiring, property_code).find(words)]

    found = on_servers(do)
    lines = [
        f"{each['reservation_id']}  {each['confirmation_code']}  {each['state']:<9}  {each['arrival']} to {each['departure']}"
        f"  {each['guest']['name']}  {each['guest']['email']}"
        for each in found
    ]
    show(found, as_json, "\n".join(lines) or "nobody is found: names by words or their first letters, e-mail and phone whole")
    if not found:
        sys.exit(FAILED)


@guest.command("merge")
@click.argument("reservation_id", type=click.UUID)
@click.argument("into", metavar="OTHER_RESERVATION_ID", type=click.UUID)
@PROPERTY
@JSON
def merge(reservation_id: UUID, into: UUID, property_code: str, as_json: bool) -> None:
    """Say that two bookings are the same person's, with all others that were merged with the first."""

    async def do(wiring: Wiring) -> list[str]:
        desk = await desk_of(wiring, property_code)
        bookings = await guests_of(wiring, property_code).bookings_of_person(reservation_id)
        for booking in bookings or [reservation_id]:
            command_id = uuid4()
            asked = Asked(command_id=command_id, actor="cli", correlation_id=command_id, urgency=Urgency.PROMISED)
            await desk.dispatch(MergeGuests(reservation_id=booking, into=into), asked)
        return [str(booking) for booking in bookings or [reservation_id]]

    done = on_servers(do)
    show({"merged": done, "into": str(into)}, as_json, f"{len(done)} bookings are now the same person's as {into}")


@click.group()
def keys() -> None:
    """Guests' keys: what there is, and changing the master key."""


@keys.command()
@JSON
def status(as_json: bool) -> None:
    """Count the keys, those destroyed and those due; exit 1 when the master key does not open them."""
    settings = read_settings()
    counted = open_keys(settings).census(Clock(settings.clock_offset, settings.clock_file).now().date())
    answer = {name: getattr(counted, name) for name in counted.__struct_fields__}
    show(answer, as_json, "\n".join(f"{name:<12} {value}" for name, value in answer.items()))
    if not counted.opens or counted.foreign:
        sys.exit(FAILED)


@keys.command()
@click.option("--lost", is_flag=True, help="The old master key is lost: what it wrapped stays unreadable, new guests are not.")
@JSON
def rotate(lost: bool, as_json: bool) -> None:
    """Wrap all guests' keys under a new master key; safe to repeat, goes on where it was killed.

    Without MASTER_KEY in the environment the new key is made in the data directory, and running processes take it up.
    With it, set MASTER_KEY_NEW beside it for every process first.
    """
    settings = read_settings()
    new = secrets.next_master_key(settings)
    store = open_keys(settings)
    try:
        if lost:
            begin_anew(store.file, store.masters, new)
    except ValueError as there:
        raise BadConfiguration(str(there)) from None
    with Progress(console=Console(stderr=True), disable=as_json) as bar:
        task = bar.add_task("wrapping keys anew", total=None)
        done = rotate_keys(store.file, store.masters, new, lambda number: bar.update(task, completed=number))
    taken = secrets.take_over(settings) if not settings.master_key else False
    after = "" if taken else "; now set MASTER_KEY to the value of MASTER_KEY_NEW, unset that, and restart"
    show(
        {"master": new.key_id, "rewrapped": done.rewrapped, "unreadable": done.foreign}, as_json,
        f"the keys of {done.rewrapped} guests were wrapped anew under master key {new.key_id}{after}"
        + (f"\n{done.foreign} guests stay unreadable: their master key is not at hand" if done.foreign else ""),
    )  # fmt: skip


@keys.command()
@JSON
def purge(as_json: bool) -> None:
    """Destroy fiscal keys that the law does not need (any more); the workers do the same every hour."""
    done = on_servers(purge_keys)
    show(
        vars(done), as_json,
        f"fiscal keys destroyed: {done.never_booked} of holds that were never booked, {done.ended} whose date has come",
    )  # fmt: skip
