"""Mermaid's own parser reads what was meant, whatever the words.

``RUNLIFE_NODE_MODULES`` names a folder that has ``node_modules/mermaid`` and ``node_modules/jsdom``; without
it, or without node, there is nothing to test. (DOT is read by Graphviz in test_formats.)
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runlife import MESSAGE, RUN, RUN_STEP, Lifecycle, Policy
from runlife_diagrams import Difference, Picture, render
from runlife_diagrams.formats.mermaid import to_mermaid
from runlife_diagrams.text import visible

MODULES = Path(os.environ.get("RUNLIFE_NODE_MODULES", "nowhere")) / "node_modules"
NODE = shutil.which("node")
SCRIPT = """
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
const require = createRequire(process.argv[1] + "/x.js");
const { JSDOM } = require("jsdom");
globalThis.window = new JSDOM("<body></body>").window;
globalThis.document = window.document;
const mermaid = (await import(pathToFileURL(require.resolve("mermaid")))).default;
let given = "";
for await (const chunk of process.stdin) given += chunk;
const read = [];
for (const text of JSON.parse(given)) {
  await mermaid.parse(text);
  const { db } = await mermaid.mermaidAPI.getDiagramFromText(text);
  read.push({
    states: [...db.getStates().keys()],
    arrows: db.getRelations().map((one) => [one.id1, one.id2, one.relationTitle ?? ""]),
  });
}
process.stdout.write(JSON.stringify(read));
"""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(NODE is None, reason="node is not installed"),
    pytest.mark.skipif(
        not ((MODULES / "mermaid").is_dir() and (MODULES / "jsdom").is_dir()),
        reason="needs a folder with node_modules/mermaid and jsdom, named by RUNLIFE_NODE_MODULES",
    ),
]


def parsed(texts: list[str]) -> list[Any]:
    """Return what Mermaid reads in each text: its states, and its arrows with their titles."""
    done = subprocess.run(
        [str(NODE), "--input-type=module", "-e", SCRIPT, str(MODULES.resolve())],
        input=json.dumps(texts),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    read: list[Any] = json.loads(done.stdout)
    return read


def shown(title: str) -> str:
    """Return a title with the entities that Mermaid keeps in a form of its own until it draws."""
    plain = title.replace("ﬂ°°", "&#").replace("ﬂ°", "&").replace("¶ß", ";")
    parts = plain.split("&#")
    return parts[0] + "".join(
        chr(int(number)) + rest for number, _, rest in (part.partition(";") for part in parts[1:])
    )


@pytest.mark.parametrize("lifecycle", [RUN, RUN_STEP, MESSAGE], ids=lambda one: one.name)
def test_every_row_is_read(lifecycle: Lifecycle[Any]) -> None:
    """Each status is a state, and each row an arrow between the two that it joins."""
    (read,) = parsed([render(lifecycle, "mermaid", guards=False)])
    assert set(lifecycle.statuses) <= set(read["states"])
    arrows = [(one, other, title) for one, other, title in read["arrows"] if title]
    assert arrows == [
        (row.source or "root_start", row.target, f"{row.event}<br>({row.cause})")
        for row in lifecycle.transitions
    ]


def test_an_overlay_is_read() -> None:
    """What lies over the picture is in the titles, as the brackets that it was meant to be."""
    texts = [
        render(RUN, "mermaid", overlay=overlay)
        for overlay in (["queued", "in_progress"], Difference(RUN.under(Policy(queued_may_fail=False))))
    ]
    titles = [[shown(title) for _, _, title in read["arrows"]] for read in parsed(texts)]
    assert "[1] start<br>(server)" in titles[0]
    assert "[\N{MINUS SIGN}] fail<br>(server)" in titles[1]


@settings(max_examples=3, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_no_word_breaks_out(odd_pictures: st.SearchStrategy[Picture], data: st.DataObject) -> None:
    """Of pictures with any words and any overlay, exactly the arrows are read that were meant."""
    pictures = data.draw(st.lists(odd_pictures, min_size=12, max_size=12))
    for picture, read in zip(pictures, parsed(list(map(to_mermaid, pictures))), strict=True):
        titles = [shown(title) for _, _, title in read["arrows"] if title]
        assert len(titles) == len(picture.edges)
        for edge, title in zip(picture.edges, titles, strict=True):
            assert all(visible(label.event).strip() in title for label in edge.labels)
