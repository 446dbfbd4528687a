"""What became of all that a fleet has put: promised by the devices against what the stores give back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress

import msgspec
import psutil

from deploy.demo.holdings import Holdings
from deploy.demo.programs import Program
from deploy.demo.verdict import strike_balance
from deploy.demo.witness import Promise, Witness
from deploy.fleet.lives import Life, Look
from deploy.fleet.outages import Outage


class Load(msgspec.Struct, frozen=True):
    """What processes take: resident MB, and CPU seconds since they began."""

    mb: float
    cpu_s: float


class Pulse(msgspec.Struct, frozen=True):
    """One look at a running fleet. `waiting` facts were put and not acknowledged yet."""

    seconds: float
    devices: int
    linked: int
    put: int
    acknowledged: int
    waiting: int
    worst_delay_s: float
    agents: Load
    gateway: Load | None
    simulated: bool = True


class Figures(msgspec.Struct, frozen=True):
    """The end of a fleet. `waiting` facts are on their devices' disks; `gaps` were let go, and are named as such."""

    devices: int
    processes: int
    seconds: float
    put: int
    stored: int
    waiting: int
    lost: int
    duplicates: int
    altered: int
    rejected: int
    gaps: int
    alarms: int
    worst_delay_s: float
    examples: list[Promise]
    outages: list[Outage] = []
    lives: list[Life] = []
    #: what an outage or a life had to keep and did not
    broken: list[str] = []
    simulated: bool = True

    @property
    def clean(self) -> bool:
        """Whether something was put and has arrived, every promise is kept, and so is every limit."""
        return (
            self.put > 0
            and self.stored > 0
            and not (self.lost or self.duplicates or self.altered or self.rejected or self.broken)
        )


def measure(programs: Iterable[Program]) -> Load:
    """What the programs take now; one that has ended takes nothing."""
    mb = cpu_s = 0.0
    for process in _running(programs).values():
        with suppress(psutil.NoSuchProcess), process.oneshot():
            mb += process.memory_info().rss / 1e6
            cpu_s += sum(process.cpu_times()[:2])
    return Load(round(mb, 1), round(cpu_s, 1))


def look_at_memory(programs: Iterable[Program], seconds: float) -> Look:
    """Resident MB of each program that runs, at `seconds` since the fleet's begin."""
    mb = {}
    for name, process in _running(programs).items():
        with suppress(psutil.NoSuchProcess):
            mb[name] = round(process.memory_info().rss / 1e6, 1)
    return Look(seconds, mb)


def _running(programs: Iterable[Program]) -> dict[str, psutil.Process]:
    found = {}
    for program in programs:
        if program.running:
            with suppress(psutil.NoSuchProcess):  # it ended just now
                found[program.name] = psutil.Process(program.pid)
    return found


def add_trial(figures: Figures, outages: Sequence[Outage], lives: Sequence[Life], planned: int) -> Figures:
    """The figures with what a trial of `planned` outages showed, and with all that was not kept in it."""
    broken = [text for outage in outages for text in outage.find_broken()]
    broken += [text for life in lives for text in life.find_broken()]
    if len(outages) != planned:
        broken.append(f"{len(outages)} of {planned} outages took place")
    return msgspec.structs.replace(figures, outages=list(outages), lives=list(lives), broken=broken)


def make_figures(witness: Witness, holdings: Holdings, *, devices: int, processes: int, seconds: float) -> Figures:
    """Set differences. Facts of other devices, and of earlier runs, in the same stores are passed over."""
    balance = strike_balance(witness.put, witness.alarms, holdings)
    altered = balance.altered | witness.altered
    doubled = balance.doubled & witness.put.keys()
    return Figures(
        devices=devices,
        processes=processes,
        seconds=round(seconds, 1),
        put=len(witness.put),
        stored=len(witness.put.keys() & holdings.seals.keys()),
        waiting=len(holdings.waiting & witness.put.keys()),
        lost=len(balance.lost),
        duplicates=len(doubled),
        altered=len(altered),
        rejected=len(holdings.named & witness.put.keys()),
        gaps=len(balance.gone),
        alarms=sum(said.state == "raised" for said in witness.alarms.values()),
        worst_delay_s=round(witness.worst_delay_s, 3),
        examples=sorted(balance.lost | altered | doubled)[:20],
    )
