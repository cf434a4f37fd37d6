"""Tiny videos for tests."""

import fractions

import av
import numpy as np

from tunit_tf.inference import video

COLORS = ((200, 40, 90), (20, 180, 60))
TIMES = [0, 24, 48, 200, 224, 400]  # of a rate that varies, in 600ths of a second
UNIT = fractions.Fraction(1, 600)


def pattern(index, size):
    """Two colors, of which one is wider in every frame."""
    image = np.empty((size[1], size[0], 3), np.uint8)
    image[:] = COLORS[0]
    image[: size[1] // 2, : 8 * (index % 6) + 8] = COLORS[1]
    return image


def record(path, times=TIMES, size=(64, 48), sound=False, matrix=None, **context):
    """Writes a video, with a tone of a second if `sound`."""
    codec = video.CODECS[path.suffix]
    with av.open(path, "w") as sink:
        stream = sink.add_stream(codec, rate=25, options={"crf": "10", **video.OPTIONS[codec]})
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p"
        stream.codec_context.time_base = UNIT
        for name, value in {"colorspace": matrix, **context}.items():
            if value is not None:
                setattr(stream.codec_context, name, value)
        heard = (
            sink.add_stream("libopus" if codec == video.VP9 else "aac", 48000, layout="mono")
            if sound
            else None
        )
        durations = dict(zip(times, [*np.diff(times), 60], strict=True))

        def mux(packets):
            for packet in packets:
                packet.duration = int(durations[packet.pts])
                sink.mux(packet)

        for index, time in enumerate(times):
            frame = av.VideoFrame.from_ndarray(pattern(index, size), "rgb24")
            if matrix:
                frame = frame.reformat(format="yuv420p", dst_colorspace=video.MATRICES[matrix])
            frame.pts, frame.time_base = time, UNIT
            mux(stream.encode(frame))
        mux(stream.encode())
        if heard:
            tone = np.sin(np.arange(48000) / 20).astype(np.float32)[None] * 0.5
            frame = av.AudioFrame.from_ndarray(tone, "flt", "mono")
            frame.sample_rate, frame.pts = 48000, 0
            for packet in (*heard.encode(frame), *heard.encode()):
                sink.mux(packet)
    return path


def frames_of(path):
    """(time, duration) in seconds, and pictures."""
    with av.open(path) as source:
        stream = source.streams.video[0]
        found = [
            (
                float(f.pts * f.time_base),
                float(f.duration * f.time_base),
                f.to_ndarray(format="rgb24"),
            )
            for f in source.decode(stream)
        ]
    times, durations, pictures = zip(*found, strict=True)
    return times, durations, np.stack(pictures)
