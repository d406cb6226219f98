"""``runlife check``: whether a recording shows lawful runs and responses, and if not, where that ends."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any, get_args

import click

from runlife.errors import MisuseError
from runlife.trace import Mode

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runlife_adapters.traces import Passage, Verdict

__all__ = ["check"]

VIOLATION = 1
"""The exit code when a run left its lifecycle; click's own for misuse is 2."""


class _MisuseError(click.ClickException):
    exit_code = click.UsageError.exit_code


@click.command(short_help="Say whether a recording shows lawful runs and responses.")
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@click.option(
    "--mode",
    type=click.Choice(get_args(Mode)),
    default="shared",
    show_default=True,
    help="exact: every call about a run is in the file. shared: others may act on it as well. "
    "stale: and what is read may be late.",
)
@click.option("--lag", type=float, metavar="SECONDS", help="How late, with --mode stale.  [default: 5]")
@click.option(
    "--slack",
    type=click.FloatRange(min=0),
    default=2.0,
    show_default=True,
    metavar="SECONDS",
    help="By how much a time may be wrong.",
)
@click.option("--json", "as_json", is_flag=True, help="Write one JSON object instead of text.")
@click.pass_context
def check(
    ctx: click.Context, files: tuple[str, ...], mode: Mode, lag: float | None, slack: float, *, as_json: bool
) -> None:
    """Say of each run and response in recordings whether a lawful history explains what was seen of it.

    FILE is runlife's own NDJSON, HAR, a VCR cassette, or a test proxy's recording. Exits with 0 when all is
    legal, 1 when a run left its lifecycle, 2 when a file cannot be read or an option makes no sense.
    """
    from runlife_adapters import traces  # noqa: PLC0415  # each command asks only for what it needs

    if lag is None:
        lag = 5.0 if mode == "stale" else 0.0
    found: dict[str, tuple[Verdict, ...]] = {}
    try:
        for file in files:
            found[file] = traces.check(traces.read(file), mode=mode, lag=lag, slack=slack)
    except (traces.TraceFileError, MisuseError) as error:
        raise _MisuseError(str(error)) from error
    if as_json:
        objects = {file: [_as_json(verdict) for verdict in verdicts] for file, verdicts in found.items()}
        click.echo(json.dumps({"legal": _is_legal(found), "files": objects}, indent=2))
    else:
        for file, verdicts in found.items():
            # What stands in a file is whatever a stranger wrote: nothing in it may steer the terminal.
            for line in _lines(file, verdicts):
                click.echo("".join(c if c.isprintable() else ascii(c)[1:-1] for c in line))
    ctx.exit(0 if _is_legal(found) else VIOLATION)


def _is_legal(found: dict[str, tuple[Verdict, ...]]) -> bool:
    return all(verdict.lawful for verdicts in found.values() for verdict in verdicts)


# Text


def _lines(file: str, verdicts: tuple[Verdict, ...]) -> Iterator[str]:
    if not verdicts:
        yield f"{file}: no responses and no runs in it, so nothing was checked"
        return
    wrong = sum(not verdict.lawful for verdict in verdicts)
    how = f"{wrong} left the lifecycle" if wrong else "all legal"
    yield f"{file}: {', '.join(_counted(verdicts))}: {how}"
    for verdict in verdicts:
        yield from _of(verdict)


def _counted(verdicts: tuple[Verdict, ...]) -> Iterator[str]:
    """Say how many there are of each kind; of runs and steps, also that there are none of the other."""
    kinds = Counter(verdict.kind.removeprefix("run_") for verdict in verdicts)
    told = ("run", "step") if kinds["run"] or kinds["step"] else ()
    for kind in (*told, *(("response",) if kinds["response"] else ())):
        yield f"{kinds[kind]} {kind}{'' if kinds[kind] == 1 else 's'}"


def _of(verdict: Verdict) -> Iterator[str]:
    kind = verdict.kind.replace("_", " ")
    said = "legal" if verdict.lawful else "ILLEGAL"
    yield f"  {kind} {verdict.id}: {said}, {verdict.samples} sample{'' if verdict.samples == 1 else 's'}"
    if not verdict.timed:
        yield "    its clock is not that of the recording: times were not checked"
    if verdict.set_back:
        yield "    the clock of the recording was set back: until it had caught up, times were not checked"
    for passage in verdict.history:
        yield f"    {_of_passage(passage, verdict)}"
    error = verdict.error
    if error is None:
        return
    seen = error.sample.status or error.sample.what
    yield f"    {_time(error.sample.at, verdict)}{seen:<15} <- no lawful history explains this"
    yield f"      seen      {error.sample.what}"
    yield f"      believed  {', '.join(error.possible) or 'nothing'}"
    for conflict in dict.fromkeys(str(conflict) for conflict in error.why):
        yield f"      why       {conflict}"


def _of_passage(passage: Passage, verdict: Verdict) -> str:
    # The last row led to what was seen; those before it nobody saw.
    *missed, seen = passage.rows or (None,)
    parts = [f"{_time(passage.at, verdict)}{passage.status:<16}{passage.how}"]
    if passage.times > 1:
        parts.append(f"x{passage.times}")
    if missed:
        parts.append(f"(unseen before: {', '.join(str(row) for row in missed)})")
    elif seen is not None and not missed:
        parts.append(f"({seen.event})")
    return "  ".join(parts)


def _time(at: float | None, verdict: Verdict) -> str:
    start = next((passage.at for passage in verdict.history if passage.at is not None), at)
    return f"{'':>9}  " if at is None or start is None else f"{at - start:8.2f}s  "


# JSON


def _as_json(verdict: Verdict) -> dict[str, Any]:
    error = verdict.error
    return {
        "kind": verdict.kind,
        "id": verdict.id,
        "run_id": verdict.run_id,
        "legal": verdict.lawful,
        "samples": verdict.samples,
        "statuses": list(verdict.statuses),
        "times_checked": verdict.timed,
        "clock_set_back": verdict.set_back,
        "history": [
            {
                "status": passage.status,
                "how": passage.how,
                "at": passage.at,
                "times": passage.times,
                "rows": [
                    {"event": row.event, "source": row.source, "target": row.target, "cause": row.cause}
                    for row in passage.rows
                ],
            }
            for passage in verdict.history
        ],
        "violation": None
        if error is None
        else {
            "sample": error.sample.number,
            "status": error.sample.status,
            "at": error.sample.at,
            "seen": error.sample.what,
            "believed": list(error.possible),
            "why": [
                {
                    "predicate": c.predicate,
                    "name": c.name,
                    "says": c.says,
                    "in": None if c.believed is None else c.believed.status,
                }
                for c in error.why
            ],
        },
    }
