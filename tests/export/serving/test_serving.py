"""The client over the wire: against a stand-in for TF Serving, and a real server if there is one.

The stand-in (tests/serving) speaks REST and gRPC with the real protos; inference is the SavedModel
in a session.
"""

import base64
import contextlib
import http.server
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request

import grpc
import numpy as np
import pytest
import tensorflow as tf
from google.protobuf import text_format
from PIL import Image
from tensorflow_serving.apis import (
    get_model_status_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
)
from tensorflow_serving.config import model_server_config_pb2

from export.serving import clients
from export.serving.server import Server
from tests import commands
from tests.export.conftest import encoded, pixels_of
from tests.serving import stand_in
from tests.serving.served import Served, newest_version
from tunit_tf.data import synthetic
from tunit_tf.errors import UserError
from tunit_tf.io import pixels

ROOT = pathlib.Path(__file__).parents[3]
SERVING = ROOT / "export" / "serving"
REAL_BINARY = shutil.which("tensorflow_model_server")
REAL_URL = os.environ.get("TUNIT_SERVING_URL", "")  # HOST:REST_PORT,HOST:GRPC_PORT


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


@pytest.fixture(
    scope="module",
    params=[
        "stand_in",
        pytest.param(
            "real",
            marks=pytest.mark.skipif(
                not (REAL_BINARY or REAL_URL),
                reason="no tensorflow_model_server on the PATH and no TUNIT_SERVING_URL",
            ),
        ),
    ],
)
def server(request, exported, model):
    """{"rest": HOST:PORT, "grpc": HOST:PORT} of a running server."""
    if request.param == "stand_in":
        with stand_in.serving(Served(model, int(exported.name))) as ports:
            yield {name: f"127.0.0.1:{port}" for name, port in ports.items()}
    elif REAL_URL:
        yield dict(zip(("rest", "grpc"), REAL_URL.split(","), strict=True))
    else:
        with real_server(exported.parent) as addresses:
            yield addresses


@contextlib.contextmanager
def real_server(base: pathlib.Path):
    """Addresses of a `tensorflow_model_server` that serves a folder of versions."""
    ports = {"rest": free_port(), "grpc": free_port()}
    command = [
        REAL_BINARY, f"--rest_api_port={ports['rest']}", f"--port={ports['grpc']}",
        "--model_name=tunit", f"--model_base_path={base}",
    ]  # fmt: skip
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL) as process:
        addresses = {name: f"127.0.0.1:{port}" for name, port in ports.items()}
        deadline = time.monotonic() + 120
        while True:
            try:
                urllib.request.urlopen(f"http://{addresses['rest']}/v1/models/tunit").close()
                break
            except (urllib.error.URLError, ConnectionError):
                assert process.poll() is None, "the server ended"
                assert time.monotonic() < deadline, "the server does not come up"
                time.sleep(0.2)
        yield addresses
        assert process.poll() is None  # nothing brought it down
        process.terminate()
        assert process.wait(30) in (0, -15)


PROTOCOLS = ("rest", "grpc")


def connect(server, protocol, timeout=60.0, **changes):
    return clients.connect(protocol, Server(server[protocol], timeout=timeout, **changes))


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_the_wire_changes_nothing(server, model, pictures, protocol):
    references = pictures[::-1]
    expected = model.run(
        "serving_default", {"image_bytes": pictures, "reference_bytes": references}
    )["translated_bytes"]
    for version in (None, 1):
        drawn = connect(server, protocol, version=version).translate(pictures, references)
        for ours, wanted in zip(drawn, expected, strict=True):
            difference = pixels_of(ours).astype(int) - pixels_of(wanted)
            assert np.abs(difference).max() <= 1


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_bad_picture_comes_back_by_name_and_is_not_sent_again(server, pictures, protocol):
    asked = []

    def ask():
        asked.append(1)
        return connect(server, protocol).translate([pictures[0], b"junk"], pictures[:2])

    with pytest.raises(clients.ServerError, match=r"image_bytes\[1\] cannot be decoded"):
        clients.with_retries(ask, retries=3)
    assert len(asked) == 1


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_unknown_models_and_versions_are_named(server, pictures, protocol):
    for change in ({"model": "other"}, {"version": 99}):
        with pytest.raises(clients.ServerError, match=r"(?i)not found"):
            connect(server, protocol, **change).translate(pictures[:1], pictures[:1])


