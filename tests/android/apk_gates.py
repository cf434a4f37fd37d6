"""What an APK that `make android` wrote must be.

`ANDROID_APK=FILE ANDROID_DEBUG_APK=FILE ANDROID_MODELS=FOLDER pytest tests/android/apk_gates.py`;
`make android-test` does that. Not collected otherwise, since it needs a JDK, Maven and a build.
"""

import json
import os
import pathlib
import re
import shutil
import struct
import subprocess
import zipfile

import pytest

from tests.android import class_files

ROOT = pathlib.Path(__file__).parents[2]
APK = pathlib.Path(os.environ["ANDROID_APK"])
DEBUG_APK = pathlib.Path(os.environ["ANDROID_DEBUG_APK"])
AAPT2 = ROOT / "android_demo/ci/app/target/aapt2"
MODULES = ("core", "tunit", "app")
PAGE = 16384
MODEL_FREE_LIMIT = 10_000_000
NEWER = {
    "android/provider/MediaStore.getPickImagesMaxLimit",
    "android/view/WindowInsets$Type.displayCutout",
    "android/view/WindowInsets$Type.systemBars",
    "android/view/WindowInsets.getInsets",
}
INHERITED = {"android/os/HandlerThread.start"}  # of java.lang.Thread, which is not in Android's jar
BUFFER_METHODS = {"clear", "flip", "limit", "mark", "position", "reset", "rewind"}


@pytest.fixture(scope="module")
def entries() -> dict[str, tuple[zipfile.ZipInfo, int]]:
    """{name: entry and where its content begins in the file}."""
    content = APK.read_bytes()
    with zipfile.ZipFile(APK) as opened:
        found = {}
        for entry in opened.infolist():
            name, extra = struct.unpack_from("<HH", content, entry.header_offset + 26)
            found[entry.filename] = entry, entry.header_offset + 30 + name + extra
        assert opened.testzip() is None
        return found


@pytest.fixture(scope="module")
def badging() -> str:
    return dump(APK, "badging")


def test_signature_verifies():
    """With Android's own verifier; a changed byte must fail."""
    assert verify(APK).returncode == 0


def test_a_changed_byte_breaks_the_signature(tmp_path, entries):
    damaged = bytearray(APK.read_bytes())
    damaged[entries["classes.dex"][1] + 100] ^= 1
    (tmp_path / "damaged.apk").write_bytes(damaged)
    assert verify(tmp_path / "damaged.apk").returncode != 0


def verify(apk: pathlib.Path) -> subprocess.CompletedProcess:
    return builder("verify", apk=apk)


def builder(command: str, **properties: pathlib.Path) -> subprocess.CompletedProcess:
    """Runs a step of the build by itself."""
    target = ROOT / "android_demo/ci/apk/target"
    path = f"{target / 'classes'}:{(target / 'program.classpath').read_text().strip()}"
    settings = [f"-D{name}={value}" for name, value in properties.items()]
    settings.append(f"-Dtree={ROOT / 'android_demo'}")
    return subprocess.run(
        ["java", "-cp", path, *settings, "org.tunit.build.MainKt", command],
        capture_output=True,
        text=True,
    )


def test_the_camera_is_the_only_permission():
    lines = dump(APK, "permissions").splitlines()
    asked = [line for line in lines if "permission" in line]
    assert asked == ["uses-permission: name='android.permission.CAMERA'"]


def test_phones_without_a_camera_can_install_it(badging):
    assert not re.search(r"^\s*uses-feature: name='android.hardware.camera", badging, re.M)


@pytest.mark.parametrize(("apk", "expected"), [(APK, False), (DEBUG_APK, True)])
def test_the_benchmark_is_in_debug_builds_only(apk, expected):
    """Its screen in the manifest, its class, its layout; both builds have the main screen."""
    manifest = dump(apk, "xmltree", "--file", "AndroidManifest.xml")
    code = b"".join(content for name, content in read(apk).items() if name.endswith(".dex"))
    assert "org.tunit.demo.MainActivity" in manifest
    assert b"Lorg/tunit/demo/MainActivity;" in code
    assert ("BenchmarkActivity" in manifest) == expected
    assert (b"Lorg/tunit/demo/benchmark/" in code) == expected
    assert ("res/layout/benchmark.xml" in read(apk)) == expected
    assert ("debuggable" in manifest) == expected


