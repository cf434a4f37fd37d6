"""Splits: by share, by name, and as recorded when a run goes on."""

import dataclasses
import json

import numpy as np
import pytest

from tests.data.test_sources import folder_of
from tunit_tf.data import sources
from tunit_tf.errors import UserError
from tunit_tf.inference import run_folder
from tunit_tf.inference.run_folder import RunFolder


@pytest.fixture
def settings(tiny, tmp_path):
    def make(**changes):
        return tiny(cache_dir=str(tmp_path / "cache"), **changes)

    return make


def test_seeded_share(settings):
    config = settings(validation_fraction=0.25)
    split, again = sources.load(config), sources.load(config)
    assert (len(split.train), len(split.validation)) == (30, 10)
    assert not set(split.train.rows) & set(split.validation.rows)
    np.testing.assert_array_equal(split.validation.rows, again.validation.rows)
    other = sources.split(sources.open_images("synthetic", config), settings(seed=1))
    assert not np.array_equal(other.validation.rows, split.validation.rows)


def test_last_of_each_class(tmp_path, settings):
    folder_of(tmp_path, ["a/1.png", "a/2.png", "b/1.png", "b/2.png", "b/3.png"])
    split = sources.load(settings(data=str(tmp_path), validation_last=1))
    assert split.validation.name_list() == ["a/2.png", "b/3.png"]
    with pytest.raises(UserError, match="leaves none of 5"):
        sources.load(settings(data=str(tmp_path), validation_last=3))


def test_separate_folder(tmp_path, settings):
    train = folder_of(tmp_path / "train", ["a.png", "b.png"])
    test = folder_of(tmp_path / "test", ["c.png"])
    split = sources.load(settings(data=str(train), validation_data=str(test)))
    assert split.validation.name_list() == ["c.png"]


@pytest.mark.parametrize(
    ("train", "held_out"), [("train", "val"), ("Train", "validation"), ("training", "test")]
)
def test_a_folder_that_is_divided_already_is_recognized(
    tmp_path, settings, caplog, train, held_out
):
    names = [f"{part}/{name}" for part in (train, held_out) for name in ("cat/1.png", "dog/2.png")]
    root = folder_of(tmp_path / "set", [*names, f"{train}/cat/3.png", ".thumbnails/val/x.png"])
    (root / "README.txt").write_text("cats and dogs")
    split = sources.load(settings(data=str(root)))
    assert split.train.label_names == split.validation.label_names == ("cat", "dog")
    assert split.train.name_list() == ["cat/1.png", "cat/3.png", "dog/2.png"]
    assert split.validation.name_list() == ["cat/1.png", "dog/2.png"]
    assert f"{train} is used to train, and {held_out} is held out" in caplog.text
    named = sources.load(settings(data=str(root), validation_data=str(root / held_out / "dog")))
    assert named.train.name_list() == split.train.name_list()
    assert named.validation.name_list() == ["2.png"]


def test_the_record_of_a_divided_folder_has_the_sizes_of_its_files(tmp_path, settings):
    root = folder_of(tmp_path / "set", ["train/a.png", "train/b.png", "val/c.png"])
    config = settings(data=str(root))
    recorded = sources.Recorded(**sources.record(sources.load(config), config))
    assert recorded.sizes == {
        "train": [(root / "train" / name).stat().st_size for name in ("a.png", "b.png")],
        "validation": [(root / "val/c.png").stat().st_size],
    }
    other = folder_of(tmp_path / "other", ["x.png", "y.png"])
    moved = root.rename(tmp_path / "moved")
    assert sources.are_same_files(settings(data=str(moved)), recorded)
    assert not sources.are_same_files(settings(data=str(other)), recorded)


@pytest.mark.parametrize("other", ["cat/1.png", "1.png"])
def test_a_class_may_be_named_train(tmp_path, settings, other):
    root = folder_of(tmp_path, [f"train/{i}.png" for i in range(9)] + ["val/1.png", other])
    split = sources.load(settings(data=str(root)))
    assert {"train", "val"} < set(split.train.label_names)


