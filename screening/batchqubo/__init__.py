"""A batch of molecules, good and diverse, as a quadratic binary problem with k ones."""

from screening.batchqubo.problem import BatchProblem
from screening.batchqubo.solving import SOLVERS, BatchChoice, Solver, compare, solve

__all__ = ["SOLVERS", "BatchChoice", "BatchProblem", "Solver", "compare", "solve"]
