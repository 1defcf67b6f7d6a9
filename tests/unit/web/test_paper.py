"""What the confirmation file says, read back from the file as a reader would; which letters it has; how it is tagged."""

from __future__ import annotations

import io
import re
from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace
from pypdf import PdfReader

from ledger.money import Money
from tests.examples import ARRIVAL, HELD_UNTIL, HOTEL, NOW, usd
from web.paper.drawing import MISSING_NOTE, confirmation_file
from web.paper.fonts import BOLD, FOLDER, MAIN, MISSING, fonts_for, writable
from web.paper.words import Line, lines_of

A4 = (595, 842)
MOST_BYTES = 2_000_000
NIGHT = usd(10000)


def stay(**changes: Any) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "room_type": {"name": "Garden Room"}, "rate_plan_name": "Flexible", "adults": 2, "children": 1, "nights": 2,
        "day_use": False, "arrival": ARRIVAL, "departure": ARRIVAL + timedelta(days=2), "state": "confirmed", "words": "",
        "by_night": [{"date": ARRIVAL + timedelta(days=number), "amount": NIGHT} for number in range(2)],
        "taxes": [{"name": "VAT", "amount": usd(3600)}], "total": usd(23600), "extras": None, "fee": None,
        "policy_text": "Later the first night is kept.", "free_cancel_until": NOW,
    }  # fmt: skip
    return {**shown, **changes}


def reservation(**changes: Any) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "confirmation_code": "NL-ABCDEF", "state": "confirmed", "erased_at": None, "guest": {"name": "Nimali Perera"},
        "held_until": HELD_UNTIL, "stays": [stay()], "given_up": [], "total": usd(23600), "fee": usd(23600),
        "payments": [{"label": "Deposit", "state": "paid", "amount": usd(10000), "at": NOW}], "refund": None,
        "paid": usd(10000), "balance": usd(13600),
    }  # fmt: skip
    return {**shown, **changes}


def read(**changes: Any) -> PdfReader:
    return PdfReader(io.BytesIO(confirmation_file(reservation(**changes), HOTEL, NOW)))


def text_of(**changes: Any) -> str:
    return "\n".join(page.extract_text() for page in read(**changes).pages)


def lines(**changes: Any) -> list[Line]:
    return list(lines_of(reservation(**changes), HOTEL))


def money_lines(**changes: Any) -> list[tuple[str, str]]:
    said = lines(**changes)
    start = said.index(Line("heading", "Payments"))
    return [(line.text, line.amount) for line in said[start + 1 :]]


def test_it_says_all_of_a_booking() -> None:
    assert lines() == [
        Line("title", "Your booking"),
        Line("text", "for Nimali Perera"),
        Line("heading", "Garden Room"),
        Line("text", "Flexible · 2 adults, 1 child · 2 nights"),
        Line("strong", "Sun 10 March 2126 from 14:00, to Tue 12 March 2126, 11:00"),
        Line("row", "Sun 10 March 2126", "$100.00"),
        Line("row", "Mon 11 March 2126", "$100.00"),
        Line("row", "VAT", "$36.00"),
        Line("sum", "Total", "$236.00"),
        Line("small", "Later the first night is kept. Free to cancel until 1 Mar 2126, 13:30 (hotel time)."),
        Line("heading", "Payments"),
        Line("row", "Total of your stay", "$236.00"),
        Line("row", "Deposit: paid, 1 Mar 2126, 13:30 (hotel time)", "$100.00"),
        Line("row", "Paid", "$100.00"),
        Line("sum", "Still to pay", "$136.00"),
    ]


@pytest.mark.parametrize(
    ("state", "title"),
    [
        ("held", "Held for you, not yet confirmed"), ("confirmed", "Your booking"), ("in_house", "Your booking"),
        ("checked_out", "Your booking"), ("cancelled", "Cancelled booking"), ("no_show", "Booking that was not used"),
        ("expired", "Hold that has run out"), ("released", "Hold that was given back"),
    ],
)  # fmt: skip
def test_every_state_has_a_title(state: str, title: str) -> None:
    assert title in text_of(state=state)


