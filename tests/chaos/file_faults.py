"""File and disk faults injected into runs of tiny networks; as `faults.py`."""

import json
import os
import pathlib
import shutil
import signal
from collections.abc import Callable
from typing import Any

import numpy as np
from PIL import Image

from tests.chaos import small_disk, user_files
from tests.chaos.faults import steps_trained
from tests.chaos.observation import Observation
from tests.chaos.tiny_runs import SECONDS, Run, same, step_of, wait, whole_run
from tunit_tf.data import synthetic
from tunit_tf.io.output_folder import MARKER

DAMAGES: dict[str, Callable[[Run], object]] = {
    "newest checkpoint cut in half": lambda run: cut(run.newest_data),
    "newest checkpoint with flipped bytes": lambda run: flip(run.newest_data),
    "its index emptied": lambda run: run.checkpoints[-1].with_suffix(".index").write_bytes(b""),
    "its data lost": lambda run: run.newest_data.unlink(),
    "TensorFlow's list of checkpoints of another run": lambda run: (
        run.folder / "checkpoints" / "checkpoint"
    ).write_text('model_checkpoint_path: "/elsewhere/checkpoints/ckpt-8"\n'),
    "lines of metrics.jsonl overwritten": lambda run: (run.folder / "metrics.jsonl").write_bytes(
        b"[]\n\xff\x00\n" + (run.folder / "metrics.jsonl").read_bytes()
    ),
    "config.json lost": lambda run: (run.folder / "config.json").unlink(),
    "split.json with an image in both parts": lambda run: repeat_image(run.folder / "split.json"),
    "config.json emptied": lambda run: (run.folder / "config.json").write_bytes(b""),
}
LIST = pathlib.Path("checkpoints") / "checkpoint"  # TensorFlow's
# Of what the commands that read a run may come across.
DAMAGES_FOR_READERS: dict[str, Callable[[Run], object]] = {
    "a list of checkpoints with a relative name": lambda run: (run.folder / LIST).write_text(
        f'model_checkpoint_path: "{run.checkpoints[0].name}"\n'
    ),
    "a list of checkpoints of another run": lambda run: (run.folder / LIST).write_text(
        'model_checkpoint_path: "/elsewhere/checkpoints/ckpt-8"\n'
    ),
    "a binary list of checkpoints": lambda run: (run.folder / LIST).write_bytes(b"\0\xff" * 500),
    "no list of checkpoints": lambda run: (run.folder / LIST).unlink(missing_ok=True),
    "styles of domains that are not numbers": lambda run: without_numbers(run.folder),
}
# Of a run that has a best checkpoint: there is none before the joint phase.
DAMAGES_BESIDE_THE_BEST: dict[str, Callable[[Run], object]] = {
    "all checkpoints lost but the best": lambda run: shutil.rmtree(run.folder / "checkpoints"),
}


def damaged(folder: pathlib.Path, damage: str, **settings: Any) -> Observation:
    """A file of a finished run is damaged, and the run resumed."""
    whole, run = whole_run(folder, **settings), Run(folder / "damaged", settings)
    shutil.rmtree(run.folder, ignore_errors=True)
    shutil.copytree(whole.folder, run.folder)
    {**DAMAGES, **DAMAGES_BESIDE_THE_BEST}[damage](run)
    done = run.finish()
    total = step_of(whole.checkpoints[-1])
    resumed_at = (total - steps_trained(done.stdout),) if done.returncode == 0 else ()
    return Observation(
        "Damaged file", damage, 1, done.returncode, done.stdout + done.stderr, resumed_at, total,
        same(run, whole),
    )  # fmt: skip


