"""Cuts the committed fixtures out of the full reference files: `make_fixture.py FOLDER`."""

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
OUTPUTS = ("meta", "C/eval/style", "C/eval/domain_logits", "D/logits")


def main(folder: str) -> None:
    full = np.load(pathlib.Path(folder) / "reference_64.npz")
    small = {key: full[key] for key in KEPT}
    small |= {key: full[key] for key in full.files if "/loss" in key or "/running/" in key}
    small |= {key: full[key][:, :, ::STRIDE, ::STRIDE] for key in ("G/image", "step/D/fake")}
    probes = [key for key in full.files if "/grad/" in key or "/after/" in key]
    small["probe_names"] = json.dumps(probes)
    small["probes"] = np.stack([full[key] for key in probes])
    np.savez_compressed(pathlib.Path(__file__).parent / "reference_64.npz", **small)

    # At 128 px only what the networks put out.
    full = np.load(pathlib.Path(folder) / "reference_128.npz")
    small = {key: full[key] for key in OUTPUTS}
    small["G/image"] = full["G/image"][:, :, ::STRIDE, ::STRIDE]
    np.savez_compressed(pathlib.Path(__file__).parent / "reference_128.npz", **small)


if __name__ == "__main__":
    main(sys.argv[1])
