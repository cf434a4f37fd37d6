"""Damaged and hostile checkpoints are refused; what PyTorch writes is read in `tests/oracle`."""

import numpy as np
import pytest

from tests.io.written_files import Named, tensor, write
from tunit_tf.errors import UserError
from tunit_tf.io import pytorch_file

NUMBERS = np.arange(6, dtype=np.float32)


def test_strides_offsets_and_types_are_followed(tmp_path):
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
    found = pytorch_file.read(write(tmp_path / "a.pt", content, storages))
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


def test_every_flipped_byte_is_noticed_or_harmless(tmp_path):
    """Zip files carry a checksum of each member; what is outside of members holds no numbers."""
    path = write(tmp_path / "a.pt", {"x": tensor(NUMBERS)}, {"0": NUMBERS})
    whole = path.read_bytes()
    refused = 0
    for place in range(len(whole)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x55]) + whole[place + 1 :])
        try:
            np.testing.assert_array_equal(pytorch_file.read(path)["x"], NUMBERS)
        except UserError:
            refused += 1
    assert refused > len(whole) / 2
    for length in range(0, len(whole), 7):
        path.write_bytes(whole[:length])
        with pytest.raises(UserError, match="is not a whole PyTorch checkpoint"):
            pytorch_file.read(path)
