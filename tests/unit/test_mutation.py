"""What the mutation report counts, leaves out and refuses: a report that excuses too much would say nothing."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import pytest

from tests.mutation.mutants import Mutant, difference, mutants_of
from tests.mutation.report import key_of, page, percent
from tests.mutation.text_only import Function, rule_of

MESSAGE = "changes only the text of a message that is raised"
LOGGED = "changes only what a log line says"
LETTER_CASE = "changes only the case of letters in SQL text"


def function(line: str) -> Function:
    parsed = ast.parse(f"def asked():\n    {line}").body[0]
    assert isinstance(parsed, ast.FunctionDef)
    return parsed


@pytest.mark.parametrize(
    ("was", "becomes", "rule"),
    [
        ("raise Taken('sold')", "raise Taken('XXsoldXX')", MESSAGE),
        ("raise Taken('sold')", "raise Taken(None)", MESSAGE),
        ("raise Taken(f'{room} is taken', room=room)", "raise Taken(f'{room} IS TAKEN', room=room)", MESSAGE),
        ("raise Taken(f'{room} is taken', room=room)", "raise Taken(f'{room} is taken', room=None)", None),
        ("raise Taken(f'{room} is taken', room=room)", "raise Taken(room=room)", None),
        ("raise Taken('it is ' + ('a' if held else 'b'))", "raise Taken('it is ' - ('a' if held else 'b'))", MESSAGE),
        ("raise Unread([stream])", "raise Unread(None)", None),
        ("raise Mixed(left, right)", "raise Mixed(None, right)", None),
        ("result = RuntimeError('not read')", "result = RuntimeError(None)", MESSAGE),
        ("result = RuntimeError('not read')", "result = None", None),
        ("return refused(IdReused('used'))", "return refused(IdReused('USED'))", MESSAGE),
        ("return refused(IdReused('used'))", "return refused(None)", None),
        ("fail(Unavailable('busy'))", "fail(Unavailable('BUSY'))", MESSAGE),
        ("fail(Unavailable('busy'))", "fail(None)", None),
        ("return Money('used')", "return Money('USED')", None),
        ("message = f'{code} is wrong'", "message = None", MESSAGE),
        ("raise ValueError(message)", "raise ValueError(None)", MESSAGE),
        ("raise ValueError(streams)", "raise ValueError(None)", None),
        ("message = queue.get()", "message = None", None),
        ("state = 'held'", "state = 'HELD'", None),
        ("super().__init__('not read yet')", "super().__init__(None)", MESSAGE),
        ("super().__init__(recorder)", "super().__init__(None)", None),
        ("logger.exception('lost %s', name)", "logger.exception('lost %s', None)", LOGGED),
        ("writer.exception('lost %s', name)", "writer.exception('lost %s', None)", None),
        ("sql.SQL('SELECT 1')", "sql.SQL('select 1')", LETTER_CASE),
        ("sql.SQL('SELECT 1')", "sql.SQL('XXSELECT 1XX')", None),
        ("sql.SQL('SELECT 1').format(a='b')", "sql.SQL('SELECT 1').format(a='B')", None),
        ("a.execute('SELECT 1').one(); a.execute('A')", "a.execute('select 1').one(); a.execute('A')", LETTER_CASE),
        ("return rows('WHERE a = 1')", "return rows('where a = 1')", LETTER_CASE),
        ("return rows('ella')", "return rows('ELLA')", None),
        ("return rows('selected')", "return rows('SELECTED')", None),
        ("return live >= most", "return live > most", None),
    ],
)
def test_only_words_are_left_out(was: str, becomes: str, rule: str | None) -> None:
    assert rule_of(function(was), function(becomes)) == rule


def test_a_change_of_words_and_of_more_counts() -> None:
    assert rule_of(function("if held: raise Taken('sold')"), function("if not held: raise Taken('SOLD')")) is None


@pytest.mark.parametrize(
    ("was", "becomes", "shown"),
    [
        ("return 1 + 2", "return 1 - 2", ("return 1 + 2", "return 1 - 2")),
        ("return None", "return ''", ("return None", "return ''")),
        ("state = 'held'", "state = ''", ("state = 'held'", "state = ''")),
        (
            "return first_of_many(rooms, nights, guests) + second_of_many(rooms, nights, guests) + third_of_many(rooms)",
            "return first_of_many(rooms, nights, guests) - second_of_many(rooms, nights, guests) + third_of_many(rooms)",
            (
                "… first_of_many(rooms, nights, guests) + second_of_many(rooms, nights, …",
                "… first_of_many(rooms, nights, guests) - second_of_many(rooms, nights, …",
            ),
        ),
    ],
)
def test_a_difference_is_shown_with_some_words_around(was: str, becomes: str, shown: tuple[str, str]) -> None:
    assert difference(function(was), function(becomes)) == shown


GENERATED = """
class Money:
    def xǁMoneyǁshare__mutmut_orig(self): return 1
    def xǁMoneyǁshare__mutmut_1(self): return 2
def x_total__mutmut_orig(): raise Wrong('no')
def x_total__mutmut_1(): raise Wrong('NO')
def x_total__mutmut_2(): return 1
"""


def run_with(folder: Path, exit_codes: dict[str, int | None]) -> list[Mutant]:
    (folder / "ledger").mkdir()
    (folder / "ledger" / "money.py").write_text(GENERATED)
    (folder / "ledger" / "money.py.meta").write_text(json.dumps({"exit_code_by_key": exit_codes}))
    return list(mutants_of(folder))


def test_a_run_is_read_with_its_verdicts(tmp_path: Path) -> None:
    codes: dict[str, int | None] = {
        "ledger.money.xǁMoneyǁshare__mutmut_1": 1, "ledger.money.x_total__mutmut_1": 0, "ledger.money.x_total__mutmut_2": 33,
    }  # fmt: skip
    assert run_with(tmp_path, codes) == [
        Mutant("ledger/money.py", "Money.share", "return 1", "return 2", "killed", None),
        Mutant("ledger/money.py", "total", "raise Wrong('no')", "raise Wrong('NO')", "survived", MESSAGE),
        Mutant("ledger/money.py", "total", "raise Wrong('no')", "return 1", "survived", None),
    ]


def test_a_run_that_did_not_end_is_not_counted(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="share__mutmut_1 was not tried"):
        run_with(tmp_path, {"ledger.money.xǁMoneyǁshare__mutmut_1": None})


KILLED = Mutant("ledger/a.py", "f", "a", "b", "killed", None)
LATE = Mutant("ledger/a.py", "f", "a", "c", "timeout", None)
LEFT = Mutant("ledger/a.py", "f", "a", "d", "survived", None)
WORDS = Mutant("ledger/a.py", "f", "a", "e", "survived", MESSAGE)


def test_the_page_counts_what_counts_and_gives_each_survivor_its_reason() -> None:
    written = page([KILLED, LATE, LEFT, WORDS], {key_of(LEFT): "It is the same."})
    assert "| `ledger/a.py` | 3 | 2 | 1 | 1 | 66.7 |" in written
    assert f"- A mutant that {MESSAGE} (1)." in written
    assert "**It is the same.**\n\n- `ledger/a.py` f: `a` → `d`\n" in written
    assert "No reason is given" not in written
    assert "No reason is given" in page([LEFT], {})


@pytest.mark.parametrize(("mutants", "share"), [([], 100), ([KILLED], 100), ([KILLED, LEFT], 50), ([LEFT], 0)])
def test_the_share_is_of_those_noticed(mutants: list[Mutant], share: float) -> None:
    assert percent(mutants) == share
