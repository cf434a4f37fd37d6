"""The table of formats in `docs/translation.md`: every cell is tried with pictures made here."""

import base64
import io
import json
import re
import shutil
import subprocess

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from export.serving import file_translation, signatures
from tests.commands import ROOT
from tests.export.conftest import encoded, with_alpha
from tests.io.test_pixels import profile_with_red_and_blue_exchanged
from tunit_tf.data import synthetic
from tunit_tf.io import pixels

SIZE = 32
SMOOTH = Image.fromarray(synthetic.draw(0, 48, np.random.default_rng(0))[0]).resize((96, 64))
CLOSE = 3.0  # mean difference of 255: JPEG decoders differ
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
SAME, AS_STORED, REFUSED = "yes", "as stored", "no"


def turned(form):
    exif = Image.Exif()
    exif[0x0112] = 6  # a quarter turn
    return encoded(SMOOTH, form, exif=exif)


def with_profile(form):
    """Its red is called blue, so that nobody overlooks it."""
    return encoded(SMOOTH, form, icc_profile=profile_with_red_and_blue_exchanged())


def palette():
    return SMOOTH.quantize(32)


def transparent_gif():
    image = palette()
    image.putpixel((0, 0), 0)
    return encoded(image, "GIF", transparency=0)


FILES = {
    "JPEG, PNG and WebP: color, gray, palette, transparent": lambda: [
        encoded(SMOOTH, "JPEG", quality=95),
        encoded(SMOOTH.convert("L"), "JPEG", quality=95, progressive=True),
        encoded(SMOOTH, "PNG"),
        encoded(with_alpha(SMOOTH).convert("LA"), "PNG"),
        encoded(palette(), "PNG"),
        encoded(with_alpha(SMOOTH), "WEBP", lossless=True),
    ],
    "PNG, gray of 16 bits": lambda: [
        encoded(Image.fromarray(np.asarray(SMOOTH.convert("L")).astype(np.uint16) * 257), "PNG")
    ],
    "JPEG, CMYK": lambda: [encoded(SMOOTH.convert("CMYK"), "JPEG", quality=95)],
    "JPEG with EXIF rotation": lambda: [turned("JPEG")],
    "PNG with EXIF rotation": lambda: [turned("PNG")],
    "WebP with EXIF rotation": lambda: [turned("WEBP")],
    "JPEG or PNG with a color profile": lambda: [with_profile("JPEG"), with_profile("PNG")],
    "GIF": lambda: [encoded(palette(), "GIF"), transparent_gif()],
    "BMP": lambda: [encoded(SMOOTH, "BMP"), encoded(palette(), "BMP")],
    "AVIF": lambda: [encoded(SMOOTH, "AVIF", quality=95)],
    "TIFF: color, floating-point numbers": lambda: [
        encoded(SMOOTH, "TIFF"),
        encoded(Image.fromarray(np.asarray(SMOOTH.convert("L")) / np.float32(255)), "TIFF"),
    ],
    "HEIC": lambda: [encoded(SMOOTH, "HEIF", quality=95)],
}


def table():
    """{kind of file: {reader: what the documentation says}}."""
    text = (ROOT / "docs" / "translation.md").read_text()
    lines = re.findall(r"^\|.*\|$", text.partition("## Formats")[2], re.MULTILINE)
    head, _, *rows = ([cell.strip() for cell in line.strip("|").split("|")] for line in lines)
    return {row[0]: dict(zip(head[1:], row[1:], strict=True)) for row in rows}


TABLE = table()


def wanted(content):
    return pixels.open_rgb(io.BytesIO(content)).resize((SIZE, SIZE), Image.Resampling.BOX)


def compared(found, content):
    """What a reader makes of a picture, `(SIZE, SIZE, 3)` or None, beside Python's reader."""
    if found is None:
        return REFUSED
    difference = np.abs(np.asarray(found, np.float32) - np.asarray(wanted(content))).mean()
    return SAME if difference < CLOSE else AS_STORED


def by_graph(content):
    picture = tf.constant([content])
    try:
        drawn = signatures.decode_squares(picture, "image_bytes", SIZE, "stretch", 10**6)
    except tf.errors.InvalidArgumentError:
        return None
    return pixels.to_bytes(drawn)[0]


def test_the_table_has_every_kind():
    assert set(TABLE) == set(FILES)


@pytest.mark.parametrize("kind", FILES)
def test_python_reads_it(kind):
    assert TABLE[kind]["Python"] in (SAME, "with `pillow-heif`")
    expected = np.asarray(SMOOTH.convert("RGB"), int)
    gray = np.asarray(SMOOTH.convert("L").convert("RGB"), int)
    if " with " in kind:  # tests/io/test_pixels.py has their colors and turns
        return
    for content in FILES[kind]():
        found = np.asarray(pixels.open_rgb(io.BytesIO(content)), int)
        opaque = found[:, found.shape[1] // 2 :]
        nearest = min(
            np.abs(opaque - other[:, opaque.shape[1] :]).mean() for other in (expected, gray)
        )
        assert nearest < 12  # a palette has few colors


@pytest.mark.parametrize("kind", FILES)
def test_the_client_sends_what_the_server_reads_as_python_does(kind, tmp_path):
    assert TABLE[kind]["client"] == TABLE[kind]["Python"]
    for content in FILES[kind]():
        path = tmp_path / "picture"
        path.write_bytes(content)
        assert compared(by_graph(file_translation.encoded(path)), content) == SAME


@pytest.mark.parametrize("kind", FILES)
def test_the_servers_graph_alone(kind):
    outcomes = {compared(by_graph(content), content) for content in FILES[kind]()}
    assert outcomes == {TABLE[kind]["server"]}


# Scripts run after all pictures were loaded or given up.
PAGE = """<body>%s<script>
const canvas = new OffscreenCanvas(%d, %d);
const context = canvas.getContext('2d', { willReadFrequently: true });
context.imageSmoothingQuality = 'high';
function read(picture) {
  if (!picture.naturalWidth) return null;
  context.fillStyle = 'white';
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(picture, 0, 0, canvas.width, canvas.height);
  return [...context.getImageData(0, 0, canvas.width, canvas.height).data];
}
addEventListener('load', () => {
  document.body.textContent = JSON.stringify([...document.images].map(read));
});
</script></body>"""


@pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")
def test_the_page(tmp_path):
    contents = [(kind, content) for kind, make in FILES.items() for content in make()]
    encoded_contents = [base64.b64encode(content).decode() for _, content in contents]
    files = "".join(f'<img src="data:image;base64,{content}">' for content in encoded_contents)
    (tmp_path / "page.html").write_text(PAGE % (files, SIZE, SIZE))
    page = (tmp_path / "page.html").as_uri()
    command = [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom", page]
    dom = subprocess.run(command, check=True, capture_output=True, text=True, timeout=240).stdout
    found = json.loads(re.search(r"<body>(.*?)</body>", dom, re.DOTALL)[1])
    outcomes = {}
    for (kind, content), values in zip(contents, found, strict=True):
        rgb = None if values is None else np.reshape(values, (SIZE, SIZE, 4))[..., :3]
        outcomes.setdefault(kind, set()).add(compared(rgb, content))
    assert outcomes == {kind: {cells["page"]} for kind, cells in TABLE.items()}
