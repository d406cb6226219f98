"""The tables themselves, and that a table with a defect is refused when it is built."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import pytest
from attrs import evolve

from runlife import (
    MESSAGE,
    RUN,
    RUN_STEP,
    Argument,
    Cause,
    DefinitionError,
    Effect,
    Evidence,
    Fact,
    Given,
    Guard,
    Instance,
    Lifecycle,
    MisuseError,
    Policy,
    Run,
    RunStatus,
    Severity,
    TimeError,
    Transition,
    at,
    entity,
    on,
)

TABLES = [RUN, RUN_STEP, MESSAGE]
CLIENT, SERVER = Cause.CLIENT, Cause.SERVER


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
class TestOurTables:
    """What holds for each table we ship."""

    def test_it_has_no_diagnostics(self, table: Lifecycle[Any]) -> None:
        """Neither an error nor a warning."""
        assert table.check() == ()

    def test_every_row_says_its_cause_and_its_evidence(self, table: Lifecycle[Any]) -> None:
        """No row stands without who and how we know."""
        for row in table.rows:
            assert isinstance(row.cause, Cause)
            assert isinstance(row.evidence, Evidence)
            assert row.guard is None or row.guard.says

    def test_its_rows_fit_in_a_set(self, table: Lifecycle[Any]) -> None:
        """Rows are values that can be counted and compared."""
        assert len(set(table.rows)) == len(table.rows)

    def test_every_status_has_an_entry_also_a_terminal_one(self, table: Lifecycle[Any]) -> None:
        """An empty entry is a statement."""
        assert set(table.moves) == {None, *table.statuses}
        assert all(not table.moves[status] for status in table.terminal)


def test_the_run_table_in_numbers() -> None:
    """The size of the table is pinned: a change of semantics shows here."""
    assert (len(RUN.rows), len(RUN.transitions), len(RUN.events)) == (24, 19, 10)
    assert [row.target for row in RUN.creations] == ["queued"]
    assert RUN.terminal == {"completed", "incomplete", "failed", "cancelled", "expired"}
    assert RUN.deadlines == ("expires_at",)


def test_the_field_matrix_follows_from_the_effects() -> None:
    """What each status says about each field is what the contract sheet found on the wire."""
    states = RUN.field_states()
    shown = ["started_at", "expires_at", "completed_at", "failed_at", "cancelled_at"]
    shown += ["required_action", "last_error", "incomplete_details", "usage"]
    matrix = {status: "".join(states[status][name][0] for name in shown) for status in RUN.statuses}
    assert matrix == {  # s: set, n: null, e: either
        "queued": "esnnnnnnn",
        "in_progress": "ssnnnnnnn",
        "requires_action": "ssnnnsnnn",
        "cancelling": "esnnnnnnn",
        "completed": "ensnnnnns",
        "incomplete": "ensnnnnss",
        "failed": "ennsnnsns",
        "cancelled": "ennnsnnns",
        "expired": "ennnnnnns",
    }


@pytest.mark.parametrize("wrong", [{"cancel_may_lose": "yes"}, {"usage_when_stopped": "maybe"}])
def test_a_policy_takes_only_known_answers(wrong: dict[str, Any]) -> None:
    """An option is a named choice, not any value."""
    with pytest.raises(MisuseError, match="must be one of"):
        Policy(**wrong)


class Door(StrEnum):
    OPEN = "open"
    SHUT = "shut"
    GONE = "gone"


OPEN, SHUT, GONE = Door
SOUND: list[list[Transition[Door]]] = [
    on("build", None, OPEN, by=CLIENT),
    on("shut", OPEN, SHUT, by=CLIENT),
    on("open", SHUT, OPEN, by=CLIENT),
    on("remove", [OPEN, SHUT], GONE, by=CLIENT),
]


TICKING = [
    on("wind", OPEN, OPEN, by=CLIENT, then=Effect("wound", "sets gone_at", {"gone_at": lambda *_: 9.0}))
]


def guarded_twice() -> list[list[Transition[Door]]]:
    """Three guarded rows for one event, the third of which repeats the first's guard."""
    first, second = (Guard(name, name, lambda *_: True) for name in ("first", "second"))
    return [on("push", OPEN, SHUT, by=CLIENT, when=guard) for guard in (first, second, first)]


def door(*more: list[Transition[Door]], rows: Any = SOUND, **options: Any) -> Lifecycle[Door]:
    """A sound table of four rows, with more or other rows."""
    options = {"bounded_by": "its house", "terminal": [GONE], **options}
    return Lifecycle("door", Door, rows=[*rows, *more], **options)


