"""An auditor's day: what was booked is sealed within seconds and proven to a stranger, and the log holds against an anchor."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from ops import verify_proof
from tests.e2e.desk import Desk
from tests.e2e.guest import PLAIN, Guest, stay_of
from tests.installation import Running, wait_for

SEAL_SECONDS = 10
PATIENCE_SECONDS = 2 * SEAL_SECONDS


@pytest.fixture(scope="module")
def auditor(running: Running) -> Iterator[httpx.Client]:
    """Give somebody whose key may audit and nothing else."""
    made = running.run("api-key", "create", "--scope", "audit", "--note", "auditor", "--json")
    headers = {"Authorization": f"Bearer {json.loads(made.stdout)['key']}"}
    with httpx.Client(base_url=running.api, headers=headers, timeout=20) as client:
        yield client


def proof_of(auditor: httpx.Client, position: int, **query: int) -> dict[str, Any]:
    """Wait until an event is sealed, and give its proof."""

    def look() -> dict[str, Any] | None:
        answer = auditor.get(f"/events/{position}/proof", params=query)
        if answer.status_code == 404:
            assert answer.json()["code"] == "event.unsealed", answer.text
            assert "try again then" in answer.json()["detail"]
            return None
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    return wait_for(look, PATIENCE_SECONDS)


def alone(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the stand-alone program as a stranger does, in a directory of his own."""
    words = [sys.executable, "-I", str(Path(verify_proof.__file__)), *arguments]
    return subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False, timeout=30)


def test_a_booking_is_proven_to_a_stranger(
    running: Running, guest: Guest, desk: Desk, auditor: httpx.Client, tmp_path: Path
) -> None:
    proof_of(auditor, 1)
    assert running.run("anchor", "--out", str(tmp_path / "anchor.json")).returncode == 0
    size = json.loads((tmp_path / "anchor.json").read_text())["head"]["tree_size"]
    guest.books(stay_of())
    head = desk.head()
    (tmp_path / "proof.json").write_text(json.dumps(proof_of(auditor, head, from_size=size)))
    key = json.loads(running.run("seal-key", "show", "--json").stdout)
    done = alone(tmp_path, "proof.json", "--anchor", "anchor.json", "--public-key", key["public_key"])
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert f"position {head}:" in done.stdout
    assert f"the log continues the anchor of {size} events" in done.stdout
    assert running.run("proof", str(head), "--out", str(tmp_path / "again.json")).returncode == 0
    assert alone(tmp_path, "again.json").returncode == 0
    assert alone(tmp_path, "anchor.json").returncode == 2


def test_the_whole_log_holds(running: Running, guest: Guest, desk: Desk, auditor: httpx.Client, tmp_path: Path) -> None:
    guest.holds(stay_of()).checks_out().pays(PLAIN)
    guest.waits_for_payment("captured")
    desk.waits_for_quiet()
    proof_of(auditor, desk.head())
    anchor = tmp_path / "anchor.json"
    running.run("anchor", "--out", str(anchor))
    verdict = running.run("verify", "--anchor", str(anchor), "--models", "--json")
    assert verdict.returncode == 0, verdict.stdout + verdict.stderr
    found = json.loads(verdict.stdout)
    assert found["holds"]
    assert found["head"] >= found["sealed"] >= found["anchored"] > 0
    spoken = running.run("verify")
    assert spoken.returncode == 0
    assert "unsealed tail: " in spoken.stdout
    assert spoken.stdout.endswith("everything holds\n")


def test_no_personal_field_is_told(running: Running, guest: Guest, desk: Desk, auditor: httpx.Client) -> None:
    guest.books(stay_of())
    after = desk.head() - 40
    told = auditor.get("/events", params={"after": max(0, after), "limit": 1000})
    assert told.status_code == 200
    assert {"events", "last", "sealed"} == set(told.json())
    assert guest.details["email"] not in told.text
    assert guest.details["name"] not in told.text


@pytest.mark.parametrize(
    ("position", "query", "status", "code"),
    [
        ("999999999", {}, 404, "event.unknown"),
        ("0", {}, 422, "malformed"),
        ("-1", {}, 422, "malformed"),
        ("x", {}, 422, "malformed"),
        (str(2**70), {}, 422, "malformed"),
        ("1", {"from_size": 0}, 422, "malformed"),
        ("1", {"from_size": 999_999_999}, 422, "seal.size_unknown"),
    ],
)
def test_a_proof_of_nothing(auditor: httpx.Client, position: str, query: dict[str, int], status: int, code: str) -> None:
    proof_of(auditor, 1)
    answer = auditor.get(f"/events/{position}/proof", params=query)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert answer.json()["errors"][0]["field"] in {"position", "from_size"}


def test_an_auditor_may_not_do_anything_else(auditor: httpx.Client) -> None:
    assert auditor.get("/revenue", params={"from": "2027-01-01", "to": "2027-01-02"}).status_code == 403


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("proof", "999999999"), "The log ends at position"),
        (("proof", "0"), "0 is not in the range"),
        (("proof", "x"), "'x' is not a valid integer range"),
        (("verify", "--property", "nowhere"), "there is no property 'nowhere'"),
        (("verify", "--anchor", "pyproject.toml"), "the anchor pyproject.toml is of no use: it is cut off or was changed"),
        (("verify", "--public-key", "pyproject.toml"), "the public key pyproject.toml is of no use"),
        (("anchor", "--out", "/nowhere/anchor.json"), "/nowhere/anchor.json cannot be written"),
    ],
    ids=lambda part: " ".join(part)[:30] if isinstance(part, tuple) else "",
)
def test_bad_usage_is_one_clear_line(running: Running, auditor: httpx.Client, words: tuple[str, ...], said: str) -> None:
    proof_of(auditor, 1)
    done = running.run(*words)
    assert done.returncode == 2, done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr
