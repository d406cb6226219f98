"""Suites that are generated from a table: that they cover, and how small they are."""

from __future__ import annotations

from collections import Counter
from itertools import chain, pairwise
from typing import TYPE_CHECKING, Any, get_args

import pytest
from attrs import evolve

from runlife import MESSAGE, RUN, RUN_STEP, Lifecycle, MisuseError, Policy, Run, RunStatus, Transition
from runlife.paths import Criterion, Path, cover, coverage, n_switch, requirements, simple_paths, suite, tour

if TYPE_CHECKING:
    from collections.abc import Iterable

TABLES = [RUN, RUN_STEP, MESSAGE]
CRITERIA: tuple[Criterion, ...] = get_args(Criterion)
by_name = pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
by_criterion = pytest.mark.parametrize("criterion", CRITERIA)

Edge = tuple[str, str | None, str]


def edges_of(table: Lifecycle[Any]) -> list[Edge]:
    """Return the edges of a table as plain data."""
    return [(r.event, r.source and r.source.value, r.target.value) for r in table.transitions]


def plain(path: Iterable[Transition[Any]]) -> tuple[Edge, ...]:
    """Return a path as plain data."""
    return tuple((r.event, r.source and r.source.value, r.target.value) for r in path)


def windows(paths: tuple[Path[Any], ...], size: int) -> set[tuple[Edge, ...]]:
    """Return all parts of a size that are in the paths."""
    edges = [plain(path) for path in paths]
    return {path[at : at + size] for path in edges for at in range(len(path) - size + 1)}


class TestEachSuiteCovers:
    """Checked with plain tuples that share no code with what makes the suites."""

    @by_name
    @by_criterion
    def test_it_is_made_of_complete_paths(self, table: Lifecycle[Any], criterion: Criterion) -> None:
        """From a creation to a terminal status, along edges of the table that join."""
        edges = set(edges_of(table))
        for path in suite(table, criterion):
            steps = plain(path)
            assert steps[0][1] is None
            assert steps[-1][2] in table.terminal
            assert all(one[2] == two[1] for one, two in pairwise(steps))
            assert edges.issuperset(steps)

    @by_name
    def test_status(self, table: Lifecycle[Any]) -> None:
        """Every status is entered."""
        entered = {row.target for path in suite(table, "status") for row in path}
        assert entered == set(table.statuses)

    @by_name
    def test_edge(self, table: Lifecycle[Any]) -> None:
        """Every edge is taken."""
        assert windows(suite(table, "edge"), 1) == {(edge,) for edge in edges_of(table)}

    @by_name
    def test_edge_pair(self, table: Lifecycle[Any]) -> None:
        """Every two edges that join are taken one after the other; and so is every edge."""
        edges = edges_of(table)
        paths = suite(table, "edge-pair")
        assert windows(paths, 2) == {(a, b) for a in edges for b in edges if a[2] == b[1]}
        assert windows(paths, 1) == {(edge,) for edge in edges}

    @by_name
    def test_edge_triple(self, table: Lifecycle[Any]) -> None:
        """Every three edges that join are taken in a row; and so is every pair."""
        edges = edges_of(table)
        pairs = {(a, b) for a in edges for b in edges if a[2] == b[1]}
        paths = suite(table, "edge-triple")
        assert windows(paths, 3) == {(*pair, c) for pair in pairs for c in edges if pair[1][2] == c[1]}
        assert windows(paths, 2) == pairs

    @by_name
    def test_simple(self, table: Lifecycle[Any]) -> None:
        """It is the simple paths themselves."""
        assert set(suite(table, "simple")) == set(simple_paths(table))

    @by_name
    def test_prime(self, table: Lifecycle[Any]) -> None:
        """Every prime path is a part of a path, and with them every edge and every simple path."""
        paths = suite(table, "prime")
        for rows in requirements(table, "prime"):
            assert plain(rows) in windows(paths, len(rows))
        for path in simple_paths(table):
            assert plain(path) in windows(paths, len(path))
        assert windows(paths, 1) == {(edge,) for edge in edges_of(table)}


class TestEachSuiteIsSmall:
    @pytest.mark.parametrize(
        ("criterion", "items", "paths", "rows"),
        [
            ("status", 9, 5, 16),
            ("edge", 19, 12, 41),
            ("edge-pair", 32, 24, 96),
            ("edge-triple", 41, 33, 150),
            ("simple", 22, 22, 80),
            ("prime", 41, 38, 182),
        ],
    )
    def test_the_sizes_for_a_run(self, criterion: Criterion, items: int, paths: int, rows: int) -> None:
        """Pinned: how much must be covered, in how many paths, with how many transitions."""
        made = suite(RUN, criterion)
        assert (len(requirements(RUN, criterion)), len(made), sum(map(len, made))) == (items, paths, rows)

    @by_name
    @by_criterion
    def test_it_is_as_small_as_it_can_be(self, table: Lifecycle[Any], criterion: Criterion) -> None:
        """A path has one ending, so there cannot be fewer paths than endings are required."""
        endings = sum(rows[-1].target in table.terminal for rows in requirements(table, criterion))
        assert len(suite(table, criterion)) == endings

    def test_where_the_bound_is_not_reached_no_suite_reaches_it(self) -> None:
        """Three ways into `cancelling` and two out of it: one more path than there are endings."""
        table = RUN.under(Policy(cancel_may_lose=False))
        into = [row for row in table.transitions if row.target is RunStatus.CANCELLING]
        out = [row for row in table.transitions if row.source is RunStatus.CANCELLING]
        endings = sum(row.target in table.terminal for row in table.transitions)
        assert len(suite(table, "edge")) == endings - len(out) + len(into) == 10

    @by_criterion
    def test_no_path_can_be_spared(self, criterion: Criterion) -> None:
        """Without any one path something is no longer covered."""
        wanted = [plain(rows) for rows in requirements(RUN, criterion)]
        parts = [
            {item for item in wanted if item in windows((path,), len(item))} for path in suite(RUN, criterion)
        ]
        times = Counter(chain.from_iterable(parts))
        assert all(min(times[item] for item in part) == 1 for part in parts)

    @by_criterion
    def test_it_is_the_same_every_time(self, criterion: Criterion) -> None:
        """Nothing depends on the order of a set or on a hash."""
        again = evolve(RUN)
        assert [path.id for path in suite(RUN, criterion)] == [path.id for path in suite(again, criterion)]


class TestCover:
    def test_any_parts_can_be_asked_for(self) -> None:
        """Five edges in a row: round the tool loop and beyond."""
        items = n_switch(RUN, 4)
        paths = cover(RUN, items)
        assert all(plain(rows) in windows(paths, len(rows)) for rows in items)

    def test_nothing_asks_for_nothing(self) -> None:
        """No items, no paths."""
        assert cover(RUN, []) == ()

    def test_what_no_path_contains_is_refused(self) -> None:
        """Rows that do not join are named; a part that is empty is no part."""
        create, start, *_ = RUN.transitions
        with pytest.raises(MisuseError, match="the path does not join"):
            cover(RUN, [(start, create)])
        with pytest.raises(MisuseError, match="no path through 'run' contains this item: an empty one"):
            cover(RUN, [()])

    def test_an_unknown_criterion_is_refused(self) -> None:
        """The message lists the criteria."""
        with pytest.raises(MisuseError, match="unknown criterion 'all'; the criteria are: status, edge,"):
            suite(RUN, "all")  # type: ignore[arg-type]  # what is tested


class TestTour:
    def test_it_is_the_suite_in_one_walk(self) -> None:
        """Each ending is followed by the next creation, and nothing is lost."""
        walked = tour(RUN, "edge")
        assert walked == tuple(chain.from_iterable(suite(RUN, "edge")))
        for one, two in pairwise(walked):
            assert two.source == (None if one.target in RUN.terminal else one.target)


class TestCoverage:
    def test_a_suite_is_complete(self) -> None:
        """What was generated to cover all pairs is counted as covering everything."""
        found = coverage(RUN, suite(RUN, "edge-pair"))
        assert found.is_complete
        assert str(found) == "statuses 9/9, edges 19/19, edge pairs 32/32"

    def test_it_tells_what_is_missing(self) -> None:
        """As data, and in words."""
        found = coverage(RUN, suite(RUN, "edge"))
        assert not found.is_complete
        assert found.edges.missing == ()
        assert len(found.edge_pairs.missing) == 32 - len(windows(suite(RUN, "edge"), 2))
        missing = "  missing: requires_action -submit_tool_outputs-> queued, queued -start-> in_progress"
        assert missing in str(found).splitlines()

    def test_journals_count_like_paths(self) -> None:
        """A run's journal tells the same as the path it took; a snapshot's part of it as well."""
        run = Run.create(id="run_1", now=0)
        run.apply("start", now=1)
        run.handle_timeout(600)
        assert coverage(RUN, [run.journal]) == coverage(RUN, [Path.taken_by(run)])
        assert coverage(RUN, [run.journal[1:]]).statuses.taken == (RunStatus.IN_PROGRESS, RunStatus.EXPIRED)

    def test_it_counts_how_often(self) -> None:
        """Twice the same is counted twice."""
        paths = [*suite(RUN, "edge"), *suite(RUN, "edge")]
        counts = Counter(edge for path in paths for edge in plain(path))
        found = coverage(RUN, paths).edges.counts
        assert [counts[edge] for edge in edges_of(RUN)] == [count for _, count in found]

    def test_nothing_was_taken_of_nothing(self) -> None:
        """Without histories everything is missing."""
        found = coverage(MESSAGE, [])
        assert str(found.statuses) == "0/3"
        assert "  missing: in_progress" in str(found).splitlines()

    def test_equal_rows_count_also_when_they_are_not_the_same(self) -> None:
        """Rows are values: a copy is told by what it says."""
        copied = [evolve(row) for row in suite(RUN, "edge")[0]]
        assert coverage(RUN, [copied]) == coverage(RUN, [suite(RUN, "edge")[0]])

    def test_foreign_transitions_are_refused(self) -> None:
        """A row that the policy switches off is not of this lifecycle."""
        literal = RUN.under(Policy(queued_may_fail=False))
        with pytest.raises(MisuseError, match="queued -fail-> failed is no transition of 'run' under"):
            coverage(literal, suite(RUN, "edge"))
