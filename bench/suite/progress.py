"""Says on standard error what is being done, what came of it, and how long the rest will take."""
from __future__ import annotations

import sys
import time


def readable_duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 90 * 60:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"


class Progress:
    def __init__(self, steps: int) -> None:
        self._steps = steps
        self._done = 0
        self._began = time.monotonic()

    def note(self, text: str) -> None:
        print(f"bench: {text}", file=sys.stderr, flush=True)

    def step(self, what: str, outcome: str) -> None:
        """One step of those announced is done."""
        self._done += 1
        spent = time.monotonic() - self._began
        left = spent / self._done * (self._steps - self._done)
        width = len(str(self._steps))
        self.note(f"[{self._done:{width}}/{self._steps}, {readable_duration(left)} left] {what}: {outcome}")

    def skip(self, steps: int) -> None:
        """Steps that will not be done, so that they are not waited for."""
        self._steps -= steps
