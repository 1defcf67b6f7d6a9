"""Letters to guests: every kind says in both bodies what happened, what it costs and what to do next."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from html.parser import HTMLParser
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from icalendar import Calendar, Event

from ledger.money import Money
from sagas.letters import KINDS, Letter, LetterStay, UnknownKind, write
from sagas.letters.wording import money, party, salutation


def usd(amount_minor: int) -> Money:
    return Money(amount_minor, "USD")


STAY = LetterStay(
    room_type="Valley Room", rate_plan="Flexible", arrival=date(2126, 12, 20), departure=date(2126, 12, 23), nights=3,
    adults=2, children=1, total=usd(150_042),
)  # fmt: skip
LETTER = Letter(
    reservation_id=UUID("0f8fad5b-d9cb-469f-a165-70867728950e"), written_at=datetime(2126, 12, 1, 8, 30, 5, 77, UTC),
    property_name="Ella Resort", property_address="Little Adam's Peak Road, Ella, Sri Lanka",
    property_phone="+94 57 000 0000", property_email="stay@ella-resort.example", time_zone="Asia/Colombo",
    check_in_time="14:00", check_out_time="11:00", guest_name="Nimali Perera", confirmation_code="K7QW2M", stays=(STAY,),
    total=usd(150_042), pay_now=usd(45_013), paid=usd(0), balance=usd(150_042),
    held_until=datetime(2126, 12, 1, 8, 45, tzinfo=UTC), free_until=datetime(2126, 12, 17, 8, 30, tzinfo=UTC),
    policy_text="Free until three days before arrival, then the first night.",
    manage_url="https://ella.example/manage/m-token", pay_url="https://ella.example/pay/p-token?a=1&b=2",
    search_url="https://ella.example/rooms?arrival=2126-12-20&departure=2126-12-23",
)  # fmt: skip
EXAMPLES = {
    "held": LETTER,
    "offered": LETTER,
    "confirmed": replace(LETTER, paid=usd(45_013), balance=usd(105_029)),
    "expired": LETTER,
    "cancelled": replace(LETTER, paid=usd(20_000), fee=usd(20_000), refund=usd(25_013)),
    "refunded": replace(LETTER, paid=usd(20_000), fee=usd(20_000), refund=usd(25_013)),
    "received": replace(LETTER, paid=usd(145_013), balance=usd(5_029)),
    "changed": replace(LETTER, paid=usd(45_013), balance=usd(105_029), revision=2),
}
PUBLISHED = """\
BEGIN:VEVENT
SUMMARY:Ella Resort (K7QW2M)
DTSTART;TZID=Asia/Colombo:21261220T140000
DTEND;TZID=Asia/Colombo:21261223T110000
DTSTAMP:21261201T083005Z
UID:0f8fad5b-d9cb-469f-a165-70867728950e
SEQUENCE:0
DESCRIPTION:Valley Room\\, 3 nights\\, 2 adults\\, 1 child\\nConfirmation K7QW
 2M\\n+94 57 000 0000\\nstay@ella-resort.example
LOCATION:Little Adam's Peak Road\\, Ella\\, Sri Lanka
ORGANIZER;CN="Ella Resort":mailto:stay@ella-resort.example
STATUS:CONFIRMED
TRANSP:TRANSPARENT
END:VEVENT
"""


class Page(HTMLParser):
    """What a reader of the HTML sees (`text`), where it leads (`links`), and which tags it is made of."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.pieces: list[str] = []
        self.links: list[str] = []
        self.tags: list[str] = []
        self.open: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag not in {"meta", "br"}:
            self.open.append(tag)
        if tag == "a":
            self.links.append(dict(attrs)["href"] or "")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, text: str) -> None:
        self.pieces.append(text)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.pieces).split())


