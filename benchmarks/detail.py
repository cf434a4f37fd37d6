"""Time and peak memory of a photograph that is redrawn at its own size.

`python -m benchmarks.detail` measures the arithmetic alone, on one core, at 1, 12 and 100
megapixels; with `--run_dir=runs/mine` also the whole command `tunit_tf.translate` on JPEG files.
"""

import multiprocessing
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
from absl import flags
from PIL import Image

from benchmarks.process import measured
from tunit_tf import cli, path_flags

RUN_DIR = path_flags.define("run_dir", "", "A trained run: measures the whole command too.")
SIDE = flags.DEFINE_integer("side", 128, "Side of the networks' squares in pixels.", 8, 1024)
SIZES = {1: (1155, 866), 12: (4000, 3000), 100: (11_547, 8660)}  # megapixels: width, height

# Runs with one thread, which NumPy's linear algebra takes from the environment at its start.
ALONE = """
import resource, sys, time
import numpy as np
from PIL import Image
from tunit_tf.inference import photograph as photographs
from tunit_tf.inference.photograph import Settings
picture, side, colors_only = Image.open(sys.argv[1]), int(sys.argv[2]), sys.argv[3] == "colors"
picture.load()
photograph = photographs.Photograph(picture)
square = photograph.square(side, "crop")
translation = np.where(square.image < 128, 255 - square.image, square.image)
started = time.process_time()
photograph.redrawn(square, translation, Settings(colors_only=colors_only))
used = time.process_time() - started
print(used, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6)
"""


def draw(path: pathlib.Path, size: tuple[int, int]) -> None:
    """Writes a photograph-like JPEG file: waves of many lengths, and noise."""
    rng = np.random.default_rng(0)
    coarse = Image.fromarray(rng.integers(0, 256, (9, 12, 3), np.uint8)).resize(size, 3)
    fine = Image.fromarray(rng.integers(0, 256, (300, 400, 3), np.uint8)).resize(size, 3)
    Image.blend(coarse, fine, 0.3).save(path, quality=90)


def alone(path: pathlib.Path, mode: str) -> tuple[float, float]:
    """CPU seconds of the arithmetic, and peak memory in MB with the picture and its result."""
    threads = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    command = [sys.executable, "-c", ALONE, str(path), str(SIDE.value), mode]
    paths = {"PYTHONPATH": str(pathlib.Path(__file__).parents[1])}
    done = subprocess.run(command, capture_output=True, text=True, env={**threads, **paths})
    if done.returncode:
        sys.exit(done.stderr)
    seconds, memory = map(float, done.stdout.split())
    return seconds, memory


def main() -> None:
    """Prints a row for every size."""
    print("| megapixels | detail s | peak MB | colors only s | peak MB | command s | peak MB |")
    print("|---|---|---|---|---|---|---|")
    for megapixels, size in SIZES.items():
        with tempfile.TemporaryDirectory() as name:
            path = pathlib.Path(name) / "photograph.jpg"
            # In a process of its own: Linux counts a parent's peak toward that of its children.
            drawing = multiprocessing.get_context("spawn").Process(target=draw, args=(path, size))
            drawing.start()
            drawing.join()
            row = [*alone(path, "detail"), *alone(path, "colors")]
            if RUN_DIR.value:
                row += measured(
                    "tunit_tf.translate", f"--run_dir={RUN_DIR.value}", f"--source={path}",
                    f"--reference={path}", f"--output={name}/out", "--noprogress",
                )  # fmt: skip
        cells = [str(megapixels)]
        for seconds, memory in zip(row[::2], row[1::2], strict=True):
            cells += [f"{seconds:.2f}", f"{memory:.0f}"]
        print(f"| {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    cli.run(main)
