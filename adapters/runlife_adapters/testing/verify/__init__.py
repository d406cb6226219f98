"""The verifier: every lifecycle path, race and fault against a service, on virtual time.

Theory of operation. A *story* (:mod:`.story`) says, as plain data, what the server, the network and other
workers do otherwise than on the happy path. A *trial* (:mod:`.trial`) lets the service under test meet one:
its official client talks to a fake through a *wire* (:mod:`.wire`), which plays the story, and all its
waiting is virtual. A trial is *judged* (:mod:`.judge`) by what the test demands and by what always holds.
The *search* (:mod:`.search`) goes through all stories up to a number of deviations, by the *menu*
(:mod:`.menu`); Hypothesis draws more of them (:mod:`.strategies`). What fails is *shrunk* (:mod:`.shrink`)
and *reported* (:mod:`.reporting`). The way in is :mod:`.verifier`.
"""

from runlife_adapters.testing.verify.judge import Failure, FailureKind
from runlife_adapters.testing.verify.menu import FAULTS, Menu
from runlife_adapters.testing.verify.plan import Plan, Proof
from runlife_adapters.testing.verify.reporting import Report
from runlife_adapters.testing.verify.story import Story
from runlife_adapters.testing.verify.trial import CheckFailedError, Setting, Trial, TrialRun
from runlife_adapters.testing.verify.verifier import LifecycleError, answering, lifecycle

__all__ = [
    "FAULTS",
    "CheckFailedError",
    "Failure",
    "FailureKind",
    "LifecycleError",
    "Menu",
    "Plan",
    "Proof",
    "Report",
    "Setting",
    "Story",
    "Trial",
    "TrialRun",
    "answering",
    "lifecycle",
]
