#!/usr/bin/env python3
"""embed.py OUTPUT FILE=PATH...: writes the C++ file that defines console_files(): each FILE gzipped, served at PATH."""
import gzip
import hashlib
import pathlib
import sys

CONTENT_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
HEAD = '#include "server/http/console_files.hpp"\n\nnamespace leat::server {\nnamespace {\n\n'
BYTES_A_LINE = 24


def array(number, content):
    lines = (content[at:at + BYTES_A_LINE] for at in range(0, len(content), BYTES_A_LINE))
    text = ",\n".join(",".join(str(byte) for byte in line) for line in lines)
    return f"constexpr unsigned char kFile{number}[] = {{\n{text}}};\n\n"


def embed(files):
    """The C++ text for (path on disk, path on the server) pairs."""
    arrays, entries = [], []
    for number, (source, path) in enumerate(files):
        # Neither the time nor the machine: equal sources make an equal program.
        content = gzip.compress(source.read_bytes(), 9, mtime=0)
        etag = hashlib.sha256(source.read_bytes()).hexdigest()[:20]
        arrays.append(array(number, content))
        entries.append(f'    {{"{path}", "{CONTENT_TYPES[source.suffix]}", "W/\\"{etag}\\"", '
                       f"std::as_bytes(std::span<const unsigned char>(kFile{number}))}},\n")
    if not entries:
        return HEAD + "}  // namespace\n\nstd::span<const ConsoleFile> console_files() { return {}; }\n\n}  // namespace leat::server\n"
    return (HEAD + "".join(arrays) + "}  // namespace\n\nstd::span<const ConsoleFile> console_files() {\n"
            "  static const ConsoleFile kFiles[] = {\n" + "".join(entries) + "  };\n  return kFiles;\n}\n\n}  // namespace leat::server\n")


def main():
    files = []
    for argument in sys.argv[2:]:
        source, path = argument.rsplit("=", 1)
        files.append((pathlib.Path(source), path))
    pathlib.Path(sys.argv[1]).write_text(embed(files), encoding="utf-8")


if __name__ == "__main__":
    main()
