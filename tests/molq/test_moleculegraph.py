"""What the report gives its substructure search."""

from __future__ import annotations

import json

from rdkit import Chem

from molq.report.moleculegraph import graph


def test_it_is_rdkits_view_of_the_molecule() -> None:
    pyridone = graph(Chem.MolFromSmiles("O=c1cccc[nH]1"))
    assert pyridone["numbers"] == [8, 6, 6, 6, 6, 6, 7]
    assert pyridone["hydrogens"] == [0, 0, 1, 1, 1, 1, 1]
    assert pyridone["aromatic"] == [0, 1, 1, 1, 1, 1, 1]
    assert pyridone["connections"] == [1, 3, 3, 3, 3, 3, 3]
    assert pyridone["orders"] == "=::::::"
    assert pyridone["bonds"][:4] == [0, 1, 1, 2]
    assert [sorted(ring) for ring in pyridone["rings"]] == [[1, 2, 3, 4, 5, 6]]


def test_charges_isotopes_and_odd_bonds_are_told() -> None:
    betaine = graph(Chem.MolFromSmiles("C[N+](C)(C)[13CH2]C([O-])=O"))
    assert betaine["charges"] == [[1, 1], [6, -1]]
    assert betaine["isotopes"] == [[4, 13]]
    assert betaine["valences"] == [4, 4, 4, 4, 4, 4, 1, 2]
    assert graph(Chem.MolFromSmiles("N->[Fe]"))["orders"] == "?"
    assert graph(Chem.MolFromSmiles("[2H]O"))["hydrogens"] == [0, 2]  # an atom of its own counts


def test_it_is_plain_json_also_without_bonds() -> None:
    sodium = graph(Chem.MolFromSmiles("[Na+]"))
    assert json.loads(json.dumps(sodium)) == sodium
    assert sodium["bonds"] == sodium["rings"] == []
