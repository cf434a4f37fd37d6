"""Damaged and hostile checkpoints are refused; what PyTorch writes is read in `tests/oracle`."""

import pathlib
import pickle
import struct
import tempfile
import tracemalloc
import zipfile

import numpy as np
import pytest

from tests.io.test_picture_files import unprivileged
from tests.io.written_files import Named, tensor, write, write_legacy
from tunit_tf.errors import UserError
from tunit_tf.io import pytorch_file

NUMBERS = np.arange(6, dtype=np.float32)


def test_a_file_without_permission_is_not_called_damaged():
    with tempfile.TemporaryDirectory() as name:  # tmp_path is closed to other users
        path = write(pathlib.Path(name) / "a.pt", {"x": tensor(NUMBERS)}, {"0": NUMBERS})
        path.parent.chmod(0o755)
        path.chmod(0)
        with (
            unprivileged(),
            pytest.raises(UserError, match="Permission denied"),
        ):
            pytorch_file.read(path)


@pytest.mark.parametrize("written_by", [write, write_legacy])
def test_strides_offsets_and_types_are_followed(tmp_path, written_by):
    content = {
        "transposed": tensor(NUMBERS, size=(2, 2), stride=(1, 3), offset=1),
        "half": tensor(NUMBERS, "HalfStorage", key="1"),
        "brain": tensor(NUMBERS, "BFloat16Storage", key="2"),
        "count": tensor(NUMBERS, "LongStorage", key="3", size=(), stride=(), offset=4),
        "nested": {"list": [1, "two", None]},
    }
    storages = {
        "0": NUMBERS,
        "1": NUMBERS.astype(np.float16),
        "2": (NUMBERS.view(np.uint32) >> 16).astype(np.uint16),
        "3": NUMBERS.astype(np.int64),
    }
    found = pytorch_file.read(written_by(tmp_path / "a.pt", content, storages))
    np.testing.assert_array_equal(found["transposed"], [[1, 4], [2, 5]])
    np.testing.assert_array_equal(found["half"], NUMBERS)
    np.testing.assert_array_equal(found["brain"], NUMBERS)
    assert found["half"].dtype == found["brain"].dtype == np.float32
    assert int(found["count"]) == 4
    assert found["nested"] == {"list": [1, "two", None]}


@pytest.mark.parametrize(
    ("view", "words"),
    [
        ({"size": (7,)}, "a tensor of size (7,) in a storage of 6 numbers"),
        ({"offset": 1, "size": (6,)}, "a tensor of size (6,) in a storage of 6 numbers"),
        ({"size": (10**6, 10**6), "stride": (0, 0)}, "in a storage of 6 numbers"),
        ({"size": (2,), "stride": (-1,)}, "stride (-1,)"),
        ({"key": "7"}, "model/data/7"),
        ({"kind": "DoubleStorage"}, "storage 0 has 24 bytes"),
        ({"size": (2.5,)}, "2.5 in place of an integer"),
    ],
)
def test_views_outside_of_their_storage_are_refused(tmp_path, view, words):
    path = write(tmp_path / "a.pt", {"x": tensor(NUMBERS, **view)}, {"0": NUMBERS})
    with pytest.raises(UserError, match="is not a whole PyTorch checkpoint") as raised:
        pytorch_file.read(path)
    assert words in str(raised.value)


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("os", "system"),
        ("builtins", "eval"),
        ("torch", "load"),
        ("torch._utils", "_rebuild_qtensor"),
        ("torch._utils", "_rebuild_sparse_tensor"),
    ],
)
def test_no_other_name_is_looked_up(tmp_path, module, name):
    trap = tmp_path / "trap"
    path = write(tmp_path / "a.pt", {"x": Named(module, name, f"touch {trap}")}, {})
    with pytest.raises(UserError, match=rf"it holds more than tensors .*\({module}.{name}\)"):
        pytorch_file.read(path)
    plain = path.with_suffix(".pkl")  # the same without the zip file around it
    with pytest.raises(UserError, match=rf"it holds more than tensors .*\({module}.{name}\)"):
        pytorch_file.read(plain)
    assert not trap.exists()


