"""Circuits that belong to no energy: those that choose batches, and those that begin molecules.

How many there are follows from the campaign's settings. Of a batch chosen in parts nobody
knows how often it can be bettered: of most problems one pass over the batch is all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from molq.campaignfile import CampaignFile
from molq.comparison.prices import Prices
from molq.planning.estimate import Estimate
from molq.planning.population import Population
from screening.acquisition.wholebatch import CONSIDERED, LEAST_CONSIDERED
from screening.batchqubo import decomposition
from screening.batchqubo import quantum as batches
from screening.objective import recipe_names

_QCBM = "qcbm"
_BATCHES, _STARTS = "batch", "starts"
_SHOWN = {_BATCHES: "choose batches", _STARTS: "begin molecules"}


@dataclass(frozen=True)
class SamplingForecast:
    """Circuits of one use, over the whole run."""

    use: str  # "batch" or "starts"
    backend: str
    qubits: int  # of the largest circuit
    two_qubit_gates: int  # of the largest, all qubits connected
    circuits: Estimate  # each a job of its own
    shots: Estimate
    seconds: Estimate | None  # s of the device, 0 on a simulator; None where no price says
    money: Estimate | None  # in the prices' currency; as above
    basis: str  # what the number rests on, one line

    @property
    def does(self) -> str:
        """What the circuits do, to be read."""
        return _SHOWN[self.use]


def forecast(
    file: CampaignFile,
    rounds: Sequence[int],
    library: Population,
    proposals: Population,
    prices: Prices,
    workers: int,
) -> tuple[SamplingForecast, ...]:
    """The circuits that a campaign's settings ask for beside those of its energies.

    Args:
        file: the campaign.
        rounds: molecules of each.
        library: as the filters leave it.
        proposals: a sample of the generator's.
        prices: of devices.
        workers: calculations at a time: without a barrier as many molecules are decided on.
    """
    found = (
        _batches(file, rounds, library, proposals, prices, workers),
        _starts(file, rounds, prices),
    )
    return tuple(one for one in found if one is not None)


# batches


def _batches(
    file: CampaignFile,
    rounds: Sequence[int],
    library: Population,
    proposals: Population,
    prices: Prices,
    workers: int,
) -> SamplingForecast | None:
    settings = file.acquisition
    if settings.batch != "qaoa" or settings.kind == "random":
        return None
    # before the first label a batch is spread over structures, without a circuit
    begun = 1 if recipe_names(file.objective) else 0
    part = proposals.taken / proposals.looked_at if proposals.looked_at else 0.0
    offered = round(file.generator.pool * part)
    share = file.generator.share
    low = usual = high = 0
    largest = (0, 0)
    for number, places in enumerate(rounds):
        if number < begun:
            continue
        left = max(0, library.expected - round((1 - share) * sum(rounds[:number])))
        at_once = _problems([places], share, left, offered)
        one_by_one = _problems([1] * places, share, left, offered)
        # without a barrier each worker that comes free is given a molecule
        freed = [min(places, workers), *[1] * max(0, places - workers)]
        few, some = _circuits(at_once, 1), _circuits(_problems(freed, share, left, offered), 1)
        most = _circuits(at_once, 2)
        if file.campaign.barrier:
            some = few
        else:
            most = max(most, _circuits(one_by_one, 2))
        low, usual, high = low + min(few, some), usual + some, high + max(most, some)
        largest = max([largest, *(_largest(n, k) for n, k in at_once)])
    qubits, gates = largest
    circuits = Estimate(float(low), float(usual), float(high))
    return _priced(
        _BATCHES,
        settings.backend,
        qubits,
        gates,
        circuits,
        batches.SHOTS,
        prices,
        "one pass over each batch, two at the high end, and never more than "
        f"{decomposition.MOST_PARTS} circuits a problem; more and smaller ones on a device of "
        f"fewer than {batches.BLOCK} qubits",
    )


def _problems(
    decisions: Sequence[int], share: float, library: int, offered: int
) -> list[tuple[int, int]]:
    """Molecules and places of the problems of decisions: the generator's, and the library's."""
    found = []
    for wanted in decisions:
        k = min(wanted, library + offered)
        own = max(min(int(share * k + 0.5), offered), k - library)
        for rows, places in ((offered, own), (library, k - own)):
            if places > 0:
                found.append((min(rows, max(CONSIDERED * places, LEAST_CONSIDERED)), places))
    return found


def _circuits(problems: Sequence[tuple[int, int]], passes: int) -> int:
    return sum(_parts(n, k, passes) for n, k in problems)


def _parts(n: int, k: int, passes: int) -> int:
    """Circuits of one problem: one where it fits, else one for every few of the batch."""
    if k >= n:
        return 0
    if n <= batches.WHOLE:
        return 1
    return min(decomposition.MOST_PARTS, passes * -(-k // _leaving(k)))


def _leaving(k: int) -> int:
    return max(1, min(k, batches.BLOCK // 2))


def _largest(n: int, k: int) -> tuple[int, int]:
    """Qubits and two-qubit gates of a problem's largest circuit."""
    if k >= n:
        return 0, 0
    qubits, ones = (n, k) if n <= batches.WHOLE else (batches.BLOCK, _leaving(k))
    return qubits, qaoa_gates(qubits, ones, batches.LAYERS)


def qaoa_gates(qubits: int, ones: int, layers: int) -> int:
    """Two-qubit gates (CX) of QAOA among assignments with so many ones.

    The Dicke state of Baertschi and Eidenbenz, and in each layer every pair's RZZ and the
    ring's XX + YY, of two each.
    """
    fewer = min(ones, qubits - ones)
    dicke = sum(4 + 6 * (min(fewer, length - 1) - 1) for length in range(2, qubits + 1) if fewer)
    ring = qubits if qubits > 2 else qubits - 1
    return dicke + layers * (qubits * (qubits - 1) + 2 * ring)


# starts


def _starts(file: CampaignFile, rounds: Sequence[int], prices: Prices) -> SamplingForecast | None:
    settings = file.generator
    if settings.prior != _QCBM or settings.share == 0 or settings.scaffold or not rounds:
        return None  # with a scaffold growth begins there
    later = len(rounds) - 1 if settings.finetune else 0
    # untaught once, taught in each later round, and there again where proposals collapse
    circuits = Estimate(1.0 + later, 1.0 + later, 1.0 + 2 * later)
    return _priced(
        _STARTS,
        settings.backend,
        settings.qubits,
        (settings.qubits - 1) * settings.layers,
        circuits,
        settings.shots,
        prices,
        "one before there are leads and one in each later round, two where proposals collapse; "
        "the circuit is trained here, on a simulated state",
    )


def _priced(
    use: str,
    backend: str,
    qubits: int,
    gates: int,
    circuits: Estimate,
    shots: int,
    prices: Prices,
    basis: str,
) -> SamplingForecast:
    seconds: Estimate | None = None
    money: Estimate | None = None
    price = prices.of(backend)
    if prices.is_simulator(backend):
        seconds = money = Estimate.exactly(0.0)
    elif price is not None:
        money = circuits.times(price.cost(1, shots))
        seconds = circuits.times(price.seconds(1, shots)) if price.seconds_source else None
    return SamplingForecast(
        use, backend, qubits, gates, circuits, circuits.times(shots), seconds, money, basis
    )
