"""`vellum trace plot`: its counts against babeltrace2's events, its files against their formats."""

from __future__ import annotations

import struct
from collections import Counter
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import pytest
from aside import PL011, START, VIRTIO, write_aside
from babeltrace import babeltrace
from click.testing import CliRunner, Result
from PIL import Image
from synthetic import COUNTER_HZ, Made, packet, write_trace
from vellum.cli.trace import trace as command
from vellum.trace.density import measure, others
from vellum.trace.source import open_source

BINS = 7


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    places = (PL011, PL011 + 0x18, VIRTIO, 0xDEAD0000, 0xDEAD0000)
    packets = []
    for cpu in (0, 1, 10):
        made: list[Made] = [
            (START + 1000 * n * n + cpu, (3 * n + cpu) % 8, (0, places[n % 5], 0))
            for n in range(200)
        ]
        made.append((made[-1][0] + 1, 9, (0, PL011, 0)))
        made.append((made[-1][0] + 1, 10, (0, 0)))
        packets.append(packet(made, cpu=cpu))
    return write_aside(write_trace(tmp_path_factory.mktemp("plot") / "t$x$", packets))


def plot(directory: Path, output: Path, *options: str) -> Result:
    return CliRunner().invoke(command, ["plot", str(directory), "-o", str(output), *options])


def test_counts_every_event_once_where_it_belongs(directory: Path) -> None:
    found = measure(open_source(directory), BINS)
    assert found
    truth = babeltrace(directory)
    first, last = truth[0].time, truth[-1].time
    nanoseconds = [(one.time - START) * 10**9 // COUNTER_HZ for one in (truth[0], truth[-1])]
    assert [found.begin, found.end] == nanoseconds
    bins: Counter[tuple[str, str, int]] = Counter()
    for one in truth:
        at = (one.time - first) * BINS // (last - first + 1)
        address = one.fields.get("addr")
        device = one.name if address is None else {
            PL011 >> 12: "pl011@9000000", VIRTIO >> 12: "virtio_mmio@a000000",
        }.get(address >> 12, "(no device)")  # fmt: skip
        way = "read" if "read" in one.name else "write" if "write" in one.name else "other"
        bins[device, way, at] += 1
        bins[f"cpu{one.cpu}", way, at] += 1
    ours = {
        (lane.name, way, at): int(count)
        for lane in (*found.devices, *found.cpus)
        for way, counts in zip(("read", "write", "other"), lane.counts, strict=True)
        for at, count in enumerate(counts)
        if count
    }
    assert ours == dict(bins)
    assert [lane.name for lane in found.cpus] == ["cpu0", "cpu1", "cpu10"]
    uses = [lane.events for lane in found.devices]
    assert uses == sorted(uses, reverse=True) and sum(uses) == len(truth)


def test_many_lanes_are_drawn_as_one(directory: Path) -> None:
    found = measure(open_source(directory), BINS)
    assert found
    few = others(found.devices, 2)
    assert [lane.name for lane in few] == [found.devices[0].name, "3 others"]
    assert sum(lane.events for lane in few) == sum(lane.events for lane in found.devices)


def test_an_svg_names_its_lanes(directory: Path, tmp_path: Path) -> None:
    assert plot(directory, tmp_path / "p.svg").exit_code == 0
    root = ElementTree.parse(tmp_path / "p.svg").getroot()
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    texts = {text for one in root.iter() if one.text and (text := one.text.strip())}
    assert {"pl011@9000000", "virtio_mmio@a000000", "(no device)", "trap_unknown"} <= texts
    assert {"cpu0", "cpu1", "cpu10", "Accesses in t$x$"} <= texts
    again = tmp_path / "again.svg"
    plot(directory, again)
    assert again.read_bytes() == (tmp_path / "p.svg").read_bytes()


def test_a_png_has_a_picture(directory: Path, tmp_path: Path) -> None:
    assert plot(directory, tmp_path / "p.PNG", "--device", "pl011").exit_code == 0
    data = (tmp_path / "p.PNG").read_bytes()
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack_from(">II", data, 16)
    assert width > 1000 and height > 150


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("p.pdf", [], "let it end with .svg or .png"),
        ("no/p.svg", [], "cannot write"),
        ("p.svg", ["--time", "100.."], "nothing to draw"),
        ("p.svg", ["--device", "pl0"], "no device `pl0`"),
    ],
)
def test_what_cannot_be_drawn_is_told_in_one_line(
    directory: Path, tmp_path: Path, name: str, options: list[str], words: str
) -> None:
    done = plot(directory, tmp_path / name, *options)
    assert words in str(done.exception) and "\n" not in str(done.exception)


@pytest.mark.parametrize("kind", [2, 6])
def test_every_lonely_access_can_be_seen(tmp_path: Path, kind: int) -> None:
    """Counted in the picture: strokes of the colour of reads or writes, in the device's lane."""
    made: list[Made] = [(START + 99_991 * n, kind, (0, PL011, 0)) for n in range(101)]
    directory = write_trace(tmp_path / "t", [packet(made)])
    assert plot(directory, tmp_path / "p.png").exit_code == 0
    image = Image.open(tmp_path / "p.png").convert("RGB")
    colour = {2: (0x1F, 0x6F, 0xB4), 6: (0xE0, 0x7B, 0x1A)}[kind]
    rows = [[image.getpixel((x, y)) for x in range(image.width)] for y in range(90, image.height)]
    runs = {
        sum(_near(here, colour) and not _near(left, colour) for left, here in pairwise(row))
        for row in rows
    }
    assert max(runs) == 101


def _near(pixel: object, colour: tuple[int, int, int]) -> bool:
    """Of that colour, or of a mixture of it with white."""
    assert isinstance(pixel, tuple)
    mixed = all(one - 12 <= of for one, of in zip(colour, pixel, strict=True))
    return mixed and max(pixel) - min(pixel) > 60


def test_one_event_is_drawn(tmp_path: Path) -> None:
    directory = write_trace(tmp_path / "t", [packet([(START, 0, (0, 0, 0))])])
    assert plot(directory, tmp_path / "p.svg").exit_code == 0
