"""Atomic units in the units that chemists read (CODATA 2022).

Mohr, Newell, Taylor and Tiesinga, Rev. Mod. Phys. 97, 025002 (2025).
"""

HARTREE_EV = 27.211386245981  # eV
HARTREE_KCAL = 4.3597447222060e-18 * 6.02214076e23 / 4184  # kcal/mol
BOHR = 0.529177210544  # Angstrom