def test_a_users_own_table_builds_and_runs() -> None:
    """The engine knows nothing of runs: any table with any facts lives by the same rules."""
    stamped = Effect("stamped", "stamps shut_at", {"shut_at": lambda _door, _payload, now: now})
    built = door(rows=[SOUND[0], [evolve(SOUND[1][0], effect=stamped)], *SOUND[2:]])

    @entity
    class OneDoor(Instance[Door]):
        table = built
        shut_at = Fact[float | None]()

    one = OneDoor.create(event="build", now=0)
    one.apply("shut", now=5)
    assert (one.status, one.shut_at, one.legal_events()) == ("shut", 5, ("open", "remove"))


@pytest.mark.parametrize(
    ("code", "build"),
    [
        ("no-creation", lambda: door(rows=SOUND[1:])),
        ("unreachable", lambda: door(rows=[SOUND[0], SOUND[3]])),
        ("trap", lambda: door(rows=[SOUND[0], SOUND[1], on("remove", OPEN, GONE, by=CLIENT)])),
        ("terminal-exit", lambda: door(on("rebuild", GONE, OPEN, by=CLIENT))),
        ("duplicate", lambda: door(on("shut", OPEN, GONE, by=SERVER))),
        ("no-timeout", lambda: door(bounded_by=None)),
        ("unnamed-guard", lambda: door(on("knock", OPEN, SHUT, by=CLIENT, when=Guard("", "", bool)))),  # type: ignore[arg-type]
        ("unknown-status", lambda: door(on("knock", OPEN, RunStatus.QUEUED, by=CLIENT))),  # type: ignore[arg-type]
        ("unknown-status", lambda: door(terminal=[GONE, "lost"])),
        ("unknown-option", lambda: door(on("knock", OPEN, SHUT, by=CLIENT, given=Given("mood", value=1)))),
        (
            "bad-fact",
            lambda: door(on("knock", OPEN, SHUT, by=CLIENT, then=Effect("e", "s", clears=("due at",)))),
        ),
        (
            "bad-fact",
            lambda: door(on("knock", OPEN, SHUT, by=CLIENT, then=Effect("e", "s", clears=("class",)))),
        ),
        ("timer-loop", lambda: door(*TICKING, at("gone_at", OPEN, SHUT), at("gone_at", SHUT, OPEN))),
        ("duplicate", lambda: door(rows=[*SOUND, *guarded_twice()])),
        ("bad-argument", lambda: door(arguments={"shut": (Argument("now", float),)})),
        ("bad-argument", lambda: door(arguments={"shut": (Argument("by", set),)})),
        ("unset-deadline", lambda: door(at("gone_at", OPEN, GONE))),
        ("unknown-event", lambda: door(arguments={"knock": (Argument("id", str),)})),
        (
            "bad-fact",
            lambda: door(on("knock", OPEN, SHUT, by=CLIENT, then=Effect("e", "s", clears=("status",)))),
        ),
    ],
)
def test_a_defect_is_refused_when_the_table_is_built(code: str, build: Any) -> None:
    """The diagnostic is data: a code, how bad, where, and what to do."""
    with pytest.raises(DefinitionError) as raised:
        build()
    assert code in {diagnostic.code for diagnostic in raised.value.diagnostics}
    found = next(d for d in raised.value.diagnostics if d.code == code)
    assert found.severity is Severity.ERROR
    assert found.place
    assert found.message in str(raised.value)


@pytest.mark.parametrize(
    "row",
    [
        lambda: on("knock", OPEN, SHUT, by="client"),  # type: ignore[arg-type]
        lambda: on("knock", OPEN, SHUT, by=CLIENT, when="locked"),  # type: ignore[arg-type]
        lambda: on("knock", OPEN, SHUT, by=CLIENT, then=len),  # type: ignore[arg-type]
        lambda: on(5, OPEN, SHUT, by=CLIENT),  # type: ignore[arg-type]
    ],
)
def test_a_row_is_made_of_the_right_things(row: Any) -> None:
    """What is no cause, guard, effect or name is refused where it is written."""
    with pytest.raises(MisuseError, match=r"a row's \w+= must be a"):
        row()


def test_a_fact_cannot_hide_what_every_instance_has() -> None:
    """A fact named like a method would take its place."""
    with pytest.raises(MisuseError, match="names that every instance has: apply"):

        @entity
        class Odd(Instance[Door]):
            table = door()
            apply = Fact[str]()  # type: ignore[assignment]


def test_an_instance_lives_by_its_own_lifecycle_only() -> None:
    """Another table under the same class is refused; so is what is no policy."""
    with pytest.raises(MisuseError, match="lives by the lifecycle 'run', not by 'message'"):
        Run.create(now=0, id="run_1", lifecycle=MESSAGE)
    with pytest.raises(MisuseError, match="expected a Policy"):
        RUN.under("strict")  # type: ignore[arg-type]


