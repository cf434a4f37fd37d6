"""The client of a served model: flags, faulty pictures, faulty servers, interruption.

The servers here are small and faulty on purpose; test_serving.py has one that translates.
"""

import base64
import concurrent.futures
import contextlib
import http.server
import io
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time

import grpc
import numpy as np
import pytest
from PIL import Image
from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

from export.serving import clients, file_translation, server
from export.serving.clients import InputRefusedError, RestClient, ServerError
from export.serving.server import Server
from tests import commands, videos
from tests.export.conftest import encoded
from tunit_tf.errors import UserError
from tunit_tf.io.output_folder import OutputFolder

PNG = encoded(Image.new("RGB", (4, 4), (9, 8, 7)), "PNG")
TINY_LIMIT = 100 * 100  # pixels that `Echo` accepts


def predictions(contents) -> bytes:
    wrapped = [{"b64": base64.b64encode(content).decode()} for content in contents]
    return json.dumps({"predictions": wrapped}).encode()


class Answering(http.server.BaseHTTPRequestHandler):
    """Answers every POST with what `answer` makes of its body: a code and content."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        code, content = self.answer(body)
        self.send_response(code)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def serving(answer, context=None):
    """HOST:PORT of a server that answers so; with TLS if there is a context."""
    handler = type("Handler", (Answering,), {"answer": staticmethod(answer)})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        if context:
            running.socket = context.wrap_socket(running.socket, server_side=True)
        threading.Thread(target=running.serve_forever, args=(0.02,), daemon=True).start()
        yield f"localhost:{running.server_port}"
        running.shutdown()


def echo(body):
    """Answers with a picture each; refuses a whole request for one picture of (1, 2, 3)."""
    instances = json.loads(body)["instances"]
    for i, instance in enumerate(instances):
        for name in ("image_bytes", "reference_bytes"):
            with Image.open(io.BytesIO(base64.b64decode(instance[name]["b64"]))) as p:
                if p.convert("RGB").getpixel((0, 0)) == (1, 2, 3):
                    error = {"error": f"{name}[{i}] cannot be decoded"}
                    return 400, json.dumps(error).encode()
    return 200, predictions([PNG] * len(instances))


def translate(address, sources=(b"a",), **changes):
    return RestClient(Server(address, **changes)).translate(list(sources), list(sources))


@pytest.fixture
def folder(tmp_path):
    """Five good pictures in different formats."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    image = Image.new("RGB", (20, 10), (200, 100, 0))
    for name in ("a.png", "b.jpg", "c.tif", "d.gif", "e.webp"):
        image.save(folder / name)
    return folder


def flags_of(folder, address, *more):
    return [
        f"--server={address}", f"--source={folder}", f"--reference={folder / 'a.png'}",
        f"--output={folder.parent / 'out'}", "--noprogress", *more,
    ]  # fmt: skip


def written(folder):
    return sorted(path.name for path in (folder.parent / "out").glob("[!.]*"))


