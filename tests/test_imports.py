"""Imports run one way, and command lines stay thin; `docs/architecture.md` shows the order."""

import ast
import pathlib

import pytest

ROOT = pathlib.Path(__file__).parent.parent
COMMANDS = (
    "train",
    "evaluate",
    "translate",
    "import_official",
    "suggest_domains",
)
EXPORT_COMMANDS = (
    "saved_model", "tflite", "onnx", "weights", "compare", "benchmark", "client", "run_tflite",
    "beam",
)  # fmt: skip

# A part may import itself and the parts of later lines; parts of one line are independent.
ORDER = (
    {"export"},
    {*COMMANDS},
    {"official"},
    {"training"},
    {"evaluation"},
    {"inference"},
    {"data", "metrics"},
    {"networks"},
    {"cli"},
    {"config", "io", "distribution"},
    {"flagfile", "path_flags"},
    {"paths"},
    {"errors", "standard_streams"},
)
RANK = {part: rank for rank, parts in enumerate(ORDER) for part in parts}
MAX_COMMAND_LINES = 100  # of a command line, docstring and flags included
FILES = sorted([*(ROOT / "tunit_tf").rglob("*.py"), *(ROOT / "export").rglob("*.py")])


def part_of(module: str) -> str:
    """`tunit_tf.training.steps` is of the part `training`, all of `export` is one part."""
    names = module.split(".")
    return names[1] if names[0] == "tunit_tf" and len(names) > 1 else names[0]


def module_of(path: pathlib.Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def imported(path: pathlib.Path) -> set[str]:
    """Names of this project that a file imports, as `package.module` or `package.module.name`."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return {name for name in names if name.split(".")[0] in ("tunit_tf", "export")}


@pytest.mark.parametrize("path", FILES, ids=module_of)
def test_a_part_imports_only_itself_and_what_stands_below_it(path):
    module = module_of(path)
    if module == "tunit_tf":  # its one name, Translator, is loaded when it is used
        return
    part = part_of(module)
    assert part in RANK, f"{module} has no place in ORDER"
    for name in imported(path):
        other = part_of(name)
        assert other == part or RANK[other] > RANK[part], f"{module} must not import {name}"


@pytest.mark.parametrize(
    "path",
    [ROOT / "tunit_tf" / f"{name}.py" for name in COMMANDS]
    + [ROOT / "export" / f"{name}.py" for name in EXPORT_COMMANDS],
    ids=module_of,
)
def test_command_lines_are_thin(path):
    assert len(path.read_text().splitlines()) <= MAX_COMMAND_LINES
    nobody_imports = module_of(path)
    assert not [p for p in FILES if p != path and nobody_imports in imported(p)]