def flat(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.parametrize("kind", KINDS)
def test_both_bodies_say_the_same(kind: str) -> None:
    written = write(kind, EXAMPLES[kind])
    page = Page(written.html).text
    lost = [word for word in flat(written.text).split() if word.strip(",.:()?") not in page and not word.startswith("https:")]
    assert lost == []


@pytest.mark.parametrize("kind", KINDS)
def test_every_letter_names_the_house_the_guest_the_stay_and_the_code(kind: str) -> None:
    written = write(kind, EXAMPLES[kind])
    assert "K7QW2M" in written.subject
    for body in (flat(written.text), Page(written.html).text):
        for shown in (
            "Dear Nimali Perera,", "Valley Room", "Flexible", "3 nights", "2 adults, 1 child", "$1,500.42", "K7QW2M",
            "Friday 20 December 2126, from 14:00", "Monday 23 December 2126, until 11:00", "Ella Resort", "+94 57 000 0000",
            "stay@ella-resort.example",
        ):  # fmt: skip
            assert shown in body
        assert (LETTER.policy_text in body) == (kind != "expired")


@pytest.mark.parametrize(
    ("kind", "next_step"),
    [("held", LETTER.pay_url), ("confirmed", LETTER.manage_url), ("expired", LETTER.search_url),
     ("cancelled", LETTER.search_url), ("refunded", LETTER.manage_url), ("received", LETTER.manage_url),
     ("changed", LETTER.manage_url)],
)  # fmt: skip
def test_the_one_button_leads_to_the_next_step(kind: str, next_step: str) -> None:
    written = write(kind, EXAMPLES[kind])
    assert Page(written.html).links[0] == next_step
    assert f":\n{next_step}\n" in written.text


@pytest.mark.parametrize("kind", KINDS)
def test_html_is_sound_and_loads_nothing_from_outside(kind: str) -> None:
    page = Page(write(kind, EXAMPLES[kind]).html)
    assert page.open == []
    assert not {"img", "script", "link", "style", "iframe", "form"} & set(page.tags)


@pytest.mark.parametrize("kind", KINDS)
def test_no_line_is_left_unfilled_and_subjects_are_one_line(kind: str) -> None:
    written = write(kind, EXAMPLES[kind])
    assert "\n" not in written.subject
    assert len(written.subject) <= 90
    assert "\n\n\n" not in written.text
    assert "None" not in written.text + written.html
    assert "{{" not in written.text + written.html


def test_a_held_room_says_until_when_in_hotel_time_and_what_to_pay() -> None:
    text = flat(write("held", LETTER).text)
    assert "until Sunday 1 December 2126, 14:15 (hotel time)" in text
    assert "Pay $450.13: https://ella.example/pay/p-token?a=1&b=2" in text
    assert "Nothing has been charged yet." in text


def test_an_expired_hold_says_that_nothing_was_charged_and_where_to_search() -> None:
    text = flat(write("expired", LETTER).text)
    assert "Nothing was charged." in text
    assert "reserved on your card, we have asked it to release that" in text
    assert f"Search again: {LETTER.search_url}" in text


def test_money_that_came_too_late_is_announced_back() -> None:
    text = flat(write("expired", replace(LETTER, paid=usd(45_013))).text)
    assert "Your payment of $450.13 came too late to count. We send it back in full" in text
    assert "Nothing was charged" not in text


def test_a_confirmation_says_what_is_paid_what_is_left_and_until_when_it_is_free() -> None:
    text = write("confirmed", EXAMPLES["confirmed"]).text
    for row in (
        "Paid: $450.13",
        "Left to pay: $1,050.29",
        "Free cancellation until: Tuesday 17 December 2126, 14:00 (hotel time)",
    ):
        assert row in text.splitlines()
    assert "settled at the hotel" not in write("confirmed", replace(LETTER, balance=usd(0))).text


def test_a_receipt_says_what_is_paid_in_all_and_what_is_left() -> None:
    text = write("received", EXAMPLES["received"]).text
    assert "You have now paid $1,450.13 in all; $50.29 is left." in flat(text)
    assert {"Paid: $1,450.13", "Left to pay: $50.29"} <= set(text.splitlines())
    whole = write("received", replace(LETTER, paid=LETTER.total, balance=usd(0))).text
    assert "and nothing is left to pay." in flat(whole)
    assert "settled at the hotel" not in whole


def test_a_rate_that_cannot_be_cancelled_says_so() -> None:
    assert "Free cancellation: Not possible at this rate" in write("confirmed", replace(LETTER, free_until=None)).text


@pytest.mark.parametrize(
    ("fee", "refund", "said"),
    [
        (usd(20_000), usd(25_013), "We are sending $250.13 back to the card"),
        (usd(45_013), usd(0), "There is nothing to send back: what you paid covers the cancellation fee of $450.13"),
        (usd(0), usd(0), "There is nothing to send back."),
        (None, None, "There is nothing to send back."),
    ],
)
def test_a_cancellation_says_what_happens_to_the_money(fee: Money | None, refund: Money | None, said: str) -> None:
    assert said in flat(write("cancelled", replace(LETTER, fee=fee, refund=refund)).text)


def test_a_refund_without_an_amount_claims_none() -> None:
    written = write("refunded", replace(LETTER, refund=None))
    assert "We have sent your payment back to the card" in flat(written.text)
    assert "$0.00" not in written.text + written.html


def test_several_rooms_are_all_listed() -> None:
    second = replace(STAY, room_type="Pool Villa", arrival=date(2126, 12, 21), departure=date(2126, 12, 25), nights=4)
    written = write("held", replace(LETTER, stays=(STAY, second)))
    assert "These rooms are yours" in flat(written.text)
    assert "Departure: Wednesday 25 December 2126, until 11:00" in written.text
    assert "Pool Villa" in Page(written.html).text


# —— The calendar file ————————————————————————————————————————————————————————————————————————————————————————————————


def entry(kind: str) -> tuple[Calendar, Event]:
    content = write(kind, EXAMPLES[kind]).calendar
    assert content is not None
    calendar = Calendar.from_ical(content.decode())
    assert isinstance(calendar, Calendar)
    (event,) = calendar.events
    return calendar, event


def test_a_confirmation_goes_into_the_calendar_at_hotel_time() -> None:
    calendar, event = entry("confirmed")
    assert (calendar["METHOD"], calendar["VERSION"]) == ("PUBLISH", "2.0")
    assert event.start == datetime(2126, 12, 20, 14, tzinfo=ZoneInfo("Asia/Colombo"))
    assert event.end == datetime(2126, 12, 23, 11, tzinfo=ZoneInfo("Asia/Colombo"))
    assert event.to_ical().decode() == PUBLISHED.replace("\n", "\r\n")


def test_the_time_zone_is_explained_in_the_file() -> None:
    calendar, _ = entry("confirmed")
    assert [zone.tz_name for zone in calendar.timezones] == ["Asia/Colombo"]
    assert calendar.get_missing_tzids() == set()


def test_lines_are_folded_as_the_standard_asks() -> None:
    content = write("confirmed", replace(LETTER, property_address="Very long road, " * 20)).calendar or b""
    assert all(len(line) <= 75 for line in content.split(b"\r\n"))
    assert b"\n" not in content.replace(b"\r\n", b"")


def test_a_cancellation_takes_the_same_entry_out() -> None:
    (_, before), (calendar, event) = entry("confirmed"), entry("cancelled")
    assert calendar["METHOD"] == "CANCEL"
    assert event.status == "CANCELLED"
    assert event.uid == before.uid == str(LETTER.reservation_id)
    assert event.sequence > before.sequence


def test_each_change_and_the_cancellation_after_it_win_over_what_was_sent_before() -> None:
    """Calendars keep the entry with the highest sequence; RFC 5545, 3.8.7.4."""
    (_, before), (_, changed) = entry("confirmed"), entry("changed")
    assert (before.sequence, changed.sequence) == (0, 2)
    content = write("cancelled", replace(EXAMPLES["cancelled"], revision=2)).calendar or b""
    (cancelled,) = Calendar.from_ical(content.decode()).events
    assert cancelled.sequence == 3
    assert changed.uid == before.uid


def test_the_other_letters_have_no_calendar_file() -> None:
    assert [kind for kind in KINDS if write(kind, EXAMPLES[kind]).calendar] == ["confirmed", "cancelled", "changed"]


@pytest.mark.parametrize(
    ("letter", "said"),
    [
        (EXAMPLES["changed"], "$1,050.29 is left to pay: with the link below, or at the hotel."),
        (replace(LETTER, balance=usd(0), refund=usd(5_000)), "You paid more than it costs now: $50.00 goes back"),
    ],
)
def test_a_change_says_what_it_means_for_the_money(letter: Letter, said: str) -> None:
    text = flat(write("changed", letter).text)
    assert said in text
    assert "goes back" not in flat(write("changed", replace(LETTER, balance=usd(0), refund=None)).text)


# —— Bad input ————————————————————————————————————————————————————————————————————————————————————————————————————————


@pytest.mark.parametrize(
    ("name", "greeting"),
    [
        ("Nimali Perera", "Dear Nimali Perera"),
        ("  Anne-Marie\n O'Neill ", "Dear Anne-Marie O'Neill"),
        ("නිමාලි පෙරේරා", "Dear නිමාලි පෙරේරා"),
        ("A.B. de Silva", "Dear A.B. de Silva"),
        ("Win at shop.example", "Dear guest"),
        ("https://shop.example", "Dear guest"),
        ("<b>Eve</b>", "Dear guest"),
        ("x" * 61, "Dear guest"),
        (" ", "Dear guest"),
    ],
)
def test_guests_are_addressed_by_a_name_and_by_nothing_else(name: str, greeting: str) -> None:
    assert salutation(name) == greeting


def test_nothing_that_a_house_calls_itself_becomes_html() -> None:
    named = replace(LETTER, property_name="Tea & <i>Tales</i>", policy_text="5 < 6 & <script>x</script>")
    written = write("confirmed", named)
    assert "Tea &amp; &lt;i&gt;Tales&lt;/i&gt;" in written.html
    assert "<script>" not in written.html
    assert "Tea & <i>Tales</i>" in written.text


def test_an_unknown_kind_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UnknownKind, match="there is no letter 'receipt': it must be one of held, confirmed, expired"):
        write("receipt", LETTER)


def test_the_same_letter_is_always_the_same() -> None:
    assert write("confirmed", EXAMPLES["confirmed"]) == write("confirmed", EXAMPLES["confirmed"])


@pytest.mark.parametrize(
    ("amount", "written"),
    [(usd(5), "$0.05"), (Money(1_234_567, "LKR"), "LKR12,345.67"), (Money(12_000, "JPY"), "¥12,000")],
)
def test_amounts_are_written_in_their_currency(amount: Money, written: str) -> None:
    assert money(amount) == written


def test_parties_are_counted_in_words() -> None:
    assert [party(1, 0), party(2, 1), party(2, 2)] == ["1 adult", "2 adults, 1 child", "2 adults, 2 children"]
