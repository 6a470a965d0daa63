"""A training set cut into motif trees, as flat arrays that load at once."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rdkit import Chem, rdBase
from rdkit.Chem.MolStandardize import rdMolStandardize

from generative import motifs
from generative.motifs import Link, MotifTree

FORMAT = 2


@dataclass(frozen=True)
class Corpus:
    """The coarse motif trees of a training set.

    Every tree was built back to its molecule when the corpus was made. A molecule whose
    pieces do not give it back stands as one motif without attachments (``whole``).
    """

    motifs: tuple[str, ...]
    nodes: np.ndarray  # shape: (sum of motifs,), int32, index of each node's motif
    node_starts: np.ndarray  # shape: (molecules + 1,), int64
    links: np.ndarray  # shape: (sum of links, 4), int16, as in motifs.Link
    link_starts: np.ndarray  # shape: (molecules + 1,), int64
    whole: int  # molecules kept as a single motif because cutting them loses something
    repeated: int  # rows that are a molecule already seen
    skipped: int  # rows that are not one molecule RDKit can read

    def __len__(self) -> int:
        return len(self.node_starts) - 1

    def __getitem__(self, index: int) -> MotifTree:
        nodes = self.nodes[self.node_starts[index] : self.node_starts[index + 1]]
        links = self.links[self.link_starts[index] : self.link_starts[index + 1]]
        return MotifTree(
            tuple(self.motifs[i] for i in nodes),
            tuple(Link(*row) for row in links.tolist()),
        )

    def __iter__(self) -> Iterator[MotifTree]:
        return (self[i] for i in range(len(self)))

    def save(self, path: Path) -> None:
        """Write the corpus; the file appears whole or not at all."""
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part.npz")
        np.savez_compressed(
            part,
            format=FORMAT,
            motifs=np.frombuffer("\n".join(self.motifs).encode(), dtype=np.uint8),
            nodes=self.nodes,
            node_starts=self.node_starts,
            links=self.links,
            link_starts=self.link_starts,
            counts=np.array([self.whole, self.repeated, self.skipped]),
        )
        part.replace(path)

    @staticmethod
    def load(path: Path) -> Corpus:
        """Read a saved corpus.

        Raises:
            ValueError: the file is not a corpus of this version.
        """
        try:
            with np.load(path, allow_pickle=False) as file:
                if int(file["format"]) != FORMAT:
                    raise ValueError("other version")
                whole, repeated, skipped = (int(x) for x in file["counts"])
                return Corpus(
                    tuple(file["motifs"].tobytes().decode().split("\n")),
                    file["nodes"],
                    file["node_starts"],
                    file["links"],
                    file["link_starts"],
                    whole,
                    repeated,
                    skipped,
                )
        except (OSError, KeyError, ValueError) as error:
            raise ValueError(f"{path}: not a corpus of motif trees ({error}); delete it") from error


def fingerprint(smiles: Sequence[str], *, neutralise: bool) -> str:
    """A short name for the corpus of these molecules, for the cache."""
    digest = hashlib.sha256(f"{FORMAT} {neutralise}\n".encode())
    for text in smiles:
        digest.update(text.encode())
        digest.update(b"\n")
    return digest.hexdigest()[:16]


def build(
    smiles: Sequence[str],
    *,
    neutralise: bool,
    progress: Callable[[int, int], None] | None = None,
) -> Corpus:
    """Cut molecules into motif trees, and check that each tree gives its molecule back.

    Args:
        smiles: one molecule a row; a molecule that occurs again is taken once.
        neutralise: take away or add the protons that make a molecule neutral, where they
            can; a nitro group or a quaternary ammonium keeps its charges.
        progress: told (rows done, rows) now and then.

    Raises:
        ValueError: no row is a molecule.
    """
    index: dict[str, int] = {}
    nodes: list[int] = []
    node_starts = [0]
    links: list[tuple[int, int, int, int]] = []
    link_starts = [0]
    counts: Counter[str] = Counter()
    seen: set[str] = set()
    with rdBase.BlockLogs():
        for row, text in enumerate(smiles):
            try:
                mol = standard(text, neutralise=neutralise)
                tree = motifs.decompose(mol)
            except ValueError:
                counts["skipped"] += 1
                continue
            known = motifs.canonical(mol)
            if known in seen:
                counts["repeated"] += 1
            else:
                seen.add(known)
                tree = _verified(tree, known, counts)
                nodes.extend(index.setdefault(motif, len(index)) for motif in tree.motifs)
                links.extend((x.first, x.first_label, x.second, x.second_label) for x in tree.links)
                node_starts.append(len(nodes))
                link_starts.append(len(links))
            if progress is not None and (row + 1) % 1000 == 0:
                progress(row + 1, len(smiles))
    if not nodes:
        raise ValueError("the training set holds no molecule that RDKit can read")
    return Corpus(
        tuple(index),
        np.array(nodes, dtype=np.int32),
        np.array(node_starts, dtype=np.int64),
        np.array(links, dtype=np.int16).reshape(-1, 4),
        np.array(link_starts, dtype=np.int64),
        counts["whole"],
        counts["repeated"],
        counts["skipped"],
    )


def standard(smiles: str, *, neutralise: bool) -> Chem.Mol:
    """The molecule as the corpus takes it.

    Raises:
        ValueError: RDKit cannot read it.
    """
    mol = motifs.parse(smiles)
    if not neutralise or not any(atom.GetFormalCharge() for atom in mol.GetAtoms()):
        return mol
    return motifs.parse(Chem.MolToSmiles(rdMolStandardize.Uncharger().uncharge(mol)))


def _verified(tree: MotifTree, known: str, counts: Counter[str]) -> MotifTree:
    try:
        rebuilt = motifs.canonical(motifs.assemble(tree))
    except ValueError:
        rebuilt = None
    if rebuilt == known:
        return tree
    counts["whole"] += 1
    return MotifTree((known,), ())
