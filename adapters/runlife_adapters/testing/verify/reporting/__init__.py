"""How a failure is told: on one screen, as a page, a diagram or JSON, with a test that keeps it.

A failure becomes data first (:mod:`.report`), in the same words everywhere (:mod:`.words`): the test that
plays it again (:mod:`.regression`), and the place where the service was (:mod:`.traces`). It is shown in a
terminal (:mod:`.text`; :mod:`.screen` in pytest's), in Markdown (:mod:`.mermaid`), and in a browser
(:mod:`.page`), which also shows what was proved. Pages and diagrams are imported from their own modules,
when somebody wants one.
"""

from runlife_adapters.testing.verify.reporting.report import Report, report_on
from runlife_adapters.testing.verify.reporting.text import as_text

__all__ = ["Report", "as_text", "report_on"]
