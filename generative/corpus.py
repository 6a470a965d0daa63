"""A training set cut into motif trees, as flat arrays that load at once."""

from __future__ import annotations

import hashlib
import multiprocessing
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from rdkit import Chem, rdBase
from rdkit.Chem.MolStandardize import rdMolStandardize

from generative import motifs
from generative.motifs import Link, MotifTree

FORMAT = 2
ROWS = 5000  # cut at a time


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

    @staticmethod
    def of(trees: Iterable[MotifTree]) -> Corpus:
        """The corpus of closed trees as they are."""
        index: dict[str, int] = {}
        nodes, links = [], []
        for tree in trees:
            nodes.append([index.setdefault(motif, len(index)) for motif in tree.motifs])
            links.append([(x.first, x.first_label, x.second, x.second_label) for x in tree.links])
        return Corpus(
            tuple(index),
            np.array([x for tree in nodes for x in tree], dtype=np.int32),
            np.cumsum([0, *map(len, nodes)], dtype=np.int64),
            np.array([x for tree in links for x in tree], dtype=np.int16).reshape(-1, 4),
            np.cumsum([0, *map(len, links)], dtype=np.int64),
            0,
            0,
            0,
        )

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


@dataclass(frozen=True)
class Part:
    """Some rows of a training set, cut; what :func:`merge` joins."""

    trees: Corpus
    keys: tuple[bytes, ...]  # of each tree, a digest of its molecule
    whole: frozenset[bytes]  # keys of the molecules kept as a single motif


def build(
    smiles: Sequence[str],
    *,
    neutralise: bool,
    processes: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> Corpus:
    """Cut molecules into motif trees, and check that each tree gives its molecule back.

    Args:
        smiles: one molecule a row; a molecule that occurs again is taken once.
        neutralise: take away or add the protons that make a molecule neutral, where they
            can; a nitro group or a quaternary ammonium keeps its charges.
        processes: that share the work; the result does not depend on it.
        progress: told (rows done, rows) now and then.

    Raises:
        ValueError: no row is a molecule.
    """
    pieces = [smiles[i : i + ROWS] for i in range(0, len(smiles), ROWS)]
    parts: list[Part] = []
    done = 0
    with ExitStack() as stack:
        work = partial(cut, neutralise=neutralise)
        if processes > 1 and len(pieces) > 1:
            context = multiprocessing.get_context("spawn")
            pool = stack.enter_context(ProcessPoolExecutor(processes, mp_context=context))
            finished: Iterator[Part] = pool.map(work, pieces)
        else:
            finished = map(work, pieces)
        for rows, part in zip(pieces, finished, strict=True):
            parts.append(part)
            done += len(rows)
            if progress is not None:
                progress(done, len(smiles))
    trees = merge(parts)
    if not len(trees):
        raise ValueError("the training set holds no molecule that RDKit can read")
    return trees


def cut(smiles: Sequence[str], *, neutralise: bool) -> Part:
    """Cut some rows of a training set; see :func:`build`."""
    index: dict[str, int] = {}
    nodes: list[int] = []
    node_starts = [0]
    links: list[tuple[int, int, int, int]] = []
    link_starts = [0]
    skipped = repeated = 0
    keys: dict[bytes, None] = {}
    whole: set[bytes] = set()
    with rdBase.BlockLogs():
        for text in smiles:
            try:
                mol = standard(text, neutralise=neutralise)
                tree = motifs.decompose(mol)
            except ValueError:
                skipped += 1
                continue
            known = motifs.canonical(mol)
            key = hashlib.blake2b(known.encode(), digest_size=16).digest()
            if key in keys:
                repeated += 1
                continue
            keys[key] = None
            if not _returns(tree, known):
                whole.add(key)
                tree = MotifTree((known,), ())
            nodes.extend(index.setdefault(motif, len(index)) for motif in tree.motifs)
            links.extend((x.first, x.first_label, x.second, x.second_label) for x in tree.links)
            node_starts.append(len(nodes))
            link_starts.append(len(links))
    trees = Corpus(
        tuple(index),
        np.array(nodes, dtype=np.int32),
        np.array(node_starts, dtype=np.int64),
        np.array(links, dtype=np.int16).reshape(-1, 4),
        np.array(link_starts, dtype=np.int64),
        len(whole),
        repeated,
        skipped,
    )
    return Part(trees, tuple(keys), frozenset(whole))


def merge(parts: Sequence[Part]) -> Corpus:
    """The corpus of all rows, in the order of the parts; equal molecules are taken once."""
    index: dict[str, int] = {}
    seen: set[bytes] = set()
    whole: set[bytes] = set()
    nodes: list[np.ndarray] = []
    node_counts: list[np.ndarray] = []
    links: list[np.ndarray] = []
    link_counts: list[np.ndarray] = []
    repeated = 0
    for part in parts:
        trees = part.trees
        new = np.array([key not in seen for key in part.keys], dtype=bool)
        seen.update(part.keys)
        whole |= part.whole
        repeated += len(new) - int(new.sum())
        # A motif that only repeated molecules have is in an earlier part.
        numbers = [index.setdefault(motif, len(index)) for motif in trees.motifs]
        for flat, starts, kept, counts in (
            (np.array(numbers, dtype=np.int32)[trees.nodes], trees.node_starts, nodes, node_counts),
            (trees.links, trees.link_starts, links, link_counts),
        ):
            sizes = np.diff(starts)
            kept.append(flat[np.repeat(new, sizes)])
            counts.append(sizes[new])
    none = np.zeros(0, dtype=np.int64)
    return Corpus(
        tuple(index),
        np.concatenate([none.astype(np.int32), *nodes]),
        np.cumsum(np.concatenate([[0], *node_counts]), dtype=np.int64),
        np.concatenate([np.zeros((0, 4), dtype=np.int16), *links]),
        np.cumsum(np.concatenate([[0], *link_counts]), dtype=np.int64),
        len(whole),
        repeated + sum(part.trees.repeated for part in parts),
        sum(part.trees.skipped for part in parts),
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


def _returns(tree: MotifTree, known: str) -> bool:
    """Whether a tree gives back the molecule it was cut from."""
    try:
        return motifs.canonical(motifs.assemble(tree)) == known
    except ValueError:
        return False