def post(server, content, path="/v1/models/tunit:predict"):
    """Code and answer of a POST, or of a GET without content."""
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    body = None if content is None else body
    try:
        with urllib.request.urlopen(f"http://{server['rest']}{path}", body, timeout=60) as response:
            return response.status, json.load(response)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def test_rest_in_rows_and_columns(server, model):
    x = np.random.default_rng(0).uniform(-1, 1, (2, 32, 32, 3)).astype(np.float32)
    expected = model.run("encode", {"image": x})
    code, rows = post(
        server, {"signature_name": "encode", "instances": [{"image": i.tolist()} for i in x]}
    )
    assert code == 200
    for i, row in enumerate(rows["predictions"]):
        np.testing.assert_allclose(row["style"], expected["style"][i], rtol=1e-4, atol=1e-6)
    code, columns = post(server, {"signature_name": "encode", "inputs": {"image": x.tolist()}})
    assert code == 200
    np.testing.assert_allclose(
        columns["outputs"]["domain_probabilities"], expected["domain_probabilities"], rtol=1e-4
    )
    code, drawn = post(
        server,
        {"signature_name": "translate", "inputs": {"image": x.tolist(), "reference": x.tolist()}},
    )
    assert code == 200
    assert np.shape(drawn["outputs"]) == (2, 32, 32, 3)  # a single output has no name around it


def test_rest_refuses_what_is_wrong(server):
    for content in (
        b"{", {}, [], {"instances": []}, {"instances": [{}]}, {"instances": [{"image_bytes": 1}]},
        {"instances": [{"image": [[1]]}], "signature_name": "encode"},
        {"instances": [{"x": 1}, {"y": 2}]}, {"inputs": 3},
        {"signature_name": "none", "instances": [{"image": 1}]},
        {"signature_name": ["encode"], "instances": [{"image": 1}]},
        {"instances": [{"image_bytes": {}, "reference_bytes": {}}]},
        {"instances": [{"image_bytes": 1, "reference_bytes": 1}]},
        {"inputs": {"image_bytes": 1, "reference_bytes": 1}},
        {"signature_name": "encode", "instances": [{"image": {"b64": ""}}]},
        {"instances": [{"image_bytes": {"b64": 1}, "reference_bytes": {"b64": ""}}]},
        {"signature_name": "encode", "instances": [{"image": [[[10**400] * 3] * 32] * 32}]},
        b'{"inputs": ' + b"9" * 5000 + b"}",
    ):  # fmt: skip
        code, answer = post(server, content)
        assert 400 <= code < 500, content
        assert answer["error"]
    assert post(server, {}, "/v1/models/tunit:classify")[0] >= 400
    for digits in (400, 5000):
        path = f"/v1/models/tunit/versions/{'9' * digits}"
        assert post(server, {}, f"{path}:predict")[0] == 404
        assert post(server, None, path)[0] == 404


def test_the_newest_version_of_a_folder_is_served(tmp_path):
    (tmp_path / "²").mkdir()
    with pytest.raises(UserError, match="has no versions"):
        newest_version(tmp_path)
    with pytest.raises(UserError, match="cannot be read"):
        newest_version(tmp_path / "none")
    for name in ("9", "10"):
        (tmp_path / name).mkdir()
    assert newest_version(tmp_path) == 10


@pytest.mark.parametrize("length", ["-1", "none", "9" * 30])
def test_rest_answers_a_wrong_content_length(server, length):
    host, port = server["rest"].split(":")
    with socket.create_connection((host, int(port)), timeout=10) as connected:
        connected.sendall(
            b"POST /v1/models/tunit:predict HTTP/1.1\r\nHost: x\r\n"
            + f"Content-Length: {length}\r\n\r\n".encode()
        )
        assert connected.recv(1000).split()[1] in (b"400", b"413")


def test_grpc_status_and_errors(server):
    with grpc.insecure_channel(server["grpc"]) as channel:
        status = model_service_pb2_grpc.ModelServiceStub(channel)
        request = get_model_status_pb2.GetModelStatusRequest()
        request.model_spec.name = "tunit"
        (version,) = status.GetModelStatus(request, timeout=30).model_version_status
        assert version.state == get_model_status_pb2.ModelVersionStatus.AVAILABLE
        stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
        wrong = predict_pb2.PredictRequest()
        wrong.model_spec.name = "tunit"
        wrong.model_spec.signature_name = "encode"
        wrong.inputs["image"].CopyFrom(tf.make_tensor_proto(np.zeros((1, 3, 3, 3), np.float32)))
        with pytest.raises(grpc.RpcError) as caught:
            stub.Predict(wrong, timeout=30)
        assert caught.value.code() == grpc.StatusCode.INVALID_ARGUMENT


