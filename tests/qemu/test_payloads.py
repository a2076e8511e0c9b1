"""Each bare-metal guest under Vellum, on 1 to 8 CPUs: it must find all as it would without."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from guest import ROOT, Run, payload, run

CPUS = (1, 2, 4, 8)
TRACE_PL011 = ("--trace", "pl011")
PL011_ID = 0x9000FE0
PL011_FBRD = 0x9000028


def lines_of(done: Run, name: str) -> list[str]:
    """What the payload printed, its last line the verdict."""
    return [line for line in done.console.splitlines() if line.startswith(f"{name}: ")]


def good(done: Run, name: str) -> list[str]:
    """Its lines, when it ran to its end and found nothing wrong."""
    assert done.status == 0, done.console
    lines = lines_of(done, name)
    assert lines[-1:] == [f"{name}: done failures=0"], done.console
    return lines


def under_vellum(name: str, cpus: int, folder: Path, *options: str, append: str = "") -> Run:
    done = run([*payload(name, append), "--smp", str(cpus), *options], folder / "trace")
    if "boots" in done.report:
        assert done.boot["discarded"] == done.boot["missing"] == 0
    return done


def bare(name: str, cpus: int, append: str = "") -> Run:
    return run([*payload(name, append), "--smp", str(cpus)], None)


@pytest.mark.parametrize("cpus", CPUS)
@pytest.mark.parametrize("name", ["hello", "smp", "timer", "gic", "hammer"])
def test_payload_finds_nothing_wrong(name: str, cpus: int, tmp_path: Path) -> None:
    good(under_vellum(name, cpus, tmp_path), name)


@pytest.mark.parametrize("cpus", CPUS)
@pytest.mark.parametrize("name", ["smp", "timer", "gic"])
def test_payload_finds_nothing_wrong_while_traced(name: str, cpus: int, tmp_path: Path) -> None:
    good(under_vellum(name, cpus, tmp_path, *TRACE_PL011), name)


@pytest.mark.parametrize("name", ["hello", "smp", "timer", "gic", "faults", "hvc", "hammer"])
def test_payload_finds_nothing_wrong_with_the_link_on_the_pl011(name: str, tmp_path: Path) -> None:
    good(under_vellum(name, 4, tmp_path, "--link", "pl011"), name)


@pytest.mark.parametrize("name", ["smp", "timer", "gic", "faults", "hammer"])
def test_payload_finds_nothing_wrong_on_a_newer_qemu(name: str, tmp_path: Path) -> None:
    qemu = ROOT / "build/toolchain/qemu10/qemu-system-aarch64"
    done = under_vellum(name, 4, tmp_path, "--qemu-binary", str(qemu), *TRACE_PL011)
    good(done, name)


@pytest.mark.parametrize("cpus", CPUS)
def test_hypercalls_are_vellums(cpus: int, tmp_path: Path) -> None:
    lines = good(under_vellum("hvc", cpus, tmp_path, append="expect=vellum"), "hvc")
    assert lines[0] == f"hvc: ok vellum=1 cpus={cpus} version=0x10001"


@pytest.mark.parametrize("cpus", CPUS)
@pytest.mark.parametrize("nothing", ["", "nothing=0xb000000", "nothing=0x3f00000000"])
def test_faults_are_those_of_the_bare_machine(nothing: str, cpus: int, tmp_path: Path) -> None:
    """By default nothing is where Vellum's own memory is."""
    done = under_vellum("faults", cpus, tmp_path, append=nothing)
    assert good(done, "faults") == good(bare("faults", cpus, nothing), "faults")


@pytest.mark.parametrize("trace", [(), TRACE_PL011], ids=["untraced", "traced"])
def test_every_form_of_access_gives_what_the_bare_machine_gives(
    trace: tuple[str, ...], tmp_path: Path
) -> None:
    done = under_vellum("mmio", 1, tmp_path, *trace, append="forms=all")
    assert good(done, "mmio") == good(bare("mmio", 1, "forms=all"), "mmio")


def test_every_register_of_the_model_of_the_pl011_gives_what_qemus_gives(tmp_path: Path) -> None:
    done = under_vellum("mmio", 1, tmp_path, "--link", "pl011")
    assert good(done, "mmio") == good(bare("mmio", 1), "mmio")


@pytest.mark.parametrize("policy", ["block", "drop"])
@pytest.mark.parametrize(("op", "address"), [("read", PL011_ID), ("write", PL011_FBRD)])
@pytest.mark.parametrize("cpus", CPUS)
def test_accesses_of_all_cpus_at_once_are_all_traced(
    cpus: int, op: str, address: int, policy: str, tmp_path: Path
) -> None:
    count = 20_000
    done = run(
        [
            *payload("hammer", f"op={op} count={count}"),
            *("--smp", str(cpus), "--when-slow", policy),
            *TRACE_PL011,
        ],
        tmp_path / "trace",
    )
    good(done, "hammer")
    events = [event for event in done.events() if event[1:3] == (op, address)]
    lost = done.boot["discarded"]
    assert done.boot["missing"] == 0
    assert len(events) + lost >= cpus * count
    if policy == "block":
        assert lost == 0
        assert Counter(event[0] for event in events) == dict.fromkeys(range(cpus), count)
    if op == "write":
        assert all(event[3] == event[0] for event in events)  # each CPU writes its number


def test_a_reset_of_the_guest_ends_the_run(tmp_path: Path) -> None:
    done = under_vellum("hello", 2, tmp_path, append="end=reset")
    good(done, "hello")
    assert done.boot["reason"] == "system_reset"
