"""What a reader of a plan must be told: where money or time goes for nothing, what is unsure."""

from __future__ import annotations

from dataclasses import replace

from generative.settings import START_PRIORS
from molq.campaignfile import CampaignFile, RunFile
from molq.comparison.prices import Prices
from molq.planning.circuitforecast import CircuitForecast
from molq.planning.devices import DevicePlan, shots_of
from molq.planning.figures import number, seconds
from molq.planning.plan import Plan

OLD_DAYS = 90
"""Age in days from which prices are called old."""

_LOST = 0.5  # share of shots without an error below which a device's raw energy is not the state's
_DEARER = 1.1
_WITHOUT_NOISE = ("exact", "aer")
_TOO_LONG = 1500  # two-qubit gates beyond which none was compiled: no shot would survive


def given(plan: Plan, file: RunFile, prices: Prices, *, sampled: bool, simulator: str = "") -> Plan:
    """The plan with its warnings and notes.

    Args:
        plan: without them.
        file: the run's settings.
        prices: of cores and devices.
        sampled: whether the run itself measures its energies.
        simulator: on which circuits run, "" where that is a device or none.
    """
    of_circuits = [
        *_classical(plan, prices, sampled=sampled),
        *_noise(plan, file, sampled=sampled),
        *_blind(plan),
    ]
    warnings = [
        *_nothing_to_do(plan),
        *_too_small(plan, simulator or plan.backend),
        *_simulated(simulator, sampled=sampled),
        *of_circuits,
        *_refused(file, sampled=sampled),
        *_limits(plan, file),
        *_too_few_shots(plan, file, sampled=sampled),
        *_unpriced(plan, sampled=sampled and not simulator),
        *_old(prices),
    ]
    notes = [*_notes(plan, file, simulator, sampled=sampled), *plan.notes]
    return replace(
        plan,
        verdict=_verdict(plan, prices, sampled=sampled),
        warnings=tuple(warnings),
        of_circuits=tuple(of_circuits),
        notes=tuple(notes),
    )


def _nothing_to_do(plan: Plan) -> list[str]:
    if plan.evaluated.middle > 0:
        return []
    if plan.library.refused:
        reason, rows = plan.library.refused[0]
        return [f"nothing would be computed: {rows} rows are refused by {reason}"]
    return ["nothing would be computed: no molecule is left to choose from"]


def _too_small(plan: Plan, backend: str) -> list[str]:
    worst = max(
        (kind for kind in plan.circuits.kinds if not kind.fits),
        key=lambda kind: kind.least_qubits,
        default=None,
    )
    if worst is None:
        return []
    return [
        f"{worst.orbitals} orbitals need {worst.least_qubits} qubits, more than {backend} "
        "has: fewer orbitals are measured (feasibility only), whose circuits and shots are not "
        "foretold"
    ]


def _simulated(simulator: str, *, sampled: bool) -> list[str]:
    if not sampled or simulator in ("", "exact"):
        return []
    return [
        f"circuits are simulated on the same cores as {simulator}, whose time is not foretold: "
        "it comes on top of core-hours, wall-clock and the cost of a lead, often many times over"
    ]


def _classical(plan: Plan, prices: Prices, *, sampled: bool) -> list[str]:
    kinds = plan.circuits.kinds
    if not kinds or plan.evaluated.middle <= 0:
        return []
    lines = []
    molecules = plan.evaluated.middle
    casci = sum(k.each * k.casci_seconds for k in kinds) * molecules
    beside = f"{seconds(casci)} of one core ({_money(prices.cores(casci), plan.currency)})"
    dearer = [d for d in plan.devices if d.factor is not None and d.factor > _DEARER]
    if dearer:
        least = min(device.factor or 0.0 for device in dearer)
        costs = ", ".join(
            f"{_money(device.money.middle, plan.currency)}{_use(device)} on {device.backend}"
            for device in dearer
        )
        here = (
            "this run measures its energies for" if sampled else "to measure these energies costs"
        )
        lines.append(
            f"classical is cheaper for the same answer: {here} {costs}; exact diagonalisation "
            f"(CASCI) of the same spaces takes {beside}, {_factor(least)} less"
        )
    if plan.solver == "vqe" and not sampled:
        vqe = sum(k.each * k.vqe_seconds for k in kinds) * molecules
        if casci > 0 and vqe > _DEARER * casci:
            lines.append(
                f'solver = "casci" gives the same energies to within target_error_mha for '
                f"{_factor(vqe / casci)} less CPU: the circuits are found in "
                f"{seconds(vqe)}, {_share(vqe, plan.core_seconds.middle)} of this run; what the "
                "VQE adds is the circuit, not the number"
            )
    return lines


