"""Video files: their frames, and results with the same times and sound.

Needs PyAV, the extra `video`.
"""

import collections
import contextlib
import datetime
import pathlib
from collections.abc import Callable, Iterable, Iterator
from types import ModuleType
from typing import Any

import numpy as np
from PIL import Image

from tunit_tf.errors import NotWrittenError, UserError

H264, VP9 = "libx264", "libvpx-vp9"
CODECS = {".mp4": H264, ".m4v": H264, ".mov": H264, ".mkv": H264, ".webm": VP9}
# Near the limit of what can be seen. Without frames that refer to later ones (`bf`), packets are in
# the order of frames, and every kind of file keeps their times.
OPTIONS = {
    H264: {"crf": "18", "bf": "0"},
    VP9: {"crf": "24", "b": "0", "cpu-used": "4", "row-mt": "1", "lag-in-frames": "0"},
}
HDR = {16: "PQ", 18: "HLG"}  # transfer functions of ITU-T H.273
# Matrices between RGB and YCbCr that FFmpeg's scaler knows, {number of H.273: its own name}.
BT709, BT601 = 1, 6
MATRICES = {1: "ITU709", 5: "ITU601", 6: "ITU601"}
MISSING = 0.5  # seconds at the end without frames, from which a file is damaged

Redrawn = Callable[[Iterable[Image.Image]], Iterator[Image.Image]]


def is_video(path: pathlib.Path) -> bool:
    """Whether a file is named like a video."""
    return path.suffix.lower() in CODECS


class Video:
    """A video file.

    Args:
      path: A file of which `is_video` is true.

    Attributes:
      frame_count: About how many frames it has; None where the file does not say.

    Raises:
      UserError: PyAV is not installed.
      OSError: The file cannot be read.
      ValueError: It has no picture, or one with a high dynamic range.
    """

    def __init__(self, path: pathlib.Path) -> None:
        self._av = _library()
        self._path = path
        with self._reading(), self._av.open(str(path)) as source:
            stream = _pictures(source)
            kind = HDR.get(int(stream.codec_context.color_trc))
            if kind:
                raise ValueError(
                    f"it is a video with a high dynamic range ({kind}), whose colors would be "
                    "wrong; convert it to standard range first"
                )
            seconds = _seconds(source, stream)
            self.frame_count = stream.frames or None
            if seconds and stream.average_rate:
                self.frame_count = round(seconds * float(stream.average_rate))

    def write(self, target: pathlib.Path, redrawn: Redrawn) -> None:
        """Writes the redrawn video; what is at `target` after an error is not whole.

        Every frame keeps its time, also where the rate varies, and the sound is copied as it is.

        Args:
          target: File with the suffix of this one.
          redrawn: Makes the results of the upright frames, as many and in order.

        Raises:
          OSError: A frame is broken, or some are missing at the end.
          ValueError: The times of frames are wrong.
          NotWrittenError: The result cannot be written.
        """
        with self._reading():
            source = self._av.open(str(self._path))
        with source:
            frames = _Frames(source)
            with self._writing(), self._av.open(str(target), "w") as sink:
                made = _Sink(sink, self._av, frames, CODECS[target.suffix.lower()])
                for picture in redrawn(self._upright(frames)):
                    made.add(picture)
                made.finish()

    def _upright(self, frames: "_Frames") -> Iterator[Image.Image]:
        with self._reading():
            yield from frames

    @contextlib.contextmanager
    def _reading(self) -> Iterator[None]:
        try:
            yield
        except self._av.FFmpegError as error:
            raise OSError(f"it is damaged, or no video ({error.strerror})") from None

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except self._av.FFmpegError as error:
            raise NotWrittenError(
                f"the result of {self._path.name} cannot be written ({error.strerror}); name "
                "another folder with --output, or free space there."
            ) from None


