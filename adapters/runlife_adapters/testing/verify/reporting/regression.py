"""A story as a test that keeps it: code that imports what it names, and is laid out as Ruff and Black do it.

The story prints as code already. Here that code is parsed, so that what it names can be imported, and laid
out again: strings in double quotes, and each bracket that does not fit on its line broken, one item a line.
"""

from __future__ import annotations

import ast
import io
import re
import textwrap
import tokenize
from typing import TYPE_CHECKING

import runlife
from runlife_adapters import memory
from runlife_adapters.testing.verify.reporting.words import clipped, plain

if TYPE_CHECKING:
    from runlife_adapters.testing.verify.reporting.report import Report

__all__ = ["as_test", "laid_out"]

_WIDTH = 88
"""Columns: the usual width of Ruff and Black."""

_KIT = "runlife_adapters.testing"
_KIT_NAMES = ("lifecycle",)
_LONGEST_NAME = 68


def as_test(report: Report) -> str:
    """Return a test that plays the story of a report again, as the code of a module."""
    call, remark = _replay(report)
    names = {node.id for node in ast.walk(ast.parse(call)) if isinstance(node, ast.Name)}
    places = (
        ("runlife", set(runlife.__all__).difference(memory.__all__)),
        ("runlife_adapters.memory", set(memory.__all__)),
        (_KIT, set(_KIT_NAMES)),
    )
    known = (names - {report.service}).intersection
    lines = [
        f"from {module} import {', '.join(sorted(named, key=_as_isort))}"
        for module, there in places
        if (named := known(there))
    ]
    if report.origin and report.service.isidentifier():
        lines += ["", f"from {report.origin} import {report.service}"]
    body = [_docstring(report.headline), *remark, laid_out(call, 4)]
    indented = (f"    {line}" for part in body for line in part.splitlines())
    takes = ", ".join(report.fixtures)
    returns = "" if takes else " -> None"  # what the fixtures are of is not known here
    return "\n".join([*lines, "", "", f"def test_{_name(report)}({takes}){returns}:", *indented])


def laid_out(code: str, indent: int = 0) -> str:
    """Return an expression as Ruff lays it out; it begins at a column, and its lines stand from there on."""
    node = ast.parse(code, mode="eval").body
    return "\n".join(_lines(node, "", "", indent))


def _docstring(says: str) -> str:
    """Return a sentence as a docstring, on one line, with nothing in it that could end it."""
    short = textwrap.shorten(plain(says).replace("\\", "/").replace('"', "'"), _WIDTH - 12, placeholder=" …")
    return f'"""{short}"""' if short.endswith((".", "?", "!", "…")) else f'"""{short}."""'


def _replay(report: Report) -> tuple[str, list[str]]:
    """Return the call that plays the story, and a remark when some of it has no code."""
    # A lambda, say, has no name: whoever keeps the test knows what it was.
    subject = report.service if _is_value(report.service) else "my_service"
    arguments = [subject, *report.story.arguments]
    if report.fixtures:
        given = ", ".join(f"{name!r}: {name}" for name in report.fixtures)
        arguments.append(f"fixtures={{{given}}}")
    if _is_code(report.setting):
        arguments += [report.setting] if report.setting else []
        return f"lifecycle.replay({', '.join(arguments)})", []
    said = f"# It was set up with {clipped(report.setting, 200)}: not all of that is code."
    remark = textwrap.wrap(said, _WIDTH - 4, subsequent_indent="# ")
    return f"lifecycle.replay({', '.join(arguments)})", remark


def _is_value(text: str) -> bool:
    """Say whether a text names something, or calls it: what can stand first between brackets."""
    if not _is_code(text):
        return False
    (first, *more) = ast.parse(f"f({text})", mode="eval").body.args or (None,)  # type: ignore[attr-defined]
    return isinstance(first, ast.Name | ast.Attribute | ast.Call) and not more and text.strip()[-1] != ","


def _is_code(text: str) -> bool:
    """Say whether a text can stand between the brackets of a call."""
    try:
        ast.parse(f"f({text})", mode="eval")  # with brackets, for a comment would swallow the closing one
    except (SyntaxError, ValueError):  # the latter for a null byte
        return False
    return True


def _name(report: Report) -> str:
    told = "_and_".join(one.slug for one in report.deviations) or "nothing_unusual"
    whole = f"{report.service.removeprefix('test_')}_with_{told}".lower()
    words = re.sub(r"[^a-z0-9]+", "_", whole).strip("_")
    return words if len(words) <= _LONGEST_NAME else words[:_LONGEST_NAME].rpartition("_")[0]


def _as_isort(name: str) -> tuple[int, str]:
    """Order names as Ruff's isort does: constants, classes, the rest."""
    return (0 if name.isupper() else 1 if name[0].isupper() else 2), name


def _lines(node: ast.expr, before: str, after: str, column: int) -> list[str]:
    """Return an expression between what stands before and after it, on as many lines as it needs."""
    flat = f"{before}{_flat(node)}{after}"
    inner = _inner(node)
    if column + len(flat) <= _WIDTH or inner is None:
        return [flat]
    opening, items, closing = inner
    if not items:
        return [flat]
    lines = [f"{before}{opening}"]
    for said, item in items:
        lines += (f"    {line}" for line in _lines(item, said, ",", column + 4))
    return [*lines, f"{closing}{after}"]


def _inner(node: ast.expr) -> tuple[str, list[tuple[str, ast.expr]], str] | None:
    """Return the bracket that opens, what stands in it, and the bracket that closes."""
    match node:
        case ast.Call():
            named = [(f"{keyword.arg}=", keyword.value) for keyword in node.keywords]
            return f"{_flat(node.func)}(", [*(("", item) for item in node.args), *named], ")"
        case ast.List():
            return "[", [("", item) for item in node.elts], "]"
        case ast.Tuple():
            return "(", [("", item) for item in node.elts], ")"
        case ast.Set():
            return "{", [("", item) for item in node.elts], "}"
        case ast.Dict():
            pairs = zip(node.keys, node.values, strict=True)
            return "{", [(f"{_flat(key)}: ", value) for key, value in pairs if key is not None], "}"
        case _:
            return None


def _flat(node: ast.expr) -> str:
    """Return an expression on one line, its strings in double quotes where that needs no more escapes."""
    code = ast.unparse(node)
    tokens = list(tokenize.generate_tokens(io.StringIO(code).readline))
    swaps = {
        token.start[1]: f'"{token.string[1:-1]}"'
        for token in tokens
        if token.type == tokenize.STRING
        and token.string.startswith("'")
        and '"' not in token.string
        and "\\'" not in token.string
    }
    for start, string in swaps.items():
        code = f"{code[:start]}{string}{code[start + len(string) :]}"
    return code
