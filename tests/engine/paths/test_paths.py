"""Paths that are generated from a table."""

from __future__ import annotations

from enum import StrEnum
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from runlife import MESSAGE, RUN, RUN_STEP, Cause, Guard, Lifecycle, MisuseError, Run, RunStatus, on
from runlife.paths import Path, Rows, illegal_events, n_switch, prime_paths, shortest_paths, simple_paths

if TYPE_CHECKING:
    from collections.abc import Iterator

TABLES = [RUN, RUN_STEP, MESSAGE]
by_name = pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)


class Door(StrEnum):
    OPEN = "open"
    SHUT = "shut"
    LOCKED = "locked"


fits = Guard("key_fits", "the key fits", lambda _door, _payload: True)
breaks = Guard("key_breaks", "the key breaks", lambda _door, _payload: True)
DOOR = Lifecycle(
    "door",
    Door,
    terminal=[Door.LOCKED],
    rows=[
        on("hang", None, Door.OPEN, by=Cause.CLIENT),
        on("shut", Door.OPEN, Door.SHUT, by=Cause.CLIENT),
        on("slam", Door.OPEN, Door.SHUT, by=Cause.CLIENT),
        on("open", Door.SHUT, Door.OPEN, by=Cause.CLIENT),
        on("lock", Door.SHUT, Door.LOCKED, by=Cause.CLIENT, when=fits),
        on("lock", Door.SHUT, Door.LOCKED, by=Cause.CLIENT, when=breaks),
    ],
    bounded_by="the life of the house",
)
"""A table with parallel edges, which ours have not."""


def words(rows: Rows[Any]) -> tuple[tuple[str, str | None, str], ...]:
    """Return rows as plain data, so that a check of ours shares nothing with what it checks."""
    return tuple((row.event, row.source and row.source.value, row.target.value) for row in rows)


def edges_of(table: Lifecycle[Any]) -> list[tuple[str, str | None, str]]:
    """Return the edges of a table as plain data."""
    return list(words(table.transitions))


class TestPath:
    def test_its_id_is_the_statuses_it_enters(self) -> None:
        """The id of a path reads well as the id of a test."""
        ids = [path.id for path in shortest_paths(RUN).values()]
        assert "queued>in_progress>requires_action" in ids
        assert "queued>cancelling>cancelled" in ids

    def test_its_id_tells_events_and_guards_only_where_they_are_needed(self) -> None:
        """Of parallel edges the event is told; of parallel rows of one event, the guard as well."""
        ids = [path.id for path in simple_paths(DOOR)]
        assert ids == [
            "open>shut:shut>lock[key_fits]:locked",
            "open>shut:shut>lock[key_breaks]:locked",
            "open>slam:shut>lock[key_fits]:locked",
            "open>slam:shut>lock[key_breaks]:locked",
        ]

    @pytest.mark.parametrize("table", [*TABLES, DOOR], ids=lambda table: table.name)
    def test_ids_are_unique(self, table: Lifecycle[Any]) -> None:
        """No two paths of a lifecycle share an id."""
        paths = simple_paths(table, visits=2)
        assert len({path.id for path in paths}) == len(paths) == len(set(paths))

    def test_it_is_a_sequence_of_its_transitions(self) -> None:
        """Length, order, slices and membership are those of its rows."""
        path = shortest_paths(RUN)[RunStatus.COMPLETED]
        assert path.events == ("create", "start", "complete")
        assert path.statuses == (RunStatus.QUEUED, RunStatus.IN_PROGRESS, RunStatus.COMPLETED)
        assert len(path) == 3
        assert path[0] in path
        assert path[:2] == path.rows[:2]
        assert [*path] == [*path.rows]
        assert str(path) == path.id
        assert repr(path) == "<Path queued>in_progress>completed>"

    def test_it_is_complete_when_it_ends_terminal(self) -> None:
        """A path to a live status is not complete."""
        complete = {status for status, path in shortest_paths(RUN).items() if path.is_complete}
        assert complete == RUN.terminal

    def test_equal_paths_are_one_in_a_set(self) -> None:
        """Two paths over the same rows are equal, also when they were made apart."""
        path = simple_paths(RUN)[0]
        assert {path, Path(RUN, path.rows)} == {path}
        assert path != simple_paths(RUN)[1]

    def test_what_does_not_begin_with_a_creation_is_refused(self) -> None:
        """The message says what the path begins with."""
        rows = simple_paths(RUN)[0].rows
        with pytest.raises(MisuseError, match="begins with a creation, not with queued -start->"):
            Path(RUN, rows[1:])
        with pytest.raises(MisuseError, match="begins with a creation, not with nothing"):
            Path(RUN, ())

    def test_what_does_not_join_is_refused(self) -> None:
        """The message says where it breaks."""
        create, start, *_ = RUN.transitions
        with pytest.raises(MisuseError, match=r"after nothing -create-> queued cannot come nothing"):
            Path(RUN, (create, create, start))

    def test_it_is_told_by_a_journal(self) -> None:
        """A run has taken the path that its journal tells."""
        run = Run.create(id="run_1", now=0)
        run.apply("start", now=1)
        run.handle_timeout(600)
        assert Path.taken_by(run).id == "queued>in_progress>expired"


