"""Commands beside files of the user, which must stay as they are; as `faults.py`."""

import pathlib
import shutil
import subprocess
from typing import Any

import numpy as np
from PIL import Image

from tests.chaos.forked import Forked
from tests.chaos.observation import Observation
from tests.chaos.tiny_runs import SECONDS, Run, whole_run
from tests.io.written_files import write_parts
from tests.official import tiny_checkpoint
from tunit_tf.data import synthetic
from tunit_tf.inference import run_folder
from tunit_tf.io.output_folder import MARKER

# An unset shell variable makes these of `--output=$FOLDER`: the current folder.
EMPTY_FLAGS = (
    ("tunit_tf.train", "run_dir"),
    ("tunit_tf.train", "cache_dir"),
    ("tunit_tf.import_official", "run_dir"),
    ("tunit_tf.evaluate", "run_dir"),
    ("tunit_tf.translate", "run_dir"),
    ("tunit_tf.translate", "output"),
    ("export.tflite", "output"),
    ("export.saved_model", "output"),
    ("export.benchmark", "models"),
    ("export.compare", "run_dir"),
    ("export.compare", "model"),
)


# What commands write, and what a foreign record of theirs may list.
NAMES = (
    ".hidden", "README.md", "benchmark.md", "checkpoints/checkpoint", "checkpoints/ckpt-100.index",
    "checkpoints/ckpt-100.data-00000-of-00001", "config.json", "domain_styles.npz",
    "figures/curves.png", "figures/holiday.png", "grid.png", "index.html", "manifest.json",
    "metrics.json", "metrics.jsonl", "scores.json", "split.json",
)  # fmt: skip
LISTING = b'{"figures": ["holiday.png"], "files": {"README.md": {}}}\n'
WRITERS = {
    "tunit_tf.train": ("--data=synthetic", "--run_dir={mine}"),
    "tunit_tf.import_official": ("--checkpoint={mine}/manifest.json", "--run_dir={mine}"),
    "tunit_tf.suggest_domains": ("--data=synthetic", "--overwrite", "--output={mine}"),
    "tunit_tf.evaluate": ("--run_dir={run}", "--features=random_conv64", "--report_dir={mine}"),
    "tunit_tf.translate": (
        "--run_dir={run}", "--source={pictures}", "--domain=0", "--grid", "--overwrite",
        "--output={mine}",
    ),
    "export.tflite": ("--run_dir={run}", "--output={mine}"),
    "export.onnx": ("--run_dir={run}", "--output={mine}"),
    "export.weights": ("--run_dir={run}", "--output={mine}"),
    "export.saved_model": ("--run_dir={run}", "--output={mine}"),
}  # fmt: skip


def filled(folder: pathlib.Path) -> pathlib.Path:
    """A folder of the user, with the names of everything that commands write, and a linked lock."""
    for name in NAMES:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(LISTING)
    precious = folder.with_name("precious")
    precious.write_text("of the user")
    (folder / "lock").symlink_to(precious)
    return folder


def folders_of_others(folder: pathlib.Path, **settings: Any) -> Observation:
    """Every command that writes a folder writes into one that is full of files of its names."""
    run = whole_run(folder, **settings)
    mine = filled(folder / "full" / "mine")
    named = {"mine": mine, "run": run.folder, "pictures": pictures(folder / "few", "a.png")}
    before = contents(mine.parent)
    done = [
        Forked(module, [flag.format(**named) for flag in flags]).communicate(SECONDS)
        for module, flags in WRITERS.items()
    ]
    refused = sum(d.returncode == 2 and "did not write, the first is" in d.stderr for d in done)
    return Observation(
        "Files of the user", "a full folder as the output of every command", len(done),
        max(d.returncode for d in done), printed(*done),
        facts={"refused": refused, "files lost": lost(before)},
    )  # fmt: skip


def exported_beside_them(folder: pathlib.Path, **settings: Any) -> Observation:
    """An export through a link, then another one into that folder, which now holds more."""
    run = whole_run(folder, **settings)
    target, link = folder / "exports", folder / "link"
    target.mkdir()
    link.symlink_to(target)
    flags = {"run_dir": run.folder, "output": link, "variants": "float32", "quality_images": 2}
    first = command("export.tflite", **flags)
    pictures(link / "photos", "one.png", "two.png")
    (link / "precious.txt").write_text("of the user")
    before = contents(link)
    second = command("export.tflite", **flags)
    return Observation(
        "Files of the user", "in the folder of `export.tflite`, a link", 2, second.returncode,
        printed(first, second),
        facts={
            "exit code of the first export": first.returncode,
            "the link is one": link.is_symlink(),
            "files lost": lost(before),
        },
    )  # fmt: skip


