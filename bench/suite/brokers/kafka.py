"""Apache Kafka: one node with KRaft, from Maven Central, in the versions that bench/peers/kafka/pom.xml pins."""
from __future__ import annotations

import base64
import ctypes
import pathlib
import re
import subprocess
import uuid
from collections.abc import Sequence

from suite.brokers.broker import Broker, Mode, Places, Start, first_line, load_program, load_unavailable, program
from suite.load import PeerLoad
from suite.server_process import ServerFailed, free_port, port_accepts
from suite.workloads import Kind, Workload

SUBSCRIBERS_MAX = 100


class Kafka(Broker):
    name = "kafka"
    title = "Apache Kafka"
    folder = "kafka"
    # A cold JVM takes some 300 requests/s, and one whose handling of requests is compiled many thousands.
    compiling_s = 20.0
    e2e_warmup_s = 5.0
    modes = (
        Mode("default", "in the page cache (acks=all, one replica)", ("server.properties", "jvm.options"), is_default=True),
        Mode("fsync", "synced (log.flush.interval.messages=1)", ("server.properties", "fsync.properties", "jvm.options"), syncs=True),
    )

    def __init__(self, places: Places) -> None:
        super().__init__(places)
        self._jars = places.installed_dir / "kafka"

    def lingers_ms(self, workload: Workload) -> Sequence[float | None]:
        # With one record under way librdkafka never waits. At a rate records gather behind one request (None), or by time.
        match workload.kind:
            case Kind.ACK:
                return (None,)
            case Kind.E2E:
                return (None, 0.0, 0.3, 1.0)
            case _:
                return (0.3, 1.0, 5.0)

    def refusal(self, workload: Workload) -> str | None:
        if workload.subscribers <= SUBSCRIBERS_MAX:
            return None
        return f"more than {SUBSCRIBERS_MAX} clients of librdkafka, each with its threads, in one process measure that process"

    def unavailable(self) -> str | None:
        if program("java") is None:
            return "there is no java"
        if not list(self._jars.glob("kafka_*.jar")):
            return "its jars could not be had from Maven Central"
        return load_unavailable(self.places, "kafka")

    def version(self) -> str:
        jar = next(self._jars.glob("kafka_*.jar")).stem
        java = re.sub(r'["]', "", first_line("java", "-version"))
        return f"{jar.rpartition('-')[2]} ({java}; load by librdkafka {_librdkafka_version()})"

    def prepare(self, mode: Mode, directory: pathlib.Path) -> Start:
        port, controller = free_port(), free_port()
        properties = Mode(mode.name, mode.promise, tuple(name for name in mode.settings if name.endswith(".properties")))
        config = self.write_settings(properties, directory / "server.properties",
                                     {"PORT": port, "CONTROLLER_PORT": controller, "DATA": directory / "data"})
        self._format(config)
        load = PeerLoad(load_program(self.places), "kafka", port)
        # Its ports are opened before it takes part in its own quorum: what creates the first topic has to bear that.
        return Start(self._java("kafka.Kafka", str(config)), lambda: port_accepts(port), load, port)

    def _format(self, config: pathlib.Path) -> None:
        # It may begin with a dash, so it must not stand alone on the command line.
        cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).rstrip(b"=").decode()
        ended = subprocess.run(self._java("kafka.tools.StorageTool", "format", "--ignore-formatted", f"--cluster-id={cluster}", "-c", str(config)),
                               stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", timeout=60, check=False)
        if ended.returncode != 0:
            raise ServerFailed(f"formatting its storage: {(ended.stderr.strip() or ended.stdout.strip()).splitlines()[-1]}")

    def _java(self, *arguments: str) -> list[str]:
        lines = self._settings_path("jvm.options").read_text(encoding="utf-8").splitlines()
        options = [line for line in lines if line and not line.startswith("#")]
        return ["java", *options, "-cp", f"{self._jars}/*", *arguments]


def _librdkafka_version() -> str:
    """Of the library that leat_bench_load is linked with."""
    say = ctypes.CDLL("librdkafka.so.1").rd_kafka_version_str
    say.restype = ctypes.c_char_p
    return say().decode()
