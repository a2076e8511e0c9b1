"""Frames: the wire format, resynchronisation, text between frames."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from vellum.link.frame import HEADER, MAGIC, MAX_PAYLOAD, Channel, FrameReceiver, encode

Frame = tuple[Channel, int, bytes]


class Sink:
    def __init__(self) -> None:
        self.frames: list[Frame] = []
        self.said = b""
        self.problems: list[str] = []

    def frame(self, channel: Channel, sequence: int, payload: memoryview) -> None:
        self.frames.append((channel, sequence, bytes(payload)))

    def text(self, data: bytes) -> None:
        self.said += data

    def problem(self, what: str) -> None:
        self.problems.append(what)


def receive(stream: bytes, chunk: int = 1 << 16) -> Sink:
    sink = Sink()
    receiver = FrameReceiver(sink)
    position = 0
    while position < len(stream):
        room = receiver.room()
        piece = stream[position : position + min(chunk, len(room))]
        room[: len(piece)] = piece
        receiver.advance(len(piece))
        position += len(piece)
    return sink


def framed(frame: Frame) -> bytes:
    channel, sequence, payload = frame
    return encode(channel, sequence, [payload]) + payload


def test_a_frame_is_laid_out_as_the_header_says() -> None:
    # CRC-32C of "123456789" is 0xe3069283: the check value of its catalogue entry.
    data = encode(Channel.TRACE, 0x1234, [b"12345", b"6789"])
    assert len(data) == 20
    assert data[:4] == b"VLMF"
    assert data[4:8] == bytes([3, 0, 0x34, 0x12])
    assert data[8:16] == (9).to_bytes(4, "little") + (0xE3069283).to_bytes(4, "little")


def test_a_longer_payload_than_the_wire_takes_is_refused() -> None:
    encode(Channel.RPC, 0, [bytes(MAX_PAYLOAD)])
    try:
        encode(Channel.RPC, 0, [bytes(MAX_PAYLOAD), b"x"])
    except ValueError:
        return
    raise AssertionError("not refused")


frames = st.tuples(st.sampled_from(Channel), st.integers(0, 0xFFFF), st.binary(max_size=300)).map(
    lambda f: (f[0], f[1], f[2].replace(MAGIC, b"...."))
)
text = st.binary(max_size=40).map(lambda t: t.replace(b"V", b"v"))


@given(st.lists(st.tuples(text, frames)), text, st.integers(1, 700))
@settings(max_examples=150, deadline=None)
def test_frames_and_text_come_out_as_they_went_in(
    pieces: list[tuple[bytes, Frame]], tail: bytes, chunk: int
) -> None:
    sink = receive(b"".join(t + framed(f) for t, f in pieces) + tail, chunk)
    assert sink.frames == [f for _, f in pieces]
    assert sink.said == b"".join(t for t, _ in pieces) + tail
    assert sink.problems == []


@given(st.lists(frames, min_size=2, max_size=5), st.data())
@settings(max_examples=150, deadline=None)
def test_a_flipped_bit_loses_one_frame_and_is_reported(
    sent: list[Frame], data: st.DataObject
) -> None:
    stream = bytearray(b"".join(framed(f) for f in sent))
    position = data.draw(st.integers(0, len(framed(sent[0])) - 1))
    stream[position] ^= 1 << data.draw(st.integers(0, 7))
    sink = receive(bytes(stream) + framed((Channel.LOG, 0, bytes(MAX_PAYLOAD))) * 2)
    assert sink.frames[: len(sent) - 1] == sent[1:]
    # A damaged magic leaves bytes that look like text; anything else is named.
    assert sink.problems or position < len(MAGIC)


@given(st.binary(max_size=3000))
@settings(max_examples=100, deadline=None)
def test_noise_never_stops_the_receiver(noise: bytes) -> None:
    last: Frame = (Channel.LOG, 9, b"after")
    sink = receive(noise + framed(last) + framed((Channel.LOG, 0, bytes(MAX_PAYLOAD))) * 2)
    assert last in sink.frames


def test_a_cut_payload_does_not_swallow_the_frames_behind_it() -> None:
    cut = framed((Channel.TRACE, 0, bytes(500)))[:100]
    after = [(Channel.LOG, n, b"line %d" % n) for n in range(60)]
    sink = receive(cut + b"".join(map(framed, after)), chunk=50)
    assert sink.frames == after
    assert any("wrong CRC" in problem for problem in sink.problems)


def test_a_header_that_asks_for_too_much_is_damage() -> None:
    from crc32c import crc32c

    head = HEADER.pack(MAGIC, 1, 0, 0, MAX_PAYLOAD + 1, 0, 0)[:16]
    sink = receive(head + crc32c(head).to_bytes(4, "little") + framed((Channel.LOG, 1, b"x")))
    assert sink.frames == [(Channel.LOG, 1, b"x")]
    assert "65537 bytes" in sink.problems[0]
