"""leat itself."""
from __future__ import annotations

import json
import pathlib

from suite.brokers.broker import Broker, Mode, Places, Start, first_line
from suite.load import LeatLoad
from suite.server_process import free_port, port_accepts
from suite.workloads import LEAT_ONLY

DURABLE = Mode("durable", "on stable storage", ("leatd.toml",), syncs=True, is_default=True)
PAGE_CACHE = Mode("page cache", "in the operating system's page cache (topics with durability=os)", ("leatd.toml",))


class Leat(Broker):
    name = "leat"
    title = "leat"
    folder = "leat"
    modes = (DURABLE, PAGE_CACHE)
    kinds = Broker.kinds | LEAT_ONLY

    def __init__(self, places: Places) -> None:
        super().__init__(places)
        self._leatd = places.bin_dir / "leatd"
        self._leat = places.bin_dir / "leat"

    def unavailable(self) -> str | None:
        missing = [path.name for path in (self._leatd, self._leat) if not path.exists()]
        return f"{' and '.join(missing)} not built" if missing else None

    def version(self) -> str:
        return first_line(str(self._leatd), "--version")

    def prepare(self, mode: Mode, directory: pathlib.Path) -> Start:
        native, http = free_port(), free_port()
        config = self.write_settings(mode, directory / "leatd.toml", {"PORT": native, "HTTP_PORT": http, "DATA": in_quotes(directory / "data")})
        load = LeatLoad(self._leat, native, http, "durable" if mode.syncs else "os", "durable" if mode.syncs else "written")
        return Start([str(self._leatd), "--config", str(config)], lambda: port_accepts(native), load, native)


def in_quotes(path: pathlib.Path) -> str:
    """As it stands between the quotes of a TOML string, whose escapes are JSON's."""
    return json.dumps(str(path))[1:-1]
