"""What happens to a stay, for scripts and terminals: change, move, swap, pin, check in and out, no-show, cancel, note."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

import click

from commands.add_note import AddNote
from commands.cancel_stay import CancelStay
from commands.change_stay import ChangeStay
from commands.check_in import CheckIn
from commands.check_out import CheckOut
from commands.mark_no_show import MarkNoShow
from commands.move_stay import MoveStay
from commands.pin_room import PinRoom
from commands.reinstate_stay import ReinstateStay
from commands.swap_stays import SwapStays
from commands.unpin_room import UnpinRoom
from commands.walk_in import WalkInToday
from ledger.clock import local_date
from ledger.command import Command
from ops.cli.bookings import KEY, command_of, dispatch
from ops.cli.running import JSON, PROPERTY, on_servers, show
from ops.telling import desk_of, found_at, in_words
from ops.wiring import Wiring
from web.api.previews import change_preview, giving_up_preview, only_stay

F = TypeVar("F", bound=Callable[..., Any])
NO_STAY = UUID(int=0)
DATE = click.DateTime(["%Y-%m-%d"])
PREVIEW = click.option("--preview", is_flag=True, help="Only tell what it would cost; nothing is written.")
VERSION = click.option(
    "--expected-version", "--version", "expected_version", type=int, help="The version that you saw; refused when it moved on."
)
STAY = click.argument("stay_id", metavar="[STAY]", type=click.UUID, required=False)
RESERVATION = click.argument("reservation_id", metavar="RESERVATION", type=click.UUID)


@click.group()
def stay() -> None:
    """Change what was booked, and tell what happens at the reception. STAY may be left out while there is only one."""


def _step(name: str) -> Callable[[F], F]:
    """Make a command about one stay: its ids, and the options that all of them have."""

    def made(function: F) -> F:
        for option in (JSON, KEY, PROPERTY, VERSION, STAY, RESERVATION):
            function = option(function)
        stay.command(name)(function)
        return function

    return made


def _ask(
    kind: type[Command], *, reservation_id: UUID, stay_id: UUID | None, property_code: str, key: UUID | None,
    as_json: bool, preview: bool = False, **content: Any,
) -> None:  # fmt: skip
    given = {name: value for name, value in content.items() if value is not None}
    wish = command_of(kind, {**given, "reservation_id": reservation_id, "stay_id": stay_id or NO_STAY})

    async def work(wiring: Wiring) -> dict[str, Any]:
        desk = await desk_of(wiring, property_code)
        found = await found_at(desk, property_code, reservation_id)
        command = wish.model_copy(update={"stay_id": only_stay(found, stay_id)})
        if isinstance(command, ChangeStay) and preview:
            return change_preview(found, await desk.hotel.current(), command, wiring.clock.now())
        if isinstance(command, CancelStay) and preview:
            return giving_up_preview(found, command.stay_id, wiring.clock.now())
        return await dispatch(wiring, property_code, command, key)

    answer = on_servers(work)
    show(answer, as_json, in_words(answer))


@_step("change")
@click.option("--arrival", type=DATE, help="New first night, YYYY-MM-DD.")
@click.option("--departure", type=DATE, help="New day of leaving, YYYY-MM-DD.")
@click.option("--adults", type=int)
@click.option("--children", type=int)
@click.option("--room-type")
@click.option("--rate-plan")
@click.option("--expected-difference-minor", type=int, help="Refuse when the price differs by another amount.")
@PREVIEW
def change(arrival: datetime | None, departure: datetime | None, **asked: Any) -> None:
    """Change dates, party, room type or rate plan; priced again, all or nothing."""
    _ask(ChangeStay, arrival=arrival and arrival.date(), departure=departure and departure.date(), **asked)


@_step("move")
@click.option("--room", required=True, help="The room to move to.")
@click.option("--first-night", type=DATE, help="From this night on; the whole stay, or what is left of it, when not told.")
@click.option("--reason", default="request", show_default=True)
def move(first_night: datetime | None, **asked: Any) -> None:
    """Move a stay to another room, wholly or from a night on."""
    _ask(MoveStay, first_night=first_night and first_night.date(), **asked)


@_step("swap")
@click.option("--with-reservation", "other_reservation_id", type=click.UUID, required=True, help="Whose room to swap with.")
@click.option("--with-stay", "other_stay_id", type=click.UUID, required=True, help="Which stay of it.")
@click.option("--other-types", is_flag=True, help="Also when guests get a room of another type than they have or booked.")
def swap(**asked: Any) -> None:
    """Swap the rooms of two stays, also of guests in house."""
    _ask(SwapStays, **asked)


@_step("pin")
@click.option("--reason", default="promised", show_default=True, help="promised, accessible or other.")
def pin(**asked: Any) -> None:
    """Promise the room: the stay is not moved to make room for others."""
    _ask(PinRoom, **asked)


@_step("unpin")
def unpin(**asked: Any) -> None:
    """Take the promise of the room back."""
    _ask(UnpinRoom, **asked)


@_step("check-in")
@click.option("--room", help="Another room than the assigned one.")
@click.option("--fee-minor", type=int, help="What an early arrival costs, in minor units.")
def check_in(**asked: Any) -> None:
    """Hand over the key."""
    _ask(CheckIn, **asked)


@_step("check-out")
@click.option("--fee-minor", type=int, help="What a late departure costs, in minor units.")
def check_out(**asked: Any) -> None:
    """Take the key back; nights that are left are free again."""
    _ask(CheckOut, **asked)


@_step("no-show")
def no_show(**asked: Any) -> None:
    """Mark, from the day after arrival on, that the guests did not come, and charge by the policy."""
    _ask(MarkNoShow, **asked)


@_step("reinstate")
@click.option("--first-night", type=DATE, help="The night that the guests begin with; tonight when not told.")
@click.option("--waive-fee", is_flag=True, default=None, help="Keep nothing for the nights before it.")
def reinstate(first_night: datetime | None, **asked: Any) -> None:
    """Take back guests who came after their no-show; they pay no night twice."""
    _ask(ReinstateStay, first_night=first_night and first_night.date(), **asked)


@_step("cancel")
@click.option("--reason", default="other", show_default=True)
@click.option("--expected-fee-minor", type=int, help="Refuse when the fee is another one.")
@PREVIEW
def cancel_stay(**asked: Any) -> None:
    """Cancel one stay of a reservation by its policy."""
    _ask(CancelStay, **asked)


@stay.command("note")
@RESERVATION
@click.option("--stay", "stay_id", type=click.UUID, help="About this stay only.")
@click.option("--text", "note", required=True, help="What to note; - reads it from the standard input.")
@PROPERTY
@KEY
def note(property_code: str, key: UUID | None, **content: Any) -> None:
    """Note something about a reservation; kept under the guest's own key."""
    text = sys.stdin.read() if content["note"] == "-" else content["note"]
    command = command_of(AddNote, {**content, "note": text})
    answer = on_servers(lambda wiring: dispatch(wiring, property_code, command, key))
    click.echo(f"noted, position {answer['position']}")