def read_with(folder: pathlib.Path, damage: str, **settings: Any) -> Observation:
    """A run is moved, a file of it is damaged, and pictures are translated with it."""
    whole, run = whole_run(folder, **settings), Run(folder / "moved" / "run", settings)
    shutil.rmtree(run.folder, ignore_errors=True)
    shutil.copytree(whole.folder, run.folder)
    with np.load(whole.folder / "domain_styles.npz") as styles:
        flags = {"source": whole.folder / "samples", "domain": int(styles["counts"].argmax())}
    if not flags["source"].exists():  # a run without a joint phase has none
        flags["source"] = user_files.pictures(folder / "to_translate", "one.png", "two.png")
    DAMAGES_FOR_READERS[damage](run)
    before = sorted(path.name for path in (run.folder / "checkpoints").iterdir())
    outputs = [folder / f"read_{place}_{damage}" for place in ("whole", "moved")]
    done = [
        user_files.command("tunit_tf.translate", run_dir=one.folder, output=output, **flags)
        for one, output in zip((whole, run), outputs, strict=True)
    ]
    first, second = ([c for _, c in sorted(user_files.contents(o).items())] for o in outputs)
    return Observation(
        "Damaged file", f"{damage}, in a moved run that is read", 1, done[1].returncode,
        user_files.printed(*done),
        facts={
            "the translations of the whole run": bool(first) and first == second,
            "checkpoints as before":
                before == sorted(path.name for path in (run.folder / "checkpoints").iterdir()),
        },
    )  # fmt: skip


def without_numbers(folder: pathlib.Path) -> None:
    """Replaces every number in the styles of a run's domains by NaN."""
    path = folder / "domain_styles.npz"
    with np.load(path) as styles:
        arrays = dict(styles)
    floats = {name: a for name, a in arrays.items() if np.issubdtype(a.dtype, np.floating)}
    np.savez(path, **arrays | {name: np.full_like(a, np.nan) for name, a in floats.items()})


def repeat_image(path: pathlib.Path) -> None:
    """Trains on the first of the images that are held out."""
    record = json.loads(path.read_text())
    record["train"].append(record["validation"][0])
    path.write_text(json.dumps(record))


def renamed(folder: pathlib.Path, name: str, **settings: Any) -> Observation:
    """A run folder gets another name, and goes on there from its second checkpoint."""
    whole = whole_run(folder, **settings)
    run = Run(folder / name, settings)
    shutil.copytree(whole.folder, run.folder)
    for index in [path.with_suffix(".index") for path in run.checkpoints[1:]]:
        index.unlink()
    shutil.rmtree(run.folder / "best", ignore_errors=True)
    began = step_of(run.checkpoints[-1])
    done = run.finish()
    return Observation(
        "Another name", f"a run folder is named `{name}`", 1, done.returncode,
        done.stdout + done.stderr, (began,), step_of(run.checkpoints[-1]), same(run, whole),
        {"broken": sum(1 for _ in run.folder.rglob("broken-*"))},
    )  # fmt: skip


def other_networks(folder: pathlib.Path, **settings: Any) -> Observation:
    """Wider networks are asked for, with config.json there, lost, and lost from the mark too."""
    whole, outputs, changed = whole_run(folder, **settings), [], 0
    for case in ("kept", "lost", "forgotten"):
        run = Run(folder / f"wider_{case}", {**settings, "base_channels": 8})
        shutil.copytree(whole.folder, run.folder)
        if case != "kept":
            (run.folder / "config.json").unlink()
        if case == "forgotten":
            (run.folder / MARKER).write_text('{"written_by": "tunit_tf.train"}\n')
        before = {p: p.read_bytes() for p in (run.folder / "checkpoints").iterdir()}
        outputs.append(run.finish())
        changed += sum(not p.exists() or p.read_bytes() != was for p, was in before.items())
    return Observation(
        "Other networks", "`--base_channels` of a run is changed", len(outputs),
        min(done.returncode for done in outputs), "".join(d.stdout + d.stderr for d in outputs),
        facts={"checkpoints changed": changed},
    )  # fmt: skip


def cut(path: pathlib.Path) -> None:
    """Leaves the first half of a file."""
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def flip(path: pathlib.Path) -> None:
    """Inverts every 997th byte of a file."""
    content = bytearray(path.read_bytes())
    for place in range(0, len(content), 997):
        content[place] ^= 255
    path.write_bytes(content)


