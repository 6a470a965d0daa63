import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulation.balance import Correlated, Side, check, check_sectors
from simulation.errors import InputError


def test_the_published_prodrug_difference_is_refused_and_explained() -> None:
    # Li et al. (2024), cleavage of the C-C bond of a beta-lapachone prodrug: a (2e,2o)
    # reactant against products with six active electrons; CASCI -41.8, HF -33.1 kcal/mol
    reactant = Side("reactant", (Correlated("prodrug", 2, 2),))
    products = Side(
        "products",
        (Correlated("first fragment", 2, 2), Correlated("second fragment", 4, 4)),
    )
    with pytest.raises(InputError) as caught:
        check(reactant, products)
    text = str(caught.value)
    assert caught.value.kind == "input"
    assert "reactant 2 electrons in 2 orbitals" in text
    assert "products 6 electrons in 6 orbitals" in text
    assert "products correlates 4 electrons more" in text
    assert "does not cancel" in text


def test_a_balanced_dissociation_passes() -> None:
    labels = ("C1 sp3", "H2 1s")
    molecule = Side("molecule", (Correlated("methane", 2, 2, labels),))
    radicals = Side(
        "radicals",
        (
            Correlated("methyl radical", 1, 1, labels[:1]),
            Correlated("hydrogen atom", 1, 1, labels[1:]),
        ),
    )
    check(molecule, radicals)
    check(radicals, molecule)


def test_orbitals_without_a_counterpart_are_refused() -> None:
    one = Side("left", (Correlated("a", 2, 2, ("C1 2pz", "C2 2pz")),))
    other = Side("right", (Correlated("b", 2, 2, ("C1 2pz", "O3 2pz")),))
    with pytest.raises(InputError, match=r"C2 2pz of left and O3 2pz of right"):
        check(one, other)


def test_more_orbitals_on_one_side_are_refused() -> None:
    with pytest.raises(InputError, match="right has 2 active orbitals more"):
        check(Side("left", (Correlated("a", 4, 4),)), Side("right", (Correlated("b", 4, 6),)))


def test_the_electron_in_question_may_differ() -> None:
    neutral, anion = (Side(n, (Correlated(n, e, 4),)) for n, e in (("neutral", 4), ("anion", 5)))
    check(neutral, anion, transferred=1)
    check(anion, neutral, transferred=-1)
    with pytest.raises(InputError, match="anion correlates 1 electrons more"):
        check(neutral, anion)


def test_sectors_of_one_hamiltonian() -> None:
    for other in ((3, 2), (2, 1), (3, 1)):
        check_sectors((2, 2), other, 4)
    for other in ((2, 2), (3, 3), (4, 2), (4, 1), (4, 0)):
        with pytest.raises(InputError, match="unbalanced"):
            check_sectors((2, 2), other, 4)


@pytest.mark.parametrize(("electrons", "orbitals"), [(5, 2), (-1, 2)])
def test_impossible_spaces_are_refused(electrons: int, orbitals: int) -> None:
    with pytest.raises(InputError, match="do not fit"):
        Correlated("a", electrons, orbitals)


def test_labels_are_one_for_each_orbital() -> None:
    with pytest.raises(InputError, match="1 labels for 2 orbitals"):
        Correlated("a", 2, 2, ("C1 2pz",))


_SPACES = st.lists(
    st.tuples(st.integers(0, 6), st.integers(3, 6)).map(
        lambda pair: Correlated("x", pair[0], pair[1])
    ),
    min_size=1,
    max_size=4,
).map(tuple)


@given(_SPACES, _SPACES)
def test_passes_just_when_the_totals_agree(left: tuple, right: tuple) -> None:
    one, other = Side("left", left), Side("right", right)
    equal = one.electrons == other.electrons and one.orbitals == other.orbitals
    if equal:
        check(one, other)
    else:
        with pytest.raises(InputError, match="unbalanced"):
            check(one, other)
