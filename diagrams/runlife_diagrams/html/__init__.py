"""A lifecycle as one page of HTML: to be looked at, walked through, listened to and printed."""

from runlife_diagrams.html.page import to_html

__all__ = ["to_html"]
