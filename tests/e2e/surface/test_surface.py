"""What everybody may look at: the API's description, headers of every page, and whether and how it runs."""

from __future__ import annotations

import json
import statistics
import time

import pytest

from tests.e2e.desk import Desk
from tests.e2e.guest import Guest, stay_of
from tests.e2e.pages import Page

API = "/api/v1/properties/{property_code}"
ROUTES = {
    "/availability": "get", "/calendar": "get", "/holds": "post", "/reservations/{reservation_id}": "get",
    "/reservations/{reservation_id}/cancel": "post", "/revenue": "get", "/events": "get",
    "/events/{position}/proof": "get",
}  # fmt: skip
"""Those of the public contract that exist so far."""
QUICK_SECONDS = 0.03
HEADERS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
}


def test_every_route_is_described(guest: Guest) -> None:
    described = guest.browser.get(f"{guest.running.url}/openapi.json").json()["paths"]
    for path, method in ROUTES.items():
        operation = described[API + path][method]
        assert operation["description"], path
        assert operation["tags"], path
    for path in ("/livez", "/readyz", "/metrics", "/webhooks/{property_code}/stripe", "/webhooks/{property_code}/sendgrid"):
        assert path in described
    holds = json.dumps(described[f"{API}/holds"])
    assert "Idempotency-Key" in holds


def test_the_explorer_opens(guest: Guest) -> None:
    guest.opens(f"{guest.running.url}/docs")
    assert guest.page.status == 200
    assert "/api/v1/properties/{property_code}/holds" in guest.page.text
    assert guest.browser.get(f"{guest.running.url}/redoc").status_code == 404


@pytest.mark.parametrize("path", ["/", "/rooms", "/book", "/nowhere", "/manage/x", "/pay/x", "/booking/x", "/docs"])
def test_headers_of_a_page(guest: Guest, path: str) -> None:
    answer = guest.browser.get(guest.running.url + path)
    assert "text/html" in answer.headers["content-type"], answer.text
    assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-request-id"]
    assert "<style" not in answer.text
    assert "style=" not in answer.text
    assert " onclick=" not in answer.text
    assert "Traceback" not in answer.text


def test_headers_of_a_booking(guest: Guest) -> None:
    guest.books(stay_of())
    for address in (guest.held["manage_url"], guest.held["checkout_url"]):
        answer = guest.browser.get(address)
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["referrer-policy"] == "same-origin"
        cookie = guest.browser.get(address, follow_redirects=False).headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=lax" in cookie


def test_what_a_page_loads_is_there(guest: Guest) -> None:
    """Every picture, style and script that the first page names is served, from our own address, kept for long."""
    guest.opens(guest.running.url)
    source = guest.page.answer.text
    named = {part.split('"')[0] for mark in ('src="', 'href="') for part in source.split(mark)[1:]}
    files = {name for name in named if name.startswith("/static/")}
    assert files
    for name in files:
        answer = guest.browser.get(guest.running.url + name)
        assert answer.status_code == 200, name
        assert "immutable" in answer.headers["cache-control"]
    assert not {name for name in named if name.startswith("http") and not name.startswith(guest.running.url)}


def test_it_says_how_it_is(guest: Guest, desk: Desk) -> None:
    url = guest.running.url
    assert guest.browser.get(f"{url}/livez").text == "ok"
    ready = guest.browser.get(f"{url}/readyz")
    assert ready.status_code == 200
    parts = ready.json()["parts"]
    assert {"database", "redis", "ella.availability", "ella.revenue", "ella.reservations"} <= set(parts)
    assert all(state.startswith("ok") for state in parts.values())
    metrics = guest.browser.get(f"{url}/metrics")
    assert metrics.headers["content-type"].startswith("text/plain")
    assert "# HELP" in metrics.text
    assert "@example.com" not in metrics.text


def test_a_kept_connection_is_answered_at_once(guest: Guest) -> None:
    """Small answers must not wait for the network's patience (40 ms when Nagle's algorithm meets delayed acknowledgement)."""
    seconds = []
    for _ in range(21):
        began = time.perf_counter()
        guest.browser.get(f"{guest.running.url}/livez")
        seconds.append(time.perf_counter() - began)
    print(f"/livez: median {statistics.median(seconds) * 1000:.1f} ms")
    assert statistics.median(seconds) < QUICK_SECONDS


def test_no_address_leads_nowhere(guest: Guest) -> None:
    for path in ("/nowhere", "/static/nowhere.css", "/api/v1/nowhere", "/static/../ops/settings.py", "/booking/x"):
        assert guest.browser.get(guest.running.url + path).status_code in {404, 422}, path


def test_wrong_methods(guest: Guest) -> None:
    assert guest.browser.delete(guest.running.url + "/").status_code == 405
    answer = guest.browser.get(f"{guest.running.api}/holds")
    assert (answer.status_code, answer.headers["content-type"]) == (405, "application/problem+json")


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("arrival=2027-03-01&departure=2027-03-01", "departure"), ("arrival=2020-01-01&departure=2020-01-03", "arrival"),
        ("arrival=&departure=", "arrival"), ("arrival=2027-03-01&departure=2028-03-02", "departure"),
        ("arrival=2027-03-01&departure=2027-03-03&adults=99", "adults"), ("arrival=x&departure=y&rooms=0", "rooms"),
        ("arrival=9999-12-30&departure=9999-12-31", "arrival"), ("arrival=0001-01-01&departure=0001-01-02", "arrival"),
    ],
)  # fmt: skip
def test_a_search_that_makes_no_sense(guest: Guest, query: str, field: str) -> None:
    guest.opens(f"{guest.running.url}/rooms?{query}")
    assert guest.page.status == 422
    assert "Please look at th" in guest.page.text
    assert f'href="#{field}"' in guest.page.answer.text
    assert f'id="{field}-error"' in guest.page.answer.text


def test_details_that_make_no_sense(guest: Guest, desk: Desk) -> None:
    stay = stay_of()
    guest.opens(f"{guest.running.url}/rooms?arrival={stay.arrival}&departure={stay.departure}&adults=2")
    guest.follows("Garden Room")
    head = desk.waits_for_quiet()
    form = guest.page
    guest.sends("Hold my room", name="", email="not an address", phone="1" * 60)
    assert guest.page.status == 422
    for field in ("name", "email", "phone"):
        assert f'id="{field}-error"' in guest.page.answer.text
    guest.page = form
    guest.sends("Hold my room", name="Ada", email="a@example.com", csrf_token="forged")
    assert guest.page.status == 403
    assert desk.asked_since(head) == []


def test_a_name_that_is_markup(guest: Guest) -> None:
    guest.details["name"] = '<script>alert("x")</script>'
    guest.books(stay_of())
    guest.opens(guest.held["manage_url"])
    assert "<script>alert" not in guest.page.answer.text
    mail = guest.waits_for_mail("is booked")
    assert "<script>alert" not in mail["html"]
    assert isinstance(Page(guest.page.answer).text, str)
