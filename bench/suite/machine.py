"""What the figures were measured on."""
from __future__ import annotations

import os
import pathlib
import platform
import re


def describe(data_dir: pathlib.Path) -> dict[str, object]:
    mount = mount_of(data_dir, pathlib.Path("/proc/self/mountinfo").read_text(encoding="utf-8"))
    return {
        "cpu": cpu_model(pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8")),
        "cores": os.cpu_count(),
        "memory_bytes": os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"),
        "kernel": platform.release(),
        "system": _system(),
        "file_system": mount["type"],
        "mount_options": mount["options"],
        "disk": _disk(data_dir),
        "load_average_before": os.getloadavg()[0],
    }


def cpu_model(cpuinfo: str) -> str:
    found = re.search(r"^model name\s*:\s*(.+)$", cpuinfo, re.MULTILINE)
    return found.group(1) if found else platform.machine()


def mount_of(path: pathlib.Path, mountinfo: str) -> dict[str, str]:
    """The mount with the longest mount point above the path; of several at one point the last, which hides the others."""
    best, result = -1, {"type": "unknown", "options": ""}
    resolved = path.resolve()
    for line in mountinfo.splitlines():
        before, _, after = line.partition(" - ")
        point = before.split()[4].encode().decode("unicode_escape")
        if resolved.is_relative_to(point) and len(point) >= best:
            best = len(point)
            kind, _source, super_options = after.split(" ", 2)
            options = dict.fromkeys((before.split()[5] + "," + super_options).split(","))
            result = {"type": kind, "options": ",".join(options)}
    return result


def _system() -> str:
    try:
        return platform.freedesktop_os_release().get("PRETTY_NAME", platform.system())
    except OSError:
        return platform.system()


def _disk(path: pathlib.Path) -> dict[str, str]:
    """What the kernel knows of the device; a file system without one has none."""
    device = os.stat(path).st_dev
    block = pathlib.Path(f"/sys/dev/block/{os.major(device)}:{os.minor(device)}")
    if not block.exists():
        return {}
    block = block.resolve()
    if (block / "partition").exists():
        block = block.parent
    found = {"name": block.name}
    for key, file in (("model", "device/model"), ("rotational", "queue/rotational"), ("scheduler", "queue/scheduler"),
                      ("write_cache", "queue/write_cache")):
        try:
            found[key] = (block / file).read_text(encoding="ascii", errors="replace").strip()
        except OSError:
            continue
    return found
