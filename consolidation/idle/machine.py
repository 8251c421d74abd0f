"""What the machine is doing: power, load of others, heat. Read in a few milliseconds, without starting anything."""

from __future__ import annotations

import logging
import time
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import psutil

from agent.lock import holder
from consolidation.idle.away import Source, away_seconds
from consolidation.idle.rules import Readings

log = logging.getLogger(__name__)

SMOOTH_S = 10.0
"""Load is averaged over about so many seconds: opening a window is no load."""


@dataclass(slots=True)
class Machine:
    """Reads the machine again and again; load is what happened since the reading before."""

    night: int | None = None
    """The process id of our own night, whose load is not others'."""
    away: Source = away_seconds
    """For how long nobody has touched keyboard or mouse."""
    _others: float | None = None
    _before: tuple[float, float, float] | None = None
    _gpu: Any = field(default=None)

    def read(self) -> Readings:
        """Read everything once."""
        return Readings(
            away=self.away(),
            on_mains=on_mains(),
            others=self._load(),
            gpu=self._graphics(),
            celsius=hottest(),
            at=datetime.now().astimezone(),
            in_session=holder("session") is not None,
        )

    def _load(self) -> float:
        """Return the smoothed share of the cores that other programs use. The first reading looks at a tenth of a second."""
        if self._before is None:
            self._before = self._counters()
            time.sleep(0.1)
        at, busy, ours = self._counters()
        then, busy_before, ours_before = self._before
        self._before = (at, busy, ours)
        elapsed = max(at - then, 1e-3)
        mine = max(0.0, ours - ours_before)
        share = min(1.0, max(0.0, busy - busy_before - mine) / (elapsed * (psutil.cpu_count() or 1)))
        weight = 1.0 if self._others is None else min(1.0, elapsed / SMOOTH_S)
        self._others = share if self._others is None else self._others + weight * (share - self._others)
        return self._others

    def _counters(self) -> tuple[float, float, float]:
        """Return the time, the seconds that all cores together were busy, and those of our night, all since some moment."""
        spent = psutil.cpu_times()
        idle = spent.idle + getattr(spent, "iowait", 0.0)
        guests = getattr(spent, "guest", 0.0) + getattr(spent, "guest_nice", 0.0)  # they are in user and nice already
        return time.monotonic(), sum(spent) - idle - guests, self._ours()

    def _ours(self) -> float:
        total = 0.0
        if self.night is not None:
            with suppress(psutil.NoSuchProcess):
                process = psutil.Process(self.night)
                for member in (process, *process.children(recursive=True)):
                    with suppress(psutil.NoSuchProcess):
                        times = member.cpu_times()
                        total += times.user + times.system
        return total

    def _graphics(self) -> float | None:
        """Return the load of the busiest card, None without one or while it is our own."""
        if self._gpu is None:
            self._gpu = _nvidia()
        if not self._gpu or self.night is not None:
            return None
        handles = [self._gpu.nvmlDeviceGetHandleByIndex(index) for index in range(self._gpu.nvmlDeviceGetCount())]
        return max((self._gpu.nvmlDeviceGetUtilizationRates(handle).gpu / 100 for handle in handles), default=None)


def on_mains() -> bool:
    """Whether the machine is plugged in; one without a battery is."""
    battery = psutil.sensors_battery() if hasattr(psutil, "sensors_battery") else None
    return battery is None or battery.power_plugged is not False


def hottest() -> float | None:
    """Return the hottest sensor in degrees Celsius, None where there is none."""
    if not hasattr(psutil, "sensors_temperatures"):
        return None
    return max((entry.current for entries in psutil.sensors_temperatures().values() for entry in entries), default=None)


def _nvidia() -> Any:
    """Return NVIDIA's management library, False when there is no such card or library."""
    try:
        import pynvml  # type: ignore[import-not-found]
    except ImportError:
        return False
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError as error:
        log.debug("no NVIDIA card is watched: %s", error)
        return False
    return pynvml
