"""Exports, read back by other people's readers, against what babeltrace2 reads of the trace."""

from __future__ import annotations

import csv
import io
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from aside import PC, PL011, START, VIRTIO, pc_in, write_aside
from babeltrace import babeltrace
from click.testing import CliRunner
from synthetic import COUNTER_HZ, Made, packet, write_trace
from vcdvcd import VCDVCD
from vellum.cli.trace import trace as command

MADE: list[Made] = [
    (START + 125 * n, kind, (pc, address, n & 0xFF))
    for n, (kind, address, pc) in enumerate(
        [(6, PL011, PC), (2, PL011 + 0x18, pc_in("pl011_read")), (1, PL011 + 0x18, 0x1234)]
        + [(7, 0xDEAD0000, PC), (2, VIRTIO, PC), (6, VIRTIO + 0x50, PC)] * 40
    )
]
OTHERS: list[Made] = [
    (START + 3, 8, (PC, PL011 + 0x30, 0xB8004C01, 0x93000047)),
    (START + 4, 10, (PC, 0x62300000)),
    (START + 5, 3, (PC, 0xDEAD0008, 2**64 - 1)),
]


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("export") / "t"
    return write_aside(write_trace(path, [packet(MADE), packet(OTHERS, cpu=1)]))


def export(directory: Path, kind: str, *options: str) -> str:
    arguments = ["export", str(directory), "--format", kind, "-o", "-", *options]
    done = CliRunner().invoke(command, arguments)
    assert done.exit_code == 0, done.output
    return done.stdout


def expected(directory: Path) -> list[dict[str, Any]]:
    return [
        {"ticks": one.time, "cpu": one.cpu, "event": one.name, **one.fields}
        for one in babeltrace(directory)
    ]


def seconds(ticks: int) -> Decimal:
    return Decimal((ticks - START) * 10**9 // COUNTER_HZ) / 10**9


def test_csv_has_every_event(directory: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(export(directory, "csv"), newline=""), strict=True))
    truth = expected(directory)
    assert len(rows) == len(truth) == len(MADE) + len(OTHERS)
    for row, one in zip(rows, truth, strict=True):
        assert None not in row and None not in row.values()
        assert (int(row["ticks"]), int(row["cpu"]), row["event"]) == (
            one["ticks"],
            one["cpu"],
            one["event"],
        )
        assert Decimal(row["seconds"]) == seconds(one["ticks"])
        assert int(row["pc"], 16) == one["pc"]
        assert (int(row["address"], 16) if row["address"] else None) == one.get("addr")
        assert (int(row["value"], 16) if row["value"] else None) == one.get("value")
    fr = [row for row in rows if row["register"] == "UARTFR"]
    assert [(row["access"], row["size"], row["device"]) for row in fr] == [
        ("read", "4", "pl011@9000000"),
        ("read", "2", "pl011@9000000"),
    ]
    assert fr[0]["symbol"] == "pl011_read+0x4" and fr[1]["symbol"] == ""


def test_json_lines_have_every_event(directory: Path) -> None:
    rows = [
        json.loads(line, parse_float=Decimal) for line in export(directory, "jsonl").splitlines()
    ]
    truth = expected(directory)
    assert len(rows) == len(truth)
    for row, one in zip(rows, truth, strict=True):
        assert row["seconds"] == seconds(one["ticks"])
        renamed = {("address" if name == "addr" else name): one[name] for name in one}
        assert {name: row[name] for name in renamed} == renamed
    assert rows[1]["insn"] == 0xB8004C01  # the stepped one


def test_perfetto_json_keeps_to_the_trace_event_format(directory: Path) -> None:
    """The document's rules: name, ph, pid, tid, ts in microseconds; `s` of an instant event."""
    found = json.loads(export(directory, "perfetto"), parse_float=Decimal)
    assert found["displayTimeUnit"] == "ns"
    names: dict[int, str] = {}
    threads: set[tuple[int, int]] = set()
    instants = []
    for event in found["traceEvents"]:
        assert isinstance(event["name"], str) and isinstance(event["pid"], int)
        if event["ph"] == "M" and event["name"] == "process_name":
            names[event["pid"]] = event["args"]["name"]
        elif event["ph"] == "M":
            assert event["name"] == "thread_name"
            threads.add((event["pid"], event["tid"]))
        else:
            assert event["ph"] == "i" and event["s"] == "t"
            assert event["pid"] in names and (event["pid"], event["tid"]) in threads
            assert all(isinstance(value, str) for value in event["args"].values())
            instants.append(event)
    truth = expected(directory)
    assert [one["ts"] * 1000 for one in instants] == [
        seconds(one["ticks"]) * 10**9 for one in truth
    ]
    assert [one["tid"] for one in instants] == [one["cpu"] for one in truth]
    assert set(names.values()) == {
        "pl011@9000000", "virtio_mmio@a000000", "(no device)", "CPUs",
    }  # fmt: skip
    assert [int(one["args"]["value"], 16) for one in instants if "value" in one["args"]] == [
        one["value"] for one in truth if "value" in one
    ]


