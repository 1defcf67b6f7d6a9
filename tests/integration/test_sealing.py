"""Sealing and auditing as an operator does: keys that are made, shown, handed over or wrong, and the state that is told."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest

from ledger.seal_key import SealKey
from ledger.sealer import CannotSeal
from ops import seal_keys, sealing
from ops.embedded import EmbeddedServerError, Servers, embedded_servers
from ops.read_models import NAMES
from ops.rebuild import rebuild
from ops.sealing import seal_all, seal_tail, sealing_state, unsealed_seconds
from ops.secrets import seal_key
from ops.seeding import seed
from ops.settings import BadConfiguration, Settings
from ops.up import DEMO
from ops.verify import Verdict
from ops.verify_property import verify_property
from ops.wiring import Wiring, wired

T = TypeVar("T")
OWN = SealKey(b"\x05" * 32)


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory, missing: Callable[[str], Any]) -> Iterator[Servers]:
    """Run PostgreSQL and Valkey for this file."""
    try:
        with embedded_servers(tmp_path_factory.mktemp("sealing"), database_url=None, redis_url=None) as running:
            yield running
    except EmbeddedServerError as failure:
        missing(f"PostgreSQL or Valkey ({failure})")


AGAIN = """
INSERT INTO property_ella.events (position, stream, version, topic, payload, occurred_at, recorded_at)
SELECT position + 1, stream, version + 1, topic, payload, occurred_at, clock_timestamp()
FROM property_ella.events ORDER BY position DESC LIMIT 1
"""
"""Writes the last event once more, of which nobody but the sealer takes notice here."""


@pytest.fixture(scope="module")
def opened(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Open the demo property and seal it under the key of a data directory; give that directory."""
    home = tmp_path_factory.mktemp("home")

    async def open_it(wiring: Wiring) -> None:
        await seed(wiring, DEMO)
        assert await seal_tail(wiring, "ella", seal_key(wiring.settings)) == 1

    done(servers, home, open_it)
    return home


def done(servers: Servers, home: Path, work: Callable[[Wiring], Awaitable[T]], **settings: Any) -> T:
    """Do some work on the servers, as one process with these settings."""
    full = {"database_url": servers.database_url, "redis_url": servers.redis_url, "data_dir": home, "seal_seconds": 0.1}

    async def run() -> T:
        async with wired(Settings.model_validate(full | settings), connections=3) as wiring:
            return await work(wiring)

    return asyncio.run(run())


def verified(servers: Servers, home: Path, code: str = "ella", *keys: Path, models: bool = False, **settings: Any) -> Verdict:
    return done(
        servers, home, lambda wiring: verify_property(wiring, code, None, keys, lambda *_: None, models=models), **settings
    )


def test_a_key_is_made_once_and_only_its_owner_may_read_it(opened: Path, servers: Servers) -> None:
    file = opened / "seal.key"
    assert file.stat().st_mode & 0o777 == 0o600
    assert done(servers, opened, seal_keys.ours) == SealKey.from_text(file.read_text()).public
    assert seal_keys.ours_if_any(Settings(data_dir=opened)) == SealKey.from_text(file.read_text()).public


def test_the_environment_comes_before_the_file(opened: Path, servers: Servers) -> None:
    assert done(servers, opened, seal_keys.ours, seal_key=b64encode(b"\x05" * 32).decode()) == OWN.public


@pytest.mark.parametrize("text", ["x", "AAAA", "not base64 at all"])
def test_a_wrong_seal_key_is_named(text: str, tmp_path: Path) -> None:
    with pytest.raises(BadConfiguration, match="SEAL_KEY is not usable"):
        seal_key(Settings.model_validate({"seal_key": text, "data_dir": tmp_path}))


def test_an_audit_with_our_own_key_holds(opened: Path, servers: Servers) -> None:
    verdict = verified(servers, opened)
    assert verdict.holds
    assert verdict.text().splitlines()[-1] == "everything holds"
    assert verdict.as_json()["holds"] is True