def again_beside_them(folder: pathlib.Path, **settings: Any) -> Observation:
    """Commands that replace their folder as a whole write it again, after the user added files."""
    run = whole_run(folder, **settings)
    networks = tiny_checkpoint.networks(run_folder.saved_config(run.folder))
    official = write_parts(folder / "official.ckpt", networks)
    images = pictures(folder / "to_group", *(f"{i}.png" for i in range(20)))
    commands: dict[str, dict[str, Any]] = {
        "tunit_tf.suggest_domains": {
            "data": images, "cache_dir": folder / "cache", "overwrite": "true",
        },
        "tunit_tf.import_official": {"checkpoint": official},
        "export.onnx": {"run_dir": run.folder},
        "export.weights": {"run_dir": run.folder},
    }  # fmt: skip
    done, before = [], {}
    for number, (module, flags) in enumerate(commands.items()):
        output = folder / f"again_{number}"
        flags |= {"run_dir" if module == "tunit_tf.import_official" else "output": output}
        first = command(module, **flags)
        pictures(output / "photos", "one.png")
        before |= contents(output)
        done.append((first, command(module, **flags)))
    return Observation(
        "Files of the user", f"added to folders of {len(done)} commands, which are run again",
        len(done), max(second.returncode for _, second in done), printed(*sum(done, ())),
        facts={
            "first runs that succeeded": sum(first.returncode == 0 for first, _ in done),
            "second ones refused": sum(second.returncode == 2 for _, second in done),
            "files lost": lost(before),
        },
    )  # fmt: skip


def single_files_of_others(folder: pathlib.Path, **settings: Any) -> Observation:
    """The name of a file that a command writes is that of a file of the user, or a dead link."""
    run = copy_of_whole_run(folder, "single", **settings)
    sources = pictures(folder / "single_sources", "one.png")
    masks = pictures(folder / "single_masks", "one.png")
    pair, served, links = (folder / f"single_{name}" for name in ("pair", "served", "links"))
    of_run = {"run_dir": run.folder}
    translate = {**of_run, "source": sources, "reference": sources / "one.png"}
    first = [
        command("export.tflite", **of_run, output=pair, variants="float32", quality_images=2),
        command("export.saved_model", **of_run, output=served),
        command("tunit_tf.translate", **translate, output=links),
    ]
    (links / "one.png").unlink()
    (links / "one.png").symlink_to(folder / "gone.png")
    (run.folder / "comparison.md").write_text("of the user")
    before = contents(run.folder) | contents(sources) | contents(masks)
    networks = {part: pair / f"{part}_float32.tflite" for part in ("encoder", "generator")}
    pictured = {"source": sources / "one.png", "reference": sources / "one.png"}
    over = {**translate, "overwrite": "true"}
    done = [
        command("export.run_tflite", **networks, **pictured, output=masks / "one.png"),
        command("export.compare", **of_run, model=served / "1"),
        command("tunit_tf.translate", **translate, output=links),
        command("tunit_tf.translate", **over, output=links),
        command("tunit_tf.translate", **over, mask=masks, output=masks),
    ]
    return Observation(
        "Files of the user", "that have the name of a result, or a link that leads nowhere",
        len(done), max(d.returncode for d in done), printed(*first, *done),
        facts={
            "first runs that succeeded": sum(d.returncode == 0 for d in first),
            "refused": sum(d.returncode == 2 for d in done),
            "files lost": lost(before) + (not (links / "one.png").is_symlink()),
        },
    )  # fmt: skip


def styles_of_other_images(folder: pathlib.Path, **settings: Any) -> Observation:
    """`translate --domain` of a finished run, with --data of other images in between."""
    run = copy_of_whole_run(folder, "styles", **settings)
    recorded = run.folder / "domain_styles.npz"
    before = contents(run.folder)
    with np.load(recorded) as styles:
        domain = int(styles["counts"].argmax())
    # The same kind of images, so that none of the domains in use is empty.
    other = pictures(folder / "other", *(f"{i}.png" for i in range(40)))
    flags = {"run_dir": run.folder, "source": other, "domain": domain, "batch_size": 8}
    outputs = [folder / f"with_{name}" for name in ("own", "other", "own_again")]
    done = [
        command("tunit_tf.translate", **flags, output=output, **data)
        for output, data in zip(outputs, ({}, {"data": other}, {}), strict=True)
    ]
    own, others, again = ([c for _, c in sorted(contents(output).items())] for output in outputs)
    return Observation(
        "Styles of other images", "`translate --domain --data=OTHER` of a finished run", 1,
        done[-1].returncode, printed(*done),
        facts={
            "files of the run changed": lost(before),
            "translations of other styles": own != others and len(own) == len(others),
            "the run's own as before": own == again,
        },
    )  # fmt: skip