def test_vcd_has_every_value_and_every_access(directory: Path, tmp_path: Path) -> None:
    path = tmp_path / "t.vcd"
    path.write_text(export(directory, "vcd"))
    vcd = VCDVCD(str(path))
    assert vcd.timescale["timescale"] == Decimal("1e-9")
    truth = [one for one in expected(directory) if one["event"].startswith("mmio_")]
    names = {
        "pl011@9000000.UARTFR": PL011 + 0x18,
        "virtio_mmio@a000000.QueueNotify": VIRTIO + 0x50,
        "_no_device_.0xdead0000": 0xDEAD0000,
    }
    for name, address in names.items():
        accesses = [one for one in truth if one.get("addr") == address and "value" in one]
        times = {
            way: [int(seconds(one["ticks"]) * 10**9) for one in accesses if way in one["event"]]
            for way in ("read", "write")
        }
        for way, expected_times in times.items():
            fired = [time for time, _ in _signal(vcd, f"{name}_{way}").tv]
            assert fired == expected_times
        value = _signal(vcd, name)
        for one in accesses:
            assert int(value[int(seconds(one["ticks"]) * 10**9)], 2) == one["value"]


def _signal(vcd: VCDVCD, name: str) -> Any:
    (found,) = [one for one in vcd.signals if one.split("[")[0] == name]
    return vcd[found]


@pytest.mark.parametrize("kind", ["csv", "jsonl", "perfetto", "vcd"])
def test_filters_and_files(directory: Path, tmp_path: Path, kind: str) -> None:
    path = tmp_path / "out"
    options = ["--register", "UARTFR", "--read"]
    arguments = ["export", str(directory), "--format", kind, "-o", str(path), *options]
    assert CliRunner().invoke(command, arguments).exit_code == 0
    text = path.read_text()
    assert "UARTFR" in text and "QueueNotify" not in text
    if kind != "vcd":  # which has a date
        assert text == export(directory, kind, *options)


@pytest.mark.parametrize("kind", ["csv", "jsonl", "perfetto", "vcd"])
def test_a_trace_without_events_is_exported(tmp_path: Path, kind: str) -> None:
    text = export(write_trace(tmp_path / "t", []), kind)
    if kind == "perfetto":
        assert json.loads(text)["traceEvents"] == []


def test_a_file_that_cannot_be_written_is_told_in_one_line(directory: Path, tmp_path: Path) -> None:
    for output in ("/dev/full", str(tmp_path / "no" / "file")):
        arguments = ["export", str(directory), "--format", "csv", "-o", output]
        done = CliRunner().invoke(command, arguments)
        assert f"cannot write {output}" in str(done.exception)


def test_names_come_from_an_svd_file(directory: Path, tmp_path: Path) -> None:
    svd = tmp_path / "t.svd"
    svd.write_text(
        "<device><peripherals><peripheral><name>MINE</name><baseAddress>0xdead0000</baseAddress>"
        "<registers><register><name>CTRL</name><addressOffset>0</addressOffset><size>64</size>"
        "<fields><field><name>EN</name><bitRange>[1:0]</bitRange></field></fields></register>"
        "</registers></peripheral></peripherals></device>"
    )
    rows = export(directory, "csv", "--svd", str(svd), "--device", "MINE").splitlines()
    assert len(rows) == 1 + 40 and all(",MINE,CTRL,0xdead0000," in row for row in rows[1:])
    assert ",0x6,EN=0x2 +0x4," in rows[2]
    assert "UARTFR" in export(directory, "csv", "--svd", str(svd))
