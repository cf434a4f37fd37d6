"""Videos: every frame is redrawn, at its own time, and the sound is that of the source."""

import itertools
import re
import sys

import av
import numpy as np
import pytest
from PIL import Image

from tests.videos import COLORS, TIMES, frames_of, record
from tunit_tf.errors import NotWrittenError, UserError
from tunit_tf.inference import video
from tunit_tf.inference.video import Video


def sound_of(path):
    """Bytes and times of the packets of sound."""
    with av.open(path) as source:
        return [(bytes(p), float(p.pts * p.time_base)) for p in source.demux(audio=0) if p.size]


def unchanged(frames):
    yield from frames


@pytest.mark.parametrize("suffix", sorted(video.CODECS))
def test_frames_keep_their_times_and_colors(tmp_path, suffix):
    path = record(tmp_path / f"moving{suffix}")
    opened = Video(path)
    opened.write(tmp_path / f"result{suffix}", unchanged)
    times, durations, pictures = frames_of(path)
    found = frames_of(tmp_path / f"result{suffix}")
    np.testing.assert_allclose(found[0], times, atol=1e-3)
    np.testing.assert_allclose(found[0], np.array(TIMES) / 600, atol=1e-3)
    np.testing.assert_allclose(found[1], durations, atol=1e-3)
    assert np.abs(found[2].astype(int) - pictures).mean() < 3


def test_a_result_is_the_redrawn_frames(tmp_path):
    path = record(tmp_path / "moving.mp4")

    def negative(frames):
        frames = iter(frames)
        while held := list(itertools.islice(frames, 4)):  # as batches are
            yield from (Image.fromarray(255 - np.asarray(frame)) for frame in held)

    Video(path).write(tmp_path / "result.mp4", negative)
    given, found = (frames_of(tmp_path / f"{n}.mp4")[2] for n in ("moving", "result"))
    assert np.abs(255 - given.astype(int) - found).mean() < 4


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".webm"])
def test_the_sound_is_copied(tmp_path, suffix):
    path = record(tmp_path / f"moving{suffix}", sound=True)
    Video(path).write(tmp_path / f"result{suffix}", unchanged)
    expected, found = (sound_of(tmp_path / f"{n}{suffix}") for n in ("moving", "result"))
    assert [content for content, _ in found] == [content for content, _ in expected]
    assert len(expected) > 20
    np.testing.assert_allclose([t for _, t in found], [t for _, t in expected], atol=2e-3)


@pytest.mark.parametrize("matrix", [None, video.BT601, video.BT709])
def test_colors_stay_with_either_matrix(tmp_path, matrix):
    path = record(tmp_path / "moving.mp4", matrix=matrix)
    seen = []

    def noting(frames):
        for frame in frames:
            seen.append(np.asarray(frame)[-1, -1])
            yield frame

    Video(path).write(tmp_path / "result.mp4", noting)
    assert np.abs(np.array(seen).astype(int) - COLORS[0]).max() <= 4
    with av.open(tmp_path / "result.mp4") as source:
        assert source.streams.video[0].codec_context.colorspace == (matrix or video.BT601)
    Video(tmp_path / "result.mp4").write(tmp_path / "again.mp4", noting)
    assert np.abs(np.array(seen).astype(int) - COLORS[0]).max() <= 6


def test_videos_that_lie_on_their_side_are_turned(tmp_path):
    """Telephones write a matrix in the head of the track instead of turning pictures."""
    path = record(tmp_path / "moving.mp4")
    content = bytearray(path.read_bytes())
    (place,) = (found.end() + 40 for found in re.finditer(b"tkhd", bytes(content)))
    turn = np.array([0, 1 << 16, 0, -(1 << 16), 0, 0, 48 << 16, 0, 1 << 30], ">i4").tobytes()
    content[place : place + 36] = turn  # by 90 degrees, clockwise
    path.write_bytes(content)
    sizes = []

    def noting(frames):
        for frame in frames:
            sizes.append(frame.size)
            # What was at the left end of the upper edge is now at its right end.
            assert np.abs(np.asarray(frame)[2, -4].astype(int) - COLORS[1]).max() < 12
            assert np.abs(np.asarray(frame)[2, 4].astype(int) - COLORS[0]).max() < 12
            yield frame

    Video(path).write(tmp_path / "result.mp4", noting)
    assert set(sizes) == {(48, 64)}
    assert frames_of(tmp_path / "result.mp4")[2].shape[1:3] == (64, 48)


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_what_ends_too_early_is_damaged(tmp_path, suffix):
    times = list(range(0, 2400, 24))
    path = tmp_path / f"moving{suffix}"
    record(path, times)
    if suffix == ".mp4":  # with its table before the pictures, as for the web
        with (
            av.open(path) as source,
            av.open(tmp_path / "web.mp4", "w", options={"movflags": "faststart"}) as sink,
        ):
            copied = sink.add_stream_from_template(source.streams.video[0])
            for packet in source.demux(video=0):
                if packet.dts is not None:
                    packet.stream = copied
                    sink.mux(packet)
        path = tmp_path / "web.mp4"
    content = path.read_bytes()
    path.write_bytes(content[: len(content) * 2 // 3])
    with pytest.raises(OSError, match=r"damaged"):
        Video(path).write(tmp_path / f"result{suffix}", unchanged)


def test_what_cannot_be_redrawn_is_named(tmp_path):
    (tmp_path / "text.mp4").write_text("no video at all")
    with pytest.raises(OSError, match="damaged, or no video"):
        Video(tmp_path / "text.mp4")
    with av.open(tmp_path / "sound.mp4", "w") as sink:
        stream = sink.add_stream("aac", 48000, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 48000), np.float32), "flt", "mono")
        frame.sample_rate, frame.pts = 48000, 0
        for packet in (*stream.encode(frame), *stream.encode()):
            sink.mux(packet)
    with pytest.raises(ValueError, match="sound but no picture"):
        Video(tmp_path / "sound.mp4")
    record(tmp_path / "hdr.mp4", color_trc=18)
    with pytest.raises(ValueError, match=r"high dynamic range \(HLG\)"):
        Video(tmp_path / "hdr.mp4")
    whole = record(tmp_path / "whole.mp4")
    with pytest.raises(NotWrittenError, match="cannot be written"):
        Video(whole).write(tmp_path / "missing" / "result.mp4", unchanged)


def test_without_pyav_it_says_what_to_install(tmp_path, monkeypatch):
    path = record(tmp_path / "moving.mp4")
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(UserError, match=r"videos need PyAV: pip install '\.\[video\]'"):
        Video(path)
