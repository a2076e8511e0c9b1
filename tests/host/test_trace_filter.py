"""The filters of `vellum trace`: each keeps what a plain look at babeltrace2's events keeps."""

from __future__ import annotations

import re
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import pytest
from aside import GIC, PC, PL011, START, VIRTIO, pc_in, write_aside
from babeltrace import Seen, babeltrace
from click.testing import CliRunner
from synthetic import COUNTER_HZ, Made, packet, write_trace
from vellum.cli.trace import trace as command

Keep = Callable[[Seen], bool]


def made_on(cpu: int) -> list[Made]:
    """Accesses of all widths, both ways, to three devices and elsewhere, from three functions."""
    places = [
        *(PL011 + offset for offset in (0, 0x18, 0x30, 0x19)),
        *(VIRTIO + offset for offset in (0, 0x50, 0x1FF)),
        *(GIC + offset for offset in (0, 0x104, 0x108, 0xFFE8)),
        *(0xDEAD0000, PL011 + 0x1000, PL011 - 1),
    ]
    pcs = [PC, pc_in("pl011_read"), pc_in("pl011_write"), 0x1234]
    made: list[Made] = []
    for n, address in enumerate(places * 5):
        made.append((START + 7 * cpu + 6_250_000 * n, (n + cpu) % 8, (pcs[n % 4], address, n)))
    made.append((made[-1][0] + 1, 8, (PC, PL011 + 0x18, 1, 2)))
    made.append((made[-1][0] + 1, 10, (PC, 0x62300000)))
    return made


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("filter") / "t"
    packets = [
        packet(made_on(cpu)[start : start + 9], cpu=cpu, sequence=start // 9)
        for cpu in (0, 1, 3)
        for start in range(0, len(made_on(cpu)), 9)
    ]
    return write_aside(write_trace(path, packets))


def at(*addresses: int) -> Keep:
    return lambda seen: seen.fields.get("addr") in addresses


def within(start: int, size: int) -> Keep:
    return lambda seen: start <= seen.fields.get("addr", -1) < start + size


def from_pc(start: int, end: int) -> Keep:
    return lambda seen: start <= seen.fields["pc"] < end


def is_read(seen: Seen) -> bool:
    return seen.name.startswith("mmio_read")


def is_write(seen: Seen) -> bool:
    return seen.name.startswith("mmio_write")


def shown(seen: Seen) -> Fraction:
    """The time as `show` prints it: whole nanoseconds."""
    return Fraction((seen.time - START) * 10**9 // COUNTER_HZ, 10**9)


CASES: dict[str, Keep] = {
    "--device pl011": within(PL011, 0x1000),
    "--device arm,pl011 --device virtio_mmio@a000000": lambda seen: (
        within(PL011, 0x1000)(seen) or within(VIRTIO, 0x200)(seen)
    ),
    "--device 0x9000018+4": within(PL011 + 0x18, 4),
    "--register UARTFR": at(PL011 + 0x18),
    "--register uartfr": at(PL011 + 0x18),
    "--register pl011.UARTFR": at(PL011 + 0x18),
    "--register pl011@9000000.UARTFR --register MagicValue": lambda seen: (
        at(PL011 + 0x18)(seen) or (at(VIRTIO)(seen) and not is_write(seen))
    ),
    "--register UARTFR+1": at(PL011 + 0x19),
    "--register GICD_ISENABLER1": at(GIC + 0x104),
    "--register GICD_ISENABLER<n>": at(GIC + 0x104, GIC + 0x108),
    "--register GICD_ISEN*": at(GIC + 0x104, GIC + 0x108),
    "--register 0xdead0000": at(0xDEAD0000),
    "--cpu 1": lambda seen: seen.cpu == 1,
    "--cpu 0 --cpu 3": lambda seen: seen.cpu in (0, 3),
    "--time 0.5..1.25": lambda seen: Fraction("0.5") <= shown(seen) <= Fraction("1.25"),
    "--time ..0.1": lambda seen: shown(seen) <= Fraction("0.1"),
    "--time 0.100000112..": lambda seen: shown(seen) >= Fraction("0.100000112"),
    "--time -1..0": lambda seen: shown(seen) <= 0,
    "--symbol pl011_read": from_pc(pc_in("pl011_read", 0), pc_in("pl011_write", 0)),
    "--symbol pl011_*": from_pc(pc_in("pl011_read", 0), pc_in("_end", 0)),
    "--symbol vectors --symbol *write": lambda seen: (
        from_pc(PC - 0x10, pc_in("pl011_read", 0))(seen)
        or from_pc(pc_in("pl011_write", 0), pc_in("_end", 0))(seen)
    ),
    "--read": is_read,
    "--write": is_write,
    "--read --write": lambda seen: is_read(seen) or is_write(seen),
    "--device pl011 --register UARTFR --cpu 3 --time 0.2.. --read --symbol pl011_*": lambda seen: (
        at(PL011 + 0x18)(seen)
        and seen.cpu == 3
        and shown(seen) >= Fraction("0.2")
        and is_read(seen)
        and from_pc(pc_in("pl011_read", 0), pc_in("_end", 0))(seen)
    ),
}


@pytest.mark.parametrize("options", CASES)
def test_keeps_what_is_asked_for(directory: Path, options: str) -> None:
    done = CliRunner().invoke(command, ["show", str(directory), "--raw", *options.split()])
    assert done.exit_code == 0, done.output
    expected = [one for one in babeltrace(directory) if CASES[options](one)]
    found = [
        (int(match[1]), int(match[2]), match[3])
        for line in done.stdout.splitlines()
        if (match := re.match(r"(\d+) cpu(\d+) (\w+) ", line))
    ]
    assert sorted(found) == sorted((one.time, one.cpu, one.name) for one in expected)
    assert expected, "the case tests nothing"


def test_a_line_is_found_again_by_the_time_it_shows(directory: Path) -> None:
    lines = CliRunner().invoke(command, ["show", str(directory)]).stdout.splitlines()
    for line in lines[3:40]:
        time = line.split()[0]
        again = CliRunner().invoke(command, ["show", str(directory), "--time", f"{time}..{time}"])
        assert [one.split()[0] for one in again.stdout.splitlines()] == [time]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("--device pl012", "did you mean `pl011`"),
        ("--register UARTFX", "did you mean `UARTFR`"),
        ("--register uartfx", "`UARTFR`"),
        ("--register UARTFR --device virtio_mmio", "no register `UARTFR` in the chosen devices"),
        ("--register GICX_*", "no register"),
        ("--symbol pl011_reed", "did you mean `pl011_read`"),
        ("--time 1", "FROM..TO"),
        ("--time ..", "FROM..TO"),
        ("--time a..b", "FROM..TO"),
        ("--time 2..1", "ends before it begins"),
        ("--cpu 2", "it has 0, 1, 3"),
    ],
)
@pytest.mark.parametrize("name", ["show", "stat"])
def test_what_there_is_not_is_told_with_what_there_is(
    directory: Path, name: str, options: str, words: str
) -> None:
    done = CliRunner().invoke(command, [name, str(directory), *options.split()])
    assert done.exit_code != 0
    assert words in str(done.exception) and "\n" not in str(done.exception)