def test_a_hold_says_until_when() -> None:
    assert Line("text", "Held until 1 Mar 2126, 13:45 (hotel time).") in lines(state="held")


def test_what_was_held_only_is_not_charged() -> None:
    assert money_lines(state="expired", paid=usd(0)) == [("It would have cost", "$236.00"), ("Charged", "$0.00")]


def test_a_cancelled_booking_tells_fee_and_refund() -> None:
    refund = {"amount": usd(4000), "state": "on_its_way"}
    assert money_lines(state="cancelled", fee=usd(6000), payments=[], refund=refund, balance=usd(0)) == [
        ("Total of your stay", "$236.00"), ("Kept by the conditions of your rate", "$60.00"),
        ("Back to you: on its way", "$40.00"),
    ]  # fmt: skip


def test_a_cancelled_booking_with_something_left_says_so() -> None:
    assert money_lines(state="cancelled", balance=usd(500))[-1] == ("Still to pay", "$5.00")


def test_fees_and_a_refund_in_trouble_are_told() -> None:
    refund = {"amount": usd(100), "state": "troubled"}
    told = money_lines(fee=usd(25000), payments=[], refund=refund)
    assert told[1:3] == [("To pay in all, with fees", "$250.00"), ("Back to you: needs our attention", "$1.00")]


def test_a_stay_that_was_given_up_stands_apart() -> None:
    gone = stay(room_type={"name": "Pool Villa"}, words="Cancelled", fee=usd(2500))
    dates = "Sun 10 March 2126 to Tue 12 March 2126"
    said = lines(given_up=[gone, {**gone, "fee": None}])
    assert said[said.index(Line("heading", "Not part of it any more")) :][1:3] == [
        Line("row", f"Pool Villa, {dates} · Cancelled, fee", "$25.00"), Line("row", f"Pool Villa, {dates} · Cancelled"),
    ]  # fmt: skip


def test_a_stay_by_day_with_extras_and_no_deadline() -> None:
    said = lines(stays=[stay(day_use=True, children=0, adults=1, words="Stayed", extras=usd(700), free_cancel_until=None)])
    assert Line("text", "Flexible · 1 adult · by day") in said
    assert Line("text", "Stayed") in said
    assert Line("row", "For coming or leaving at another time", "$7.00") in said
    assert Line("small", "Later the first night is kept.") in said


def test_nothing_is_said_of_an_erased_guest() -> None:
    shown = text_of(erased_at=NOW, guest={"name": "erased"})
    assert "personal details of this booking were erased" in shown
    assert "for erased" not in shown


def test_one_page_tells_what_it_is_and_not_whose() -> None:
    found = read()
    (page,) = found.pages
    assert (round(page.mediabox.width), round(page.mediabox.height)) == A4
    assert found.metadata is not None
    assert (found.metadata.title, found.metadata.author) == ("Booking NL-ABCDEF", HOTEL.name)
    assert "Nimali" not in str(found.metadata)
    root: Any = found.trailer["/Root"]
    assert root["/Lang"] == "en"
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    assert HOTEL.name in page.extract_text()
    assert "NL-ABCDEF" in page.extract_text()


def test_every_line_is_tagged_in_the_order_it_is_read() -> None:
    root: Any = read().trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    (document,) = root["/StructTreeRoot"]["/K"]
    letter_head = ["/P"] * 4
    kinds = {"title": "/H1", "heading": "/H2"}
    assert [each.get_object()["/S"] for each in document["/K"]] == letter_head + [
        kinds.get(line.kind, "/P") for line in lines()
    ]


def test_a_long_booking_goes_on_on_further_pages() -> None:
    nights = [{"date": ARRIVAL + timedelta(days=number), "amount": Money(number, "USD")} for number in range(60)]
    found = read(stays=[stay(by_night=nights, policy_text="It is kept. " * 700)])
    assert len(found.pages) > 2
    shown = " ".join(" ".join(page.extract_text() for page in found.pages).split())
    assert [f"${number / 100:.2f}" in shown for number in range(60)] == [True] * 60
    assert re.sub(r" Booking NL-ABCDEF · page \d+", "", shown).count("It is kept.") == 700
    assert [f"page {number}" in shown for number in range(1, len(found.pages) + 1)] == [True] * len(found.pages)


