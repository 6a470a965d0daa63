"""The share of carbons that are sp3, as a scorer of molq."""

from rdkit.Chem.rdMolDescriptors import CalcFractionCSP3

from screening.scorers import Property

FRACTION_SP3 = Property(
    "fraction-sp3", "", "share of carbons that are sp3 (Lovering 2009)", CalcFractionCSP3
)
