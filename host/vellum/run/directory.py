"""The folder that a run writes: the trace, and what Vellum knows beside it, in `vellum/`."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from vellum.errors import UsageError

__all__ = ["RunDirectory", "writing"]

_OURS = ("run.json", "guest.dtb", "symbols.gz", "console.log", "messages.log", "qemu.log")
_STREAM = re.compile(r"cpu\d+")
_BOOT = re.compile(r"boot-\d+")


class RunDirectory:
    """DIR, and DIR/boot-2, DIR/boot-3, ... for a guest that restarted."""

    def __init__(self, path: Path, *, force: bool) -> None:
        """Makes the folder. `force`: removes the trace in it. UsageError: unwritable, or in use."""
        self.path = path
        with writing(path):
            path.mkdir(parents=True, exist_ok=True)
            if _holds_trace(path):
                if not force:
                    raise UsageError(
                        f"{path} already holds a trace: name another folder, or replace it "
                        "by --force"
                    )
                _remove_trace(path)
            _refuse_strangers(path)
            (self.aside(1) / "qemu.log").write_bytes(b"")

    def boot(self, number: int) -> Path:
        """Where the trace of the guest's `number`th start goes, from 1."""
        return self.path if number == 1 else self.path / f"boot-{number}"

    def aside(self, number: int) -> Path:
        """Where what is not trace goes: readers of CTF leave it alone. Made if needed."""
        path = self.boot(number) / "vellum"
        with writing(path):
            path.mkdir(parents=True, exist_ok=True)
        return path


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turns a failure to write `path` into a UsageError that says so."""
    try:
        yield
    except OSError as error:
        raise UsageError(
            f"cannot write {path}: {error.strerror}. Free some room, or name another folder by -o"
        ) from None


def _boots(path: Path) -> list[Path]:
    return [path, *(p for p in path.iterdir() if _BOOT.fullmatch(p.name) and p.is_dir())]


def _holds_trace(path: Path) -> bool:
    names = ("metadata", "vellum/run.json", "vellum/console.log")
    return any((boot / name).exists() for boot in _boots(path) for name in names)


def _refuse_strangers(path: Path) -> None:
    """Readers of CTF take every file in a trace's folder, except hidden ones, for a part of it."""
    for file in path.iterdir():
        if file.is_file() and not file.name.startswith("."):
            raise UsageError(f"{path} has a file {file.name}: a trace needs a folder of its own")


def _remove_trace(path: Path) -> None:
    """The files of a trace and no others."""
    for boot in _boots(path):
        for name in _OURS:
            (boot / "vellum" / name).unlink(missing_ok=True)
        for file in boot.iterdir():
            if file.name == "metadata" or _STREAM.fullmatch(file.name):
                file.unlink()
        for folder in (boot / "vellum", boot):
            if folder != path and folder.is_dir() and not any(folder.iterdir()):
                shutil.rmtree(folder)