def names_alike(folder: pathlib.Path, **settings: Any) -> Observation:
    """Sources and references whose results would have the same name."""
    run = whole_run(folder, **settings)
    sources = pictures(folder / "alike", "cat.jpg", "cat.png", "cat_jpg.png")
    references = pictures(folder / "looks_alike", "a/b.png", "a_b.png")
    flags = {"run_dir": run.folder, "source": sources, "reference": references}
    output = folder / "translated_alike"
    done = command("tunit_tf.translate", **flags, output=output)
    said = int(done.stdout.split("Wrote ")[1].split()[0]) if "Wrote " in done.stdout else 0
    return Observation(
        "Names that are alike", "`translate` of 3 sources into 2 looks", 1, done.returncode,
        printed(done), facts={"files reported": said, "files written": len(contents(output))},
    )  # fmt: skip


def originals_as_output(folder: pathlib.Path, **settings: Any) -> Observation:
    """The folder of the sources is also that of the results."""
    run = whole_run(folder, **settings)
    sources = pictures(folder / "originals", "one.png", "two.png")
    before = contents(sources)
    flags = {"run_dir": run.folder, "source": sources, "reference": sources / "one.png"}
    done = command("tunit_tf.translate", **flags, output=sources, overwrite="true")
    return Observation(
        "Originals", "`translate --source=F --output=F --overwrite`", 1, done.returncode,
        printed(done), facts={"originals lost": lost(before)},
    )  # fmt: skip


def empty_names(folder: pathlib.Path, **settings: Any) -> Observation:
    """`--output=` and `--run_dir=` of every command that has them."""
    run = whole_run(folder, **settings)
    version = folder / "no_model"
    version.mkdir()
    (version / "saved_model.pb").touch()
    known = {
        # More than there are images: none of it may train, whatever it is started with.
        "tunit_tf.train": {"data": "synthetic", "batch_size": 4000, "warmup_steps": 0},
        "tunit_tf.translate": {"run_dir": run.folder, "source": version, "domain": 0},
        "export.tflite": {"run_dir": run.folder},
        "export.saved_model": {"run_dir": run.folder},
        "export.compare": {"model": version},
    }
    done = [command(module, **{**known.get(module, {}), name: ""}) for module, name in EMPTY_FLAGS]
    refused = sum(d.returncode == 2 and "is empty" in d.stderr for d in done)
    return Observation(
        "An unset variable", "`--output=` and `--run_dir=` of all commands", len(done),
        max(d.returncode for d in done), printed(*done), facts={"refused": refused},
    )  # fmt: skip


def report_beside_them(folder: pathlib.Path, **settings: Any) -> Observation:
    """Files of the user in the folder of a report, which is written again."""
    run = whole_run(folder, **settings)
    report = folder / "my_folder"
    flags = {
        "run_dir": run.folder, "report_dir": report, "features": "random_conv64",
        "num_translations": 20, "cache_dir": folder / "cache",
    }  # fmt: skip
    first = command("tunit_tf.evaluate", **flags)
    of_report = contents(report)
    pictures(report / "figures", "holiday.png", "clusters_of_stars.png")
    (report / "notes.txt").write_text("of the user")
    before = {path: path.read_bytes() for path in contents(report) if path not in of_report}
    again = command("tunit_tf.evaluate", **flags)
    (report / "index.html").write_text("edited by the user")
    before[report / "index.html"] = b"edited by the user"
    done = [first, again, command("tunit_tf.evaluate", **flags)]
    return Observation(
        "Files of the user", "in the folder of `evaluate --report_dir`, then a page edited", 3,
        done[-1].returncode, printed(*done),
        facts={"exit code before the edit": again.returncode, "files lost": lost(before)},
    )  # fmt: skip


def command(module: str, **flags: Any) -> subprocess.CompletedProcess:
    """Runs `python -m MODULE FLAGS` to its end."""
    named = [f"--{name}={value}" for name, value in flags.items()]
    return Forked(module, named).communicate(SECONDS)


def printed(*done: subprocess.CompletedProcess) -> str:
    """What processes printed."""
    return "".join(d.stdout + d.stderr for d in done)


def copy_of_whole_run(folder: pathlib.Path, name: str, **settings: Any) -> Run:
    """A copy of the undisturbed run, to be changed."""
    run = Run(folder / name, settings)
    shutil.rmtree(run.folder, ignore_errors=True)
    shutil.copytree(whole_run(folder, **settings).folder, run.folder)
    return run


def pictures(folder: pathlib.Path, *names: str) -> pathlib.Path:
    """A folder of procedural pictures."""
    squares = synthetic.generate(len(names), 48, 3).pixels()
    for name, square in zip(names, squares, strict=True):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(square).save(folder / name)
    return folder


def contents(folder: pathlib.Path) -> dict[pathlib.Path, bytes]:
    """All files below a folder."""
    found = (path for path in folder.rglob("*") if path.is_file() and path.name != MARKER)
    return {path: path.read_bytes() for path in found}


def lost(before: dict[pathlib.Path, bytes]) -> int:
    """How many of these files are gone or have another content."""
    return sum(not path.is_file() or path.read_bytes() != was for path, was in before.items())
