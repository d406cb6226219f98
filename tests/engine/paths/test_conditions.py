"""Guards both ways, and deadlines from both sides."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import pytest

from runlife import MESSAGE, RUN, RUN_STEP, Cause, Effect, Guard, Lifecycle, Run, at, on
from runlife.paths import boundaries, guard_rows, lawful_payload, shortest_paths, walk

TABLES = [RUN, RUN_STEP, MESSAGE]
by_name = pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)


class Egg(StrEnum):
    RAW = "raw"
    DONE = "done"


def guard(name: str) -> Guard:
    """Return a guard that always holds."""
    return Guard(name, name, lambda _egg, _payload: True)


laid = Effect(
    "laid", "sets both deadlines", {name: lambda _e, _p, now: now for name in ("best_before", "too_late")}
)
EGG = Lifecycle(
    "egg",
    Egg,
    terminal=[Egg.DONE],
    rows=[
        on("lay", None, Egg.RAW, by=Cause.CLIENT, then=laid),
        on("boil", Egg.RAW, Egg.DONE, by=Cause.CLIENT, when=guard("hot") & guard("wet") & guard("salt")),
        at("best_before", Egg.RAW, Egg.DONE, event="hatch"),
        at("too_late", Egg.RAW, Egg.DONE, event="rot"),
    ],
)
"""A table with a guard of three parts, and two deadlines in one status."""


class TestGuardRows:
    def test_their_number_for_a_run(self) -> None:
        """Pinned: three for the guard of two parts, two for each of the others."""
        assert [str(row) for row in guard_rows(RUN)] == [
            "create@nothing: thread_is_free, thread_has_input",
            "create@nothing: not thread_is_free, thread_has_input",
            "create@nothing: thread_is_free, not thread_has_input",
            "require_action@in_progress: calls_a_function",
            "require_action@in_progress: not calls_a_function",
            "submit_tool_outputs@requires_action: outputs_match_calls",
            "submit_tool_outputs@requires_action: not outputs_match_calls",
        ]

    @pytest.mark.parametrize("table", [*TABLES, EGG], ids=lambda table: table.name)
    def test_each_part_decides_by_itself(self, table: Lifecycle[Any]) -> None:
        """For each part there are two rows that differ in it alone, and in what comes of the guard."""
        rows = guard_rows(table)
        for transition in {id(row.transition): row.transition for row in rows}.values():
            mine = [row for row in rows if row.transition is transition]
            (whole,) = (row for row in mine if row.fails is None)
            assert len(mine) == len(whole.holds) + 1
            for index, (part, _) in enumerate(whole.holds):
                (alone,) = (row for row in mine if row.fails is part)
                differ = [at for at, (one, two) in enumerate(zip(whole.holds, alone.holds)) if one != two]  # noqa: B905  # zipped as they come
                assert differ == [index]

    @by_name
    def test_only_guards_have_them(self, table: Lifecycle[Any]) -> None:
        """Every guarded transition has its rows, save the timers', which time decides."""
        guarded = [row for row in table.transitions if row.guard is not None and row.cause is not Cause.TIMER]
        assert list(dict.fromkeys(id(row.transition) for row in guard_rows(table))) == list(map(id, guarded))


class TestBoundaries:
    def test_their_number_for_a_run(self) -> None:
        """Pinned: three moments in each of four statuses, and two for each of fourteen other rows."""
        found = boundaries(RUN)
        assert len([b for b in found if b.rival is None]) == 3 * 4
        assert len([b for b in found if b.rival is not None]) == 2 * 14
        assert len({b.id for b in found}) == len(found) == 40

    def test_their_ids_say_what_comes_of_it(self) -> None:
        """Before the deadline all goes on; at it, time has won."""
        assert [str(boundary) for boundary in boundaries(RUN)[:5]] == [
            "queued at expires_at-1 lives",
            "queued at expires_at is expired",
            "queued at expires_at+1 is expired",
            "start@queued at expires_at-1 is in time",
            "start@queued at expires_at is too late",
        ]

    def test_each_deadline_of_a_status_has_its_own(self) -> None:
        """Where two deadlines hold at once, the ids tell them apart."""
        assert [str(b) for b in boundaries(EGG) if b.rival is None and b.offset == 0] == [
            "raw at best_before is done",
            "raw at too_late is done",
        ]

    def test_what_has_no_deadline_has_none(self) -> None:
        """A message ends with its run."""
        assert boundaries(MESSAGE) == ()

    @pytest.mark.parametrize("boundary", boundaries(RUN), ids=str)
    def test_a_run_keeps_them(self, boundary: Any) -> None:
        """The engine itself takes at each moment the row that is said, and no other."""
        path = shortest_paths(RUN)[boundary.timer.source]
        run = walk(path, Run)
        deadline = run.next_deadline()
        assert deadline is not None
        now = deadline + boundary.offset
        before = run.version
        if boundary.rival is None:
            run.handle_timeout(now)
        else:
            outcome = run.attempt(
                boundary.rival.event, now=now, **lawful_payload(run, RUN, boundary.rival, now)
            )
            assert outcome.ok is not boundary.is_due
        taken = [record.transition for record in run.journal[before:]]
        assert taken == ([] if boundary.taken is None else [boundary.taken])