def test_record_names_every_image(settings):
    config = settings()
    split = sources.load(config)
    record = json.loads(json.dumps(sources.record(split, config)))
    assert sorted(record["train"] + record["validation"]) == sorted(split.train.names)


def test_a_class_that_is_held_out_whole_is_named(tmp_path, settings, caplog):
    folder_of(tmp_path / "images", ["a/1.png", "b/1.png", "b/2.png", "b/3.png"])
    sources.load(settings(data=str(tmp_path / "images"), validation_last=2))
    assert "All images of class a are held out" in caplog.text


def test_held_out_images_that_are_trained_on_are_named(tmp_path, settings, caplog):
    root = folder_of(tmp_path / "images", ["a.png", "b.png"])
    sources.load(settings(data=str(root), validation_data=f"{root}/../images"))
    assert "are the images to train on" in caplog.text


def test_one_image_cannot_be_split(tmp_path, settings):
    folder_of(tmp_path / "images", ["a.png"])
    with pytest.raises(UserError, match=r"the only image of .*--validation_data"):
        sources.load(settings(data=str(tmp_path / "images")))


class TestRecorded:
    """A run on ten images of two classes, resumed after something has happened to them."""

    @pytest.fixture
    def root(self, tmp_path):
        return folder_of(tmp_path / "images", [f"{c}/{i}.png" for c in "bd" for i in range(5)])

    @pytest.fixture
    def config(self, settings, root):
        return settings(data=str(root), validation_fraction=0.3)

    @pytest.fixture
    def run(self, tmp_path, config):
        folder = tmp_path / "run"
        folder.mkdir()
        (folder / "config.json").write_text(config.to_json())
        split = sources.load(config)
        (folder / "split.json").write_text(json.dumps(sources.record(split, config)))
        return folder

    @staticmethod
    def resumed(run, config):
        return sources.load(config, run_folder.recorded_split(run, config))

    def test_nothing_has_changed(self, run, config, caplog):
        before, after = sources.load(config), self.resumed(run, config)
        for images, again in zip(before, after, strict=True):
            np.testing.assert_array_equal(images.rows, again.rows)
            np.testing.assert_array_equal(images.classes(), again.classes())
        assert not caplog.records

    def test_chosen_classes_keep_their_order(self, settings, root):
        config = settings(data=str(root), validation_fraction=0.3, classes="d,b")
        before = sources.load(config)
        after = sources.load(config, sources.Recorded(**sources.record(before, config)))
        assert after.train.label_names == before.train.label_names == ("d", "b")
        np.testing.assert_array_equal(after.train.classes(), before.train.classes())

    def test_added_images_change_no_part(self, run, config, root, caplog):
        before = sources.record(sources.load(config), config)
        folder_of(root, ["a/new.png", "b/00.png", "d/new.png"])
        after = self.resumed(run, config)
        assert sources.record(after, config) == before
        assert "3 are new (a/new.png, b/00.png, d/new.png) and not used" in caplog.text
        assert after.train.label_names == ("b", "d")
        named = {
            name: after.train.label_names[label]
            for name, label in zip(after.train.name_list(), after.train.classes(), strict=True)
        }
        assert all(name.startswith(folder) for name, folder in named.items())

    def test_removed_images_leave_the_rest_where_it_was(self, run, config, root, caplog):
        before = sources.record(sources.load(config), config)
        gone = [before["train"][0], before["validation"][0]]
        for name in gone:
            (root / name).unlink()
        after = sources.record(self.resumed(run, config), config)
        for part in ("train", "validation"):
            assert after[part] == [name for name in before[part] if name not in gone]
        assert f"2 are gone ({', '.join(sorted(gone))}) and left out" in caplog.text

    def test_a_class_that_is_gone_keeps_its_number(self, run, config, root):
        for path in (root / "b").iterdir():
            path.unlink()
        after = self.resumed(run, config)
        assert after.train.label_names == ("b", "d")
        np.testing.assert_array_equal(after.train.classes(), 1)

    def test_other_images_are_refused(self, run, config, root):
        for path in [*root.glob("b/*"), root / "d" / "0.png"]:
            path.unlink()
        folder_of(root, [f"d/other{i}.png" for i in range(20)])
        with pytest.raises(UserError, match=r"Only 4 of the 10 images .* are left in .*--run_dir"):
            self.resumed(run, config)

    def test_separate_held_out_images(self, tmp_path, settings, root):
        config = settings(
            data=str(root), validation_data=str(folder_of(tmp_path / "v", ["b/0.png", "d/9.png"]))
        )
        recorded = sources.Recorded(**sources.record(sources.load(config), config))
        folder_of(root, ["a/0.png"])
        split = sources.load(config, recorded)
        assert split.train.name_list() == recorded.train
        assert split.validation.name_list() == ["b/0.png", "d/9.png"]
        assert split.train.label_names == split.validation.label_names == ("b", "d")

    @pytest.mark.parametrize(
        "text",
        [
            "", "[]", "null", '{"train": 3}', '{"train": [1]}',
            '{"train": ["a.png", "b.png"], "validation": ["b.png"]}',
            '{"train": ["a.png"], "validation": ["b.png"], "sizes": {"train": []}}',
        ],
    )  # fmt: skip
    def test_a_damaged_record_is_made_again(self, run, config, text, caplog):
        (run / "split.json").write_text(text)
        (run / "checkpoints").mkdir()
        (run / "checkpoints" / "ckpt-2.index").touch()
        assert run_folder.recorded_split(run, config) is None
        assert "split.json is damaged or lost" in caplog.text

    def test_the_record_of_another_config_does_not_apply(self, run, settings, tmp_path):
        assert run_folder.recorded_split(run, settings(data="elsewhere")) is None
        assert run_folder.recorded_split(tmp_path / "none", settings()) is None

    def test_a_lost_record_is_made_again_only_if_it_is_the_same(self, run, config, root):
        split = sources.load(config)
        writer = RunFolder(run)
        writer.write_json("split.json", sources.record(split, config))
        (run / "checkpoints").mkdir()
        (run / "checkpoints" / "ckpt-2.index").touch()
        (run / "split.json").unlink()
        again = run_folder.opened_split(run, config, None)
        assert sources.record(again, config) == sources.record(split, config)
        folder_of(root, ["b/added.png"])
        with pytest.raises(UserError, match=r"split\.json is damaged or lost, and cannot be made"):
            run_folder.opened_split(run, config, None)

    @pytest.fixture
    def trained(self, run):
        (run / "checkpoints").mkdir()
        (run / "checkpoints" / "ckpt-2.index").touch()
        return run

    @pytest.mark.parametrize("way", ["slash", "relative", "link", "home"])
    def test_another_name_of_the_folder_is_no_other_data(
        self, trained, config, root, way, tmp_path, monkeypatch, caplog
    ):
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("HOME", str(tmp_path))
        (tmp_path / "link").symlink_to(root)
        named = {"slash": f"{root}/", "relative": "images", "link": "link", "home": "~/images"}
        other = dataclasses.replace(config, data=named[way], run_dir=str(trained))
        assert run_folder.config_to_record(other) == other
        assert run_folder.recorded_split(trained, other) is not None
        assert not caplog.records

    def test_a_folder_that_was_moved_is_known_by_its_files(
        self, trained, config, root, tmp_path, caplog
    ):
        before = sources.record(sources.load(config), config)
        root.rename(tmp_path / "moved")
        (tmp_path / "moved" / "b" / "0.png").unlink()
        other = dataclasses.replace(config, data=str(tmp_path / "moved"), run_dir=str(trained))
        assert run_folder.config_to_record(other) == other
        assert "has the same files, and the run goes on with these" in caplog.text
        after = sources.record(self.resumed(trained, other), other)
        for part in ("train", "validation"):
            assert after[part] == [name for name in before[part] if name != "b/0.png"]

    def test_other_files_of_the_same_names_are_other_data(self, trained, config, tmp_path):
        names = [f"{c}/{i}.png" for c in "bd" for i in range(5)]
        other = folder_of(tmp_path / "other", names, mode="L")
        elsewhere = dataclasses.replace(config, data=str(other), run_dir=str(trained))
        with pytest.raises(UserError, match=r"another config; these differ: data"):
            run_folder.config_to_record(elsewhere)
        assert run_folder.recorded_split(trained, elsewhere) is None