class _Frames:
    """Decodes a file from its start; iterates over upright pictures, RGB.

    Attributes:
      stream: The stream of pictures.
      sound: The stream of sound; None if there is none.
      shown: (time, duration) of every frame that was decoded and not yet taken, in units of the
        stream.
      heard: Packets of sound, likewise.
    """

    def __init__(self, source: Any) -> None:
        self.stream = _pictures(source)
        self.stream.thread_type = "AUTO"
        self.sound = source.streams.audio[0] if source.streams.audio else None
        self.shown: collections.deque[tuple[int, int]] = collections.deque()
        self.heard: collections.deque = collections.deque()
        self.matrix = BT601
        self._source = source

    def __iter__(self) -> Iterator[Image.Image]:
        streams = [stream for stream in (self.stream, self.sound) if stream is not None]
        before = first = None
        unit = self.stream.time_base
        each = round(1 / (unit * (self.stream.average_rate or 25)))
        end = 0
        for packet in self._source.demux(streams):
            if packet.stream is not self.stream:
                if packet.dts is not None:
                    self.heard.append(packet)
                continue
            for frame in packet.decode():
                time = frame.pts
                if time is None:
                    time = 0 if before is None else before + each
                if before is not None and time <= before:
                    raise ValueError("its frames are not in the order of their times")
                before, first = time, time if first is None else first
                end = time + (frame.duration or each)
                self.shown.append((time, frame.duration or each))
                yield self._upright(frame)
        if first is None:
            raise OSError("it has no frames")
        seconds = _seconds(self._source, self.stream)
        found = float((end - first) * unit)
        if seconds and found < seconds - MISSING:
            raise OSError(f"it is damaged: it ends after {found:.1f} of {seconds:.1f} seconds")

    def _upright(self, frame: Any) -> Image.Image:
        known = int(frame.colorspace)
        self.matrix = known if known in MATRICES else BT601
        array = frame.to_ndarray(format="rgb24", src_colorspace=MATRICES[self.matrix])
        return Image.fromarray(np.rot90(array, round(frame.rotation / 90)))


class _Sink:
    """Encodes pictures at the times of the frames that they were made of.

    Args:
      sink: File that is written.
      library: PyAV.
      frames: The frames; have their times and the sound.
      codec: Name of the encoder.
    """

    def __init__(self, sink: Any, library: ModuleType, frames: _Frames, codec: str) -> None:
        self._sink, self._av, self._frames, self._codec = sink, library, frames, codec
        self._stream: Any = None
        self._sound: Any = None
        self._durations: dict[int, int] = {}

    def add(self, picture: Image.Image) -> None:
        """Writes the next picture, and the sound that was read with it."""
        # H.264 with a color for every four pixels needs even sides.
        even = picture.width - picture.width % 2, picture.height - picture.height % 2
        picture = picture.crop((0, 0, *even))
        if self._stream is None:
            self._begin(even)
        time, duration = self._frames.shown.popleft()
        self._durations[time] = duration
        frame = self._av.VideoFrame.from_ndarray(np.asarray(picture.convert("RGB")), "rgb24")
        frame = frame.reformat(
            format="yuv420p", dst_colorspace=MATRICES[self._frames.matrix], dst_color_range="MPEG"
        )
        frame.pts, frame.time_base = time, self._frames.stream.time_base
        self._write(self._stream.encode(frame))

    def finish(self) -> None:
        """Writes what the encoder holds, and the rest of the sound."""
        self._write(self._stream.encode())

    def _begin(self, size: tuple[int, int]) -> None:
        of = self._frames.stream
        self._stream = self._sink.add_stream(self._codec, rate=of.average_rate or 25)
        self._stream.width, self._stream.height = size
        self._stream.pix_fmt = "yuv420p"
        context = self._stream.codec_context
        context.time_base = of.time_base
        context.options = OPTIONS[self._codec]
        context.colorspace, context.color_range = self._frames.matrix, 1
        if of.sample_aspect_ratio:
            context.sample_aspect_ratio = of.sample_aspect_ratio
        if self._frames.sound is not None:
            self._sound = self._sink.add_stream_from_template(self._frames.sound)

    def _write(self, packets: Iterable) -> None:
        while self._frames.heard:
            packet = self._frames.heard.popleft()
            packet.stream = self._sound
            self._sink.mux(packet)
        for packet in packets:
            packet.duration = self._durations.pop(packet.pts)
            self._sink.mux(packet)


def _library() -> ModuleType:
    try:
        import av
    except ImportError:
        raise UserError(
            "videos need PyAV: pip install '.[video]', or -r requirements-video.txt"
        ) from None
    return av


def _pictures(source: Any) -> Any:
    """The stream of pictures of an opened file. Raises ValueError if it has none."""
    if not source.streams.video:
        found = "sound but no picture" if source.streams.audio else "no picture; it may be damaged"
        raise ValueError(f"it has {found}")
    return source.streams.video[0]


def _seconds(source: Any, stream: Any) -> float | None:
    """How long the pictures of a file are; None where it does not say."""
    if stream.duration is not None:
        return float(stream.duration * stream.time_base)
    with contextlib.suppress(KeyError, ValueError):  # Matroska and WebM
        clock = stream.metadata["DURATION"][:15]
        since = datetime.datetime.strptime(clock, "%H:%M:%S.%f") - datetime.datetime(1900, 1, 1)
        return since.total_seconds()
    if source.duration is not None and len(source.streams) == 1:
        return source.duration / 1e6
    return None
