"""Forms of a photograph's detail side by side: what each does to Fréchet distance and look.

`python -m benchmarks.detail_forms --runs=runs/cats_cpu_128`, with the flags of
`benchmarks.photographs`. The held-out images are the photographs. Their translations are reduced to
a half of the networks' size (`--reduction`), as if they came from networks of that size, and are
redrawn from there. "own" are the translations before that: what networks of the full size draw.
`--forms=enlarged,detail,detail0.4` compares only some. The distance of "Fréchet, halves" needs
translations of its own; `--half_size=2` makes few of them.
"""

from collections.abc import Callable

import numpy as np
from absl import flags
from PIL import Image

from benchmarks import photographs
from tunit_tf import cli
from tunit_tf.evaluation.scores import encode
from tunit_tf.inference import detail
from tunit_tf.inference.trained_run import TrainedRun
from tunit_tf.io import pixels
from tunit_tf.metrics import features

REDUCTION = flags.DEFINE_integer("reduction", 2, "Photographs are this much larger.", 2, 8)
NEIGHBORHOOD = 5  # pixels of the network in which the gain is measured
MAX_GAIN = 1.3
TERMS = 4  # of the inverse of reducing what was enlarged, after the first
SHOWN = 8  # rows of a picture

# (source, translation), both of the networks' size, and the photograph to the result; uint8.
Form = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]


def enlarged(_: np.ndarray, y: np.ndarray, photograph: np.ndarray) -> np.ndarray:
    """The translation, enlarged."""
    return _bytes(resized(y, photograph.shape[0]))


def difference(x: np.ndarray, y: np.ndarray, photograph: np.ndarray) -> np.ndarray:
    """The photograph and the enlarged difference of translation and source."""
    return _bytes(photograph + resized(y.astype(np.float32) - x, photograph.shape[0]))


def luminance(x: np.ndarray, y: np.ndarray, photograph: np.ndarray) -> np.ndarray:
    """The enlarged translation and the luminance of the photograph's finer waves."""
    size = photograph.shape[0]
    finer = (photograph - resized(x, size)) @ detail.LUMINANCE
    return _bytes(resized(y, size) + finer[..., None])


def gain(x: np.ndarray, y: np.ndarray, photograph: np.ndarray) -> np.ndarray:
    """As `luminance`, times how much of the source's finest waves the translation has."""
    size = photograph.shape[0]
    fine_x, fine_y = (_fine(image.astype(np.float32) @ detail.LUMINANCE) for image in (x, y))
    kept = _mean(fine_x * fine_y) / (_mean(fine_x * fine_x) + 1)
    finer = (photograph - resized(x, size)) @ detail.LUMINANCE
    shown = resized(np.clip(kept, 0, MAX_GAIN)[..., None], size) * finer[..., None]
    return _bytes(resized(y, size) + shown)


def exact(x: np.ndarray, y: np.ndarray, photograph: np.ndarray) -> np.ndarray:
    """As `luminance`, so that the result, reduced, is the translation to 3 %."""
    small, size = x.shape[0], photograph.shape[0]
    gray = (x.astype(np.float32) @ detail.LUMINANCE)[..., None]
    change = term = y - gray
    for _ in range(TERMS):
        term = term - resized(resized(term, size), small)
        change = change + term
    return _bytes(resized(change, size) + (photograph @ detail.LUMINANCE)[..., None])


def chosen(x: np.ndarray, y: np.ndarray, photograph: np.ndarray) -> np.ndarray:
    """What `tunit_tf.translate` does."""
    return detail.plan(x, y, photograph.shape[1::-1]).rows(photograph, 0)


def colors_only(x: np.ndarray, y: np.ndarray, photograph: np.ndarray) -> np.ndarray:
    """What `--colors_only` does."""
    return detail.plan(x, y, photograph.shape[1::-1], colors_only=True).rows(photograph, 0)