class TestShortestPaths:
    @by_name
    def test_there_is_one_to_each_status(self, table: Lifecycle[Any]) -> None:
        """Each leads where it says, and nowhere twice."""
        paths = shortest_paths(table)
        assert list(paths) == list(table.statuses)
        for status, path in paths.items():
            assert path.statuses[-1] == status
            assert len(set(path.statuses)) == len(path)

    @by_name
    def test_none_is_shorter(self, table: Lifecycle[Any]) -> None:
        """The length is the distance, as a fixed point of plain relaxation gives it."""
        distance: dict[str | None, int] = {None: 0}
        for _ in table.statuses:
            for _, source, target in edges_of(table):
                if source in distance:
                    distance[target] = min(distance.get(target, 99), distance[source] + 1)
        assert {status: len(path) for status, path in shortest_paths(table).items()} == {
            status: distance[status] for status in table.statuses
        }


class TestSimplePaths:
    @pytest.mark.parametrize(
        ("visits", "count", "rows"), [(1, 22, 80), (2, 44, 226), (3, 66, 438), (4, 88, 716)]
    )
    def test_their_number_for_a_run(self, visits: int, count: int, rows: int) -> None:
        """Pinned: any change of the table shows. One cycle, so it grows by a constant."""
        paths = simple_paths(RUN, visits)
        assert (len(paths), sum(map(len, paths))) == (count, rows)

    @by_name
    @pytest.mark.parametrize("visits", [1, 2])
    def test_they_are_all_there_is(self, table: Lifecycle[Any], visits: int) -> None:
        """A brute-force enumeration over plain data finds the same paths."""

        def extend(path: tuple[tuple[str, str | None, str], ...]) -> Iterator[tuple[Any, ...]]:
            end = path[-1][2] if path else None
            if end in table.terminal:
                yield path
            for edge in edges_of(table):
                again = sum(edge[2] == other[2] for other in path)
                if edge[1] == end and again < visits:
                    yield from extend((*path, edge))

        assert {words(path.rows) for path in simple_paths(table, visits)} == set(extend(()))

    def test_visits_must_be_positive(self) -> None:
        """Nothing can be visited less than once."""
        with pytest.raises(MisuseError, match="must be 1 or more, got 0"):
            simple_paths(RUN, 0)


