"""``runlife verify``: tries a service in every story up to a number of deviations, without pytest."""

from __future__ import annotations

import json
import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from runlife import MisuseError
from runlife_adapters.cli.extras import needing

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["verify"]

FAILED = 1
"""The exit code when the service fails in a story; click's own for misuse is 2."""


class _MisuseError(click.ClickException):
    exit_code = click.UsageError.exit_code


@click.command(short_help="Try a service in every path, race and fault.")
@click.argument("service", metavar="MODULE:SERVICE")
@click.option(
    "--deviations",
    type=click.IntRange(min=0),
    default=2,
    show_default=True,
    help="Play every schedule with at most so many deviations from the happy path.",
)
@click.option(
    "--random", type=click.IntRange(min=0), default=500, show_default=True, help="Draw so many more."
)
@click.option("--ttl", type=float, default=60.0, show_default=True, help="Seconds that a run lives.")
@click.option(
    "--grace",
    type=float,
    default=45.0,
    show_default=True,
    help="Seconds to come back once all runs are over.",
)
@click.option(
    "--timeout",
    type=float,
    default=10.0,
    show_default=True,
    help="Seconds that the client waits for an answer.",
)
@click.option("--fault", "faults", multiple=True, metavar="KIND", help="Only such faults; repeatable.")
@click.option("--no-faults", is_flag=True, help="A network that never fails.")
@click.option("--alone", is_flag=True, help="No other worker cancels or answers.")
@click.option(
    "--function",
    "functions",
    multiple=True,
    metavar="NAME",
    help="A function of the assistant; repeatable.  [default: lookup]",
)
@click.option("--no-functions", is_flag=True, help="An assistant without functions.")
@click.option("--no-prune", is_flag=True, help="Polls that show nothing new are places for faults, too.")
@click.option("--strict", is_flag=True, help="To give up in an outage is a failure, too.")
@click.option("--report", type=click.Path(dir_okay=False, path_type=Path), help="Write a page (HTML).")
@click.option("--json", "data", type=click.Path(dir_okay=False, path_type=Path), help="Write the result.")
def verify(  # noqa: PLR0917  # click passes every one by its name
    service: str,
    deviations: int,
    random: int,
    ttl: float,
    grace: float,
    timeout: float,
    faults: tuple[str, ...],
    functions: tuple[str, ...],
    report: Path | None,
    data: Path | None,
    *,
    no_faults: bool,
    alone: bool,
    no_functions: bool,
    no_prune: bool,
    strict: bool,
) -> None:
    """Try a service in every story with at most so many deviations from the happy path.

    SERVICE is a function of (client, thread_id, assistant_id), async or not, that returns the status of its
    run or something that has one; one of (client, request), that does so with responses; or one of (world).
    MODULE is imported from the current folder, or from where Python finds it.

    Exits with 0 and what was proved, 1 with the failure, 2 when misused.
    """
    if faults and no_faults:
        raise click.UsageError("--fault and --no-faults: one or the other")
    if functions and no_functions:
        raise click.UsageError("--function and --no-functions: one or the other")
    with needing("verifying", "openai", "testing"):
        from runlife_adapters.testing.verify import LifecycleError, lifecycle  # noqa: PLC0415  # an extra
        from runlife_adapters.testing.verify.reporting import as_text  # noqa: PLC0415
        from runlife_adapters.testing.verify.reporting.page import failure_page, proof_page  # noqa: PLC0415
        from runlife_adapters.testing.verify.reporting.pages.proof import proof_to_json  # noqa: PLC0415
    function = _load(service)
    options: dict[str, Any] = {
        "deviations": deviations,
        "random": random,
        "ttl": ttl,
        "grace": grace,
        "timeout": timeout,
        "prune": not no_prune,
        "outages": not strict,
        "faults": () if no_faults else faults or None,
    }
    if alone:
        options["others"] = ()
    if functions or no_functions:
        options["functions"] = functions
    try:
        proof = lifecycle.verify(function, **options)
    except LifecycleError as failure:
        told = failure.report
    except MisuseError as error:
        raise _MisuseError(str(error)) from error
    else:
        _write(report, proof_page(proof))
        _write(data, json.dumps(proof_to_json(proof), indent=2) + "\n")
        click.echo(str(proof))
        return
    _write(report, failure_page(told))
    _write(data, json.dumps(told.to_json(), indent=2) + "\n")
    click.echo(as_text(told))
    raise SystemExit(FAILED)


def _load(place: str) -> Callable[..., Any]:
    """Return the service that ``MODULE:SERVICE`` names.

    :raises click.ClickException: when there is none.
    """
    module_name, colon, name = place.partition(":")
    if not (colon and module_name and name):
        raise click.UsageError(f"expected MODULE:SERVICE, such as app.runs:answer; got {place!r}")
    if "" not in sys.path:
        sys.path.insert(0, "")  # where the command is given, as `python -m` has it
    try:
        found: Any = import_module(module_name)
        for part in name.split("."):
            found = getattr(found, part)
    except ModuleNotFoundError as error:
        raise _MisuseError(f"{place}: there is no module {error.name!r}") from error
    except AttributeError as error:
        raise _MisuseError(f"{place}: {error}") from error
    except Exception as error:
        raise _MisuseError(f"{place}: importing it failed: {type(error).__name__}: {error}") from error
    if not callable(found):
        raise _MisuseError(f"{place}: expected a function, got {found!r}")
    service: Callable[..., Any] = found
    return service


def _write(file: Path | None, text: str) -> None:
    """Write a file, if it is wanted.

    :raises click.ClickException: when it cannot be written.
    """
    if file is None:
        return
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise _MisuseError(f"cannot write {file}: {error.strerror or error}") from error
