"""Metadata changes nothing but what a file says of itself. `make compat` reads it back."""

import zipfile

import pytest
from ai_edge_litert import schema_py_generated as schema

from export.mobile import conversion, metadata
from export.mobile.runtime import Model

DESCRIPTION = metadata.Description(
    name="a name",
    text="a text",
    version="1.0",
    author="an author",
    license="a license",
    tensors={
        "image": metadata.Tensor("an image", image_size=32, value_range=(-1.0, 1.0)),
        "style": metadata.Tensor("a style"),
        "domain_probabilities": metadata.Tensor("probabilities", labels=("one", "two", "three")),
    },
)


@pytest.fixture
def plain(pair_folder):
    return (pair_folder / "encoder_dynamic_int8.tflite").read_bytes()


def entries(content):
    model = conversion.read(content)
    return [model.buffers[e.buffer].data.tobytes() for e in model.metadata
            if e.name == metadata.BUFFER_NAME.encode()]  # fmt: skip


def test_outputs_are_the_same_bit_for_bit(plain, rng):
    image = rng.uniform(-1, 1, (1, 32, 32, 3)).astype("float32")
    before = Model(plain, "encode")(image=image)
    after = Model(metadata.add(plain, DESCRIPTION), "encode")(image=image)
    for name, value in before.items():
        assert value.tobytes() == after[name].tobytes()


def test_a_file_has_one_description_and_readable_labels(plain, tmp_path):
    described = metadata.add(metadata.add(plain, DESCRIPTION), DESCRIPTION)
    (content,) = entries(described)
    assert content[4:8] == metadata.IDENTIFIER
    for text in (b"a name", b"an author", b"a license", b"probabilities"):
        assert text in content
    path = tmp_path / "model.tflite"
    path.write_bytes(described)
    with zipfile.ZipFile(path) as labels:
        (name,) = labels.namelist()
        assert labels.read(name) == b"one\ntwo\nthree\n"
    assert schema.Model.ModelBufferHasIdentifier(described, 0)


def test_the_same_description_gives_the_same_bytes(plain):
    assert metadata.add(plain, DESCRIPTION) == metadata.add(plain, DESCRIPTION)
