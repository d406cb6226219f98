"""Texts that fit a regular expression, made from it and never by running it.

Patterns come from the schemas of callers, and running a hostile one can take for ever. So this reads
the pattern once, from left to right, and writes down the first way to fulfil each part: of alternatives
the first, of a class its first character. What can only be decided by looking around (assertions, back
references) is not understood.
"""

from __future__ import annotations

__all__ = ["fitting"]

_MOST = 4_096
"""Characters of a text, beyond which none is made."""

_DEEPEST = 50
"""Groups within groups that are followed."""

_CLASSES = {
    "d": ("0", "9"),
    "w": ("a", "z"),
    "s": (" ", " "),
    "D": ("a", "z"),
    "W": ("-", "-"),
    "S": ("a", "z"),
}
"""Of each class of characters a range of members, as its first and last."""

_CONTROLS = {"t": "\t", "n": "\n", "r": "\r", "f": "\f", "v": "\v", "0": "\0"}
_CODES = {"x": 2, "u": 4}
_ANYTHING = "aA0_ -.!"


class _NotUnderstoodError(Exception):
    """Something that this cannot read."""


def fitting(pattern: str, repeats: int = 1) -> str | None:
    """Return a text that fits a regular expression, or None when it is not understood.

    :param repeats: how often a part is written that may come any number of times.
    """
    reader = _Reader(pattern, repeats)
    try:
        text = reader.alternatives(0)
    except (
        _NotUnderstoodError,
        IndexError,
        ValueError,
        OverflowError,
    ):  # it breaks off, or has no such number
        return None
    return text if reader.at == len(pattern) else None


class _Reader:
    def __init__(self, pattern: str, repeats: int) -> None:
        self.pattern, self.repeats, self.at = pattern, repeats, 0

    def alternatives(self, depth: int) -> str:
        if depth > _DEEPEST:
            raise _NotUnderstoodError
        first = self._sequence(depth)
        while self._took("|"):
            self._sequence(depth)
        return first

    def _took(self, token: str) -> bool:
        taken = self.pattern.startswith(token, self.at)
        self.at += len(token) if taken else 0
        return taken

    def _next(self) -> str:
        self.at += 1
        return self.pattern[self.at - 1]

    def _sequence(self, depth: int) -> str:
        text = ""
        while self.at < len(self.pattern) and self.pattern[self.at] not in "|)":
            atom = self._atom(depth)
            times = self._times()
            if len(text) + len(atom) * times > _MOST:
                raise _NotUnderstoodError
            text += atom * times
        return text

    def _times(self) -> int:
        least, most = 1, 1.0
        if self._took("*"):
            least, most = 0, float("inf")
        elif self._took("+"):
            most = float("inf")
        elif self._took("?"):
            least = 0
        elif self._took("{"):
            low, comma, high = self._until("}").partition(",")
            least = int(low or 0)
            most = float(high or "inf") if comma else least
        else:
            return 1
        _ = self._took("?") or self._took("+")  # greedy or not, the text is the same
        return int(min(most, max(least, self.repeats)))

    def _until(self, end: str) -> str:
        start, self.at = self.at, self.pattern.index(end, self.at) + 1
        return self.pattern[start : self.at - 1]

    def _atom(self, depth: int) -> str:
        match self._next():
            case "(":
                return self._group(depth)
            case "[":
                return self._class()
            case "\\":
                first, _ = self._escaped()
                return first
            case ".":
                return "a"
            case "^" | "$":
                return ""
            case "*" | "+" | "?":
                raise _NotUnderstoodError
            case literal:
                return literal

    def _group(self, depth: int) -> str:
        if self._took("?") and not self._took(":"):
            self._took("P")
            if not self._took("<") or self.pattern[self.at] in "=!":
                raise _NotUnderstoodError
            self._until(">")
        text = self.alternatives(depth + 1)
        if not self._took(")"):
            raise _NotUnderstoodError
        return text

    def _escaped(self) -> tuple[str, str]:
        """Return a range of characters that an escape stands for; of an assertion, nothing."""
        letter = self._next()
        if letter in _CLASSES:
            return _CLASSES[letter]
        if letter in "AbZz":
            return "", ""
        if letter in _CODES:
            self.at += (digits := _CODES[letter])
            letter = chr(int(self.pattern[self.at - digits : self.at], 16))
        elif letter in _CONTROLS:
            letter = _CONTROLS[letter]
        elif letter.isalnum():
            raise _NotUnderstoodError
        return letter, letter

    def _class(self) -> str:
        negated, ranges = self._took("^"), list[tuple[str, str]]()
        while not ranges or self.pattern[self.at] != "]":
            first, last = self._member()
            if self.pattern[self.at] == "-" and self.pattern[self.at + 1] != "]":
                self.at += 1
                _, last = self._member()
            ranges.append((first, last))
        self.at += 1
        if not negated:
            return ranges[0][0]
        free = (char for char in _ANYTHING if not any(first <= char <= last for first, last in ranges))
        return next(free, "é")

    def _member(self) -> tuple[str, str]:
        char = self._next()
        return self._escaped() if char == "\\" else (char, char)
