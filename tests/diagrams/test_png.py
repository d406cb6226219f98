"""The PNG: what the SVG shows, painted without fonts or programs of the machine."""

from __future__ import annotations

import struct
import zlib
from math import pi
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from runlife import RUN, Run
from runlife_diagrams import (
    PictureError,
    RendererError,
    RendererMissingError,
    render,
    render_sequence,
    render_timeline,
    renderer,
)
from runlife_diagrams.png import svg_to_png
from runlife_diagrams.png.curves import chain, dashes, ellipse, flat, hatched, outlines
from runlife_diagrams.png.reading import Mark, Text, marks_of

Pixel = tuple[int, int, int, int]
PATH = ("queued", "in_progress", "cancelling")


def pixels(data: bytes) -> list[list[Pixel]]:
    """Decode a PNG of eight bits, red, green, blue and alpha: rows of pixels."""
    position, packed, size = 8, b"", (0, 0)
    while position < len(data):
        length, kind = struct.unpack_from(">I4s", data, position)
        body = data[position + 8 : position + 8 + length]
        if kind == b"IHDR":
            size = struct.unpack_from(">II", body)
            assert tuple(body[8:10]) == (8, 6)
        packed += body if kind == b"IDAT" else b""
        position += 12 + length
    raw, wide = zlib.decompress(packed), size[0] * 4
    rows: list[bytes] = [bytes(wide)]
    for start in range(0, len(raw), wide + 1):
        above, row = rows[-1], bytearray(raw[start + 1 : start + 1 + wide])
        for at in range(wide):
            left, over = row[at - 4] if at > 3 else 0, above[at]
            corner = above[at - 4] if at > 3 else 0
            nearest = min((left, over, corner), key=lambda one: abs(left + over - corner - one))
            row[at] = (row[at] + (0, left, over, (left + over) // 2, nearest)[raw[start]]) % 256
        rows.append(bytes(row))
    return [list(struct.iter_unpack("4B", row)) for row in rows[1:]]


def paint(inside: str, rules: str = "", size: int = 20) -> list[list[Pixel]]:
    """Paint a small picture, a pixel a user unit."""
    svg = f'<svg viewBox="0 0 {size} {size}"><style>{rules}</style>{inside}</svg>'
    return pixels(svg_to_png(svg, scale=1))


def pictures() -> dict[str, str]:
    """Draw a picture of each kind."""
    run = Run.create(now=0.0, id="run_1", thread_id="t", active_run_id=None, has_input=True)
    run.apply("start", now=4.2)
    run.apply("cancel", now=9.0)
    return {
        "diagram": render(RUN),
        "path": render(RUN, theme="dark", overlay=PATH),
        "heat": render(RUN, overlay={str(row): 9 for row in RUN.transitions}),
        "sequence": render_sequence(run, "svg", theme="dark"),
        "timeline": render_timeline({"run_1": run}, "svg"),
    }


PICTURES = pytest.mark.parametrize("svg", [pytest.param(svg, id=name) for name, svg in pictures().items()])


# --------------------------------------------------------------------------- whole pictures


@PICTURES
@pytest.mark.slow
def test_it_is_a_png_of_the_size_of_the_picture(svg: str) -> None:
    """As many pixels for each of the picture's own as are asked for; the same bytes each time."""
    root = ET.fromstring(svg)  # noqa: S314 - our own output
    data = svg_to_png(svg, scale=0.5)
    assert data.startswith(b"\x89PNG")
    wanted = float(root.get("width", 0)) / 2, float(root.get("height", 0)) / 2
    assert struct.unpack_from(">II", data, 16) == pytest.approx(wanted, abs=2)
    assert svg_to_png(svg, scale=0.5) == data


def test_it_has_two_pixels_for_each_of_the_picture() -> None:
    """Which is sharp on most screens."""
    data = svg_to_png('<svg viewBox="0 0 9 9" width="18" height="18"/>')
    assert struct.unpack_from(">II", data, 16) == (36, 36)


@PICTURES
def test_every_text_is_painted(svg: str) -> None:
    """No text of a picture is lost, and each is where it was."""
    root = ET.fromstring(svg)  # noqa: S314 - our own output
    written = [text.text for text in root.iter() if text.tag.endswith("}text")]
    page = marks_of(svg)
    assert [mark.text for mark in page.marks if isinstance(mark, Text)] == written
    assert all(
        0 <= mark.x <= page.wide and 0 <= mark.y <= page.high for mark in page.marks if isinstance(mark, Text)
    )


def test_what_is_not_on_the_path_steps_back() -> None:
    """The opacity of groups is in the colours: a row that was taken is solid, another one pale."""
    shown = {
        mark.text: int(mark.fill[7:], 16)
        for mark in marks_of(render(RUN, overlay=PATH)).marks
        if isinstance(mark, Text)
    }
    assert shown["start"] == 255
    assert shown["complete"] < 160


# --------------------------------------------------------------------------- marks


def test_rectangles_are_exact() -> None:
    """An upright rectangle covers its pixels wholly, and none beside them; so do thin ones."""
    painted = paint('<rect x="5" y="6" width="8" height="1" fill="#ff0000"/><path d="M2 10h1v4h-1z"/>')
    assert [x for x in range(20) if painted[6][x] == (255, 0, 0, 255)] == list(range(5, 13))
    assert [y for y in range(20) if painted[y][2] == (0, 0, 0, 255)] == [10, 11, 12, 13]
    assert sum(pixel[3] > 0 for row in painted for pixel in row) == 8 + 4


@pytest.mark.parametrize(
    "shape",
    [
        '<rect x="3" y="3" width="14" height="14" rx="4"{}/>',
        '<circle cx="10" cy="10" r="7"{}/>',
        '<ellipse cx="10" cy="10" rx="7" ry="6"{}/>',
        '<polygon points="10,2 18,17 2,17"{}/>',
        '<path d="M10 2L18 10L10 18L2 10z"{}/>',
        '<path d="M3 10a7 7 0 1 1 0 .01z"{}/>',
    ],
)
def test_a_filled_shape_is_covered_once(shape: str) -> None:
    """A colour that can be seen through is as pale in the middle of a shape as it was said to be."""
    half = paint(shape.format(' fill="#0000ff" fill-opacity="0.5"'))
    inside = {half[y][x] for y in range(8, 13) for x in range(8, 13)}
    assert inside == {(0, 0, 255, 128)}
    whole = paint(shape.format(' fill="#0000ff"'))
    assert {whole[y][x] for y in range(8, 13) for x in range(8, 13)} == {(0, 0, 255, 255)}
    assert whole[0][0][3] == 0


def test_an_area_is_as_large_as_it_should_be() -> None:
    """What covers a disc and a triangle adds up to their areas."""
    disc = paint('<circle cx="20" cy="20" r="15"/>', size=40)
    assert sum(pixel[3] for row in disc for pixel in row) / 255 == pytest.approx(pi * 15**2, rel=0.01)
    triangle = paint('<polygon points="20,2 38,36 2,36"/>', size=40)
    assert sum(pixel[3] for row in triangle for pixel in row) / 255 == pytest.approx(36 * 34 / 2, rel=0.01)


def test_a_hollow_shape_is_filled_in_rows() -> None:
    """A shape with a dent is filled, and its dent is not."""
    painted = paint('<path d="M2 2L10 10L18 2V18H2z" fill="#00ff00"/>')
    assert painted[14][10] == painted[8][3] == (0, 255, 0, 255)
    assert painted[3][10][3] == 0


def test_lines_are_dashed_as_they_say() -> None:
    """Dashes and gaps have the lengths of the SVG, not those of Graphviz; dots are round."""
    painted = paint('<path d="M0 10H20" stroke="#000000" stroke-width="2" stroke-dasharray="6 4"/>')
    assert [painted[9][x][3] for x in range(20)] == [255] * 6 + [0] * 4 + [255] * 6 + [0] * 4
    dotted = '<path d="M10 10H18" stroke="#000000" stroke-width="6" stroke-dasharray="0.1 40"{}/>'
    dots = paint(dotted.format(' stroke-linecap="round"'))
    assert dots[10][10][3] == 255
    assert sum(pixel[3] for row in dots for pixel in row) / 255 == pytest.approx(pi * 9, rel=0.03)


def test_later_lies_on_top() -> None:
    """Marks are painted in the order of the file, lines, shapes and rectangles alike."""
    line = '<path d="M0 10H20" stroke="#ff0000" stroke-width="4"/>'
    for shape in ('<rect x="5" y="5" width="10" height="10"/>', '<circle cx="10" cy="10" r="6"/>'):
        assert paint(line + shape)[10][10] == (0, 0, 0, 255)
        assert paint(shape + line)[10][10] == (255, 0, 0, 255)


def test_text_stands_where_it_is_anchored() -> None:
    """A text begins at, ends at, or is in the middle of its place, whatever is in it."""
    columns: dict[str, list[int]] = {}
    for anchor in ("start", "middle", "end"):
        painted = paint(
            f'<text x="50" y="60" font-size="20" text-anchor="{anchor}">\\l"&amp;&lt;</text>', size=100
        )
        columns[anchor] = [x for x in range(100) if any(row[x][3] for row in painted)]
        rows = [y for y, row in enumerate(painted) if any(pixel[3] for pixel in row)]
        assert rows[0] in range(42, 48)
        assert rows[-1] in range(58, 62)
    assert columns["start"][0] in range(49, 53)
    assert columns["end"][-1] in range(47, 51)
    wide = columns["start"][-1] - columns["start"][0]
    assert wide > 25
    assert (columns["middle"][0] + columns["middle"][-1]) / 2 == pytest.approx(50, abs=1.5)


# --------------------------------------------------------------------------- stylesheets


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        (".a { fill: #ff0000 }", "#ff0000ff"),
        ("rect { fill: #f00 } g { fill: #00ff00 }", "#ff0000ff"),
        (".a.b { fill: #00ff00 } .a { fill: #ff0000 }", "#00ff00ff"),
        (".a { fill: #00ff00 } .b { fill: #ff0000 }", "#ff0000ff"),
        (".x .a { fill: #ff0000 } .a { fill: #00ff00 }", "#ff0000ff"),
        (".y .a, .c .a { fill: #ff0000 }", "#000000ff"),
        ("#r { fill: #ff0000 } .x .a.b { fill: #00ff00 }", "#ff0000ff"),
        (".a:hover { fill: #ff0000 } [class] { fill: #00ff00 }", "#000000ff"),
        ("@media print { .a { fill: #ff0000 } } /* .a { fill: #ff0000 } */", "#000000ff"),
        (".x { opacity: 0.5 } .a { opacity: 0.5 }", "#00000040"),
        (".x { fill: #ff0000 }", "#ff0000ff"),
    ],
)
def test_the_stylesheet_is_read_as_browsers_do(rules: str, expected: str) -> None:
    """The more specific rule wins, then the later; what is handed down loses to both."""
    svg = (
        f'<svg viewBox="0 0 9 9"><style>{rules}</style><g class="x"><g>'
        '<rect id="r" class="a b" width="5" height="5"/></g></g></svg>'
    )
    (mark,) = marks_of(svg).marks
    assert isinstance(mark, Mark)
    assert mark.fill == expected


