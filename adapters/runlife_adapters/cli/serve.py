"""``runlife serve``: the fake on an address, for clients in any language, with both of its surfaces.

It serves until it is told to stop, in the main thread, where signals arrive: Ctrl-C and SIGTERM end it
with 0, with streams still open too. What it is, it says on standard output; what it does, call by call,
on standard error. No line of either holds a key.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from runlife import MisuseError, VirtualClock
from runlife_adapters.cli.extras import needing
from runlife_adapters.clock import SystemClock
from runlife_adapters.policies import OPTIONS, policies

if TYPE_CHECKING:
    from collections.abc import Iterable

    from runlife_adapters.http import Service
    from runlife_adapters.http.exchange import Exchange

__all__ = ["AccessLog", "serve"]


def _answers(ctx: click.Context, param: click.Parameter, pairs: Iterable[str]) -> dict[str, Any]:
    """Return the answers that pairs of ``name=value`` give, by name; of two to one question, the last."""
    answers: dict[str, Any] = {}
    for pair in pairs:
        name, equals, answer = pair.partition("=")
        option = OPTIONS.get(name)
        if option is None:
            msg = f"no policy is named {name!r}; there are {', '.join(OPTIONS)}"
            raise click.BadParameter(msg, ctx, param)
        if not equals:
            raise click.BadParameter(f"{name} needs an answer: {name}={option.answers}", ctx, param)
        try:
            answers[name] = option.read(answer)
        except MisuseError as error:
            raise click.BadParameter(str(error), ctx, param) from error
    return answers


def _key(ctx: click.Context, param: click.Parameter, key: str | None) -> str | None:
    """Return a key that somebody can show."""
    from runlife_adapters.http.admission import check_api_key  # noqa: PLC0415  # only this command needs it

    try:
        check_api_key(key)
    except MisuseError as error:
        raise click.BadParameter(str(error), ctx, param) from error
    return key


def _listed() -> str:
    """Return the policies as the help lists them: what may be answered, and the usual answer."""
    rows = [f"  {option.name}={option.answers}  [default: {option.write()}]" for option in OPTIONS.values()]
    return "\n".join(["\b", "Policies:", *rows])


class AccessLog:
    """Writes a line to standard error for each call that was answered: what was called, and the status."""

    def answered(self, exchange: Exchange) -> None:
        """Write the line."""
        befallen = f"  ({exchange.net.kind})" if exchange.net else ""
        # A path is whatever a stranger sent: nothing in it may steer the terminal.
        path = ascii(exchange.path)[1:-1]
        line = f"{exchange.number:>5}  {exchange.status}  {exchange.method:<6} {path}{befallen}"
        click.echo(line, err=True)

    def streamed(self, exchange: Exchange, event: str, data: Any) -> None:
        """Write nothing: the call that opened the stream has its line."""


@click.command(epilog=_listed())
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=4010, show_default=True, help="0 takes any that is free."
)
@click.option(
    "--rules",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="JSON or YAML: what befalls which run, and which call.",
)
@click.option(
    "--progression",
    type=click.Choice(["time", "poll", "immediate", "manual"]),
    default="time",
    show_default=True,
    help="When runs move: as time passes, each time one is read, at once, or when told.",
)
@click.option(
    "--clock",
    type=click.Choice(["real", "virtual"]),
    default="real",
    show_default=True,
    help="A virtual clock begins now, and moves when it is told to: POST /_runlife/clock.",
)
@click.option(
    "--ttl",
    type=float,
    default=600.0,
    show_default=True,
    metavar="SECONDS",
    help="When a run expires; responses never do.",
)
@click.option(
    "--policy",
    "answers",
    metavar="NAME=VALUE",
    multiple=True,
    callback=_answers,
    help="An open question, answered otherwise than usual (see below); repeatable.",
)
@click.option(
    "--api-key",
    metavar="KEY",
    envvar="RUNLIFE_API_KEY",
    callback=_key,
    show_envvar=True,
    help="The only key that is accepted; by default any. `ps` shows an option, not the variable.",
)
@click.option(
    "--verdict", is_flag=True, help="At the end, say what clients did wrong, and exit with 1 if any did."
)
@click.option("--doors/--no-doors", default=True, help="Whether /_runlife/ is there.  [default: doors]")
@click.option(
    "--keep",
    type=click.IntRange(min=1),
    metavar="N",
    help="How many threads, and how many responses, are kept that are done with: all runs over, and their "
    "ends read; ten times as many of what somebody may still come for.  [default: all]",
)
@click.option(
    "--seed",
    type=int,
    default=0,
    show_default=True,
    help="What the ids depend on; faults have a seed of their own, in the rules.",
)
@click.option("--log/--quiet", default=True, help="Whether each call has a line.  [default: log]")
def serve(  # noqa: PLR0917  # click passes every one by its name
    host: str,
    port: int,
    rules: Path | None,
    progression: Any,
    clock: str,
    ttl: float,
    answers: dict[str, Any],
    api_key: str | None,
    keep: int | None,
    seed: int,
    *,
    verdict: bool,
    doors: bool,
    log: bool,
) -> None:
    """Serve the fake: the Assistants API and the Responses API, for any OpenAI SDK, unchanged.

    Both stand on the same runs: each response is a round of one, so that rules, faults and
    progressions hold for both. It listens on loopback unless told otherwise, keeps everything in
    memory, and stops on Ctrl-C.
    """
    if not doors and (progression == "manual" or (progression == "time" and clock == "virtual")):
        msg = f"--progression {progression} with --clock {clock} needs the doors: nothing else can move a run"
        raise click.UsageError(msg)
    with needing("serving", "server"):
        from runlife_adapters.cli.listening import Listening  # noqa: PLC0415  # the extra may be missing

    service = _service(
        rules,
        clock=_clock(virtual=clock == "virtual"),
        answers=answers,
        world={"progression": progression, "run_ttl": ttl, "keep": keep, "seed": seed},
        service={
            "api_key": api_key,
            "doors": doors,
            "observers": [AccessLog()] if log else [],
            "watched": doors or verdict,
        },
    )
    try:
        listening = Listening(service, host, port)
    except OSError as error:
        msg = f"cannot listen on {host}, port {port}: {error.strerror or error}"
        raise click.ClickException(msg) from error
    with listening:
        for warning in _warnings(host, public=not listening.loopback, open_to_all=not api_key, doors=doors):
            click.echo(warning, err=True)
        click.echo(_greeting(listening.url, keyed=bool(api_key), doors=doors))
        listening.serve()
    if verdict:
        click.echo(service.verdict.to_text())
        if service.verdict.findings():
            raise SystemExit(1)


def _clock(*, virtual: bool) -> SystemClock | VirtualClock:
    real = SystemClock()
    # Now, not the epoch: clients compare what they are told with a clock of their own.
    return VirtualClock(float(int(real.now()))) if virtual else real


def _service(
    rules: Path | None,
    *,
    clock: SystemClock | VirtualClock,
    answers: dict[str, Any],
    world: dict[str, Any],
    service: dict[str, Any],
) -> Service:
    """Return what is served.

    :raises click.ClickException: when the rules cannot be read, or do not go with the policies.
    """
    from runlife_adapters.http import Service  # noqa: PLC0415  # each command asks only for what it needs
    from runlife_adapters.http.rulebook import load  # noqa: PLC0415
    from runlife_adapters.memory import World  # noqa: PLC0415

    place = ""
    try:
        policy, service_policy = policies(answers)
        if rules is not None:
            place = f"{rules}: "
            world["rules"], service["faults"] = load(rules.read_text(encoding="utf-8"))
        return Service(World(clock, policy=policy, service_policy=service_policy, **world), **service)
    except (MisuseError, OSError, UnicodeDecodeError) as error:
        raise click.ClickException(f"{place}{error}") from error


def _warnings(host: str, *, public: bool, open_to_all: bool, doors: bool) -> Iterable[str]:
    if not public:
        return
    yield f"warning: {host} is not loopback: other machines can reach this server."
    if open_to_all:
        everything = "read, change and reset everything" if doors else "read and change everything"
        yield f"WARNING: no key is asked for: whoever reaches it can {everything}. Give RUNLIFE_API_KEY."


def _greeting(url: str, *, keyed: bool, doors: bool) -> str:
    key = "<the key>" if keyed else "none"
    return "\n".join(
        [
            f"runlife is listening on {url}",
            f'  Python  OpenAI(base_url="{url}/v1", api_key="{key}")',
            f"  shell   export OPENAI_BASE_URL='{url}/v1' OPENAI_API_KEY='{key}'",
            "  serves  Assistants: threads, messages, runs; Responses: responses, conversations",
            f"  doors   {url}/_runlife/" if doors else "  doors   closed",
            "Ctrl-C stops it.",
        ]
    )
