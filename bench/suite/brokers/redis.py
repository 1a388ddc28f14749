"""Redis: Streams, which are kept in memory and in an append-only file, and pub/sub, which only fans out."""
from __future__ import annotations

import pathlib

from suite.brokers.broker import Broker, Mode, Places, Start, first_line, load_program, load_unavailable, program
from suite.load import PeerLoad
from suite.server_process import free_port, port_accepts
from suite.workloads import Kind


class _AnyRedis(Broker):
    folder = "redis"

    def __init__(self, places: Places) -> None:
        super().__init__(places)
        self._server = program("redis-server")

    def unavailable(self) -> str | None:
        return "there is no redis-server" if self._server is None else load_unavailable(self.places, self.name)

    def version(self) -> str:
        fields = dict(word.partition("=")[::2] for word in first_line(str(self._server), "--version").split() if "=" in word)
        return fields.get("v", "unknown")

    def prepare(self, mode: Mode, directory: pathlib.Path) -> Start:
        port = free_port()
        config = self.write_settings(mode, directory / "redis.conf", {"PORT": port, "DATA": directory})
        load = PeerLoad(load_program(self.places), self.name, port)
        return Start([str(self._server), str(config)], lambda: port_accepts(port), load, port)


class Redis(_AnyRedis):
    name = "redis"
    title = "Redis Streams"
    # What is read comes from memory.
    reads_files = False
    modes = (
        Mode("everysec", "in memory, synced every second (appendfsync everysec)", ("server.conf", "everysec.conf"), is_default=True),
        Mode("always", "synced (appendfsync always)", ("server.conf", "always.conf"), syncs=True),
    )


class RedisPubSub(_AnyRedis):
    name = "redis-pubsub"
    title = "Redis pub/sub"
    modes = (Mode("memory", "nothing is kept", ("server.conf", "pubsub.conf"), is_default=True),)
    kinds = frozenset({Kind.FAN})
