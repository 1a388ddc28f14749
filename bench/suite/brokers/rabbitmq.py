"""RabbitMQ Streams: Debian's server, run as whoever runs the suite, with all that it writes below one directory."""
from __future__ import annotations

import os
import pathlib
import re
from collections.abc import Sequence

from suite.brokers.broker import Broker, Mode, Places, Start, load_program, load_unavailable
from suite.load import PeerLoad
from suite.server_process import free_port, port_accepts
from suite.workloads import Kind, Workload

LIB = pathlib.Path("/usr/lib/rabbitmq")
PARTITIONS_MAX = 256


class RabbitMq(Broker):
    name = "rabbitmq"
    title = "RabbitMQ Streams"
    folder = "rabbitmq"
    # There is no mode that syncs: streams leave that to the operating system and to replicas.
    modes = (Mode("default", "in the page cache; streams know no fsync", ("rabbitmq.conf", "enabled_plugins"), is_default=True),)

    def __init__(self, places: Places) -> None:
        super().__init__(places)
        self._server = LIB / "bin" / "rabbitmq-server"

    def unavailable(self) -> str | None:
        return load_unavailable(self.places, "rabbitmq") if self._server.exists() else "there is no rabbitmq-server"

    def refusal(self, workload: Workload) -> str | None:
        if workload.partitions <= PARTITIONS_MAX:
            return None
        return f"a producer's connection publishes to at most {PARTITIONS_MAX} streams, as its protocol numbers them with one byte"

    def lingers_ms(self, workload: Workload) -> Sequence[float | None]:
        return (0.0, 0.2, 1.0) if workload.kind == Kind.E2E else (None,)

    def version(self) -> str:
        found = re.search(r"rabbitmq_server-([\w.]+)", str((LIB / "bin" / "rabbitmq-server").resolve()))
        return found.group(1) if found else "unknown"

    def prepare(self, mode: Mode, directory: pathlib.Path) -> Start:
        port, amqp = free_port(), free_port()
        conf = Mode(mode.name, mode.promise, ("rabbitmq.conf",))
        config = self.write_settings(conf, directory / "rabbitmq.conf", {"PORT": port, "AMQP_PORT": amqp})
        plugins = directory / "enabled_plugins"
        plugins.write_text(self._settings_path("enabled_plugins").read_text(encoding="utf-8"), encoding="utf-8")
        environment = {
            "HOME": str(directory),
            "RABBITMQ_NODENAME": f"leat-bench-{os.getpid()}@localhost",
            "RABBITMQ_MNESIA_BASE": str(directory / "data"),
            "RABBITMQ_LOG_BASE": str(directory / "log"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(plugins),
            "RABBITMQ_CONFIG_FILE": str(config),
            "RABBITMQ_CONF_ENV_FILE": "/dev/null",
            "RABBITMQ_PID_FILE": str(directory / "pid"),
            "RABBITMQ_DIST_PORT": str(free_port()),
            # A port mapper of its own, which ends with the keeper; the system's is left alone.
            "ERL_EPMD_PORT": str(free_port()),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
        }
        load = PeerLoad(load_program(self.places), "rabbitmq", port)
        return Start([str(self._server)], lambda: port_accepts(port), load, port, environment)
