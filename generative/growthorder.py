"""The order in which a tree's motifs grow, over flat arrays (see ``generative.forest``).

``sizes`` are the attachments of each motif of the vocabulary; ``group_counts``,
``group_starts`` and ``group_labels`` its symmetry, as ``forest.Symmetries`` holds it.
"""

from __future__ import annotations

import numpy as np

from generative.compilation import compiled


@compiled
def planted(
    nodes: np.ndarray,
    node_starts: np.ndarray,
    links: np.ndarray,
    link_starts: np.ndarray,
    piece_motifs: np.ndarray,
    piece_starts: np.ndarray,
    piece_links: np.ndarray,
    piece_link_starts: np.ndarray,
    opens: np.ndarray,
    open_starts: np.ndarray,
    sizes: np.ndarray,
    group_counts: np.ndarray,
    group_starts: np.ndarray,
    group_labels: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Trees of a corpus, each motif replaced by its piece, in canonical order.

    ``nodes`` .. ``link_starts`` are the corpus; ``piece_*`` and ``opens`` the tree that
    replaces each of its motifs, and where the motif's attachments went.
    """
    trees = len(node_starts) - 1
    starts = np.zeros(trees + 1, np.int64)
    for t in range(trees):
        n = 0
        for i in range(node_starts[t], node_starts[t + 1]):
            n += piece_starts[nodes[i] + 1] - piece_starts[nodes[i]]
        starts[t + 1] = starts[t] + n
    total = starts[trees]
    out_motifs = np.empty(total, np.int32)
    out_parents = np.empty(total, np.int16)
    out_parent_labels = np.empty(total, np.int16)
    out_labels = np.empty(total, np.int16)
    for t in range(trees):
        n = starts[t + 1] - starts[t]
        motif = np.empty(n, np.int64)
        first = np.empty(n + 1, np.int64)  # of each motif of the corpus, its first piece
        k = 0
        for i in range(node_starts[t], node_starts[t + 1]):
            first[i - node_starts[t]] = k
            for j in range(piece_starts[nodes[i]], piece_starts[nodes[i] + 1]):
                motif[k] = piece_motifs[j]
                k += 1
        # The neighbour at each attachment: other node, its label.
        at = np.zeros(n + 1, np.int64)
        for i in range(n):
            at[i + 1] = at[i] + sizes[motif[i]]
        other = np.full((at[n], 2), -1, np.int64)
        for i in range(node_starts[t], node_starts[t + 1]):
            base = first[i - node_starts[t]]
            for j in range(piece_link_starts[nodes[i]], piece_link_starts[nodes[i] + 1]):
                a, la = base + piece_links[j, 0], piece_links[j, 1]
                b, lb = base + piece_links[j, 2], piece_links[j, 3]
                other[at[a] + la - 1, 0], other[at[a] + la - 1, 1] = b, lb
                other[at[b] + lb - 1, 0], other[at[b] + lb - 1, 1] = a, la
        for j in range(link_starts[t], link_starts[t + 1]):
            i0, i1 = links[j, 0], links[j, 2]
            o0 = open_starts[nodes[node_starts[t] + i0]] + links[j, 1] - 1
            o1 = open_starts[nodes[node_starts[t] + i1]] + links[j, 3] - 1
            a, la = first[i0] + opens[o0, 0], opens[o0, 1]
            b, lb = first[i1] + opens[o1, 0], opens[o1, 1]
            other[at[a] + la - 1, 0], other[at[a] + la - 1, 1] = b, lb
            other[at[b] + lb - 1, 0], other[at[b] + lb - 1, 1] = a, la
        rarest = motif.max()
        best = np.empty(0, np.int64)
        best_parent = np.empty(0, np.int64)
        for root in range(n):
            if motif[root] == rarest:
                code, parent = _canonical(
                    root, motif, at, other, group_counts, group_starts, group_labels
                )
                if len(best) == 0 or _less(code, best):
                    best, best_parent = code, parent
        base = starts[t]
        for s in range(n):
            out_motifs[base + s] = best[s] >> 16
            out_labels[base + s] = best[s] & 0xFFFF
            out_parents[base + s] = -1 if s == 0 else best_parent[s] >> 16
            out_parent_labels[base + s] = 0 if s == 0 else best_parent[s] & 0xFFFF
    return starts, out_motifs, out_parents, out_parent_labels, out_labels


@compiled
def _less(
    a: np.ndarray,
    b: np.ndarray,
) -> bool:
    """Whether one sequence comes before another."""
    for i in range(min(len(a), len(b))):
        if a[i] != b[i]:
            return a[i] < b[i]
    return len(a) < len(b)


@compiled
def _canonical(
    root: int,
    motif: np.ndarray,
    at: np.ndarray,
    other: np.ndarray,
    group_counts: np.ndarray,
    group_starts: np.ndarray,
    group_labels: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """The smallest preorder sequence from a root: motif << 16 | label entered by."""
    n = len(motif)
    order = np.empty(n, np.int64)
    up = np.full(n, -1, np.int64)
    entered = np.zeros(n, np.int64)
    order[0] = root
    count = 1
    for place in range(n):
        v = order[place]
        for label in range(1, at[v + 1] - at[v] + 1):
            w = other[at[v] + label - 1, 0]
            if label != entered[v] and w >= 0:
                order[count] = w
                up[w] = v
                entered[w] = other[at[v] + label - 1, 1]
                count += 1
    code = np.empty((n, n), np.int64)  # of the part of the tree below each node
    parent = np.empty((n, n), np.int64)  # the parent's place in it << 16 | its label
    length = np.zeros(n, np.int64)
    trial = np.empty(n, np.int64)
    trial_parent = np.empty(n, np.int64)
    for place in range(n - 1, -1, -1):
        v = order[place]
        m, size = motif[v], at[v + 1] - at[v]
        lowest = 0
        if entered[v] > 0:
            lowest = entered[v]
            for g in range(group_counts[m]):
                lowest = min(lowest, group_labels[group_starts[m] + g * size + entered[v] - 1])
        found = False
        child_at = np.zeros(size + 1, np.int64)
        for g in range(max(1, group_counts[m])):
            base = group_starts[m] + g * size
            if entered[v] > 0 and group_labels[base + entered[v] - 1] != lowest:
                continue
            for label in range(1, size + 1):
                child_at[group_labels[base + label - 1]] = label
            trial[0] = m << 16 | lowest
            trial_parent[0] = 0
            k = 1
            for new in range(1, size + 1):
                old = child_at[new]
                w = other[at[v] + old - 1, 0]
                if old == entered[v] or w < 0:
                    continue
                for i in range(length[w]):
                    trial[k + i] = code[w, i]
                    trial_parent[k + i] = parent[w, i] + (k << 16)
                trial_parent[k] = new
                k += length[w]
            if not found or _less(trial[:k], code[v, :k]):
                found = True
                length[v] = k
                for i in range(k):
                    code[v, i] = trial[i]
                    parent[v, i] = trial_parent[i]
    return code[root].copy(), parent[root].copy()


@compiled
def traversed(
    rows: np.ndarray,
    canonical: np.ndarray,
    draws: np.ndarray,
    starts: np.ndarray,
    motifs: np.ndarray,
    parents: np.ndarray,
    parent_labels: np.ndarray,
    labels: np.ndarray,
    sizes: np.ndarray,
    group_counts: np.ndarray,
    group_starts: np.ndarray,
    group_labels: np.ndarray,
    total: int,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Some trees of a forest, in canonical order where ``canonical`` says so, else a random one.

    ``draws`` are uniform in [0, 1), one for each motif of these trees, ``total`` in all.
    """
    out_motifs = np.empty(total, np.int32)
    out_parents = np.empty(total, np.int16)
    out_parent_labels = np.empty(total, np.int16)
    out_labels = np.empty(total, np.int16)
    done = 0
    for number in range(len(rows)):
        begin = starts[rows[number]]
        n = starts[rows[number] + 1] - begin
        if canonical[number]:
            for s in range(n):
                out_motifs[done + s] = motifs[begin + s]
                out_parents[done + s] = parents[begin + s]
                out_parent_labels[done + s] = parent_labels[begin + s]
                out_labels[done + s] = labels[begin + s]
            done += n
            continue
        at = np.zeros(n + 1, np.int64)
        for s in range(n):
            at[s + 1] = at[s] + sizes[motifs[begin + s]]
        other = np.full((at[n], 2), -1, np.int64)
        for s in range(1, n):
            p, pl, own = parents[begin + s], parent_labels[begin + s], labels[begin + s]
            other[at[p] + pl - 1, 0], other[at[p] + pl - 1, 1] = s, own
            other[at[s] + own - 1, 0], other[at[s] + own - 1, 1] = p, pl
        draw = done  # one for the root, and one for each link
        root = int(draws[draw] * n)
        draw += 1
        stack = np.empty((n + 1, 4), np.int64)
        stack[0, 0], stack[0, 1], stack[0, 2], stack[0, 3] = -1, 0, root, 0
        top = 1
        step = 0
        while top > 0:
            top -= 1
            p, pl, v, entry = stack[top, 0], stack[top, 1], stack[top, 2], stack[top, 3]
            m = motifs[begin + v]
            size = at[v + 1] - at[v]
            # The first relabelling that brings the entry to its lowest equivalent.
            chosen = 0
            if entry > 0:
                for g in range(1, group_counts[m]):
                    if (
                        group_labels[group_starts[m] + g * size + entry - 1]
                        < group_labels[group_starts[m] + chosen * size + entry - 1]
                    ):
                        chosen = g
            base = group_starts[m] + chosen * size
            out_motifs[done + step] = m
            out_parents[done + step] = p
            out_parent_labels[done + step] = pl
            out_labels[done + step] = group_labels[base + entry - 1] if entry > 0 else 0
            bottom = top
            for label in range(1, size + 1):
                w = other[at[v] + label - 1, 0]
                if label == entry or w < 0:
                    continue
                stack[top, 0], stack[top, 1] = step, group_labels[base + label - 1]
                stack[top, 2], stack[top, 3] = w, other[at[v] + label - 1, 1]
                # Shuffle what this motif pushes (Fisher-Yates, inside out).
                swap = bottom + int(draws[draw] * (top - bottom + 1))
                draw += 1
                for c in range(4):
                    kept = stack[swap, c]
                    stack[swap, c] = stack[top, c]
                    stack[top, c] = kept
                top += 1
            step += 1
        done += n
    return out_motifs, out_parents, out_parent_labels, out_labels