def test_a_guarded_row_may_share_its_event_with_a_later_one() -> None:
    """The first row whose guard holds is taken; the last one may go without."""
    is_locked = Guard("is_locked", "the door is locked", lambda _door, payload: payload["locked"])
    rows = [SOUND[0], on("push", OPEN, SHUT, by=CLIENT, when=is_locked), on("push", OPEN, GONE, by=CLIENT)]
    locked = {"push": (Argument("locked", bool),)}
    built = door(rows=[*rows, *SOUND[2:]], arguments=locked)

    @entity
    class OneDoor(Instance[Door]):
        table = built

    for locked_now, status in ((True, SHUT), (False, GONE)):
        one = OneDoor.create(event="build", now=0)
        one.apply("push", now=1, locked=locked_now)
        assert one.status is status


def test_a_warning_does_not_refuse_a_table() -> None:
    """A status that only time can end is worth a thought, not a refusal."""
    until = Effect("until", "sets gone_at", {"gone_at": lambda _door, _payload, now: now + 5})
    rows = [on("build", None, OPEN, by=CLIENT, then=until), at("gone_at", OPEN, GONE)]
    table = Lifecycle("gate", Gate, terminal=[Gate.GONE], rows=rows)  # type: ignore[arg-type]
    assert [(d.code, d.severity) for d in table.check()] == [("waits-for-time", "warning")]


class Gate(StrEnum):
    OPEN = "open"
    GONE = "gone"


def test_several_deadlines_fire_in_their_written_order() -> None:
    """The earliest first; of equal ones, the one whose row stands first."""
    both = {"shut_at": lambda _d, _p, now: now + 5, "gone_at": lambda _d, _p, now: now + 5}
    set_both = Effect("set_both", "sets both deadlines", both)
    rows = [
        on("build", None, OPEN, by=CLIENT, then=set_both),
        at("shut_at", OPEN, SHUT, event="slam"),
        at("gone_at", [OPEN, SHUT], GONE, event="vanish"),
    ]
    built = Lifecycle("door", Door, terminal=[GONE], rows=rows)

    @entity
    class OneDoor(Instance[Door]):
        table = built
        shut_at = Fact[float | None]()
        gone_at = Fact[float | None]()

    one = OneDoor.create(event="build", now=0)
    assert [(r.event, r.at) for r in one.handle_timeout(99)] == [("slam", 5), ("vanish", 5)]


def test_a_failing_effect_changes_nothing() -> None:
    """All of a row happens or none of it: every value is computed before the first is written."""

    def explode(_door: object, _payload: object, _now: float) -> float:
        msg = "boom"
        raise ZeroDivisionError(msg)

    bad = Effect("bad", "stamps shut_at, and fails", {"shut_at": lambda _d, _p, now: now, "why": explode})
    built = door(rows=[SOUND[0], [evolve(SOUND[1][0], effect=bad)], *SOUND[2:]])

    @entity
    class OneDoor(Instance[Door]):
        table = built
        shut_at = Fact[float | None]()
        why = Fact[str | None]()

    one = OneDoor.create(event="build", now=0)
    with pytest.raises(ZeroDivisionError):
        one.apply("shut", now=5)
    assert (one.status, one.shut_at, one.version) == ("open", None, 1)


def test_a_deadline_set_in_the_past_changes_nothing() -> None:
    """The row is refused whole, not taken without its deadline."""
    past = Effect("past", "sets gone_at", {"gone_at": lambda _d, _p, now: now - 1})
    built = door(
        at("gone_at", SHUT, GONE, event="vanish"),
        rows=[SOUND[0], [evolve(SOUND[1][0], effect=past)], *SOUND[2:]],
    )

    @entity
    class OneDoor(Instance[Door]):
        table = built
        gone_at = Fact[float | None]()

    one = OneDoor.create(event="build", now=0)
    with pytest.raises(TimeError, match="gone_at would be 4"):
        one.apply("shut", now=5)
    assert (one.status, one.gone_at, one.next_deadline()) == ("open", None, None)


def test_a_class_must_declare_what_its_table_writes() -> None:
    """A missing fact is named when the class is made, not at the first event."""
    with pytest.raises(MisuseError, match="declare created_at"):

        @entity
        class Thing(Instance[Any]):
            table = MESSAGE
            id = Fact[str]()
            completed_at = Fact[float]()
            incomplete_at = Fact[float]()
            incomplete_details = Fact[object]()
            run_id = Fact[str]()