FORMS: dict[str, Form] = {
    "enlarged": enlarged,
    "difference": difference,
    "luminance": luminance,
    "gain": gain,
    "exact": exact,
    "detail": chosen,
    "colors_only": colors_only,
}
OWN = "own"  # of the networks
STRENGTHS = {f"detail{tenths / 10}": tenths / 10 for tenths in range(1, 10)}
CHOSEN = flags.DEFINE_list("forms", [*FORMS, OWN], "Forms that are compared.")
flags.register_validator(
    CHOSEN.name,
    lambda names: bool(names) and {*names} <= {*FORMS, *STRENGTHS, OWN},
    message=f"must be some of {', '.join([*FORMS, *STRENGTHS, OWN])}",
)


def form_of(name: str) -> Form:
    """A form by its name; `detail0.4` is what `--detail=0.4` does."""
    if name in FORMS:
        return FORMS[name]
    return lambda x, y, photograph: detail.plan(
        x, y, photograph.shape[1::-1], STRENGTHS[name]
    ).rows(photograph, 0)


def resized(image: np.ndarray, size: int) -> np.ndarray:
    """Bicubic resizing of `(s, s, C)` to float32 `(size, size, C)`, antialiased."""
    down = detail.weights(image.shape[0], size).astype(np.float32)
    return np.einsum("ij,jkc,lk->ilc", down, image.astype(np.float32), down, optimize=True)


def _fine(image: np.ndarray) -> np.ndarray:
    return image - _mean(image)


def _mean(image: np.ndarray) -> np.ndarray:
    """Means of neighborhoods of `(s, s)`; the border is mirrored."""
    margin = NEIGHBORHOOD // 2
    padded = np.pad(image, margin, mode="symmetric")
    shape = (NEIGHBORHOOD, NEIGHBORHOOD)
    return np.lib.stride_tricks.sliding_window_view(padded, shape).mean((2, 3))


def _bytes(image: np.ndarray) -> np.ndarray:
    return np.clip(np.rint(image), 0, 255).astype(np.uint8)


def reduced(images: np.ndarray, size: int) -> np.ndarray:
    """uint8 `(N, S, S, 3)` to `(N, size, size, 3)`, as a network of that size gets them."""
    return np.stack([pixels.square(Image.fromarray(image), size, "stretch") for image in images])


def redrawn(form: Form, sources: np.ndarray, translations: np.ndarray) -> np.ndarray:
    """Photographs in a form, uint8 `(N, S, S, 3)`, from translations of their own size."""
    size = sources.shape[1] // REDUCTION.value
    triples = zip(reduced(sources, size), reduced(translations, size), sources, strict=True)
    return np.stack([form(*triple) for triple in triples])


def score(run: TrainedRun, pairs: photographs.Pairs) -> None:
    """Prints the rows of a run; writes its picture if `--pictures` asks for it."""
    styles = encode(run.translator, pairs.images).styles
    sources = pairs.images[:]
    half = pairs.images.take(pairs.sources_half)[:]
    drawn = run.translator.generate(sources, styles[pairs.references])
    drawn_half = run.translator.generate(half, styles[pairs.references_half])
    columns = [sources, pairs.images.take(pairs.references)[:]]
    for name in CHOSEN.value:
        results, results_half = drawn, drawn_half
        if name != OWN:
            results = redrawn(form_of(name), sources, drawn)
            results_half = redrawn(form_of(name), half, drawn_half)
        columns.append(results)
        made = pairs.translated(results, results_half)
        photographs.print_row(f"{run.folder}: {name}", pairs.scores(made))
    if photographs.PICTURES.value:
        rows = list(zip(*(column[:SHOWN] for column in columns), strict=True))
        photographs.save_picture(run, "forms", rows)


def main() -> None:
    """Prints a row per form and run, after those that need no network."""
    extractor = features.load(
        photographs.FEATURES.value, photographs.FEATURES_FILE.value, "~/.cache/tunit_tf"
    )
    photographs.print_head("run")
    for folder in photographs.RUNS.value:
        run = TrainedRun.load(folder, photographs.CHECKPOINT.value)
        pairs = photographs.pairs_of(run.split, extractor, run.config.cache_dir)
        photographs.print_without_networks([pairs])
        score(run, pairs)


if __name__ == "__main__":
    cli.run(main)