def test_what_cannot_be_seen_is_left_out() -> None:
    """No mark comes from what has no colour, no size, no words, or is not displayed."""
    hidden = (
        '<rect width="5" height="5" fill="none"/><rect width="0" height="5"/><text> </text>'
        '<g style="display: none"><rect width="5" height="5"/></g><rect width="5" height="5" opacity="0"/>'
        '<g visibility="hidden"><rect width="5" height="5"/></g><polygon points=""/><path d="M1 1"/>'
        '<line x2="5" y2="5"/><defs><rect width="5" height="5"/></defs>'
    )
    assert marks_of(f'<svg viewBox="0 0 9 9">{hidden}</svg>').marks == ()


# --------------------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    "svg",
    [
        "nonsense",
        "<svg/>",
        '<svg viewBox="0 0 0 0"/>',
        '<svg viewBox="0 0 9 9" width="100%"/>',
        '<svg viewBox="0 0 9 9"><image/></svg>',
        '<svg viewBox="0 0 9 9"><g transform="rotate(45)"/></svg>',
        '<svg viewBox="0 0 9 9"><rect width="5" height="5" fill="red"/></svg>',
        '<svg viewBox="0 0 9 9"><rect width="5" height="5" fill="url(#p)"/></svg>',
        '<svg viewBox="0 0 9 9"><path d="M0 0Q1 1 2 2"/></svg>',
        '<svg viewBox="0 0 9 9"><path d="M0 0L1"/></svg>',
        '<svg viewBox="0 0 9 9"><path d="0 0"/></svg>',
        '<svg viewBox="0 0 9 9"><text>a<tspan>b</tspan></text></svg>',
    ],
)
def test_what_we_could_not_have_drawn_is_refused(svg: str) -> None:
    """A PNG is made of our own pictures: anything else is an error, and not a picture with holes."""
    with pytest.raises(PictureError, match="no SVG of ours"):
        svg_to_png(svg)


