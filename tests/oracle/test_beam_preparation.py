"""TFDS sets that a Beam pipeline prepares."""

import dataclasses
import pathlib
import shutil

from tests.data.test_afhq import data_dir
from tunit_tf.data import sources

__all__ = ["data_dir"]


def test_beam_prepares_the_same_examples(data_dir, tmp_path, tiny):
    changes = {"data": "tfds:afhq/all", "cache_dir": str(tmp_path / "cache")}
    plain = sources.load(tiny(**changes, data_dir=data_dir)).train
    elsewhere = tmp_path / "beam" / "tfds"
    manual = "downloads/manual"
    shutil.copytree(pathlib.Path(data_dir) / manual, elsewhere / manual)
    config = tiny(**changes, data_dir=str(elsewhere), beam_runner="DirectRunner")
    config = dataclasses.replace(config, cache_dir=str(tmp_path / "other_cache"))
    on_beam = sources.load(config).train
    assert (elsewhere / "afhq" / "all").is_dir()

    def examples(images):
        return sorted(
            (int(c), p.tobytes()) for c, p in zip(images.classes(), images.pixels(), strict=True)
        )

    assert examples(on_beam) == examples(plain)
