"""Peak memory of evaluating and translating folders of many images.

`python -m benchmarks.evaluation_memory --run_dir=runs/quickstart`
"""

import pathlib
import tempfile

from absl import flags
from PIL import Image

from benchmarks.process import measured
from tunit_tf import cli, path_flags
from tunit_tf.data import synthetic

RUN_DIR = path_flags.define("run_dir", "runs/quickstart", "Folder of a trained run.")
COUNTS = flags.DEFINE_multi_integer("count", [2_000, 20_000], "Sizes of the folders.")

SIZE = 64  # pictures in the folder; the run resizes them
DIFFERENT = 500  # pictures drawn; the others are copies, decoded like any file


def draw_folder(folder: pathlib.Path, count: int) -> None:
    """Fills a folder with class subfolders of PNG files."""
    images = synthetic.generate(DIFFERENT, SIZE, seed=0)
    for i in range(count):
        row = i % DIFFERENT
        path = folder / synthetic.DOMAINS[images.labels[row]] / f"{i:06d}.png"
        path.parent.mkdir(exist_ok=True)
        if i < DIFFERENT:
            Image.fromarray(images.images[row]).save(path)
        else:
            original = f"{row:06d}.png"
            path.write_bytes((path.parent / original).read_bytes())


def main() -> None:
    """Prints time and memory for every number of images."""
    print("| images | evaluate s | peak MB | translate s | peak MB |")
    print("|---|---|---|---|---|")
    for count in COUNTS.value:
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            (folder / "images").mkdir()
            draw_folder(folder / "images", count)
            run = (f"--run_dir={RUN_DIR.value}",)
            evaluate = measured(
                "tunit_tf.evaluate", *run, f"--data={folder / 'images'}",
                f"--cache_dir={folder / 'cache'}", "--features=random_conv64",
                f"--report_dir={folder / 'report'}",
            )  # fmt: skip
            translate = measured(
                "tunit_tf.translate", *run, f"--source={folder / 'images'}",
                f"--reference={folder / 'images' / 'moss'}", "--average_references",
                f"--output={folder / 'translated'}", "--size=model", "--noprogress",
            )  # fmt: skip
        row = [f"{value:.0f}" for value in (count, *evaluate, *translate)]
        print(f"| {' | '.join(row)} |", flush=True)


if __name__ == "__main__":
    cli.run(main)
