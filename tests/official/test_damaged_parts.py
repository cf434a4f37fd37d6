"""What is wrong inside a checkpoint is named, before a run folder is written; without PyTorch."""

import numpy as np
import pytest

from tests.io.written_files import write_parts
from tests.official import tiny_checkpoint
from tunit_tf.config import Config
from tunit_tf.errors import UserError
from tunit_tf.official import checkpoint, names


@pytest.fixture(scope="module")
def arrays(tiny):
    return tiny_checkpoint.networks(tiny())


def put(part, name, value):
    return lambda content: content[part].update({name: value})


def moments(**changes):
    """The state of an optimizer with two parameters, or what is to be in its place."""
    state = {"param_groups": [{"params": [0, 1]}], "state": {0: {"step": 1}}, **changes}
    return lambda content: content.update(c_optimizer=state)


def negative(content):
    name = next(name for name in content["C_state_dict"] if name.endswith("running_var"))
    content["C_state_dict"][name] = -content["C_state_dict"][name]


def not_steps(step):
    """Moments of all parameters, the first with something else in place of its step count."""

    def change(content):
        trained = list(filter(names.is_parameter, content["C_state_dict"]))
        state = {
            number: {
                "step": 1,
                "exp_avg": content["C_state_dict"][name],
                "exp_avg_sq": content["C_state_dict"][name] ** 2,
            }
            for number, name in enumerate(trained)
        }
        state[0]["step"] = step
        groups = [{"params": list(state)}]
        content["c_optimizer"] = {"param_groups": groups, "state": state}

    return change


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (put("D_state_dict", 7, np.zeros(2)), "D_state_dict has the key 7, which is not the name"),
        (put("C_EMA_state_dict", "disc.weight", np.array(3.0)), "is a single number"),
        (put("G_state_dict", "mlp", 4), "G_state_dict: mlp is a int, not a tensor"),
        (negative, "running_var holds negative numbers, which a variance cannot be"),
        (moments(param_groups=None), r"c_optimizer does not list its parameters \(param_groups\)"),
        (moments(param_groups=[3]), "c_optimizer does not list its parameters"),
        (moments(param_groups=[{"params": [[0]]}]), "c_optimizer does not list its parameters"),
        (moments(state=[1]), "c_optimizer does not list its parameters"),
        (lambda content: content.update(d_optimizer=[1]), "d_optimizer is a list, not a dict"),
        (
            lambda content: content.update(inceptionNet_state_dict=5),
            "inceptionNet_state_dict is a int, not a dict",
        ),
        (not_steps("one"), "c_optimizer has no moments with a step count for"),
        (not_steps(float("nan")), "c_optimizer has no moments with a step count for"),
        (not_steps(-1), "c_optimizer has no moments with a step count for"),
        (not_steps([1]), "c_optimizer has no moments with a step count for"),
    ],
)
def test_what_is_wrong_is_one_sentence_and_nothing_is_left(arrays, tmp_path, change, words):
    content = {part: dict(named) for part, named in arrays.items()}
    change(content)
    path = write_parts(tmp_path / "tiny.ckpt", content)
    path.with_suffix(".pkl").unlink()
    with pytest.raises(UserError, match=words):
        checkpoint.import_run(str(path), Config(run_dir=str(tmp_path / "run")), set())
    assert [p.name for p in tmp_path.iterdir()] == ["tiny.ckpt"]


def test_scalar_moments_are_named(arrays, tmp_path):
    content = {part: dict(named) for part, named in arrays.items()}
    not_steps(1)(content)
    content["c_optimizer"]["state"][0]["exp_avg"] = np.array(1.0)
    path = write_parts(tmp_path / "tiny.ckpt", content)
    with pytest.raises(UserError, match=r"c_optimizer: exp_avg of .* has shape \(\) and not"):
        checkpoint.import_run(str(path), Config(run_dir=str(tmp_path / "run")), set())


def test_the_same_file_undamaged_is_imported(arrays, tmp_path):
    content = {part: dict(named) for part, named in arrays.items()}
    not_steps(1)(content)
    path = write_parts(tmp_path / "tiny.ckpt", content)
    (tmp_path / "disk").mkdir()
    (tmp_path / "run").symlink_to("disk")
    found = checkpoint.import_run(str(path), Config(run_dir=str(tmp_path / "run")), set())
    assert len(found.notes) == 2  # moments of G and D
    assert (tmp_path / "disk" / "config.json").exists()
    assert (tmp_path / "run").is_symlink()