@pytest.mark.parametrize("written_by", [write, write_legacy])
def test_every_flipped_bit_is_noticed_or_harmless(tmp_path, written_by):
    """Zip files carry a checksum of each member; what is outside of members holds no numbers."""
    path = written_by(tmp_path / "a.pt", {"x": tensor(NUMBERS)}, {"0": NUMBERS})
    whole = path.read_bytes()
    refused = 0
    for place in range(len(whole)):
        for bit in range(8):
            flipped = bytes([whole[place] ^ (1 << bit)])
            path.write_bytes(whole[:place] + flipped + whole[place + 1 :])
            try:
                found = pytorch_file.read(path)
                if written_by is write:
                    np.testing.assert_array_equal(found["x"], NUMBERS)
            except UserError:
                refused += 1
    assert refused > 2 * len(whole)


@pytest.mark.parametrize("written_by", [write, write_legacy])
def test_a_file_that_ends_early_is_refused(tmp_path, written_by):
    path = written_by(tmp_path / "a.pt", {"x": tensor(NUMBERS)}, {"0": NUMBERS})
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(UserError, match="is not a whole PyTorch checkpoint"):
            pytorch_file.read(path)


def pickled(path, content, **members):
    """A zip file with pickle opcodes; members are (content, compression) by name."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("model/data.pkl", content)
        for name, (data, compression) in members.items():
            archive.writestr(f"model/{name}", data, compression)
    return path


def nested(depth):
    """A list of the same two lists of the same two lists ..."""
    inner = []
    for _ in range(depth):
        inner = [inner, inner]
    return pickle.dumps({"x": inner}, 2)


def test_a_small_file_takes_little_memory(tmp_path):
    path = tmp_path / "a.pt"
    far = b"\x80\x02}r" + struct.pack("<I", 2**31 - 1) + b"."  # the memo's place 2^31 - 1
    views = {str(i): tensor(np.zeros(2**16), "HalfStorage") for i in range(200)}
    shared = tmp_path / "shared.pt"
    write(shared, views, {"0": np.zeros(2**16, np.float16)})
    tracemalloc.start()
    try:
        assert pytorch_file.read(pickled(path, far)) == {}
        found = pytorch_file.read(pickled(path, nested(60)))["x"]  # 2^60 lists if copied
        assert found[0] is found[1]
        assert len(pytorch_file.read(shared)) == 200
        path.write_bytes(far)
        with pytest.raises(UserError, match="unknown magic number"):
            pytorch_file.read(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 5e6


def test_hostile_pickles_are_refused(tmp_path):
    path = tmp_path / "a.pt"
    keys = ()
    for _ in range(10):
        keys = (keys, keys)
    state = b"}X\x08\x00\x00\x00__name__X\x04\x00\x00\x00evils"
    for content, words in (
        (pickle.dumps({keys: 1}, 2), "a tuple as a key"),
        (b"\x80\x02}X\x01\x00\x00\x00x]q\x00h\x00as.", "contains itself"),
        (b"\x80\x02ctorch\nBFloat16Storage\n" + state + b"b.", "changes a Name"),
        (b"\x80\x02ctorch\nBFloat16Storage\n)R.", "calls something that is no function"),
        (b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n)R.", "missing 4 required"),
        (b"\x80\x02\x85.", "takes more than it has"),
    ):
        with pytest.raises(UserError, match=words):
            pytorch_file.read(pickled(path, content))


def test_members_must_be_stored_whole(tmp_path):
    path = tmp_path / "a.pt"
    bomb = (bytes(2**24), zipfile.ZIP_DEFLATED)
    with pytest.raises(UserError, match="model/byteorder is compressed"):
        pytorch_file.read(pickled(path, pickle.dumps({}, 2), byteorder=bomb))
    # A shorter compressed size would leave the rest out of the checksum.
    content = write(path, {"x": tensor(NUMBERS)}, {"0": NUMBERS}).read_bytes()
    entry = content.rindex(b"PK\x01\x02")
    path.write_bytes(content[: entry + 20] + bytes(4) + content[entry + 24 :])
    with pytest.raises(UserError, match="model/data/0 is compressed"):
        pytorch_file.read(path)


def test_a_part_of_a_storage_is_refused(tmp_path):
    part = tensor(NUMBERS)
    part.arguments[0].reference = (*part.arguments[0].reference[:5], ("7", 0, 3))
    path = write_legacy(tmp_path / "a.pt", {"x": part}, {"0": NUMBERS})
    with pytest.raises(UserError, match="a part of another"):
        pytorch_file.read(path)
