"""New molecules from known ones: graph crossover and mutation.

Two molecules exchange the parts behind an acyclic bond of equal order, or two arcs of a
ring; one molecule is changed by an atom, a bond, a ring, or a whole group taken from a
vocabulary. The moves at atoms and rings follow the graph-based genetic algorithm of
Jensen (Chem. Sci. 2019, 10, 3567).
"""

from generative.edits.admission import Limits
from generative.edits.breeding import crossover, mutate, offspring
from generative.edits.parent import Parent
from generative.edits.pieces import Pieces

__all__ = ["Limits", "Parent", "Pieces", "crossover", "mutate", "offspring"]