@pytest.mark.parametrize(
    ("name", "font"),
    [
        ("Zoë Łukasz-Öztürk", None), ("Nguyễn Thị Hồng Ánh", None), ("Ёлка Ґалаґан", None), ("Ελένη", None),
        ("කුමාරි ප්‍රියංකා", "Sinhala"), ("கார்த்திக்", "Tamil"), ("محمد عبد الله", "Arabic"), ("דוד", "Hebrew"),
        ("สมชาย", "Thai"), ("प्रिया", "Devanagari"), ("ნინო", "Georgian"), ("Արամ", "Armenian"), ("އަލީ", "Thaana"),
        ("山田 さくら", "DroidSansFallbackFull"), ("王小明 陳怡君", "DroidSansFallbackFull"),
    ],
)  # fmt: skip
def test_names_are_written_in_their_own_letters(name: str, font: str | None) -> None:
    assert writable(name) == name
    assert [font in each for each in fonts_for(name) if font] == ([True] if font else [])
    page: Any = read(guest={"name": name}).pages[0]
    used = {each.get_object()["/BaseFont"].partition("+")[2] for each in page["/Resources"]["/Font"].values()}
    assert len(used) == (3 if font else 2)
    assert MISSING_NOTE.split(".", maxsplit=1)[0] not in page.extract_text()


def test_letters_that_join_are_joined() -> None:
    """The joined form is one glyph, so the line is narrower than its letters side by side."""
    assert fonts_for("ශ්‍රී محمد") == ["NotoSansSinhala-Regular", "NotoSansArabic-Regular"]
    assert "ශ්‍ර" in text_of(guest={"name": "محمد ශ්‍රී"})


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("김철수 Lee", "Gim Ceol Su Lee"), ("\U0001d4d0\U0001d4f7\U0001d4ea", "Ana"), ("Zoe\u0308", "Zoë"),
        ("ﬁne", "fine"), ("a\nb\tc\u2028d", "a b c d"),
        ("a\u202eb\u200bc\ufeff", "abc"), ("Ana 😀😀!", f"Ana {MISSING}!"), ("ᠮᠣᠩ x", f"{MISSING} x"), ("☺\ufe0f", MISSING),
        ("\x00", " "), ("", ""),
    ],
)  # fmt: skip
def test_what_no_font_has(text: str, written: str) -> None:
    assert writable(text) == written


@pytest.mark.parametrize("name", ["\u200d", "\u200d\u200dAna", "a\u200db", "帽\u200d\u200d 帽", "ශ්\u200d\u200dරී \u200c\u200d"])
def test_joiners_with_nothing_to_join_are_left_out(name: str) -> None:
    kept = writable(name).count("\u200d")
    assert kept == name.count("ශ")
    assert "Your booking" in text_of(guest={"name": name})


def test_what_is_left_out_is_said_once() -> None:
    shown = " ".join(text_of(guest={"name": "ᠮᠣᠩ 😀"}).split())
    assert f"for {MISSING} {MISSING}" in shown
    assert shown.count(MISSING_NOTE) == 1
    assert MISSING_NOTE not in " ".join(text_of().split())


def test_the_house_may_be_named_in_any_letters_too() -> None:
    house = replace(HOTEL, name="එල්ල හෝටලය", address="எல்ல, 京都")
    shown = PdfReader(io.BytesIO(confirmation_file(reservation(), house, NOW)))
    assert shown.metadata is not None
    assert shown.metadata.author == "එල්ල හෝටලය"
    assert "京都" in shown.pages[0].extract_text()


def test_the_fonts_stay_small_and_have_their_licence() -> None:
    assert sum(file.stat().st_size for file in FOLDER.iterdir()) < MOST_BYTES
    assert "SIL OPEN FONT LICENSE" in (FOLDER / "Noto-LICENSE.txt").read_text()
    assert all((FOLDER / f"{font}.ttf").is_file() for font in (MAIN, BOLD))
