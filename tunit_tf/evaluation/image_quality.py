"""Image quality of translations by stated protocols: FID, KID, mFID, Density and Coverage."""

import hashlib
import pathlib
import tempfile
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from tunit_tf.data.image_set import ImageSet
from tunit_tf.errors import UserError
from tunit_tf.inference.translator import Translator
from tunit_tf.metrics import frechet, kernel, neighbours
from tunit_tf.metrics.features import Extractor

BATCH = 64
MAX_SAMPLE = 5000  # feature vectors compared one by one, for KID, Density and Coverage
TUNIT_TRANSLATIONS = 50  # of the reference's protocol: about so many times K are drawn a source


class Scores(NamedTuple):
    """`values`: metrics, with the extractor in their names; `counts`: images behind each."""

    values: dict[str, float]
    counts: dict[str, dict]


class Domains(NamedTuple):
    """A partition of training and of held-out images, by class or by pseudo-domain.

    `train`: `(N,)`, `held_out`: `(n,)` int32 in 0..len(names)-1.
    """

    train: np.ndarray
    held_out: np.ndarray
    names: tuple[str, ...]


def scores(
    translator: Translator,
    train: ImageSet,
    held_out: ImageSet,
    domains: Domains,
    extractor: Extractor,
    cache_dir: str,
    num_translations: int,
) -> Scores:
    """All metrics of translations between held-out images, against the training images.

    `fid`, `kid`, `density`, `coverage`: every held-out image is drawn into the styles of others,
    any domain to any. `fid_held_out` compares the held-out images themselves: what a perfect
    generator would get. `mfid`: the mean over domains t of the FID of other domains' images drawn
    into styles of t against t's training images.

    Args:
      translator: Networks to judge.
      train, held_out: Images of the run.
      domains: For mfid.
      extractor: Of features.
      cache_dir: Where features of real images are kept.
      num_translations: About so many are made for `fid` and for `mfid`.
    """
    rng = np.random.default_rng(0)
    real = cached_features(extractor, train, cache_dir)
    styles = translator.style(held_out)
    places = np.arange(len(held_out))
    sources, references = (_cycle(places, num_translations, rng) for _ in range(2))
    fake = Stream(extractor.dim)
    for batch in translator.generate_batches(held_out.take(sources), styles[references]):
        fake.add(extractor(batch))
    real_moments = moments_of(real)
    real_sample = real[np.sort(rng.permutation(len(real))[:MAX_SAMPLE])]
    held_out_features = cached_features(extractor, held_out, cache_dir)
    kid = kernel.distance(real_sample, fake.sample)
    manifold = neighbours.density_coverage(real_sample, fake.sample)
    mean_fid, by_domain = mean_frechet(
        translator, held_out, styles, domains, real, extractor, num_translations
    )
    name = extractor.name
    values = {
        f"fid_{name}": frechet.distance(real_moments, fake.moments),
        f"fid_held_out_{name}": frechet.distance(real_moments, moments_of(held_out_features)),
        f"kid_{name}": kid.value,
        f"kid_error_{name}": kid.error,
        f"density_{name}": manifold.density,
        f"coverage_{name}": manifold.coverage,
    }
    if by_domain:
        values[f"mfid_{name}"] = mean_fid
    counts = {
        f"fid_{name}": {"real": len(real), "fake": fake.moments.count},
        f"fid_held_out_{name}": {"real": len(real), "fake": len(held_out)},
        f"kid_{name}": {"real": len(real_sample), "fake": len(fake.sample)},
        f"mfid_{name}": by_domain,
    }
    return Scores(values, counts)


