"""Somebody stands at the reception: nobody needs to say that they arrive today. The rest is in test_at_the_desk."""

from __future__ import annotations

from uuid import uuid4

import pytest

from tests.e2e.changing.test_at_the_desk import tonight
from tests.e2e.desk import Desk


@pytest.mark.parametrize("said", [True, False])
def test_who_walks_in_arrives_today_whether_that_is_said_or_not(desk: Desk, said: bool) -> None:
    wish = tonight(1)
    content = {**wish.content, "guest": {"name": "Wim Walker", "email": f"wim.{uuid4().hex[:6]}@example.com"}}
    if not said:
        del content["arrival"]
    answer = desk.http.post(f"{desk.running.api}/walk-ins", json=content, headers={"Idempotency-Key": str(uuid4())})
    assert answer.status_code == 201, answer.text
    found = desk.reads_at(f"reservations/{answer.json()['reservation_id']}", answer.json()["position"]).json()
    assert found["stays"][0]["arrival"] == str(wish.arrival)
