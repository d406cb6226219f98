"""What is to be said of a service by the way it treats its runs: the verdict, at the end of a session.

:class:`Verdict` watches the calls of all clients (:mod:`.verdict`), follows each run as they see it
(:mod:`.conduct`), and tells what they did wrong, with the evidence (:mod:`.findings`).
"""

from runlife_adapters.http.judging.findings import Finding, FindingKind
from runlife_adapters.http.judging.verdict import Verdict

__all__ = ["Finding", "FindingKind", "Verdict"]