def disk_full(folder: pathlib.Path, halt: bool, **settings: Any) -> Observation:
    """No file may grow beyond half a checkpoint, as on a full disk."""
    whole = whole_run(folder, **settings)
    flag = {"halt_on_failed_save": str(halt).lower()}
    run = Run(folder / ("full_halt" if halt else "full_goes_on"), {**settings, **flag})
    shutil.copytree(whole.folder, run.folder)
    for checkpoint in run.checkpoints[1:]:  # as a run that was stopped at the oldest of them
        for path in checkpoint.parent.glob(f"{checkpoint.name}.*"):
            path.unlink()
    before = [path.name for path in run.checkpoints]
    done = run.finish(file_limit=run.newest_data.stat().st_size // 2)
    facts = {
        "older checkpoints intact": [path.name for path in run.checkpoints] == before,
        "unfinished files": len(run.unfinished),
        "went on": "The run goes on" in done.stderr,
    }
    run.finish()
    how = f"files limited in size, --halt_on_failed_save={flag['halt_on_failed_save']}"
    return Observation(
        "Full disk", how, 1, done.returncode, done.stdout + done.stderr,
        same_end=same(run, whole), facts=facts,
    )  # fmt: skip


def disk_full_at_the_start(folder: pathlib.Path, **settings: Any) -> Observation:
    """Not even config.json can be written."""
    disk = folder / "full_start"
    with small_disk.mounted(disk, 8) as is_disk:
        run = Run(disk / "run", settings)
        if is_disk:
            small_disk.fill(disk)
        done = run.finish(file_limit=None if is_disk else 1500)
        left = files_below(run.folder)
    return Observation(
        "Full disk", f"at the first start, {_how_full(is_disk)}", 1, done.returncode,
        done.stdout + done.stderr, facts={"files left behind": left},
    )  # fmt: skip


def disk_full_after_the_end(folder: pathlib.Path, **settings: Any) -> Observation:
    """A finished run is started again where nothing can be written any more."""
    whole = whole_run(folder, **settings)
    size = sum(path.stat().st_size // 4096 + 1 for path in whole.folder.rglob("*")) * 4
    with small_disk.mounted(folder / "full_end", size + 64) as is_disk:
        run = Run(folder / "full_end" / "run", settings)
        shutil.copytree(whole.folder, run.folder)
        # A line of the mark may be cut: it is added, and left out by who reads it.
        before = user_files.contents(run.folder)
        if is_disk:
            small_disk.fill(folder / "full_end")
        done = run.finish(file_limit=None if is_disk else 1500)
        changed = user_files.lost(before)
        is_same = same(run, whole)
    return Observation(
        "Full disk", f"a finished run started again, {_how_full(is_disk)}", 1, done.returncode,
        done.stdout + done.stderr, same_end=is_same, facts={"files changed": changed},
    )  # fmt: skip


def _how_full(is_disk: bool) -> str:
    return "a disk full to the last byte" if is_disk else "files limited to 1,500 bytes"


def files_below(folder: pathlib.Path) -> int:
    """Number of files below a folder, 0 if there is none."""
    return sum(path.is_file() for path in folder.rglob("*"))


def first_start_fails(folder: pathlib.Path, **settings: Any) -> Observation:
    """A first start fails on a setting; the command is corrected."""
    run = Run(folder / "corrected", settings)
    wrong = {"temperature": 1e-30, "weight_contrastive": 1e10}
    failed = Run(run.folder, {**settings, **wrong}).finish()
    done = run.finish()
    return Observation(
        "A first start fails",
        "on --temperature=1e-30 --weight_contrastive=1e10, then corrected", 1, done.returncode,
        done.stdout + done.stderr, facts={"exit code of the first": failed.returncode},
    )  # fmt: skip


def small_cache(folder: pathlib.Path, **settings: Any) -> Observation:
    """The cache of decoded images does not fit on its file system."""
    images, _, _ = broken_folder(folder / "images_small_cache", 100, 0.0)
    cache = folder / "small_cache"
    with small_disk.mounted(cache, 40) as is_disk:
        run = Run(folder / "no_cache", {**settings, "data": images, "cache_dir": cache})
        done = run.finish(file_limit=None if is_disk else 40_000)
        left = sum(1 for _ in cache.glob("*"))
    kind = "on a disk of 40 kB" if is_disk else "files limited in size"
    return Observation(
        "Full disk", f"the cache of decoded images, {kind}", 1, done.returncode,
        done.stdout + done.stderr, facts={"left behind": left},
    )  # fmt: skip


def stopped_while_decoding(folder: pathlib.Path, **settings: Any) -> Observation:
    """SIGTERM as soon as a set of large pictures is being decoded."""
    images, cache = folder / "large", folder / "cache_of_large"
    images.mkdir()
    noise = np.random.default_rng(0).integers(0, 256, (2000, 2000, 3), np.uint8)
    Image.fromarray(noise).save(images / "0.jpg")
    for i in range(1, 400):
        os.link(images / "0.jpg", images / f"{i}.jpg")
    run = Run(folder / "decoding", {**settings, "data": images, "cache_dir": cache})
    process = run.start()
    is_decoding = wait(process, lambda: bool(list(cache.glob(".decoding-*/*"))), pause=0.001)
    process.send_signal(signal.SIGTERM)
    done = process.communicate(SECONDS)
    return Observation(
        "SIGTERM", "while a set of images is decoded", 1, done.returncode,
        done.stdout + done.stderr,
        facts={"it was decoding": is_decoding, "left behind": sum(1 for _ in cache.glob("*"))},
    )  # fmt: skip


def images_changed(folder: pathlib.Path, **settings: Any) -> Observation:
    """An image is added and another removed between two starts of a run."""
    images, _, _ = broken_folder(folder / "images_changed", 100, 0.0)
    run = Run(folder / "changed", {**settings, "data": images, "cache_dir": folder / "cache"})
    process = run.start()
    wait(process, lambda: len(run.logged) > 0)
    process.send_signal(signal.SIGTERM)
    process.communicate(SECONDS)
    before = run.split
    (images / "050.png").rename(images / "new.png")
    done = run.finish()
    now = run.split
    return Observation(
        "Images changed", "one added, one removed, then resumed", 1, done.returncode,
        done.stdout + done.stderr,
        facts={
            "held-out images trained on": len(before["validation"] & now["train"]),
            "training images held out": len(before["train"] & now["validation"]),
        },
    )  # fmt: skip


def bad_data(folder: pathlib.Path, share: float, **settings: Any) -> Observation:
    """A share of the files of a folder is broken in one of six ways; then the folder vanishes."""
    images, count, broken = broken_folder(folder / f"images_{share:g}", 100, share)
    of_images = {"data": images, "cache_dir": folder / "cache"}
    run = Run(folder / f"bad_data_{share:g}", {**settings, **of_images})
    process = run.start()
    if wait(process, lambda: len(run.logged) > 0):
        shutil.rmtree(images)
    done = process.communicate(SECONDS)
    return Observation(
        "Broken files", f"{share:.0%} of a folder, deleted as soon as the run trains", broken,
        done.returncode, done.stdout + done.stderr,
        facts={"counted": f"{broken} unreadable of {count} images" in done.stderr},
    )  # fmt: skip


def broken_folder(images: pathlib.Path, count: int, share: float) -> tuple[pathlib.Path, int, int]:
    """A folder of PNG files, some broken; returns it, how many there are, how many are broken."""
    images.mkdir(parents=True)
    pixels = synthetic.generate(count, 48, 3).pixels()
    broken = round(share * count)
    bomb = Image.new("1", (30_000, 30_000))
    for i, square in enumerate(pixels):
        path = images / f"{i:03d}.png"
        Image.fromarray(square).save(path)
        content = path.read_bytes()
        if i < broken:
            kind = i % 6
            if kind == 4:
                bomb.save(path)
            elif kind == 5:
                path.unlink()
                path.symlink_to(images / "vanished")
            else:
                damaged_content = [
                    b"",
                    content[: len(content) // 2],
                    b"a text file",
                    b"\x89PNG" + content[:40],
                ]
                path.write_bytes(damaged_content[kind])
    # Dangling links are not files, and so not even listed.
    dangling = sum(path.is_symlink() for path in images.iterdir())
    return images, count - dangling, broken - dangling