def originals(rng) -> list[Image.Image]:
    """Photographs where the project has them beside it, else procedural images; 48 px."""
    photographs = sorted(ROOT.glob("../shared/images/afhq_samples/*/*.jpg"))
    if photographs:
        return [pixels.open_rgb(path).resize((48, 48)) for path in photographs]
    return [Image.fromarray(synthetic.draw(domain, 48, rng)[0]) for domain in range(4)]


def malformed(squares, rng) -> bytes:
    """A real JPEG or PNG made unreadable: cut, its head destroyed, or a chunk garbled."""
    square = squares[rng.integers(len(squares))]
    kind = rng.integers(5)
    if kind < 2:  # cut
        content = encoded(square, ("JPEG", "PNG")[kind])
        return content[: int(rng.uniform(0, 0.9) * len(content))]
    if kind == 2:  # other bytes at the head
        content = bytearray(encoded(square, ("JPEG", "PNG")[rng.integers(2)]))
        content[:8] = rng.integers(0, 256, 8, np.uint8).tobytes()
        return bytes(content)
    content = bytearray(encoded(square, "PNG"))
    if kind == 3:  # bytes of the image data, which its checksum no longer fits
        start = content.index(b"IDAT") + 6
        place = rng.integers(start, len(content) - 20)
        content[place] ^= int(rng.integers(1, 256))
        return bytes(content)
    content[16 + rng.integers(10)] ^= int(rng.integers(1, 256))  # the header: size, depth, colors
    return bytes(content)


def test_500_malformed_pictures_are_refused_and_the_next_good_one_is_answered(server, pictures):
    rng = np.random.default_rng(2026)
    squares = originals(rng)
    ours = connect(server, "grpc")
    before = ours.translate(pictures[:1], pictures[1:2])
    for i in range(500):
        bad = malformed(squares, rng)
        with pytest.raises(clients.ServerError, match=r"reference_bytes\[0\] cannot be decoded"):
            ours.translate(pictures[:1], [bad])
        if i % 50 == 49:
            assert ours.translate(pictures[:1], pictures[1:2]) == before


def run_client(*flags):
    return commands.run("export.client", *flags)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_the_command_line_translates_a_folder(server, model, tmp_path, protocol):
    folder = tmp_path / "pictures"
    folder.mkdir()
    for i in range(3):
        Image.fromarray(synthetic.generate(3, 40, 1).pixels()[i]).save(folder / f"{i}.png")
    (folder / "broken.jpg").write_bytes(b"no picture")
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by a quarter
    turned = Image.fromarray(synthetic.generate(3, 40, 1).pixels()[0])
    turned.save(folder / "turned.jpg", exif=exif, quality=95)
    flags = (
        f"--protocol={protocol}", f"--server={server[protocol]}", f"--source={folder}",
        f"--reference={folder / '1.png'}", f"--output={tmp_path / 'out'}", "--batch_size=2",
        "--noprogress", "--size=model",
    )  # fmt: skip
    result = run_client(*flags)
    assert result.returncode == 0, result.stderr
    assert "skipped: " in result.stderr
    assert "Wrote 4 files" in result.stdout
    reference = (folder / "1.png").read_bytes()

    def expected(content):
        inputs = {"image_bytes": [content], "reference_bytes": [reference]}
        return pixels_of(model.run("serving_default", inputs)["translated_bytes"][0]).astype(int)

    drawn = pixels_of((tmp_path / "out" / "0.png").read_bytes())
    assert np.abs(drawn - expected((folder / "0.png").read_bytes())).max() <= 1
    with Image.open(folder / "turned.jpg") as picture:
        upright = encoded(picture.transpose(Image.Transpose.ROTATE_270), "PNG")
    drawn = pixels_of((tmp_path / "out" / "turned.png").read_bytes())
    assert np.abs(drawn - expected(upright)).max() <= 1

    again = run_client(*flags)
    assert again.returncode == 2
    assert "outputs already exist" in again.stderr