def _verdict(plan: Plan, prices: Prices, *, sampled: bool) -> str:
    """What the same energies cost on a core, and on the cheapest device."""
    kinds = plan.circuits.kinds
    if not kinds or plan.evaluated.middle <= 0:
        return ""
    casci = sum(k.each * k.casci_seconds for k in kinds) * plan.evaluated.middle
    core = f"the same energies take {seconds(casci)} of one core by exact diagonalisation"
    if not plan.devices:
        return core
    least = min(plan.devices, key=lambda device: device.money.middle)
    device = f"{_money(least.money.middle, plan.currency)} on {least.backend}"
    if least.money.middle <= _DEARER * prices.cores(casci):
        return f"{core}, {device}"
    use = "this run measures them for" if sampled else "a device would ask"
    return f"cheaper: {core}, {use} {device}"


def _use(device: DevicePlan) -> str:
    if device.seconds is None:
        return ""
    return f" ({seconds(device.seconds.middle)} of the device)"


def _noise(plan: Plan, file: RunFile, *, sampled: bool) -> list[str]:
    is_measured = bool(plan.devices) or (sampled and plan.backend not in _WITHOUT_NOISE)
    if not is_measured:
        return []
    fitting = [k for k in plan.circuits.kinds if k.fits]
    known = [k for k in fitting if k.device is not None]
    if not fitting:
        return []
    worst = max(fitting, key=lambda k: k.two_qubit_gates.middle)
    if worst.device is None and worst.two_qubit_gates.middle > _TOO_LONG:
        return [
            f"circuits of {worst.two_qubit_gates.middle:.0f} two-qubit gates "
            f"({worst.electrons}e, {worst.orbitals}o) are too long for any device of today: "
            "noise would be all that is measured"
        ]
    if not known or _survival(worst := min(known, key=_survival)) >= _LOST:
        return []
    assert worst.device is not None
    return [
        f"with the error rates of {worst.device.device} {100 * _survival(worst):.0f} % of the "
        f"shots of a ({worst.electrons}e, {worst.orbitals}o) circuit "
        f"({worst.device.two_qubit_gates.middle:.0f} two-qubit gates as compiled) end without an "
        "error: shots narrow the error bar, not the bias; "
        + (
            f"what {' and '.join(file.simulation.mitigation)} takes is counted"
            if file.simulation.mitigation
            else "mitigation costs more shots, counted where simulation.mitigation names it"
        )
    ]


def _blind(plan: Plan) -> list[str]:
    """Where zero-noise extrapolation is counted and mitigates nothing."""
    known = [(k, k.device) for k in plan.circuits.kinds if k.device is not None and k.device.blind]
    if not known:
        return []
    where = ", ".join(
        f"{one.blind} of {one.spaces} measured spaces of ({kind.electrons}e, {kind.orbitals}o) "
        f"{kind.n_alpha}a {kind.n_beta}b"
        for kind, one in known
    )
    return [
        "zero-noise extrapolation has nothing of the state to go by (a straight line through "
        "noise, or a curve through circuits of which hardly a shot ends without an error) in "
        f"{where}: it leaves the bias, and its shots buy an error bar, not the energy"
    ]


def _refused(file: RunFile, *, sampled: bool) -> list[str]:
    if sampled and not file.ranking.sampled and isinstance(file, CampaignFile):
        return ["such a campaign is refused until it says ranking.sampled = true"]
    return []


def _unpriced(plan: Plan, *, sampled: bool) -> list[str]:
    lines = []
    if sampled and not plan.devices and plan.circuits.kinds:
        lines.append(
            f"{plan.backend} is not in the prices file: what it asks for the energies is not "
            "known; add a [[device]] for it and give the file by --prices"
        )
    return lines + [
        f"{one.backend} is not in the prices file: its {one.circuits.middle:.0f} circuits "
        f"that {one.does} are counted and not priced"
        for one in plan.samplings
        if one.money is None
    ]


def _survival(kind: CircuitForecast) -> float:
    return kind.device.survival.middle if kind.device is not None else 0.0


