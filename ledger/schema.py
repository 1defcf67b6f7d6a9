"""The tables and the append function of one property's ledger: one PostgreSQL schema each.

Every statement names its schema, nothing depends on session state, and all tables have a primary key, so that the schema
works through a transaction-mode pooler and can be moved to another node.
"""

from __future__ import annotations

import re

from psycopg import sql

PROPERTY_CODE = re.compile(r"[a-z][a-z0-9_]{0,39}")
"""What a property may be called: it becomes part of schema names, key names and web addresses."""

TABLES = """
CREATE SCHEMA IF NOT EXISTS {schema};
CREATE TABLE IF NOT EXISTS {schema}.ledger (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    epoch integer NOT NULL DEFAULT 1
);
INSERT INTO {schema}.ledger DEFAULT VALUES ON CONFLICT DO NOTHING;
CREATE TABLE IF NOT EXISTS {schema}.events (
    position bigint PRIMARY KEY,
    stream uuid NOT NULL,
    version integer NOT NULL,
    topic text NOT NULL,
    payload bytea NOT NULL,
    occurred_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    command_id uuid,
    command_index integer NOT NULL DEFAULT 0,
    command_count integer NOT NULL DEFAULT 1,
    correlation_id uuid,
    cause_position bigint,
    actor text NOT NULL DEFAULT 'system',
    business_date date,
    UNIQUE (stream, version)
);
CREATE TABLE IF NOT EXISTS {schema}.outcomes (
    command_id uuid PRIMARY KEY,
    fingerprint bytea NOT NULL,
    actor text NOT NULL,
    recorded_at timestamptz NOT NULL,
    position bigint NOT NULL,
    outcome bytea NOT NULL
);
"""

# The row lock gives one order to all appends; each statement after it sees what earlier holders committed. Positions are
# counted from the last one, so a hole is evidence and position order is commit order. A guard that no longer holds raises
# the same SQLSTATE as a taken (stream, version): callers retry on 23505 and never look at constraint names.
APPEND = """
CREATE OR REPLACE FUNCTION {schema}.append(
    guard_streams uuid[], guard_versions integer[],
    streams uuid[], versions integer[], topics text[], payloads bytea[], commands integer[], indexes integer[],
    command_ids uuid[], counts integer[], occurred_ats timestamptz[], correlation_ids uuid[], cause_positions bigint[],
    actors text[], business_dates date[],
    fingerprints bytea[], last_events integer[], outcomes bytea[]
) RETURNS TABLE (base_position bigint, stamp timestamptz)
LANGUAGE plpgsql VOLATILE AS $append$
BEGIN
    PERFORM 1 FROM {schema}.ledger FOR NO KEY UPDATE;
    IF EXISTS (
        SELECT FROM unnest(guard_streams, guard_versions) AS guard(stream, version)
        WHERE guard.version <> coalesce(
            (SELECT max(event.version) FROM {schema}.events event WHERE event.stream = guard.stream), 0)
    ) THEN
        RAISE EXCEPTION 'a stream that a decision relied on has moved on' USING ERRCODE = 'unique_violation';
    END IF;
    SELECT event.position, event.recorded_at INTO base_position, stamp
        FROM {schema}.events event ORDER BY event.position DESC LIMIT 1;
    base_position := coalesce(base_position, 0);
    stamp := greatest(stamp, clock_timestamp());
    INSERT INTO {schema}.events
        SELECT base_position + event.number, event.stream, event.version, event.topic, event.payload,
            command.occurred_at, stamp, command.id, event.index, command.count,
            command.correlation_id, command.cause_position, command.actor, command.business_date
        FROM unnest(streams, versions, topics, payloads, commands, indexes) WITH ORDINALITY
            AS event(stream, version, topic, payload, command, index, number)
        JOIN unnest(command_ids, counts, occurred_ats, correlation_ids, cause_positions, actors, business_dates)
            WITH ORDINALITY AS command(id, count, occurred_at, correlation_id, cause_position, actor, business_date, number)
            ON command.number = event.command;
    INSERT INTO {schema}.outcomes
        SELECT command.id, command.fingerprint, command.actor, stamp, base_position + command.last_event, command.outcome
        FROM unnest(command_ids, fingerprints, actors, last_events, outcomes)
            AS command(id, fingerprint, actor, last_event, outcome)
        WHERE command.fingerprint IS NOT NULL;
    RETURN NEXT;
END
$append$
"""


def schema_name(property_code: str) -> str:
    """Name the schema of a property. Raises ValueError when the code is not a plain lower-case word."""
    if not PROPERTY_CODE.fullmatch(property_code):
        message = f"property code {property_code!r} must match {PROPERTY_CODE.pattern}: lower-case letters, digits, underscores"
        raise ValueError(message)
    return f"property_{property_code}"


def creation(property_code: str) -> list[sql.Composed]:
    """Give the statements that create a property's ledger, or leave it as it is."""
    schema = sql.Identifier(schema_name(property_code))
    return [sql.SQL(text).format(schema=schema) for text in (TABLES, APPEND)]
