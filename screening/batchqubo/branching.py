"""The tree search of the exact choice, compiled."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from generative.compilation import compiled


@compiled
def search(
    linear: NDArray[np.float64],
    pairs: NDArray[np.float64],
    split: NDArray[np.float64],
    order: NDArray[np.int64],
    k: int,
    best: float,
    margin: float,
    limit: int,
) -> tuple[float, NDArray[np.int64], int, bool]:
    """Depth first over who is in and who is out.

    Args:
        linear: shape (n,).
        pairs: shape (n, n), symmetric.
        split: shape (n, n), split + split.T = pairs; what i is promised by j.
        order: shape (n, n); row i holds the others by falling split[i].
        k: how many are chosen, at least 2.
        best: value of a known batch.
        margin: by how much a batch must be better to count.
        limit: of the nodes.

    Returns:
        the best value; its batch, shape (k,), of -1 where none is better than the known
        one; the nodes visited; whether the tree was exhausted.
    """
    n = linear.size
    status = np.zeros(n, np.int8)  # 0 free, 1 in, 2 out
    members = np.empty(k, np.int64)
    # by how many are in: what each of the others adds, by the true and the split pairs
    true = np.empty((k + 1, n))
    promised = np.empty((k + 1, n))
    reached = np.zeros(k + 1)
    true[0] = linear
    promised[0] = linear
    found = np.full(k, -1, np.int64)
    trail = np.empty(n, np.int64)  # those put out by their bound
    trailed = 0
    variable = np.empty(n + 1, np.int64)
    before = np.empty(n + 1, np.int64)
    after = np.empty(n + 1, np.int64)
    phase = np.empty(n + 1, np.int8)
    depth = 0
    count = 0
    nodes = 0
    term = np.empty(n)
    greatest = np.empty(k)
    while True:
        nodes += 1
        if nodes > limit:
            return best, found, nodes - 1, False
        branch = -1
        left = k - count
        free = 0
        for i in range(n):
            if status[i] == 0:
                free += 1
        if left == 1:
            for i in range(n):
                if status[i] == 0 and reached[count] + true[count, i] > best + margin:
                    best = reached[count] + true[count, i]
                    found[:count] = members[:count]
                    found[count] = i
        elif free >= left:
            bound = 0.0
            held = 0  # of the greatest terms, in ``greatest``, ascending
            for i in range(n):
                if status[i] == 2:
                    continue
                wanted = left if status[i] == 1 else left - 1
                total = promised[count, i]
                for j in order[i]:
                    if wanted == 0:
                        break
                    if status[j] == 0 and j != i:
                        total += split[i, j]
                        wanted -= 1
                if status[i] == 1:
                    bound += total
                else:
                    term[i] = total
                    if held < left:
                        place = held
                        held += 1
                        while place > 0 and greatest[place - 1] > total:
                            greatest[place] = greatest[place - 1]
                            place -= 1
                        greatest[place] = total
                    elif total > greatest[0]:
                        place = 0
                        while place + 1 < left and greatest[place + 1] < total:
                            greatest[place] = greatest[place + 1]
                            place += 1
                        greatest[place] = total
            for i in range(left):
                bound += greatest[i]
            if bound > best + margin:
                least = greatest[0]
                before[depth] = trailed
                top = -np.inf
                for i in range(n):
                    if status[i] == 0:
                        if term[i] > top:
                            top = term[i]
                            branch = i
                        if bound - least + term[i] <= best + margin:
                            status[i] = 2
                            trail[trailed] = i
                            trailed += 1
                # the best term is never put out: with it the bound is the node's own
                after[depth] = trailed
        if branch >= 0:
            variable[depth] = branch
            phase[depth] = 1
            depth += 1
            status[branch] = 1
            members[count] = branch
            reached[count + 1] = reached[count] + true[count, branch]
            for i in range(n):
                true[count + 1, i] = true[count, i] + pairs[i, branch]
                promised[count + 1, i] = promised[count, i] + split[i, branch]
            count += 1
            continue
        while depth > 0:
            frame = depth - 1
            chosen = variable[frame]
            if phase[frame] == 1:
                while trailed > after[frame]:
                    trailed -= 1
                    status[trail[trailed]] = 0
                count -= 1
                status[chosen] = 2
                phase[frame] = 2
                break
            status[chosen] = 0
            while trailed > before[frame]:
                trailed -= 1
                status[trail[trailed]] = 0
            depth -= 1
        if depth == 0:
            return best, found, nodes, True
