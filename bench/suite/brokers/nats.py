"""NATS: JetStream, which keeps a log, and the plain server, which only fans out."""
from __future__ import annotations

import pathlib

from suite.brokers.broker import Broker, Mode, Places, Start, first_line, load_program, load_unavailable, program
from suite.load import PeerLoad
from suite.server_process import free_port, port_accepts
from suite.workloads import Kind


class _AnyNats(Broker):
    folder = "nats"

    def __init__(self, places: Places) -> None:
        super().__init__(places)
        # The newest from the Go module proxy, else Debian's.
        self._server = program(places.installed_dir / "bin" / "nats-server", "nats-server")

    def unavailable(self) -> str | None:
        return "there is no nats-server" if self._server is None else load_unavailable(self.places, self.name)

    def version(self) -> str:
        return first_line(str(self._server), "--version").rpartition(" ")[2].removeprefix("v")

    def prepare(self, mode: Mode, directory: pathlib.Path) -> Start:
        port = free_port()
        config = self.write_settings(mode, directory / "nats.conf", {"PORT": port, "DATA": directory / "data"})
        load = PeerLoad(load_program(self.places), self.name, port)
        return Start([str(self._server), "-c", str(config)], lambda: port_accepts(port), load, port)


class Nats(_AnyNats):
    name = "nats"
    title = "NATS JetStream"
    modes = (
        Mode("default", "in the page cache, synced every 2 minutes", ("server.conf", "jetstream.conf"), is_default=True),
        Mode("sync always", "synced (sync_interval: always)", ("server.conf", "jetstream-sync.conf"), syncs=True),
    )


class NatsCore(_AnyNats):
    name = "nats-core"
    title = "NATS core"
    modes = (Mode("memory", "nothing is kept", ("server.conf",), is_default=True),)
    kinds = frozenset({Kind.FAN})
