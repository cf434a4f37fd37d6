"""TFDS builder of AFHQ, animal faces in three species (Choi et al., CVPR 2020)."""

import pathlib
from typing import Any

import tensorflow_datasets as tfds

URL = "https://www.dropbox.com/s/t9l9o3vsx2jai3z/afhq.zip?dl=1"
SPECIES = ("cat", "dog", "wild")
ARCHIVE = "afhq.zip"


class AfhqConfig(tfds.core.BuilderConfig):
    """Which species an AFHQ configuration holds."""

    def __init__(self, species: tuple[str, ...], **kwargs: Any) -> None:
        super().__init__(version="1.0.0", **kwargs)
        self.species = species


class Afhq(tfds.core.GeneratorBasedBuilder):
    """AFHQ at 512 px, one species or all, labeled by species, splits train and test.

    Attributes:
      on_beam: Whether a Beam pipeline prepares it, on the runner that TFDS is given.
    """

    on_beam = False

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES = {"1.0.0": "First release."}
    MANUAL_DOWNLOAD_INSTRUCTIONS = f"""
    Put {ARCHIVE} (linked as AFHQ from the StarGAN v2 page) into the manual folder, usually
    ~/tensorflow_datasets/downloads/manual. Without it the archive is downloaded.
    """
    BUILDER_CONFIGS = [
        *(AfhqConfig((s,), name=s, description=f"Faces of species {s}.") for s in SPECIES),
        AfhqConfig(SPECIES, name="all", description="Faces of all three species."),
    ]

    def _info(self) -> tfds.core.DatasetInfo:
        return tfds.core.DatasetInfo(
            builder=self,
            description=(
                "Animal Faces-HQ: 15,000 aligned animal faces of 512 x 512 pixels in the three "
                "domains cat, dog and wildlife. License CC BY-NC 4.0 (NAVER Corp.)."
            ),
            features=tfds.features.FeaturesDict(
                {
                    "image": tfds.features.Image(shape=(None, None, 3)),
                    "label": tfds.features.ClassLabel(names=SPECIES),
                }
            ),
            supervised_keys=("image", "label"),
            homepage="https://github.com/clovaai/stargan-v2",
            citation=(
                "@inproceedings{choi2020starganv2, title={StarGAN v2: Diverse Image Synthesis for "
                "Multiple Domains}, author={Choi, Yunjey and Uh, Youngjung and Yoo, Jaejun and "
                "Ha, Jung-Woo}, booktitle={CVPR}, year={2020}}"
            ),
        )

    def _split_generators(self, dl_manager: tfds.download.DownloadManager) -> dict[str, Any]:
        manual = _manual_archive(dl_manager)
        if manual:
            root = pathlib.Path(dl_manager.extract(manual))
        else:
            root = pathlib.Path(dl_manager.download_and_extract(URL))
        if (root / "afhq").is_dir():
            root = root / "afhq"
        # The first archive has train and val, later ones train and test.
        held_out = root / "val" if (root / "val").is_dir() else root / "test"
        return {
            "train": self._generate_examples(root / "train"),
            "test": self._generate_examples(held_out),
        }

    def _generate_examples(self, folder: pathlib.Path) -> Any:
        """The examples, or with `on_beam` a Beam transform that creates them on many workers."""
        paths = [
            path
            for species in self.builder_config.species
            for path in sorted((folder / species).glob("*.jpg"))
        ]
        if not self.on_beam:
            return map(_example, paths)
        beam = tfds.core.lazy_imports.apache_beam
        return beam.Create([str(path) for path in paths]) | beam.Map(_example)


def _example(path: str | pathlib.Path) -> tuple[str, dict]:
    """Key and features of a picture; its folder names the species."""
    path = pathlib.Path(path)
    species = path.parent.name
    return f"{species}/{path.name}", {"image": str(path), "label": species}


def _manual_archive(dl_manager: tfds.download.DownloadManager) -> pathlib.Path | None:
    """The archive in the manual folder of TFDS, if the user has put it there."""
    try:
        archive = pathlib.Path(dl_manager.manual_dir) / ARCHIVE
    except AssertionError:  # raised by TFDS if the folder does not exist
        return None
    return archive if archive.exists() else None
