"""Being told to stop: a signal becomes an exception, so that whatever runs ends in good order and records how."""

from __future__ import annotations

import signal
import threading
from types import FrameType

_SIGNALS = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name))


class Stopped(KeyboardInterrupt):
    """A signal told the command to stop. Like Ctrl+C, but with an exit code that says which."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.exit_code = 128 + number


class stopped_by_signal:  # noqa: N801 - reads as a statement
    """Turn SIGTERM and a closed terminal into `Stopped` while the block runs. Later signals cannot disturb the ending."""

    def __enter__(self) -> None:
        self._old = {}
        if threading.current_thread() is threading.main_thread():
            for number in _SIGNALS:
                if signal.getsignal(number) is not signal.SIG_IGN:  # nohup means it
                    self._old[number] = signal.signal(number, self._stop)

    def __exit__(self, *_: object) -> None:
        for number, handler in self._old.items():
            signal.signal(number, handler)

    def _stop(self, number: int, frame: FrameType | None) -> None:
        for each in self._old:
            signal.signal(each, signal.SIG_IGN)
        raise Stopped(number)
