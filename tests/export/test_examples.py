"""Example pictures: of held-out images only, and only where the license allows it."""

import dataclasses
import io
import re

import numpy as np
import pytest
from PIL import Image

from export import examples, manifest
from tunit_tf.data import synthetic
from tunit_tf.errors import UserError


def test_pictures_and_looks_are_different_images_with_plain_names(translator):
    images = synthetic.generate(12, 32, 0)
    names = ("Mein Bild/süß.jpg", *["a/1.png"] * 3, *(f"x{i}" for i in range(7)), "y" * 99)
    images = dataclasses.replace(images, names=names)
    chosen = examples.choose(translator, images, 6)
    squares = [np.asarray(Image.open(io.BytesIO(content))) for content in chosen.values()]
    places = [int(np.argmax([np.array_equal(s, x) for x in images.images])) for s in squares]
    assert sorted(places) == list(range(12))
    assert [example.role for example in chosen] == ["picture"] * 6 + ["look"] * 6
    for example in chosen:
        assert re.fullmatch(manifest.PLAIN_NAME, example.file)
        assert example.file.isascii()
        assert len(example.file) < 60
    assert len({example.file.lower() for example in chosen}) == 12


def test_looks_show_as_many_domains_as_there_are(translator):
    images = synthetic.generate(40, 32, 0)
    chosen = examples.choose(translator, images, 3)
    squares = [np.asarray(Image.open(io.BytesIO(content))) for content in chosen.values()]
    rest = [x for x in images.images if not any(np.array_equal(x, s) for s in squares[:3])]
    wanted = min(3, len(np.unique(translator.domains(np.stack(rest)))))
    assert len(np.unique(translator.domains(np.stack(squares[3:])))) == wanted


def test_more_examples_than_images_are_refused(translator):
    images = synthetic.generate(5, 32, 0)
    assert len(examples.choose(translator, images, 2)) == 4
    with pytest.raises(UserError, match=r"takes 8 held-out images and there are 5; .* most 2"):
        examples.choose(translator, images, 4)


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


def test_photographs_to_redraw_keep_their_form_and_looks_are_squares(tmp_path):
    for role, sizes in (("pictures", [(700, 350), (90, 60)]), ("looks", [(700, 350)])):
        (tmp_path / role).mkdir()
        for size in sizes:
            Image.new("RGB", size, "teal").save(tmp_path / role / f"Cat of {size[0]}.png")
    chosen = examples.named(str(tmp_path / "pictures"), str(tmp_path / "looks"), 32)
    sizes = {
        (example.role, example.caption): Image.open(io.BytesIO(content)).size
        for example, content in chosen.items()
    }
    assert sizes == {
        ("picture", "Cat of 700"): (512, 256),
        ("picture", "Cat of 90"): (90, 60),
        ("look", "Cat of 700"): (32, 32),
    }
