"""The cases that the table gives: data with readable ids. See :func:`cases`."""

from runlife_adapters.conformance.generated.case import Case, NotControllableError
from runlife_adapters.conformance.generated.suites import CRITERIA, CaseCriterion, cases

__all__ = ["CRITERIA", "Case", "CaseCriterion", "NotControllableError", "cases"]
