"""Example pictures: of held-out images only, and only where the license allows it."""

import dataclasses
import io

import numpy as np
import pytest
from PIL import Image

from export import example_count, examples, manifest
from export.mobile import bundle
from export.serving import versions
from tunit_tf.config import Config
from tunit_tf.data import synthetic
from tunit_tf.errors import UserError

BY_LICENSE = example_count.BY_LICENSE


@pytest.mark.parametrize(
    ("settings", "named", "asked", "expected"),
    [
        ({}, False, BY_LICENSE, example_count.DEFAULT),  # the procedural set is nobody's
        ({"license": "CC BY-NC 4.0"}, False, BY_LICENSE, 0),
        ({}, True, BY_LICENSE, 0),
        ({"data": "cats"}, False, BY_LICENSE, 0),
        ({"data": "cats", "license": "Ask Ann"}, False, BY_LICENSE, 0),  # not a known license
        ({"data": "cats"}, False, 7, 7),  # the user may know what the program does not
        ({"data": "cats", "license": "CC BY 4.0"}, False, BY_LICENSE, example_count.DEFAULT),
        ({"data": "cats", "license": "CC BY 4.0"}, False, 0, 0),
        ({"data": "cats", "license": "CC BY 4.0"}, True, BY_LICENSE, 0),
        ({"data": "cats", "license": "CC BY-NC 4.0"}, False, BY_LICENSE, 0),
        ({"data": "cats", "license": "CC BY-NC 4.0"}, True, 2, 2),
    ],
)
def test_the_license_decides_without_the_flag(settings, named, asked, expected):
    assert example_count.number(asked, Config(**settings), named) == expected


def test_what_cannot_be_is_one_sentence():
    config = Config(data="cats", license="CC BY-NC 4.0")
    with pytest.raises(UserError, match=r"--examples=3 .* license 'CC BY-NC 4.0' does not allow"):
        example_count.number(3, config, False)
    for asked, words in ((33, "at most 32; received 33"), (-2, "at least -1; received -2")):
        with pytest.raises(UserError, match=words):
            example_count.number(asked, config, False)


def test_pictures_and_looks_are_different_images_with_plain_names(translator):
    images = synthetic.generate(12, 32, 0)
    names = ("Mein Bild/süß.jpg", *["a/1.png"] * 3, *(f"x{i}" for i in range(7)), "y" * 99)
    images = dataclasses.replace(images, names=names)
    chosen = examples.choose(translator, images, 6, 6)
    squares = [np.asarray(Image.open(io.BytesIO(content))) for content in chosen.values()]
    places = [int(np.argmax([np.array_equal(s, x) for x in images.images])) for s in squares]
    assert sorted(places) == list(range(12))
    assert [example.role for example in chosen] == ["picture"] * 6 + ["look"] * 6
    for example in chosen:
        assert manifest.manifest_checks._are_examples([dataclasses.asdict(example)])
        assert example.file.isascii()
        assert len(example.file) < 60
    assert len({example.file.lower() for example in chosen}) == 12


def test_looks_show_as_many_domains_as_there_are(translator):
    images = synthetic.generate(40, 32, 0)
    chosen = examples.choose(translator, images, 3, 3)
    squares = [np.asarray(Image.open(io.BytesIO(content))) for content in chosen.values()]
    rest = [x for x in images.images if not any(np.array_equal(x, s) for s in squares[:3])]
    wanted = min(3, len(np.unique(translator.domains(np.stack(rest)))))
    assert len(np.unique(translator.domains(np.stack(squares[3:])))) == wanted


def test_fewer_images_give_fewer_examples_unless_some_were_asked_for(translator):
    images = synthetic.generate(5, 32, 0)
    assert len(examples.choose(translator, images, 4, BY_LICENSE)) == 4
    with pytest.raises(UserError, match=r"takes 8 held-out images and there are 5; .* most 2"):
        examples.choose(translator, images, 4, 4)
    assert not examples.choose(translator, images.take(np.arange(1)), 4, BY_LICENSE)


def test_an_export_has_examples_of_held_out_images(trained_run, pair_folder):
    described = manifest.read_mobile(pair_folder)
    manifest.verify(pair_folder, described)
    held_out = trained_run.split.validation.pixels()
    assert [one.role for one in described.examples] == ["picture"] * 4 + ["look"] * 4
    for one in described.examples:
        assert one.file in described.files
        with Image.open(pair_folder / one.file) as picture:
            shown = np.asarray(picture)
        assert any(np.array_equal(shown, image) for image in held_out)


def test_exports_refuse_before_they_begin(trained_run, tmp_path):
    config = dataclasses.replace(trained_run.config, data="cats", license="CC BY-NC 4.0")
    run = dataclasses.replace(trained_run, config=config)
    options = bundle.Options(variants=("float32",), quality_images=2, examples=2)
    for export in (
        lambda output: bundle.write(run, output, options),
        lambda output: versions.write(run, output, "crop", 10**6, asked_examples=2),
    ):
        with pytest.raises(UserError, match="does not allow; leave --examples out"):
            export(tmp_path / "models")
    assert not list(tmp_path.iterdir())
