"""How the pages look: one stylesheet, for light, for dark, and for paper.

The colour of a status says what kind of status it is, and its name stands beside it: nothing is told by
colour alone. Text stands out from its ground at 4.5 to 1 or better.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from runlife import RunStatus

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["STYLESHEET"]

_STATUSES: Mapping[RunStatus, tuple[str, str]] = {
    RunStatus.QUEUED: ("#dfe3e8", "#3a424d"),
    RunStatus.IN_PROGRESS: ("#bfdcf7", "#1c4a73"),
    RunStatus.REQUIRES_ACTION: ("#fbe3a4", "#6b4c05"),
    RunStatus.CANCELLING: ("#fbd3b5", "#763b10"),
    RunStatus.COMPLETED: ("#c2ebcd", "#1d5a30"),
    RunStatus.FAILED: ("#f9c6c6", "#7a1f24"),
    RunStatus.INCOMPLETE: ("#e2d0f6", "#533079"),
    RunStatus.EXPIRED: ("#f5cbe0", "#722650"),
    RunStatus.CANCELLED: ("#d5d0c8", "#4a443a"),
}
"""The grounds of the statuses, in light and in dark."""

_COLOURS: Mapping[str, tuple[str, str]] = {
    "ground": ("#ffffff", "#0f1319"),
    "raised": ("#f6f7f9", "#181e27"),
    "ink": ("#1b2027", "#e7ebf0"),
    "muted": ("#59636f", "#9ba6b3"),
    "rule": ("#dfe3e8", "#2c3440"),
    "bad": ("#b3261e", "#ff8f86"),
    "bad-ground": ("#fdeceb", "#3a1b1b"),
    "good": ("#176b36", "#6fd08d"),
    "good-ground": ("#e6f5ea", "#15301f"),
    "odd": ("#8a5a00", "#f0bf5a"),
    "odd-ground": ("#fff6dd", "#2f2510"),
}


def _variables(dark: bool) -> str:  # noqa: FBT001  # the two columns of the tables above
    colours = "".join(f"--{name}:{pair[dark]};" for name, pair in _COLOURS.items())
    return colours + "".join(f"--s-{status.value}:{pair[dark]};" for status, pair in _STATUSES.items())


_RULES = """
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--ink);
  font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Liberation Sans",Arial,sans-serif}
main{max-width:1040px;margin:0 auto;padding:40px 28px 64px}
header{border-bottom:1px solid var(--rule);padding-bottom:24px;margin-bottom:32px}
.who{color:var(--muted);font-size:14px;margin:0 0 14px;overflow-wrap:anywhere}
.kind{display:inline-block;font-size:13px;font-weight:700;letter-spacing:.05em;padding:4px 10px;
  border-radius:6px;background:var(--bad-ground);color:var(--bad)}
.kind.good{background:var(--good-ground);color:var(--good)}
h1{font-size:27px;line-height:1.3;margin:12px 0 0;font-weight:650;text-wrap:balance;overflow-wrap:anywhere}
h2{font-size:18px;margin:40px 0 12px;font-weight:650}
p{margin:0 0 12px}
.muted{color:var(--muted)}
code,pre{font-family:ui-monospace,"SF Mono",Menlo,Consolas,"Liberation Mono","DejaVu Sans Mono",monospace;
  font-size:13.5px}
pre{background:var(--raised);border:1px solid var(--rule);border-radius:8px;padding:14px 16px;margin:0;
  line-height:1.5;overflow-x:auto;tab-size:4}
ul.odd{list-style:none;padding:0;margin:0 0 14px}
ul.odd li{padding:3px 0 3px 26px;text-indent:-26px}
ul.odd li::before{content:"✱";color:var(--odd);display:inline-block;width:26px;text-indent:0}
.picture{border:1px solid var(--rule);border-radius:8px;background:var(--raised);overflow-x:auto;
  padding:6px 4px}