class TestSwitches:
    @pytest.mark.parametrize(("n", "count"), [(0, 19), (1, 32), (2, 41), (3, 47), (4, 54)])
    def test_their_number_for_a_run(self, n: int, count: int) -> None:
        """Pinned: any change of the table shows."""
        assert len(n_switch(RUN, n)) == count

    @by_name
    def test_the_edges_are_the_transitions(self, table: Lifecycle[Any]) -> None:
        """0-switch: each transition by itself, creations among them."""
        assert n_switch(table, 0) == tuple((row,) for row in table.transitions)

    @by_name
    def test_the_pairs_are_those_that_join(self, table: Lifecycle[Any]) -> None:
        """1-switch: every two edges of which one ends where the other begins; no more, no fewer."""
        edges = edges_of(table)
        pairs = {(one, two) for one in edges for two in edges if one[2] == two[1]}
        whole = {(one,) for one in edges if one[1] is None and one[2] in table.terminal}
        found = [words(rows) for rows in n_switch(table, 1)]
        assert set(found) == pairs | whole
        assert len(found) == len(set(found))

    def test_a_complete_path_that_is_shorter_counts(self) -> None:
        """A message may be born whole: a path of one edge, in no pair, and yet not to be left out."""
        assert [len(rows) for rows in n_switch(MESSAGE, 1)] == [1, 2, 2]

    def test_n_must_not_be_negative(self) -> None:
        """A sequence has at least one edge."""
        with pytest.raises(MisuseError, match="must be 0 or more, got -1"):
            n_switch(RUN, -1)


class TestPrimePaths:
    def test_their_number_for_a_run(self) -> None:
        """Pinned: 41, of which the three cyclic ones are the tool loop begun at each of its statuses."""
        primes = prime_paths(RUN)
        cyclic = [rows for rows in primes if rows[0].source == rows[-1].target]
        assert len(primes) == 41
        assert len(cyclic) == 3
        assert {tuple(sorted(row.event for row in rows)) for rows in cyclic} == {
            ("require_action", "start", "submit_tool_outputs")
        }

    @pytest.mark.parametrize("table", [*TABLES, DOOR], ids=lambda table: table.name)
    def test_they_are_those_of_the_definition(self, table: Lifecycle[Any]) -> None:
        """Prime: simple, and a proper part of no other simple path. Checked by brute force."""
        edges = [(index, *edge) for index, edge in enumerate(edges_of(table))]
        simple = grown = [(edge,) for edge in edges]
        while grown:
            grown = [
                (*path, edge)
                for path in grown
                for edge in edges
                if edge[2] == path[-1][3]
                and path[0][2] != path[-1][3]
                and edge[3] not in {e[3] for e in path}
            ]
            simple = [*simple, *grown]

        def is_part(short: tuple[Any, ...], long: tuple[Any, ...]) -> bool:
            size = len(short)
            return size < len(long) and any(long[at : at + size] == short for at in range(len(long)))

        numbers = {id(row): index for index, row in enumerate(table.transitions)}
        expected = {
            tuple(edge[0] for edge in path)
            for path in simple
            if not any(is_part(path, other) for other in simple)
        }
        assert {tuple(numbers[id(row)] for row in rows) for rows in prime_paths(table)} == expected


class TestIllegalEvents:
    @by_name
    def test_with_the_legal_ones_they_are_all_there_are(self, table: Lifecycle[Any]) -> None:
        """Every status and event is either a row or a sneak path, never both."""
        legal = {(source, event) for event, source, _ in edges_of(table) if source is not None}
        illegal = set(illegal_events(table))
        assert not legal & illegal
        assert legal | illegal == {(s, e) for s in table.statuses for e in table.events}

    def test_their_number_for_a_run(self) -> None:
        """Pinned: 72 negative tests, 50 of them in terminal statuses."""
        illegal = illegal_events(RUN)
        assert len(illegal) == 72
        assert sum(status in RUN.terminal for status, _ in illegal) == 50


@by_name
def test_rows_join(table: Lifecycle[Any]) -> None:
    """Whatever is generated consists of rows that join."""
    for rows in (*n_switch(table, 3), *prime_paths(table), *(p.rows for p in simple_paths(table, 2))):
        assert all(one.target == two.source for one, two in pairwise(rows))