def mean_frechet(
    translator: Translator,
    held_out: ImageSet,
    styles: np.ndarray,
    domains: Domains,
    real: np.ndarray,
    extractor: Extractor,
    num_translations: int,
) -> tuple[float, dict]:
    """Mean FID over the domains, and {domain: its FID and counts}; NaN, {} if there are none.

    A domain needs two training images, a reference, and an image of another domain.
    """
    rng = np.random.default_rng(1)
    each = max(2, num_translations // len(domains.names))
    by_domain = {}
    for domain, domain_name in enumerate(domains.names):
        members = np.flatnonzero(domains.held_out == domain)
        others = np.flatnonzero(domains.held_out != domain)
        own_real = np.flatnonzero(domains.train == domain)
        if min(len(members), len(others)) < 1 or len(own_real) < 2:
            continue
        fake = Stream(extractor.dim)
        chosen = held_out.take(_cycle(others, each, rng))
        for batch in translator.generate_batches(chosen, styles[_cycle(members, each, rng)]):
            fake.add(extractor(batch))
        value = frechet.distance(moments_of(real, own_real), fake.moments)
        by_domain[domain_name] = {"fid": value, "real": len(own_real), "fake": each}
    return float(np.mean([d["fid"] for d in by_domain.values()] or [np.nan])), by_domain


def mean_frechet_tunit(
    translator: Translator, train: ImageSet, held_out: ImageSet, extractor: Extractor
) -> tuple[float, dict]:
    """`mfid_tunit`: the protocol of the paper's reference runs, faults and all, for comparison.

    For a target class t of C, with N half the sum of the smallest and the largest training class,
    m = max(1, 50 // C) and n = (N // m) // (C - 1): the first n held-out images of every other
    class are drawn m times into styles of n images of t, drawn anew each time; the first N fakes
    count. Real images are all training images of t, flipped at random. Features are of images
    normalised twice (`Extractor.as_reference`). The number is comparable with published ones for
    the extractor `inception_2015` only.

    Returns:
      The mean over classes, and {class: its FID and counts}.
    """
    rng = np.random.default_rng(2)
    num_classes = len(train.label_names)
    labels_train, labels = train.classes(), held_out.classes()
    sizes = np.bincount(labels_train, minlength=num_classes)
    total = int(sizes.min() + sizes.max()) // 2
    draws = max(1, TUNIT_TRANSLATIONS // num_classes)
    per_draw = max(1, (total // draws) // (num_classes - 1))
    styles = translator.style(held_out)
    by_class = {}
    for target in range(num_classes):
        members = np.flatnonzero(labels == target)
        own_real = np.flatnonzero(labels_train == target)
        pairs = []
        for other in range(num_classes):
            sources = np.flatnonzero(labels == other)[:per_draw]
            if other == target or not len(members):
                continue
            for _ in range(draws):
                pairs += zip(sources, rng.choice(members, len(sources)), strict=True)
        if len(own_real) < 2 or len(pairs) < 2:
            continue
        sources, references = np.array(pairs[:total]).T
        fake, real = Stream(extractor.dim), Stream(extractor.dim)
        for batch in translator.generate_batches(held_out.take(sources), styles[references]):
            fake.add(extractor.as_reference(batch))
        for x in _batches(train.take(own_real)):
            flip = rng.random(len(x)) < 0.5
            x = np.where(flip[:, None, None, None], x[:, :, ::-1], x)
            real.add(extractor.as_reference(x))
        value = frechet.distance(real.moments, fake.moments)
        by_class[train.label_names[target]] = {
            "fid": value, "real": len(own_real), "fake": len(sources),
        }  # fmt: skip
    return float(np.mean([c["fid"] for c in by_class.values()] or [np.nan])), by_class


class Stream:
    """Moments of features that come in batches, and the first `MAX_SAMPLE` of them."""

    def __init__(self, dim: int):
        self.moments = frechet.Moments(dim)
        self._kept: list[np.ndarray] = []

    def add(self, features: np.ndarray) -> None:
        """Takes a batch `(n, dim)` in."""
        room = MAX_SAMPLE - self.moments.count
        if room > 0:
            self._kept.append(features[:room])
        self.moments.add(features)

    @property
    def sample(self) -> np.ndarray:
        """`(min(count, MAX_SAMPLE), dim)`."""
        return np.concatenate(self._kept)


def moments_of(features: np.ndarray, rows: np.ndarray | None = None) -> frechet.Moments:
    """Moments of (some rows of) features `(N, dim)`, possibly memory-mapped, a part at a time."""
    rows = np.arange(len(features)) if rows is None else rows
    moments = frechet.Moments(features.shape[1])
    for start in range(0, len(rows), 1024):
        moments.add(features[rows[start : start + 1024]])
    return moments


def cached_features(extractor: Extractor, images: ImageSet, cache_dir: str) -> np.ndarray:
    """Features `(N, dim)` float32 of a set, memory-mapped; computed once for a set's pixels.

    Raises:
      UserError: The cache cannot be written.
    """
    folder = pathlib.Path(cache_dir).expanduser()
    path = folder / f"{_fingerprint(extractor, images)}-{extractor.name}.npy"
    if not path.exists():
        try:
            folder.mkdir(parents=True, exist_ok=True)
            _write_features(extractor, images, path)
        except OSError as error:
            raise UserError(
                f"The feature cache {folder} cannot be written ({error.strerror or error}); free "
                "space there or name another folder with --cache_dir."
            ) from None
    return np.load(path, mmap_mode="r")


def _write_features(extractor: Extractor, images: ImageSet, path: pathlib.Path) -> None:
    with tempfile.TemporaryDirectory(prefix=".features-", dir=path.parent) as folder:
        temporary = pathlib.Path(folder) / path.name
        array = np.lib.format.open_memmap(
            temporary, mode="w+", dtype=np.float32, shape=(len(images), extractor.dim)
        )
        start = 0
        for x in _batches(images):
            array[start : start + len(x)] = extractor(x)
            start += len(x)
        array.flush()
        temporary.replace(path)


def _fingerprint(extractor: Extractor, images: ImageSet) -> str:
    """Changes with any pixel of a set, their order, and the extractor's weights."""
    probe = np.random.default_rng(0).integers(0, 256, (1, 64, 64, 3), np.uint8)
    digest = hashlib.sha256(extractor(probe).tobytes())
    for x in _batches(images):
        digest.update(x.tobytes())
    return digest.hexdigest()[:20]


def _batches(images: ImageSet) -> Iterator[np.ndarray]:
    for start in range(0, len(images), BATCH):
        yield images[start : start + BATCH]


def _cycle(values: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """`count` of the values in random order, all used before any is used again."""
    rounds = -(-count // len(values))
    return np.concatenate([rng.permutation(values) for _ in range(rounds)])[:count]
