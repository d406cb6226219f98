"""The commands of ``runlife``."""

from __future__ import annotations

import click

from runlife_adapters.cli.check import check
from runlife_adapters.cli.demo.command import demo
from runlife_adapters.cli.diagram import diagram
from runlife_adapters.cli.sequence import sequence
from runlife_adapters.cli.serve import serve
from runlife_adapters.cli.timeline import timeline
from runlife_adapters.cli.verify import verify

__all__ = ["app"]


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="runlife")
def app() -> None:
    """Drive, fake, check and draw the lifecycle of an OpenAI Run."""


app.add_command(check)
app.add_command(demo)
app.add_command(diagram)
app.add_command(sequence)
app.add_command(serve)
app.add_command(timeline)
app.add_command(verify)