def read(apk: pathlib.Path) -> dict[str, bytes]:
    with zipfile.ZipFile(apk) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


def dump(apk: pathlib.Path, what: str, *options: str) -> str:
    command = [AAPT2, "dump", what, *options, apk]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def test_models_and_libraries_are_stored_where_they_can_be_mapped(entries):
    mapped = {n: e for n, e in entries.items() if n.endswith((".tflite", ".so", ".arsc"))}
    assert sum(name.endswith(".tflite") for name in mapped) >= 2
    for name, (entry, start) in mapped.items():
        assert entry.compress_type == zipfile.ZIP_STORED, name
        assert start % (PAGE if name.endswith(".so") else 4) == 0, f"{name} at {start}"


def test_both_abis(entries, badging):
    libraries = {name.split("/")[1] for name in entries if name.startswith("lib/")}
    assert libraries == {"arm64-v8a", "x86_64"}
    assert re.search(r"native-code: 'arm64-v8a' 'x86_64'", badging)


def test_sdk_levels_and_languages(badging):
    assert "minSdkVersion:'28'" in badging
    assert "targetSdkVersion:'36'" in badging
    assert "compileSdkVersion='36'" in badging
    assert "application-label-de:" in badging


def class_files_of_the_app() -> list[pathlib.Path]:
    """Of all modules of this project that are in the APK."""
    folders = [ROOT / "android_demo/ci" / name / "target/classes" for name in MODULES]
    return [file for folder in folders for file in folder.rglob("*.class")]


def test_nothing_newer_than_android_9_is_called_but_behind_a_guard():
    """`NEWER` stands behind SDK_INT in the sources; the tests at API 28 run both sides."""
    target = ROOT / "android_demo/ci/app/target"
    (jar,) = (target / "robolectric").glob("android-all-instrumented-9-*.jar")
    library = class_files.Library(str(jar))
    found = {
        f"{member.owner}.{member.name}"
        for file in class_files_of_the_app()
        for member in class_files.references(file.read_bytes())
        if member.owner.startswith("android/") and not library.declares(member)
    }
    assert found - INHERITED == NEWER


def test_buffers_are_rewound_as_android_9_knows_it():
    """Compiled against Android 16, `ByteBuffer.rewind()` returns a ByteBuffer, which is newer."""
    for file in class_files_of_the_app():
        for owner, name, types in class_files.references(file.read_bytes()):
            newer = re.fullmatch(r"java/nio/\w+Buffer", owner) and types.endswith(f"L{owner};")
            assert not (newer and name in BUFFER_METHODS), f"{file.name}: {owner}.{name}"


def test_small_without_models(entries):
    models = [e for name, (e, _) in entries.items() if name.startswith("assets/model/")]
    assert APK.stat().st_size - sum(e.compress_size for e in models) <= MODEL_FREE_LIMIT


def test_whole_models_are_taken():
    assert builder("check", models=pathlib.Path(os.environ["ANDROID_MODELS"])).returncode == 0


@pytest.mark.parametrize("damage", ["checksum", "missing", "none", "example"])
def test_models_that_are_not_whole_are_refused(tmp_path, damage):
    """By a sentence and exit status 2; it is the first step of the build."""
    models = shutil.copytree(os.environ["ANDROID_MODELS"], tmp_path / "models")
    manifest = json.loads((models / "manifest.json").read_text())
    name = manifest["variants"]["float32"]["encoder"]
    if damage == "checksum":
        content = bytearray((models / name).read_bytes())
        content[len(content) // 2] ^= 1
        (models / name).write_bytes(content)
    elif damage == "missing":
        (models / name).unlink()
    elif damage == "example":
        manifest["examples"] = [{"file": "not_there.png", "role": "look"}]
        (models / "manifest.json").write_text(json.dumps(manifest))
    else:
        (models / "manifest.json").unlink()
    run = builder("check", models=models)
    said = run.stdout + run.stderr
    assert run.returncode == 2, said
    sentence = {
        "checksum": f"The checksum of {name} is not the manifest's",
        "missing": f"{name} is missing",
        "example": "not_there.png is missing",
        "none": "There is no manifest.json in the folder",
    }
    assert sentence[damage] in said, said
    assert "Exception" not in said, said