@click.command("walk-in")
@click.option("--room-type", required=True)
@click.option("--rate-plan", required=True)
@click.option("--departure", required=True, help="YYYY-MM-DD; the stay begins today at the hotel.")
@click.option("--adults", default=2, show_default=True, help="Adults in each room.")
@click.option("--children", default=0, show_default=True, help="Children in each room.")
@click.option("--rooms", default=1, show_default=True)
@click.option("--wish", "wishes", multiple=True, help="A coded request, such as floor-high; accessible! is a promise.")
@click.option("--name", required=True, help="The guest's name.")
@click.option("--email", required=True, help="The guest's e-mail.")
@PROPERTY
@KEY
@JSON
def walk_in(property_code: str, key: UUID | None, as_json: bool, name: str, email: str, **wish: Any) -> None:
    """Book and check in somebody who stands at the reception, in one commit."""
    content = {**wish, "guest": {"name": name, "email": email}}

    async def do(wiring: Wiring) -> dict[str, Any]:
        desk = await desk_of(wiring, property_code)
        today = local_date(desk.dispatch.now, desk.listed.time_zone)
        return await dispatch(wiring, property_code, command_of(WalkInToday, {**content, "arrival": today}), key)

    answer = on_servers(do)
    show(answer, as_json, in_words(answer))