@pytest.mark.parametrize("scale", [0, -1, 1e-9, float("inf"), float("nan")])
def test_a_scale_must_make_a_picture(scale: float) -> None:
    """A picture of no pixels, or of endlessly many, is refused with the scale that was given."""
    with pytest.raises(PictureError, match=f"leaves a pixel of the picture, at least; got {scale:g}"):
        svg_to_png('<svg viewBox="0 0 9 9"/>', scale=scale)


def test_a_large_picture_is_as_large_as_programs_open() -> None:
    """A table of forty statuses from left to right was refused once: now it gets fewer pixels."""
    data = svg_to_png('<svg viewBox="0 0 900 1" width="9000" height="10"/>', scale=2)
    assert struct.unpack_from(">II", data, 16) == (16_384, pytest.approx(18, abs=1))


def test_it_needs_graphviz_pure(monkeypatch: pytest.MonkeyPatch) -> None:
    """Other renderers lay out, but have no fonts of their own: without graphviz-pure there is no PNG."""
    monkeypatch.setattr(renderer, "_pure", lambda: None)
    with pytest.raises(RendererMissingError, match="PNG"):
        svg_to_png('<svg viewBox="0 0 9 9"/>')


def test_an_answer_that_is_no_png_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the program wrote is looked at before it is handed on."""
    monkeypatch.setattr("runlife_diagrams.png.draw.pure", lambda *_: b"<svg/>")
    with pytest.raises(RendererError, match="wrote no PNG"):
        svg_to_png('<svg viewBox="0 0 9 9"/>')


# --------------------------------------------------------------------------- curves


@pytest.mark.parametrize(
    ("path", "corners"),
    [
        ("M1 2L3 4", [(1, 2), (3, 4)]),
        ("M1,2 3,4 5,6", [(1, 2), (3, 4), (5, 6)]),
        ("m1 2l3 4h1v-1H0V0", [(1, 2), (4, 6), (5, 6), (5, 5), (0, 5), (0, 0)]),
        ("M0 0h2v2z", [(0, 0), (2, 0), (2, 2), (0, 0)]),
        ("M0 0c1 0 2 1 2 2C2 3 1 4 0 4", [(0, 0), (2, 2), (0, 4)]),
    ],
)
def test_path_data_is_read(path: str, corners: Any) -> None:
    """Commands are absolute or relative, and repeated without their letter."""
    (curve,) = outlines(path)
    assert list(curve.points[::3]) == corners


def test_outlines_of_one_path_begin_anew() -> None:
    """A move begins another outline, also one relative to where the last was closed."""
    first, second = outlines("M1 1h2v2zm5 5h2")
    assert first.closed
    assert not second.closed
    assert second.points[0] == (6, 6)


@pytest.mark.parametrize("flags", ["0 0", "0 1", "1 0", "1 1"])
def test_arcs_are_parts_of_their_circle(flags: str) -> None:
    """Each of the four arcs between two points lies on a circle of its radius and ends where it says."""
    (curve,) = outlines(f"M0 0A5 5 0 {flags} 8 0")
    assert list(curve.points[-1]) == [8, 0]
    large, sweep = flags.split()
    middle = (4, -3) if large == sweep else (4, 3)
    reach = [((x - middle[0]) ** 2 + (y - middle[1]) ** 2) ** 0.5 for x, y in flat(curve, 0.5)]
    assert reach == pytest.approx([5] * len(reach), rel=0.001)
    assert len(curve.points) == (10 if large == "1" else 7)


def test_an_arc_that_cannot_reach_grows() -> None:
    """Radii that are too small are as large as needed, and radii of nought make a line (SVG 1.1, F.6.6)."""
    (grown,) = outlines("M0 0A1 1 0 0 1 8 0")
    assert min(y for _, y in flat(grown, 0.2)) == pytest.approx(-4, rel=0.01)
    (line,) = outlines("M0 0a0 5 0 0 1 8 0")
    assert {y for _, y in line.points} == {0}


def test_dashes_go_round_corners() -> None:
    """A dash that meets a corner goes on behind it, and the last is as long as there is line left."""
    cut = list(dashes([(0, 0), (5, 0), (5, 5)], (4, 2)))
    assert cut == [[(0, 0), (4, 0)], [(5, 1), (5, 5)]]
    assert list(dashes([(0, 0), (3, 0)], (9, 1))) == [[(0, 0), (3, 0)]]


def test_what_has_no_area_is_not_filled() -> None:
    """A line that goes there and back encloses nothing."""
    assert hatched(chain([(0, 0), (9, 0)], closed=True), 0.5) == ([], 0.0)


def test_only_upright_rectangles_are_boxes() -> None:
    """A rectangle that leans, a rounded one and an open line are none."""
    assert chain([(1, 2), (4, 2), (4, 7), (1, 7)], closed=True).box() == (1, 2, 3, 5)
    assert chain([(1, 2), (4, 3), (3, 6), (0, 5)], closed=True).box() is None
    assert chain([(1, 2), (4, 2), (4, 7), (1, 7), (1, 2)]).box() is None
    assert ellipse(5, 5, 2, 2).box() is None
