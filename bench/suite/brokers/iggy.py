"""Apache Iggy, which can't be measured yet: see bench/peers/iggy/README.md."""
from __future__ import annotations

import pathlib

from suite.brokers.broker import Broker, Mode, Start
from suite.server_process import ServerFailed

REASON = "crates.io has its client and its command line, and not its server"


class Iggy(Broker):
    name = "iggy"
    title = "Apache Iggy"
    folder = "iggy"
    modes = (Mode("default", "in the page cache", (), is_default=True),)

    def unavailable(self) -> str | None:
        return REASON

    def version(self) -> str:
        raise ServerFailed(REASON)

    def prepare(self, mode: Mode, directory: pathlib.Path) -> Start:
        raise ServerFailed(REASON)