def test_sums_of_a_part_agree_with_its_lines(directory: Path) -> None:
    options = ["--device", "pl011", "--write", "--time", "0.3..3"]
    lines = CliRunner().invoke(command, ["show", str(directory), *options]).stdout.splitlines()
    done = CliRunner().invoke(command, ["stat", str(directory), "--json", *options])
    assert f'"events": {len(lines)},' in done.stdout and len(lines) > 5
    assert '"bytes_per_event": null' in done.stdout


SVD = (
    "<device><peripherals><peripheral><name>MINE</name><baseAddress>0xdead0000</baseAddress>"
    "<registers><register><name>CTRL</name><addressOffset>0</addressOffset></register>"
    "</registers></peripheral></peripherals></device>"
)
READERS = {
    "show": [],
    "stat": [],
    "export": ["--format", "jsonl", "-o", "-"],
    "plot": ["-o", "/dev/null/x.svg"],
    "diff": ["{}", "--json"],
}


@pytest.mark.parametrize("name", ["show", "stat", "export", "diff"])
def test_an_svd_file_names_registers_for_every_command(
    directory: Path, tmp_path: Path, name: str
) -> None:
    (tmp_path / "t.svd").write_text(SVD)
    options = [one.format(directory) for one in READERS[name]]
    arguments = [name, str(directory), *options, "--svd", str(tmp_path / "t.svd")]
    done = CliRunner().invoke(command, [*arguments, "--register", "ctrl", "--cpu", "0"])
    assert done.exit_code == 0, done.output
    assert "MINE" in done.stdout and "UARTFR" not in done.stdout


@pytest.mark.parametrize("name", READERS)
def test_a_bad_svd_file_is_told_in_one_line(directory: Path, tmp_path: Path, name: str) -> None:
    (tmp_path / "t.svd").write_text(SVD[:-30])
    options = [one.format(directory) for one in READERS[name]]
    arguments = [name, str(directory), *options, "--svd", str(tmp_path / "t.svd")]
    done = CliRunner().invoke(command, arguments)
    assert "t.svd is no CMSIS-SVD file" in str(done.exception)
    assert "\n" not in str(done.exception) and done.stdout == ""
