"""What an export shows to people: a table and a picture of its variants."""

import numpy as np

from export.manifest import MobileManifest
from export.mobile.conversion import ROLES
from export.mobile.quality import Pairs
from tunit_tf.evaluation import plots
from tunit_tf.io import pixels

COMPARED = 6  # rows of the picture


def picture(pairs: Pairs, translated: dict[str, np.ndarray]) -> np.ndarray:
    """Sources, references and translations by the networks and by every variant, in columns.

    Args:
      pairs: What was translated.
      translated: {variant: float32 `(N, S, S, 3)` in [-1, 1]}.

    Returns:
      uint8 `(H, W, 3)`.
    """
    columns = {
        "source": pairs.sources,
        "reference": pairs.references,
        "networks": pixels.to_bytes(pairs.translated),
        **{variant: pixels.to_bytes(images) for variant, images in translated.items()},
    }
    return plots.columns({name: column[:COMPARED] for name, column in columns.items()})


def table(written: MobileManifest) -> str:
    """Sizes and scores of a manifest's variants, as Markdown."""
    lines = [
        "| variant | encoder MB | generator MB | PSNR dB | worst | SSIM | shipped |",
        "|---|---|---|---|---|---|---|",
    ]
    for variant, entry in written.variants.items():
        sizes = [
            f"{written.files[getattr(entry, role)].bytes / 1e6:.2f}" if entry.shipped else "-"
            for role in ROLES.values()
        ]
        scores = [f"{entry.psnr:.1f}", f"{entry.worst_psnr:.1f}", f"{entry.ssim:.4f}"]
        cells = [variant, *sizes, *scores, "yes" if entry.shipped else "no"]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)
