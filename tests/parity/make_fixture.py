"""Cuts the committed fixture out of a full reference file: `make_fixture.py reference_64.npz`."""

import json
import pathlib
import sys

import numpy as np

STRIDE = 8  # every eighth pixel of an image is kept
KEPT = (
    "meta", "queue", "C/eval/style", "C/eval/domain_logits", "C/train/style", "C/train/key",
    "G/content_mean", "G/content_std", "G/content_corner", "D/logits", "step/D/domain",
    "step/D/style_reference",
)  # fmt: skip


def main(source: str) -> None:
    full = np.load(source)
    small = {key: full[key] for key in KEPT}
    small |= {key: full[key] for key in full.files if "/loss" in key or "/running/" in key}
    small |= {key: full[key][:, :, ::STRIDE, ::STRIDE] for key in ("G/image", "step/D/fake")}
    probes = [key for key in full.files if "/grad/" in key or "/after/" in key]
    small["probe_names"] = json.dumps(probes)
    small["probes"] = np.stack([full[key] for key in probes])
    np.savez_compressed(pathlib.Path(__file__).parent / "reference_64.npz", **small)


if __name__ == "__main__":
    main(sys.argv[1])
