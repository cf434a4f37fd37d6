"""Flags that name paths are checked before a command starts."""

import pathlib

import pytest
from absl import flags

from tunit_tf import path_flags
from tunit_tf.errors import UserError


@pytest.fixture
def parse():
    """Parses arguments with a flag of every kind, and checks them."""

    def parsed(*arguments):
        values = flags.FlagValues()
        flags.DEFINE(path_flags.PathParser(), "output", "out", "", flag_values=values)
        flags.DEFINE(path_flags.PathParser(), "mask", "", "", flag_values=values)
        flags.DEFINE_multi(
            path_flags.PathParser(), flags.ArgumentSerializer(), "run_dir", "runs", "",
            flag_values=values,
        )  # fmt: skip
        flags.DEFINE(path_flags.PathListParser(), "compare", [], "", flag_values=values)
        flags.DEFINE_string("title", "", "", flag_values=values)
        values(["program", *arguments])
        path_flags.check(values)
        return values

    return parsed


def test_a_default_of_nothing_is_fine_and_values_stay_as_they_are(parse):
    values = parse("--output=~/out", "--run_dir=a", "--run_dir=b", "--compare=c,d", "--title=")
    assert (values.output, values.mask, values.run_dir) == ("~/out", "", ["a", "b"])
    assert values.compare == ["c", "d"]
    assert path_flags.path(values["output"]) == pathlib.Path("~/out").expanduser()
    parse()


@pytest.mark.parametrize(
    "argument",
    ["--mask=", "--output=", "--run_dir=", "--compare=", "--compare=a,,b", "--mask= "],
)
def test_a_flag_of_an_unset_variable_is_refused(parse, argument):
    name = argument.partition("=")[0]
    with pytest.raises(UserError, match=f"^{name} is empty; name a path, or leave it out"):
        parse(argument)


@pytest.mark.parametrize(
    "argument", ["--output=s3://out", "--compare=a,s3://b", "--run_dir=s3://c"]
)
def test_what_cannot_be_a_path_is_refused(parse, argument):
    with pytest.raises(UserError, match="is an address"):
        parse(argument)