def test_photographs_are_redrawn_as_by_the_run(server, translator, tmp_path):
    squares = synthetic.generate(2, 40, 1).pixels()
    Image.fromarray(squares[0]).resize((90, 60)).save(tmp_path / "photograph.png")
    Image.fromarray(squares[1]).resize((32, 32)).save(tmp_path / "look.png")
    result = run_client(
        f"--server={server['rest']}", f"--source={tmp_path / 'photograph.png'}",
        f"--reference={tmp_path / 'look.png'}", f"--output={tmp_path / 'out'}", "--noprogress",
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    drawn = pixels_of((tmp_path / "out" / "photograph.png").read_bytes())
    expected = translator.redraw(tmp_path / "photograph.png", tmp_path / "look.png")
    assert drawn.shape == (60, 90, 3)
    assert np.abs(drawn - np.asarray(expected).astype(int)).max() <= 2


def test_the_health_check_of_the_compose_file_works(server):
    compose = (SERVING / "docker-compose.yml").read_text()
    script = re.search(r"- >-\n(.*?)\n      interval", compose, re.DOTALL).group(1)
    script = " ".join(line.strip() for line in script.splitlines())
    host, port = server["rest"].split(":")
    healthy = script.replace("127.0.0.1/8501", f"{host}/{port}")
    assert healthy != script
    assert subprocess.run(["bash", "-c", healthy], timeout=30).returncode == 0
    absent = healthy.replace("models/tunit", "models/other")
    assert subprocess.run(["bash", "-c", absent], timeout=30).returncode != 0


def test_models_config_is_what_tf_serving_parses():
    text = (SERVING / "models.config").read_text()
    parsed = text_format.Parse(text, model_server_config_pb2.ModelServerConfig())
    (config,) = parsed.model_config_list.config
    assert (config.name, config.base_path) == ("tunit", "/models/tunit")
    assert config.model_platform == "tensorflow"
    assert config.model_version_policy.latest.num_versions == 2
    assert dict(config.version_labels) == {"stable": 1}
    compose = (SERVING / "docker-compose.yml").read_text()
    for name in re.findall(r"/config/([\w.]+)", compose):
        assert (SERVING / name).is_file()
    assert re.search(r"image: tensorflow/serving:\d+\.\d+\.\d+\n", compose)


PNG = encoded(Image.new("RGB", (4, 4)), "PNG")


class Flaky(http.server.BaseHTTPRequestHandler):
    """Answers 503 twice, then translates."""

    failures = 2

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        if type(self).failures:
            type(self).failures -= 1
            self.send_error(503)
            return
        body = json.dumps({"predictions": [{"b64": base64.b64encode(PNG).decode()}]}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def test_a_server_that_is_busy_is_asked_again(monkeypatch):
    pauses = []
    monkeypatch.setattr(clients.time, "sleep", pauses.append)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Flaky) as flaky:
        threading.Thread(target=flaky.serve_forever, daemon=True).start()
        ours = connect({"rest": f"127.0.0.1:{flaky.server_port}"}, "rest", timeout=10.0)
        assert clients.with_retries(lambda: ours.translate([b"a"], [b"b"]), retries=2) == [PNG]
        assert pauses == [clients.FIRST_PAUSE, 2 * clients.FIRST_PAUSE]
        flaky.shutdown()


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_server_that_is_not_there_is_named_after_all_tries(monkeypatch, protocol):
    pauses = []
    monkeypatch.setattr(clients.time, "sleep", pauses.append)
    nowhere = {protocol: f"127.0.0.1:{free_port()}"}
    ours = connect(nowhere, protocol, timeout=5.0)
    with pytest.raises(clients.ServerError, match=nowhere[protocol]) as caught:
        clients.with_retries(lambda: ours.translate([b"a"], [b"b"]), retries=3)
    assert caught.value.is_temporary
    assert len(pauses) == 3


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_server_that_is_silent_is_given_up(protocol):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        ours = connect({protocol: f"127.0.0.1:{silent.getsockname()[1]}"}, protocol, timeout=0.5)
        started = time.monotonic()
        with pytest.raises(clients.ServerError) as caught:
            ours.translate([b"a"], [b"b"])
        assert caught.value.is_temporary
        assert time.monotonic() - started < 20


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        ([], "--source=PICTURES and --reference=PICTURE"),
        (["--source=none.png", "--reference=x"], "--source=none.png does not exist"),
        (["--source={p}", "--reference={p}", "--batch_size=0"], "--batch_size must be at least 1"),
        (["--source={p}", "--reference={f}"], "must be one image; has 2"),
        (["--source={p}", "--reference={p}", "--server=127.0.0.1:9", "--retries=0"], "refused"),
    ],
)
def test_a_mistake_gets_one_sentence_and_a_code(tmp_path, flags, words):
    for name in ("a.png", "b.png"):
        Image.new("RGB", (8, 8)).save(tmp_path / name)
    result = run_client(*(flag.format(p=tmp_path / "a.png", f=tmp_path) for flag in flags))
    assert result.returncode == 2
    assert words in result.stderr
    assert "Traceback" not in result.stderr
