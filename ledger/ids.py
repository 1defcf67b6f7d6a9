"""Typed ids. Every id is derived from what it names, so a repeated command makes the same ids again."""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from hashlib import sha1
from uuid import UUID, SafeUUID

NAMESPACE = UUID("6c1f2f6e-8f0b-5d0a-9a58-1f4f8f0a7e21")
"""Root of all names of the product. Never changes: stream ids of stored events depend on it."""

EVERYTHING_ELSE = ~(0xF000 << 64 | 0xC000 << 48)
"""All bits but those of version and variant."""
VERSION_5 = 5 << 76 | 0x8000 << 48
UNKNOWN = SafeUUID.unknown
NIGHTS_KEPT = 32_768
"""Names of room-nights remembered: some 10 MB. More would only save what a hash costs, for nights that hardly anybody names."""
assign = object.__setattr__


def named_in(namespace: UUID, name: str) -> UUID:
    """Name something within a namespace (RFC 9562, version 5): the standard library's function, three times as fast.

    A booking names five things; the library's constructor checks six ways to say what a UUID is, each time.
    """
    digest = sha1(namespace.int.to_bytes(16, "big") + name.encode(), usedforsecurity=False).digest()
    named = UUID.__new__(UUID)
    assign(named, "int", int.from_bytes(digest[:16], "big") & EVERYTHING_ELSE | VERSION_5)
    assign(named, "is_safe", UNKNOWN)
    return named


@lru_cache(maxsize=4096)
def _property_namespace(property_code: str) -> UUID:
    return named_in(NAMESPACE, f"property/{property_code}")


@lru_cache(maxsize=4096)
def property_stream(property_code: str) -> UUID:
    """Name the stream of a property's definition."""
    return named_in(_property_namespace(property_code), "definition")


@lru_cache(maxsize=4096)
def rates_stream(property_code: str) -> UUID:
    """Name the stream of a property's published tariffs."""
    return named_in(_property_namespace(property_code), "rates")


@lru_cache(maxsize=4096)
def waitlist_stream(property_code: str) -> UUID:
    """Name the stream of those who wait for a room."""
    return named_in(_property_namespace(property_code), "waitlist")


@lru_cache(maxsize=4096)
def upkeep_stream(property_code: str) -> UUID:
    """Name the stream of a property's rooms that are off the market or being mended."""
    return named_in(_property_namespace(property_code), "upkeep")


@lru_cache(maxsize=NIGHTS_KEPT)
def room_night_stream(property_code: str, room: str, stay_date: date, slot: str = "night") -> UUID:
    """Name the stream of one physical room on one stay date (`slot`: night or day use)."""
    return named_in(_property_namespace(property_code), f"room-night/{room}/{stay_date.isoformat()}/{slot}")


@lru_cache(maxsize=4096)
def stay_streams(property_code: str, room: str, arrival: date, departure: date, slot: str = "night") -> tuple[UUID, ...]:
    """Name the streams of one room's nights from `arrival` up to, not including, `departure`, in order, door by door."""
    days = range(arrival.toordinal(), departure.toordinal())
    return tuple(
        room_night_stream(property_code, door, date.fromordinal(day), slot) for door in doors_of(room) for day in days
    )  # fmt: skip


def doors_of(room: str) -> tuple[str, ...]:
    """Give the physical rooms that a room is: itself, or those joined by a plus, such as V1 and V2 of V1+V2."""
    return tuple(room.split("+"))


def holder_stream(property_code: str, blind_index: str) -> UUID:
    """Name the stream that counts the live holds of one e-mail or network address, known by a keyed hash only."""
    return named_in(_property_namespace(property_code), f"holder/{blind_index}")


@lru_cache(maxsize=4096)
def made_by(command_id: UUID, what: str) -> UUID:
    """Name something that a command makes (a reservation, its nth stay, its guest's key)."""
    return named_in(command_id, what)


def payment_id(reservation_id: UUID, purpose: str, number: int) -> UUID:
    """Name the nth payment of a reservation for a purpose (deposit, balance, extra)."""
    return named_in(reservation_id, f"payment/{purpose}/{number}")


def notification_id(reservation_id: UUID, kind: str, cause: int) -> UUID:
    """Name the message of a kind that one fact about a reservation asks for."""
    return named_in(reservation_id, f"notification/{kind}/{cause}")


def saga_command_id(rule: str, cause: UUID, attempt: str) -> UUID:
    """Name a command that a saga rule sends for one cause; the next attempt has another id."""
    return named_in(cause, f"saga/{rule}/{attempt}")


def http_command_id(caller: str, route: str, idempotency_key: str) -> UUID:
    """Name the command of an HTTP request: one id per caller, route and `Idempotency-Key`."""
    return named_in(NAMESPACE, f"http/{caller}/{route}/{idempotency_key}")
