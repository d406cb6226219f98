"""Is what was observed a lawful history? A checker for whoever sees samples, not transitions.

A poller sees a run now and then; between two samples any number of rows may have been taken. To ask
whether two consecutive samples are joined by an edge raises false alarms (one legal trace in five
at one poll a second). The right question is whether *some* lawful history explains all samples so
far, and it is answered by keeping the set of all states the run may be in, the *belief*.

Theory of operation. A believed state is a status, the client calls that may still take effect, and
the value of each fact: null, a value that was seen, or one that was written and not yet seen. The
belief is

* *closed* over everything that may have happened unseen: server rows; timer rows, once their
  deadline may be due; and the rows of client calls in flight, since a call takes effect at an
  unknown moment after its sending, and one without an answer may take effect any time later;
* *narrowed* by every sample, to the states that agree with it (:mod:`runlife.trace.samples` has the
  predicates);
* *narrowed* by every answer: an accepted call did take effect, a refused one did not.

When no state is left, no lawful history explains the trace: :class:`UnlawfulError`. It is the subset
construction of runtime verification with unobserved steps, and what is asked of a history follows from
the table: statuses, nulls, what may change, which facts are moments (those that a row stamps), how they
are ordered, and which deadline bounds them. What no table says stands in :data:`EXTRAS`.

Three things a client may know more, or less, than a plain sample:

* *An event stream* shows each row as it is taken: between two events about a run lies one row at the
  most. Each stream is followed on its own, because its events may arrive late.
* *A sample has a window*: it was taken between the sending and the answer. Samples whose windows
  overlap can arrive in either order, so only the first that arrived narrows; the other must agree
  with what was believed before both.
* *A replica may be late* (mode ``stale``): every window begins a lag earlier. It is the same rule.

A sample is never narrowed by more than is certain, so that a lawful history is never refused; what
this gives away is that some unlawful ones pass.
"""

from runlife.trace.checker import Mode, TraceChecker
from runlife.trace.explaining import explain
from runlife.trace.extras import EXTRAS, Extras
from runlife.trace.samples import Believed, Conflict, Sample, UnlawfulError

__all__ = [
    "EXTRAS",
    "Believed",
    "Conflict",
    "Extras",
    "Mode",
    "Sample",
    "TraceChecker",
    "UnlawfulError",
    "explain",
]
