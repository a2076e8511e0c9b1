"""The comparison that `make bench` trusts finds what it should."""

from pathlib import Path

from accesses import Access, difference, from_qemu

LOG = """\
memory_region_ops_read cpu 0 mr 0x55ff565fba00 addr 0x9000fe0 value 0x11 size 4 name 'pl011'
memory_region_ops_write cpu 0 mr 0x55ff56c43120 addr 0xa003e50 value 0x5 size 4 name 'virtio-mmio'
something else
memory_region_ops_write cpu 0 mr 0x55ff565fba00 addr 0x9000030 value 0xf01 size 2 name 'pl011'
"""
READ = Access(False, 0x9000FE0, 0x11, 4)
WRITE = Access(True, 0x9000030, 0xF01, 2)


def test_qemu_log_is_read_in_order_and_only_within_the_range(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text(LOG)
    assert list(from_qemu(log, 0x9000000, 0x1000)) == [READ, WRITE]


def test_equal_lists_have_no_difference() -> None:
    assert difference([READ, WRITE], [READ, WRITE]) == ""


def test_a_missing_access_is_a_difference() -> None:
    assert "saw 2" in difference([READ, WRITE], [READ])


def test_another_order_or_value_is_a_difference() -> None:
    assert "access 0" in difference([READ, WRITE], [WRITE, READ])
    assert "0x12" in difference([READ], [Access(False, 0x9000FE0, 0x12, 4)])