def _limits(plan: Plan, file: RunFile) -> list[str]:
    lines = []
    if plan.memory.each_mb > plan.memory.limit_mb:
        lines.append(
            f"a large molecule may need {plan.memory.each_mb:.0f} MB and is killed at "
            f"{plan.memory.limit_mb} MB: raise [compute] memory_limit_mb or lower workers"
        )
    if plan.memory.total_mb > plan.memory.machine_mb:
        lines.append(
            f"{plan.memory.workers} workers may need {plan.memory.total_mb / 1024:.0f} GB at a "
            f"time, this machine has {plan.memory.machine_mb / 1024:.0f} GB: fewer will run"
        )
    if plan.core_seconds_each.high > file.compute.time_limit_s:
        lines.append(
            f"a molecule may take {seconds(plan.core_seconds_each.high)}, and a recipe is killed "
            f"at {file.compute.time_limit_s:g} s: raise [compute] time_limit_s"
        )
    return lines


def _too_few_shots(plan: Plan, file: RunFile, *, sampled: bool) -> list[str]:
    fitting = [k for k in plan.circuits.kinds if k.fits]
    if not sampled or not fitting:
        return []
    noisy = file.simulation.backend not in _WITHOUT_NOISE
    shots = {k: (shots_of(k) if noisy else k.shots).middle for k in fitting}
    most = max(shots, key=shots.__getitem__)
    allowed = file.simulation.max_shots
    if shots[most] <= allowed:
        return []
    asked = (
        f"{plan.precision_mha:g} mHa takes {shots[most]:.2g} shots of a "
        f"({most.electrons}e, {most.orbitals}o) energy and max_shots allows {allowed}"
    )
    if noisy and most.device is not None and most.device.is_blind:
        return [f"{asked}; how far the extrapolated energy is off, no number of shots says"]
    error = plan.precision_mha * (shots[most] / allowed) ** 0.5
    beside = ", beside what noise leaves" if noisy else ""
    return [f"{asked}: a standard error of about {error:.2g} mHa{beside}"]


def _old(prices: Prices) -> list[str]:
    age = prices.age_days()
    if age <= OLD_DAYS:
        return []
    return [
        f"the oldest price was read {age} days ago, on {prices.oldest}: copy the prices file, "
        "bring it up to date and give it by --prices"
    ]


def _notes(plan: Plan, file: RunFile, priced_on_cores: str, *, sampled: bool) -> list[str]:
    lines = []
    if plan.library.is_sampled:
        lines.append(
            f"{plan.library.looked_at} of {plan.library.rows} rows were looked at; rows that "
            "repeat others beyond the sample are not seen (--sample)"
        )
    if isinstance(file, CampaignFile):
        if file.campaign.stop_below is not None or file.campaign.patience is not None:
            lines.append("the campaign may stop earlier by its own rule: this is the most it takes")
        if file.generator.share > 0:
            lines.append(
                "what later rounds propose and choose is not known: sizes are those of the library "
                "and of a first draw from the generator"
            )
    if file.simulation.mitigation and any(k.device is None and k.fits for k in plan.circuits.kinds):
        lines.append(
            "of circuits that are too long or have no measured device, error mitigation is not "
            "counted"
        )
    if (
        isinstance(file, CampaignFile)
        and file.generator.prior in START_PRIORS
        and file.generator.scaffold
    ):
        lines.append(
            f"growth begins at generator.scaffold: {file.generator.prior} has no say, and nothing "
            "of it is counted"
        )
    if file.simulation.conformer_search == "torsion-qaoa":
        lines.append("circuits of the conformer search are not counted")
    if file.compute.address not in (None, "local"):
        lines.append(
            "wall-clock is that of this machine's workers: give the cluster's by --workers"
        )
    if isinstance(file, CampaignFile) and file.review.required:
        lines.append("the time in which the run waits for people is not counted")
    exact = [stage.stage for stage in file.funnel if stage.kind == "scorer"]
    if exact and isinstance(file, CampaignFile):
        lines.append(f"{', '.join(exact)} thins what is chosen from, not how many are computed")
    if file.compute.cache:
        lines.append("scores that a cache gives are not subtracted")
    if priced_on_cores:
        lines.append(
            f"{priced_on_cores} runs on the same cores: no device is paid for, and the time of "
            "simulated circuits is not foretold"
        )
    if file.simulation.solver in ("lucj", "sqd"):
        lines.append(
            f"gates are those of the vqe solver's circuits; {file.simulation.solver} has its own, "
            "counted when it runs"
        )
    lines += [
        f"{name} does not say which energies it solves: its circuits are not counted"
        for name in plan.circuits.unknown
    ]
    return lines


def _money(value: float, currency: str) -> str:
    return f"{currency} {number(value)}"


def _factor(value: float) -> str:
    return f"{number(value)} times"


def _share(part: float, whole: float) -> str:
    percent = 100 * min(1.0, part / whole) if whole > 0 else 0.0
    return f"{percent:.0f} %" if percent >= 1 else "less than 1 %"