def test_pictures_that_nobody_can_read_or_the_server_refuses_are_skipped_and_named(folder):
    jpeg = (folder / "b.jpg").read_bytes()
    (folder / "cut.jpg").write_bytes(jpeg[: len(jpeg) // 2])
    (folder / "junk.png").write_bytes(b"junk")
    Image.new("RGB", (9, 9), (1, 2, 3)).save(folder / "refused.png")
    with serving(echo) as address:
        result = commands.run("export.client", *flags_of(folder, address))
        assert result.returncode == 0, result.stderr
        assert "Wrote 5 files" in result.stdout
        assert "skipped 3 that cannot be translated" in result.stdout
        for name in ("cut.jpg", "junk.png", "refused.png"):
            assert f"skipped: {folder / name} " in result.stderr
        assert "Traceback" not in result.stderr
        assert "node" not in result.stderr
        assert written(folder) == ["a.png", "b.png", "c.png", "d.png", "e.png"]


def test_a_refused_reference_stops_at_once(folder):
    Image.new("RGB", (9, 9), (1, 2, 3)).save(folder.parent / "look.png")
    asked = []

    def counting(body):
        asked.append(1)
        return echo(body)

    with serving(counting) as address:
        flags = [*flags_of(folder, address), f"--reference={folder.parent / 'look.png'}"]
        result = commands.run("export.client", *flags)
    assert result.returncode == 2
    assert "The server refuses --reference=" in result.stderr
    assert "[0] cannot be decoded" in result.stderr
    assert "Traceback" not in result.stderr
    assert len(asked) < 6


def test_resuming_translates_what_is_missing_and_keeps_the_rest(folder):
    asked = []

    def counting(body):
        asked.append(len(json.loads(body)["instances"]))
        return echo(body)

    out = folder.parent / "out"
    OutputFolder(out, "export.client", "output").write("b.png", b"kept")
    with serving(counting) as address:
        refused = commands.run("export.client", *flags_of(folder, address, "--size=model"))
        assert refused.returncode == 2
        assert "1 of 5 outputs already exist" in refused.stderr
        assert "--resume" in refused.stderr
        result = commands.run(
            "export.client", *flags_of(folder, address, "--size=model", "--resume")
        )
        assert result.returncode == 0, result.stderr
        assert "Wrote 4 files" in result.stdout
        assert "kept 1 that existed" in result.stdout
    assert sum(asked) == 4
    assert (out / "b.png").read_bytes() == b"kept"
    both = commands.run("export.client", *flags_of(folder, "x:1", "--resume", "--overwrite"))
    assert both.returncode == 2


def heeding_sigint():
    """Processes started in a shell's background ignore SIGINT, and so do their children."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_ctrl_c_keeps_what_was_written_and_says_how_to_go_on(folder):
    second = threading.Event()
    answers = iter((True, False))

    def slow(body):
        if not next(answers):
            second.set()
            time.sleep(20)
        return echo(body)

    with serving(slow) as address:
        words = [
            sys.executable,
            "-m",
            "export.client",
            *flags_of(folder, address, "--size=model", "--batch_size=2"),
        ]
        with subprocess.Popen(
            words, stderr=subprocess.PIPE, text=True, cwd=commands.ROOT, preexec_fn=heeding_sigint
        ) as client:
            assert second.wait(60)
            client.send_signal(signal.SIGINT)
            message = client.communicate(timeout=20)[1]
    assert client.returncode == 130
    assert message == (
        f"Interrupted. 2 files were written to {folder.parent / 'out'}; give --resume to translate "
        "the others.\n"
    )
    assert written(folder) == ["a.png", "b.png"]


def test_photographs_come_back_at_their_own_size(folder):
    exif = Image.Exif()
    exif[0x0112] = 6  # a quarter turn
    Image.new("RGB", (30, 20), (90, 80, 70)).save(folder / "turned.jpg", exif=exif)
    transparent = Image.new("RGBA", (33, 21), (1, 200, 3, 255))
    transparent.putpixel((0, 0), (0, 0, 0, 0))
    transparent.save(folder / "cut.png")
    with serving(echo) as address:
        result = commands.run("export.client", *flags_of(folder, address, "--region=50%,0,50%,9"))
        assert result.returncode == 0, result.stderr
    sizes = {}
    for path in (folder.parent / "out").glob("[!.]*"):
        with Image.open(path) as picture:
            sizes[path.name] = (picture.mode, *picture.size)
            # The server's color is in the region, the picture's own outside.
            assert picture.convert("RGB").getpixel((picture.width - 1, 0)) == (9, 8, 7)
            assert picture.convert("RGB").getpixel((0, picture.height - 1)) != (9, 8, 7)
    assert sizes.pop("turned.png") == ("RGB", 20, 30)
    assert sizes.pop("cut.png") == ("RGBA", 33, 21)
    assert set(sizes.values()) == {("RGB", 20, 10)}
    with serving(echo) as address:
        more = ("--region=0,0,25,5", "--overwrite")
        result = commands.run("export.client", *flags_of(folder, address, *more))
    assert f"skipped: {folder / 'a.png'}: the region 0,0,25,5 reaches outside" in result.stderr
    assert "Wrote 1 files" in result.stdout


def test_masks_and_animations_are_redrawn_as_translate_does(folder):
    masks = folder.parent / "masks"
    masks.mkdir()
    half = Image.new("L", (20, 10))
    half.paste(255, (10, 0, 20, 10))
    for name in "abce":
        half.save(masks / f"{name}.png")
    Image.new("L", (20, 10)).save(masks / "d.png")
    frames = [Image.new("RGB", (20, 10), (200, 100, 10 * i)) for i in range(7)]
    frames[0].save(folder / "e.webp", save_all=True, append_images=frames[1:], lossless=True)
    with serving(echo) as address:
        flags = flags_of(folder, address, f"--mask={masks}", "--feather=0", "--batch_size=3")
        result = commands.run("export.client", *flags)
    assert result.returncode == 0, result.stderr
    assert written(folder) == ["a.png", "b.png", "c.png", "d.png", "e.webp"]
    assert f"nothing was redrawn in {folder / 'd.gif'}, whose mask is all black" in result.stderr
    out = folder.parent / "out"
    for name in ("a.png", "c.png", "e.webp"):
        with Image.open(out / name) as picture:
            assert getattr(picture, "n_frames", 1) == (7 if name == "e.webp" else 1)
            for index in range(getattr(picture, "n_frames", 1)):
                picture.seek(index)
                shown = picture.convert("RGB")
                assert shown.getpixel((15, 5)) == (9, 8, 7)
                expected = 10 * index if name == "e.webp" else 0
                assert shown.getpixel((5, 5)) == (200, 100, expected)


def test_videos_are_redrawn_frame_by_frame(folder):
    whole = videos.record(folder / "moving.mp4")
    (folder / "cut.mp4").write_bytes(whole.read_bytes()[:900])
    with serving(echo) as address:
        result = commands.run("export.client", *flags_of(folder, address, "--batch_size=4"))
        refused = commands.run(
            "export.client", *flags_of(whole, address, "--size=model", "--overwrite"),
            f"--reference={folder / 'a.png'}",
        )  # fmt: skip
    assert result.returncode == 0, result.stderr
    assert written(folder) == ["a.png", "b.png", "c.png", "d.png", "e.png", "moving.mp4"]
    assert f"skipped: {folder / 'cut.mp4'} cannot be read" in result.stderr
    times, _, pictures = videos.frames_of(folder.parent / "out" / "moving.mp4")
    np.testing.assert_allclose(times, np.array(videos.TIMES) / 600, atol=1e-3)
    gray = pictures.astype(int).mean((1, 2))  # the server draws one color, detail is gray
    assert np.abs(gray - gray.mean(1, keepdims=True)).max() < 4
    assert refused.returncode == 2
    assert f"--source={whole} is a video; leave --size=model out." in refused.stderr


def test_a_damaged_or_refused_animation_is_skipped(folder):
    frames = [Image.new("RGB", (9, 9), (1, 2, 3 + i % 2 * 9)) for i in range(4)]
    frames[1].save(folder / "refused.gif", save_all=True, append_images=frames)
    content = (folder / "refused.gif").read_bytes()
    (folder / "cut.gif").write_bytes(content[: len(content) * 2 // 3])
    with serving(echo) as address:
        result = commands.run("export.client", *flags_of(folder, address))
    assert result.returncode == 0, result.stderr
    assert written(folder) == ["a.png", "b.png", "c.png", "d.png", "e.png"]
    assert f"skipped: {folder / 'refused.gif'} is refused by the server" in result.stderr
    assert f"skipped: {folder / 'cut.gif'} cannot be read" in result.stderr


def test_results_never_replace_the_pictures(folder):
    before = {path: path.read_bytes() for path in folder.iterdir()}
    result = commands.run(
        "export.client", *flags_of(folder, "x:1"), f"--output={folder}", "--overwrite"
    )
    assert result.returncode == 2
    assert "export.client did not write, the first is" in result.stderr
    assert {path: path.read_bytes() for path in folder.iterdir()} == before


@pytest.mark.parametrize(
    ("flag", "words"),
    [
        ("--output=", "--output is empty"),
        ("--mask=nowhere", "--mask=nowhere does not exist"),
        ("--feather=2", "--feather softens the edges of --mask or --region"),
        ("--server=local host:8501", "must be HOST:PORT"),
        ("--server=localhost:http", "must be HOST:PORT"),
        ("--server=localhost:99999", "outside 1 to 65535"),
        ("--server=ftp://localhost", "must be HOST:PORT"),
        ("--timeout=-1", "--timeout must be more than 0"),
        ("--timeout=0", "--timeout must be more than 0"),
        ("--timeout=nan", "--timeout must be more than 0"),
        ("--timeout=inf", "--timeout must be more than 0"),
        ("--version=-1", "--version must be"),
        ("--model=", "--model is empty"),
        ("--retries=-1", "--retries must be at least 0"),
        ("--ca_certificate=none.pem", "--ca_certificate=none.pem cannot be read (No such file"),
    ],
)
def test_wrong_flags_are_named(folder, flag, words):
    result = commands.run("export.client", *flags_of(folder, "localhost:1"), flag)
    assert result.returncode == 2
    assert words in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    ("text", "protocol", "tls", "expected"),
    [
        ("", "rest", False, ("localhost:8501", False)),
        ("", "grpc", True, ("localhost:8500", True)),
        ("me", "rest", False, ("me:8501", False)),
        ("me:1", "grpc", False, ("me:1", False)),
        ("[::1]", "rest", False, ("[::1]:8501", False)),
        ("[::1]:7", "grpc", False, ("[::1]:7", False)),
        ("http://me:7/", "rest", False, ("me:7", False)),
        ("https://example.org", "rest", False, ("example.org:443", True)),
        ("https://example.org:8501", "rest", True, ("example.org:8501", True)),
    ],
)
def test_addresses(text, protocol, tls, expected):
    assert server.address(text, protocol, tls) == expected


@pytest.mark.parametrize(
    "text",
    [
        "a..b:1",
        ".a:1",
        "a" * 64 + ":1",
        "a." * 130 + "b:1",
        "me:²",
        "me:" + "1" * 5000,
        "me:",
        ":1",
    ],
)
def test_what_is_no_address_is_refused(text):
    with pytest.raises(UserError, match="must be HOST:PORT"):
        server.address(text, "rest", False)


def test_urls_are_not_for_grpc():
    with pytest.raises(UserError, match=r"give --server=me:7 --tls, or"):
        server.address("https://me:7", "grpc", False)


def test_names_of_models_are_quoted():
    assert (
        Server("h:1", model="a b/c", version=3).url
        == "http://h:1/v1/models/a%20b%2Fc/versions/3:predict"
    )


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"[]", b"3", b"{}", b'{"predictions": 3}', b'{"predictions": [3]}',
        b'{"predictions": [{"b64": 3}]}', b'{"predictions": [{"b64": "%%"}]}', b"\xff\xfe",
        b"[" * 100_000, predictions([]), predictions([PNG, PNG]), predictions([b"no picture"]),
        predictions([PNG[:-20]]), predictions([encoded(Image.new("RGB", (4, 4)), "JPEG")]),
    ],
    ids=range(16),
)  # fmt: skip
def test_answers_that_are_not_whole_pngs_are_refused(body):
    with serving(lambda _: (200, body)) as address:
        with pytest.raises(ServerError, match=address) as caught:
            translate(address)
        assert not caught.value.is_temporary


@contextlib.contextmanager
def sending(content):
    """HOST:PORT of a server that sends bytes, or does so by a call, and closes the connection."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer():
            with contextlib.suppress(OSError):
                connected, _ = listening.accept()
                with connected:
                    connected.recv(10_000)
                    if callable(content):
                        content(connected)
                    else:
                        connected.sendall(content)
                    connected.shutdown(socket.SHUT_WR)
                    while connected.recv(10_000):  # closed with unread bytes, it would be reset
                        pass

        threading.Thread(target=answer, daemon=True).start()
        yield f"127.0.0.1:{listening.getsockname()[1]}"


@pytest.mark.parametrize(
    ("content", "words", "is_temporary"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n{", "was cut off", True),
        # What a gRPC server sends first.
        (b"\x00\x00\x18\x04\x00\x00\x00\x00\x00", "needs --protocol=grpc", False),
        (b"HTTP/1.1 400 Bad\r\nContent-Length: 999\r\n\r\n{", "HTTP 400 Bad", False),
        (b"", "127.0.0.1", True),
    ],
)
def test_broken_connections_are_described(content, words, is_temporary):
    with sending(content) as address:
        with pytest.raises(ServerError, match=words) as caught:
            translate(address)
        assert caught.value.is_temporary == is_temporary


@pytest.mark.parametrize("code", [200, 500])
@pytest.mark.parametrize("pause", [0, 0.05])
def test_an_answer_without_end_is_left(code, pause):
    size = 10 if pause else 2**20

    def drip(connected):
        connected.sendall(b"HTTP/1.1 %d Odd\r\n\r\n" % code)
        for _ in range(1000):
            connected.sendall(b" " * size)
            time.sleep(pause)

    words = "HTTP 500 Odd" if code == 500 else "no answer within" if pause else "has more than"
    with sending(drip) as address, pytest.raises(ServerError, match=words):
        translate(address, timeout=0.5)


def test_the_reason_of_an_error_is_short_and_obeyed_by_no_terminal():
    body = json.dumps({"error": "\x1b[2J\r\n" + "long " * 1000}).encode()
    with serving(lambda _: (500, body)) as address, pytest.raises(ServerError) as caught:
        translate(address)
    assert str(caught.value).startswith(" [2J  long long")
    assert len(str(caught.value)) < 600


def test_too_large_requests_are_a_matter_of_the_input():
    with serving(lambda _: (413, b"")) as address, pytest.raises(InputRefusedError, match="413"):
        translate(address)


def test_pauses_grow_to_a_limit(monkeypatch):
    pauses = []
    monkeypatch.setattr(clients.time, "sleep", pauses.append)

    def fail():
        raise ServerError("away", is_temporary=True)

    with pytest.raises(ServerError):
        clients.with_retries(fail, 2000)
    assert len(pauses) == 2000
    assert pauses == sorted(pauses)
    assert max(pauses) == clients.LONGEST_PAUSE


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A self-signed certificate of localhost, and its key."""
    folder = tmp_path_factory.mktemp("tls")
    files = folder / "certificate.pem", folder / "key.pem"
    words = (
        f"openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 "
        f"-subj /CN=localhost -addext subjectAltName=DNS:localhost "
        f"-out {files[0]} -keyout {files[1]}"
    )
    subprocess.run(words.split(), check=True, capture_output=True)
    return files


def test_rest_over_tls(certificate):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    authority = server.authority(str(certificate[0]))
    with serving(lambda _: (200, predictions([PNG])), context) as address:
        assert translate(address, tls=True, authority=authority) == [PNG]
        with pytest.raises(ServerError, match=r"not trusted.*--ca_certificate") as caught:
            translate(address, tls=True)
        assert not caught.value.is_temporary
    with serving(lambda _: (200, predictions([PNG]))) as address:
        with pytest.raises(ServerError, match="does not use TLS") as caught:
            translate(address, tls=True)
        assert not caught.value.is_temporary


class TranslatesToPng(prediction_service_pb2_grpc.PredictionServiceServicer):
    """Answers with one picture."""

    def Predict(self, *_):  # noqa: N802
        response = predict_pb2.PredictResponse()
        response.outputs["translated_bytes"].string_val.append(PNG)
        return response


def test_grpc_over_tls(certificate):
    pem, key = (path.read_bytes() for path in certificate)
    running = grpc.server(concurrent.futures.ThreadPoolExecutor(2))
    prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(TranslatesToPng(), running)
    port = running.add_secure_port("localhost:0", grpc.ssl_server_credentials([(key, pem)]))
    running.start()

    def ask(count=1, **changes):
        client = clients.connect("grpc", Server(f"localhost:{port}", timeout=10.0, **changes))
        return client.translate([b"a"] * count, [b"a"] * count)

    assert ask(tls=True, authority=pem) == [PNG]
    with pytest.raises(ServerError, match="answered 2 pictures with 1"):
        ask(2, tls=True, authority=pem)
    with pytest.raises(ServerError, match=r"check --tls and --ca_certificate") as caught:
        ask(tls=True)
    assert not caught.value.is_temporary
    running.stop(0)


def test_a_rest_port_asked_by_grpc_is_recognized():
    with serving(echo) as address:
        client = clients.connect("grpc", Server(address, timeout=10.0))
        with pytest.raises(ServerError, match=rf"{address}: .*needs --protocol=rest") as caught:
            client.translate([b"a"], [b"a"])
        assert not caught.value.is_temporary


@pytest.mark.parametrize("content", [b"", b"no certificate", b"\xff"])
def test_files_without_certificates_are_named(tmp_path, content):
    path = tmp_path / "ca.pem"
    path.write_bytes(content)
    with pytest.raises(UserError, match=rf"--ca_certificate={path} cannot be read"):
        server.authority(str(path))


@pytest.mark.parametrize(("mode", "name"), [("CMYK", "x.jpg"), ("I;16", "x.png"), ("RGB", "x.tif")])
def test_pictures_that_tensorflow_does_not_read_are_sent_as_png(tmp_path, mode, name):
    Image.new(mode, (5, 4)).save(tmp_path / name)
    content = file_translation.encoded(tmp_path / name)
    assert content.startswith(b"\x89PNG")
    assert content != (tmp_path / name).read_bytes()


def test_a_large_jpeg_is_sent_at_a_part_of_its_size(tmp_path, monkeypatch):
    monkeypatch.setattr(file_translation, "LARGEST_SENT", 200)
    large = Image.fromarray(np.indices((24, 40, 8))[:, :, :, 0].sum(0).astype(np.uint8) * 4)
    for size, sent_size in (((16, 12), None), ((20, 12), (10, 6)), ((40, 24), (10, 6))):
        large.resize(size).convert("RGB").save(tmp_path / "x.jpg", quality=95)
        content = file_translation.encoded(tmp_path / "x.jpg")
        if not sent_size:
            assert content == (tmp_path / "x.jpg").read_bytes()
            continue
        with Image.open(io.BytesIO(content)) as sent, Image.open(tmp_path / "x.jpg") as whole:
            assert (sent.format, sent.size) == ("PNG", sent_size)
            difference = np.int16(sent) - np.int16(whole.resize(sent_size, Image.Resampling.BOX))
        assert abs(difference).mean() < 4


def test_a_pipe_is_no_picture(tmp_path):
    os.mkfifo(tmp_path / "pipe.png")
    with pytest.raises(UserError, match="cannot be read"):
        file_translation.encoded(tmp_path / "pipe.png")