def test_an_audit_with_a_public_key_needs_no_secret(opened: Path, servers: Servers, tmp_path: Path) -> None:
    ours = SealKey.from_text((opened / "seal.key").read_text()).public
    (tmp_path / "key.pem").write_text(ours.pem)
    (tmp_path / "stranger").write_text(OWN.public.text)
    stranger = tmp_path / "elsewhere"
    assert verified(servers, stranger, "ella", tmp_path / "key.pem").holds
    assert not (stranger / "seal.key").exists(), "an auditor's machine gets no key of its own"
    told = verified(servers, stranger, "ella", tmp_path / "stranger").text()
    assert f"WRONG position 1: block 1 is signed by the key {ours.key_id}, which nobody here trusts" in told
    with pytest.raises(BadConfiguration, match="name the public key with --public-key FILE"):
        verified(servers, stranger)


@pytest.mark.parametrize("content", [None, "", "AAAA", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----"])
def test_a_public_key_of_no_use_is_named(opened: Path, servers: Servers, tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "key.txt"
    if content is not None:
        path.write_text(content)
    with pytest.raises(BadConfiguration, match=r"the public key .*key\.txt is of no use"):
        verified(servers, opened, "ella", path)


def test_an_unknown_property_is_named(opened: Path, servers: Servers) -> None:
    with pytest.raises(BadConfiguration, match="there is no property 'kandy': name one of ella"):
        verified(servers, opened, "kandy")


def test_a_read_model_that_differs_from_the_log_is_named(opened: Path, servers: Servers) -> None:
    async def add_a_row(wiring: Wiring) -> None:
        async with wiring.pool.connection() as connection:
            await connection.execute(
                "INSERT INTO property_ella.due SELECT generation, 'paying', gen_random_uuid(), now(), 0, 1"
                " FROM property_ella.models WHERE name = 'due' AND live"
            )

    async def rebuild_all(wiring: Wiring) -> None:
        for name in NAMES:
            assert (await rebuild(wiring, "ella", name, lambda *_: None)).switched

    async def remove_it(wiring: Wiring) -> None:
        async with wiring.pool.connection() as connection:
            await connection.execute("DELETE FROM property_ella.due")

    behind = [finding.what for finding in verified(servers, opened, models=True).findings]
    assert behind
    assert all(", at position 0 of 2, differs from the log" in what for what in behind), "nobody follows here"
    done(servers, opened, rebuild_all)
    assert verified(servers, opened, models=True).holds
    done(servers, opened, add_a_row)
    assert verified(servers, opened).holds, "without --models nobody looks"
    found = verified(servers, opened, models=True).findings
    done(servers, opened, remove_it)
    assert [finding.position for finding in found] == [None]
    assert found[0].what.startswith("the read model due, at position 2 of 2, differs from the log in 1 places")
    assert found[0].what.endswith("nightledger rebuild due")


def test_the_doctor_tells_the_key_and_the_age(opened: Path, servers: Servers) -> None:
    state = done(servers, opened, lambda wiring: sealing_state(wiring, "ella"))
    key_id = SealKey.from_text((opened / "seal.key").read_text()).public.key_id
    assert state == f"ok, sealed: position 2 by the key {key_id}, the oldest unsealed event is 0 s old"


def test_a_key_is_handed_over_and_old_blocks_stay_verifiable(opened: Path, servers: Servers) -> None:
    before = SealKey.from_text((opened / "seal.key").read_text()).public
    handed = done(servers, opened, lambda wiring: seal_keys.rotate(wiring, None))
    after = SealKey.from_text((opened / "seal.key").read_text()).public
    assert (handed.former, handed.new, handed.properties) == (before.key_id, after.key_id, ["ella"])
    assert (opened / "seal.key").stat().st_mode & 0o777 == 0o600
    done(servers, opened, _restored)
    verdict = verified(servers, opened)
    assert verdict.holds, verdict.findings
    assert set(verdict.signed_by) == {before.key_id, after.key_id}


def test_a_key_of_the_environment_follows_only_whom_the_operator_names(opened: Path, servers: Servers) -> None:
    former = SealKey.from_text((opened / "seal.key").read_text()).public.key_id
    own: dict[str, Any] = {"seal_key": b64encode(b"\x05" * 32).decode()}
    with pytest.raises(CannotSeal, match=f"seal-key rotate --from {former}"):
        done(servers, opened, _restored, **own)
    with pytest.raises(BadConfiguration, match="set it to the new key and name the former with --from"):
        done(servers, opened, lambda wiring: seal_keys.rotate(wiring, None), **own)
    with pytest.raises(BadConfiguration, match="nobody is no former key of ella: the keys of its blocks are"):
        done(servers, opened, lambda wiring: seal_keys.rotate(wiring, "nobody"), **own)
    done(servers, opened, lambda wiring: seal_keys.rotate(wiring, former), **own)
    done(servers, opened, lambda wiring: seal_tail(wiring, "ella", OWN), **own)
    assert verified(servers, opened, **own).holds
    assert OWN.public.key_id in verified(servers, opened, **own).signed_by


async def _restored(wiring: Wiring) -> int:
    """Open an epoch, as a restore does: something to seal without an event."""
    async with wiring.pool.connection() as connection:
        await connection.execute("UPDATE property_ella.ledger SET epoch = epoch + 1")
    return await seal_tail(wiring, "ella", seal_key(wiring.settings))


def test_the_sealer_goes_on_beside_a_log_that_it_cannot_seal(
    opened: Path, servers: Servers, caplog: pytest.LogCaptureFixture
) -> None:
    """It says why, again and again, and seals the others."""

    async def run(wiring: Wiring) -> None:
        async with wiring.pool.connection() as connection:
            await connection.execute("UPDATE property_ella.ledger SET epoch = epoch + 1")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(seal_all(wiring, SealKey(b"\x06" * 32)), 0.5)

    done(servers, opened, run)
    said = [record.getMessage() for record in caplog.records if "is not sealed any more" in record.getMessage()]
    assert len(said) > 1
    assert "the log of ella is not sealed any more: block" in said[0]


def test_who_stands_by_seals_only_what_nobody_else_has(opened: Path, servers: Servers) -> None:
    """Two followers share the models, and one of them the sealing: both would do the same work twice."""

    async def run(wiring: Wiring) -> list[bool]:
        async with wiring.pool.connection() as connection:
            await connection.execute(AGAIN)
        seen = [await unsealed_seconds(wiring, "ella") > 0]
        for stand_by in (60.0, 0.05):
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(seal_all(wiring, OWN, stand_by), 0.5)
            seen.append(await unsealed_seconds(wiring, "ella") > 0)
        return seen

    assert done(servers, opened, run) == [True, True, False]


KEEP_THE_LAST = "CREATE TABLE property_ella.cut AS SELECT * FROM property_ella.events ORDER BY position DESC LIMIT 1"


def test_the_doctor_tells_a_log_that_ends_before_its_seal(opened: Path, servers: Servers) -> None:
    async def look(wiring: Wiring) -> list[str]:
        await seal_tail(wiring, "ella", OWN)
        seen = [await sealing_state(wiring, "ella")]
        async with wiring.pool.connection() as connection:
            await connection.execute(KEEP_THE_LAST)
            await connection.execute(
                "DELETE FROM property_ella.events USING property_ella.cut WHERE events.position = cut.position"
            )
        seen.append(await sealing_state(wiring, "ella"))
        async with wiring.pool.connection() as connection:
            await connection.execute("INSERT INTO property_ella.events SELECT * FROM property_ella.cut")
            await connection.execute("DROP TABLE property_ella.cut")
        return [*seen, await sealing_state(wiring, "ella")]

    whole, cut, again = done(servers, opened, look)
    assert cut.startswith("CUT: the log ends at position ")
    assert "see nightledger verify" in cut
    assert whole.startswith("ok, sealed: position ")
    assert again == whole


def test_the_doctor_tells_a_tail_that_nobody_seals(opened: Path, servers: Servers, monkeypatch: pytest.MonkeyPatch) -> None:
    """The last of this file: it throws the seal away."""
    monkeypatch.setattr(sealing, "LATE_SECONDS", -3600)

    async def look(wiring: Wiring) -> str:
        async with wiring.pool.connection() as connection:
            await connection.execute("TRUNCATE property_ella.seals")
        return await sealing_state(wiring, "ella")

    assert done(servers, opened, look).startswith("NOT SEALED: is nightledger follow running? Its log says what stops it")
