"""A Sphinx extension: the directive ``runlife`` draws a lifecycle into a page.

Name it in ``conf.py``, ``extensions = ["runlife_diagrams.sphinx"]``, and write::

    .. runlife:: run
       :path: queued, in_progress, completed
       :theme: auto

The argument is ``run``, ``run_step``, ``message``, or ``module:NAME`` of a lifecycle of one's own; the
options are those of :func:`runlife_diagrams.embed.block`. The format is ``svg``, ``mermaid`` (for a page
that loads Mermaid) or ``html-table``. A builder that writes no HTML gets the words of the picture. What
cannot be drawn is an error of the page, with its line.

Nothing of Sphinx is imported before it asks for the extension.
"""

from __future__ import annotations

from html import escape
from importlib import import_module
from typing import Any

from runlife import RunlifeError
from runlife_diagrams.embed import OPTIONS, block

__all__ = ["setup"]


def setup(app: Any) -> dict[str, Any]:  # noqa: ANN401  # a sphinx.application.Sphinx, which need not be there
    """Add the directive to a Sphinx application: Sphinx calls this."""
    rst = import_module("docutils.parsers.rst")
    namespace = {
        "required_arguments": 1,
        "option_spec": dict.fromkeys(OPTIONS, rst.directives.unchanged_required),
        "run": _run,
    }
    app.add_directive("runlife", type("RunlifeDirective", (rst.Directive,), namespace))
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _run(directive: Any) -> list[Any]:  # noqa: ANN401  # a docutils Directive
    nodes, addnodes = import_module("docutils.nodes"), import_module("sphinx.addnodes")
    try:
        drawn = block(directive.arguments[0], directive.options, ("svg", "mermaid", "html-table"))
    except RunlifeError as error:
        raise directive.error(str(error)) from error
    if drawn.format == "mermaid":
        html = f'<pre class="mermaid">\n{escape(drawn.text)}\n</pre>'
    else:  # the tables of Sphinx' themes are those of docutils
        html = drawn.text.replace('<table class="', '<table class="docutils ')
    words = nodes.paragraph("", drawn.words)
    return [nodes.raw("", html, format="html"), addnodes.only("", words, expr="not html")]
