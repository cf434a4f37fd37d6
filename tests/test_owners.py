"""What touches a user's files has one owner: no other module does it by itself."""

import ast

import pytest

from tests.commands import ROOT

# {call: files that have it}. All but the first of a line work inside of what that one gave them.
OWNERS = {
    "expanduser": ("tunit_tf/paths.py",),
    # Frames of an animation; whether an answer of a server is a whole PNG file.
    "Image.open": (
        "tunit_tf/io/pixels.py", "tunit_tf/inference/animation.py", "export/serving/clients.py",
    ),
    "getexif": ("tunit_tf/io/pixels.py",),
    "exif_transpose": (),
    "gettempdir": (),
    "os.makedirs": (),
    # Run folders, which training fills for hours; the others are in temporary folders.
    "mkdir": (
        "tunit_tf/io/output_folder.py", "tunit_tf/io/files.py",
        "tunit_tf/inference/run_folder.py", "tunit_tf/training/checkpoints.py",
        "export/mobile/timing.py", "export/serving/versions.py",
    ),
    # Outdated and unfinished checkpoints.
    "rmtree": ("tunit_tf/io/files.py", "tunit_tf/training/checkpoints.py"),
    # The lock of a run; outdated checkpoints; a cache that is made again.
    "unlink": (
        "tunit_tf/io/files.py", "tunit_tf/io/output_folder.py", "tunit_tf/inference/run_folder.py",
        "tunit_tf/training/checkpoints.py", "tunit_tf/data/cache.py",
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def calls():
    """{call as it is written: files that have it}."""
    found = {}
    for top in ("tunit_tf", "export"):
        for path in (ROOT / top).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call):
                    file = path.relative_to(ROOT).as_posix()
                    found.setdefault(ast.unparse(node.func), set()).add(file)
    return found


@pytest.mark.parametrize("call", OWNERS)
def test_only_the_owners_call_it(calls, call):
    files = [where for name, where in calls.items() if f".{name}".endswith(f".{call}")]
    assert set().union(*files) == set(OWNERS[call])
