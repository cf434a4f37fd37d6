"""Imports run one way: every room may use only the rooms below it."""

import ast
import pathlib

import pytest

ROOT = pathlib.Path(__file__).parent.parent
PACKAGE = ROOT / "tunit_tf"

# What each module may import from this project; a package stands for all of its modules.
ALLOWED = {
    "networks.sizes": set(),
    "distribution": set(),
    "health": set(),
    "run_lock": {"config"},
    "workers": {"config"},
    "files": set(),
    "signals": set(),
    "losses": set(),
    "key_queue": set(),
    "ema": set(),
    "optimizers": set(),
    "batch": set(),
    "config": {"networks.sizes"},
    "images": {"files"},
    "value_range": set(),
    "networks.layers": {"distribution"},
    "networks": {"networks", "distribution"},
    "state": {"config", "networks", "ema", "key_queue", "optimizers"},
    "steps": {"state", "losses", "ema", "batch", "config", "distribution"},
    "accumulation": {"batch", "config", "distribution", "state", "steps"},
    "phases": {"accumulation", "config", "state", "steps"},
    "data.image_set": set(),
    "data.afhq": set(),
    "data": {"data", "config", "images", "value_range", "files", "batch"},
    "metrics": set(),
    "metrics.features": {"config", "files"},
    "plots": set(),
    "run_folder": {"config", "files", "images", "networks", "state"},
    "pytorch_file": {"config"},
    "official_names": {"networks"},
    "official_checkpoint": {
        "config", "files", "networks", "official_names", "pytorch_file", "run_folder", "state",
    },
    "import_official": {"cli", "config", "official_checkpoint"},
    "translator": {
        "config", "data.image_set", "images", "networks", "run_folder", "state", "value_range",
    },
    "domain_styles": {"config", "data", "files", "translator"},
    "validation": {"data", "metrics", "translator"},
    "samples": {"data", "domain_styles", "images", "translator"},
    "progress": {"config"},
    "trainer": {
        "config", "data", "domain_styles", "health", "phases", "progress", "run_folder", "run_lock",
        "samples", "signals", "state", "translator", "validation", "workers",
    },
    "picture_files": {"config", "files", "images"},
    "translation": {"config", "domain_styles", "images", "picture_files", "translator"},
    "quality": {"config", "data.image_set", "metrics", "translator"},
    "drawings": {"data.image_set", "images", "plots", "samples", "translator"},
    "evaluation": {
        "config", "data", "domain_styles", "drawings", "metrics", "plots", "quality", "translator",
        "validation",
    },
    "comparison": {"evaluation", "plots", "run_folder"},
    "report": {"drawings", "evaluation", "files", "images"},
    "beam_translation": {"config", "images"},
    "translate_beam": {"beam_translation", "config"},
    "cli": {"config"},
    "train": {"cli", "config", "trainer"},
    "translate": {"cli", "images", "translation", "translator"},
    "evaluate": {
        "cli", "comparison", "config", "data.sources", "drawings", "evaluation",
        "metrics.features", "report", "translator",
    },
}  # fmt: skip

# The same for export/: rooms of tunit_tf, and of its own.
EXPORT_ALLOWED = {
    "serving.c_api": set(),
    "serving.stand_in": {"export.serving.c_api"},
    "manifest": {"config", "domain_styles", "translator"},
    "signatures": {"images", "translator", "value_range"},
    "warmup": {"images"},
    "versions": {
        "export.manifest", "export.signatures", "export.warmup", "config", "files", "translator",
    },
    "differences": {"export.serving.c_api", "data.synthetic", "images", "translator"},
    "serving.clients": {"config", "images"},
    "saved_model": {
        "export.signatures", "export.versions", "export.warmup", "cli", "config", "translator",
    },
    "compare": {
        "export.differences", "export.serving.c_api", "cli", "config", "files", "translator",
    },
    "mobile.flatbuffer": set(),
    "mobile.layers": set(),
    "mobile.networks": {"export.mobile.layers", "networks"},
    "mobile.conversion": {"export.mobile.flatbuffer", "translator"},
    "mobile.quantization": {"export.mobile.flatbuffer"},
    "mobile.metadata": {"export.mobile.flatbuffer"},
    "mobile.runtime": {"images"},
    "mobile.quality": {"export.mobile.runtime", "images", "translator"},
    "mobile.folder": {
        "export.manifest", "export.mobile", "config", "data", "files", "images", "plots",
        "translator",
    },
    "mobile.op_profile": {"export.mobile.flatbuffer"},
    "mobile.timing": {"export.mobile.runtime"},
    "mobile.comparison": {
        "export.mobile.conversion", "export.mobile.timing", "state", "translator",
    },
    "tflite": {
        "export.mobile.folder", "export.mobile.quantization", "cli", "config", "translator",
    },
    "benchmark": {
        "export.mobile.comparison", "export.mobile.conversion", "export.mobile.folder",
        "export.mobile.op_profile", "cli", "config", "files", "translator",
    },
    "run_tflite": {"export.mobile.runtime", "files", "images"},
    "client": {"export.serving.clients", "cli", "config", "picture_files"},
}  # fmt: skip

MODULES = sorted(PACKAGE.rglob("*.py"))
EXPORT_MODULES = sorted(p for p in (ROOT / "export").rglob("*.py") if p.name != "__init__.py")


def name_of(path):
    return ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix(".__init__")


def is_below(module, rooms):
    """Whether a module is one of `rooms`, or inside of one."""
    return any(module == room or module.startswith(room + ".") for room in rooms)


def imported(path):
    """Modules of this project that a file imports."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in names:
            if name.startswith(("tunit_tf.", "export.")):
                module = name
                while not (
                    (ROOT / module.replace(".", "/")).is_dir()
                    or (ROOT / (module.replace(".", "/") + ".py")).exists()
                ):
                    module = module.rpartition(".")[0]
                yield module.removeprefix("tunit_tf.")


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_room_uses_only_rooms_below_it(path):
    module = name_of(path)
    if module == "__init__":
        assert not list(imported(path))
        return
    room = max((r for r in ALLOWED if is_below(module, [r])), key=len, default=None)
    assert room, f"{module} has no place in the order; add it to ALLOWED"
    wrong = [m for m in imported(path) if not is_below(m, ALLOWED[room])]
    assert not wrong, f"{module} must not import {', '.join(wrong)}"


@pytest.mark.parametrize("path", EXPORT_MODULES, ids=lambda path: path.stem)
def test_exports_use_only_what_they_may(path):
    module = ".".join(path.relative_to(ROOT / "export").with_suffix("").parts)
    wrong = [m for m in imported(path) if not is_below(m, EXPORT_ALLOWED[module])]
    assert not wrong, f"export.{module} must not import {', '.join(wrong)}"