svg{display:block;font:12px system-ui,-apple-system,"Segoe UI",Roboto,"Liberation Sans",Arial,sans-serif}
svg text{fill:var(--ink)}
svg .lane{font-weight:600}
svg .time{fill:var(--muted);font-size:11px;font-variant-numeric:tabular-nums;text-anchor:middle}
svg .middle{text-anchor:middle}
svg .number{font-weight:600}
svg .note{fill:var(--muted)}
svg .star{fill:var(--odd);font-size:14px}
svg .status{font-size:12px}
svg .rail{stroke:var(--muted);stroke-width:1.4}
svg .tick{stroke:var(--rule);stroke-width:1}
svg .parts{stroke:var(--odd);stroke-width:1.6;stroke-dasharray:5 4}
svg .polls{stroke:var(--muted);stroke-width:9;stroke-dasharray:1.5 5;opacity:.55}
svg path{fill:none;stroke:var(--ink);stroke-width:1.5;stroke-linecap:round;stroke-linejoin:round}
svg path.got{stroke:var(--muted)}
svg path.cross{stroke:var(--bad);stroke-width:2.4}
svg path.shows{stroke:var(--bad);stroke-width:2}
svg .number.shows{fill:var(--bad)}
svg .end{fill:var(--muted)}
svg .end.shows{fill:var(--bad)}
.legend{color:var(--muted);font-size:13.5px;margin:10px 2px 0}
.legend b{font-weight:600;color:var(--ink)}
.legend .star{color:var(--odd)}
.legend .bad{color:var(--bad);font-weight:700}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:14.5px}
th{text-align:left;font-weight:600;color:var(--muted);font-size:13px}
th,td{padding:6px 12px 6px 0;border-bottom:1px solid var(--rule);vertical-align:top;overflow-wrap:anywhere}
.pairs th{width:270px;color:var(--ink);font-size:14.5px}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap;padding-right:18px}
.sequence th:first-child,.sequence td:first-child{width:76px}
.sequence th:nth-child(2),.sequence td:nth-child(2){width:52px;color:var(--muted)}
.sequence td.n{color:var(--muted)}
.sequence tr.move td:last-child{padding-left:22px}
.sequence tr.polls td,.sequence tr.left td{color:var(--muted);font-style:italic}
.sequence tr.shows td:first-child{box-shadow:inset 4px 0 0 var(--bad)}
.sequence tr.shows td{background:var(--bad-ground)}
.sequence tr.parts td{background:var(--odd-ground);color:var(--odd);font-size:13.5px;padding:7px 12px}
.sequence tr.end td{font-weight:650}
.odd-note{color:var(--odd);white-space:normal}
.chip{display:inline-block;padding:1px 9px;border-radius:10px;font-size:13px;line-height:1.6;
  margin:0 5px 5px 0}
.chip.none{background:none;border:1px dashed var(--muted);color:var(--muted)}
td .chip{margin:0 3px;line-height:1.45}
.cards{display:flex;flex-wrap:wrap;gap:12px;margin:0 0 8px}
.card{flex:1 1 150px;background:var(--raised);border:1px solid var(--rule);border-radius:8px;
  padding:12px 16px}
.card b{display:block;font-size:24px;font-weight:650;line-height:1.3;font-variant-numeric:tabular-nums}
.card span{color:var(--muted);font-size:13.5px}
.counts td:first-child{width:200px}.counts td:nth-child(2){width:110px}
.meter{display:block;margin-top:6px;height:10px;border-radius:5px;background:var(--s-completed);min-width:3px}
details{margin-top:40px}
summary{cursor:pointer;color:var(--muted);font-size:14px}
details pre{margin-top:10px}
footer{margin-top:48px;color:var(--muted);font-size:13px}
@media (max-width:640px){main{padding:24px 16px}h1{font-size:22px}}
@media print{
  main{max-width:none;padding:0}body{font-size:11pt}
  *{print-color-adjust:exact;-webkit-print-color-adjust:exact}
  pre{white-space:pre-wrap}.picture,.scroll{overflow:visible}svg{width:100%;height:auto}
  h2{break-after:avoid}tr,pre,.picture,.card{break-inside:avoid}details{display:none}
}
"""

STYLESHEET = (
    f":root{{color-scheme:light dark;{_variables(dark=False)}}}"
    f"@media screen and (prefers-color-scheme:dark){{:root{{{_variables(dark=True)}}}}}"
    + "".join(
        f".s-{status.value}{{background:var(--s-{status.value});fill:var(--s-{status.value})}}"
        for status in _STATUSES
    )
    + _RULES
)
"""The whole of it; no page loads anything."""
