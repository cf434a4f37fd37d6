"""Where the regular grid in translations comes from: from the generator or from the discriminator.

`python -m benchmarks.regular_grid --run_dir=RUN`; a weights folder needs `--data=FOLDER`. A layer
with a stride or upsampling of 2^n can leave a pattern that repeats every 2^n pixels. In a mean
power spectrum it is a peak at a multiple of 1 / 2^n. Cells: power at the peak over that around it,
1 for none; frequencies in cycles per pixel, vertical and horizontal.
"""

from collections.abc import Iterator

import numpy as np
import tensorflow as tf

from tunit_tf import cli, path_flags
from tunit_tf.data import sources
from tunit_tf.inference import run_folder
from tunit_tf.inference.detail import LUMINANCE
from tunit_tf.inference.trained_run import TrainedRun
from tunit_tf.networks import from_config
from tunit_tf.networks.generator import CONTENT_SIZE, Generator

RUN_DIR = path_flags.define("run_dir", "runs/tunit", "Folder of a run with a projected D.")
DATA = path_flags.define("data", "", "Images, by default those that the run holds out.")
IMAGES = 192
BATCH = 16
RANDOM_WEIGHTS = 3  # generators of random weights, averaged
FREQUENCIES = ((2, 0), (0, 2), (2, 2), (4, 0), (0, 4), (4, 4), (8, 0), (0, 8), (8, 8))  # 1 / n each
NEAR, FAR = 1, 6  # bins of a peak, and of what is around it


def power(images: np.ndarray) -> np.ndarray:
    """Mean power spectrum `(S, S)` of the luminance of images `(N, S, S, 3)`."""
    gray = images.astype(np.float32) @ LUMINANCE
    window = np.hanning(gray.shape[1])
    gray = (gray - gray.mean((1, 2), keepdims=True)) * window[:, None] * window
    return (np.abs(np.fft.fft2(gray)) ** 2).mean(0)


def peak(spectrum: np.ndarray, vertical: int, horizontal: int) -> float:
    """Power at 1/vertical, 1/horizontal (0 stands for frequency 0) over the power around it."""
    size = spectrum.shape[0]
    row, column = (size // n if n else 0 for n in (vertical, horizontal))
    area = np.roll(spectrum, (FAR - row, FAR - column), (0, 1))[: 2 * FAR + 1, : 2 * FAR + 1]
    offset = np.abs(np.arange(-FAR, FAR + 1))
    distance = np.maximum(offset[:, None], offset)
    return float(area[distance <= NEAR].mean() / area[distance > FAR // 2].mean())


def spectra(run: TrainedRun) -> Iterator[tuple[str, np.ndarray]]:
    """Yields what is compared, and its mean power spectrum."""
    translator, config = run.translator, run.config
    images = sources.open_images(DATA.value, config) if DATA.value else run.split.validation
    real = images.sample(IMAGES).pixels()
    styles = translator.style(real)
    drawn = translator.generate(real, np.roll(styles, 1, axis=0))
    yield "photographs", power(real)
    yield "translations", power(drawn)

    generator = from_config.generator(config, "float32")
    width = generator.encode(tf.zeros((1, config.image_size, config.image_size, 3))).shape[-1]
    noise = np.random.default_rng(0).standard_normal((BATCH, CONTENT_SIZE, CONTENT_SIZE, width))
    content = tf.nn.relu(tf.cast(noise, tf.float32))  # noise has no regular pattern

    def from_noise(drawing: Generator) -> np.ndarray:
        return power(drawing.decode(content, tf.constant(styles[:BATCH])).numpy())

    fresh = [from_config.generator(config, "float32") for _ in range(RANDOM_WEIGHTS)]
    yield "G of random weights, from noise", np.mean([from_noise(g) for g in fresh], axis=0)
    discriminator = from_config.discriminator(config, "float32")
    run_folder.restore(
        run.folder, "newest", {"generator": generator, "discriminator": discriminator}
    )
    yield "G, from noise", from_noise(generator)

    gradients = []
    for batch in np.split(drawn, range(BATCH, len(drawn), BATCH)):
        x = tf.constant(batch / np.float32(127.5) - 1)
        with tf.GradientTape() as tape:
            tape.watch(x)
            logits = tf.reduce_sum(discriminator(x))
        gradients.append(tape.gradient(logits, x).numpy())
    yield "gradient of D at translations", power(np.concatenate(gradients))


def main() -> None:
    """Prints the table."""
    names = [", ".join(f"1/{n}" if n else "0" for n in pair) for pair in FREQUENCIES]
    print(f"| | {' | '.join(names)} |\n|---|{'---|' * len(names)}")
    for name, spectrum in spectra(TrainedRun.load(RUN_DIR.value)):
        print(f"| {name} | {' | '.join(f'{peak(spectrum, *f):.1f}' for f in FREQUENCIES)} |")


if __name__ == "__main__":
    cli.run(main)
