"""The booking as a PDF file: the guest downloads it from the booking page, a program through the API, a stranger not at all."""

from __future__ import annotations

import io
from collections.abc import Callable

import httpx
from pypdf import PdfReader

from tests.e2e.guest import Guest, stay_of
from tests.installation import Running

Invite = Callable[[Running], Guest]


def text_of(answer: httpx.Response) -> str:
    """Read a file that was let out as it should be."""
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["cache-control"] == "no-store"
    return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(answer.content)).pages)


def address(guest: Guest) -> str:
    """Give where the API has the file."""
    return f"{guest.running.api}/reservations/{guest.held['reservation_id']}/confirmation.pdf"


def test_a_guest_downloads_the_booking_and_then_its_end(guest: Guest) -> None:
    paid = guest.books(stay_of())
    guest.opens(guest.held["manage_url"])
    link = guest.page.link("Download as PDF")
    guest.follows("Print or keep")
    assert guest.page.link("Download as PDF") == link, "the sheet leads to it too"
    answer = guest.browser.get(link)
    code = paid["confirmation_code"]
    assert answer.headers["content-disposition"] == f'attachment; filename="{code}.pdf"'
    shown = text_of(answer)
    for words in ("Your booking", code, guest.details["name"], "Still to pay"):
        assert words in shown
    assert guest.cancels().status_code == 200
    assert "Cancelled booking" in text_of(guest.browser.get(link))


def test_the_api_has_the_same_file_behind_the_same_doors(guest: Guest, invite: Invite) -> None:
    guest.holds(stay_of())
    shown = text_of(guest.browser.get(address(guest), headers=guest.manage))
    assert "Held for you, not yet confirmed" in shown
    assert guest.held["confirmation_code"] in shown
    thief = invite(guest.running).holds(stay_of())
    for headers in ({}, thief.manage):
        refused = thief.browser.get(address(guest), headers=headers)
        assert (refused.status_code, refused.json()["code"]) == (401, "key.unknown")
    own_page = f"{guest.running.url}/booking/{guest.held['reservation_id']}/confirmation.pdf"
    assert thief.browser.get(own_page).status_code == 401


def test_a_name_in_other_letters_is_written_in_them(running: Running) -> None:
    with Guest(running, name="山田 さくら") as guest:
        guest.holds(stay_of())
        assert "山田 さくら" in text_of(guest.browser.get(address(guest), headers=guest.manage))


def test_the_log_tells_no_letter_of_it(running: Running) -> None:
    with Guest(running, name="Ξένια Ξ") as guest:
        guest.holds(stay_of())
        assert "Ξένια Ξ" in text_of(guest.browser.get(address(guest), headers=guest.manage))
    told = running.said().casefold()
    assert told
    assert not any(trace in told for trace in ("glyph", "fonttools", "ξ"))
