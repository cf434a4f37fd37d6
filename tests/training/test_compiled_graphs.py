"""The search for sums that depend on timing finds those and no others."""

import pytest
import tensorflow as tf

from tests import compiled_graphs

pytestmark = pytest.mark.usefixtures("optimized_graphs")


def found_in(function) -> list[str]:
    with compiled_graphs.collected() as graphs:
        tf.function(function)(tf.random.uniform((64,)))
    assert sum(len(compiled_graphs.sums_of_three(graph)) for graph in graphs) == 1
    return [n for graph in graphs for n in compiled_graphs.sums_that_depend_on_timing(graph)]


def test_first_two_terms_that_others_read_are_found():
    def function(x):
        a, b = tf.sin(x), tf.cos(x)
        return tf.add_n(
            [tf.reshape(a, (8, 8)), tf.reshape(b, (8, 8)), tf.ones((8, 8)) * x[0]]
        ), a / b

    assert len(found_in(function)) == 1


def test_one_of_the_first_two_that_nobody_reads_is_enough():
    def function(x):
        a, b = tf.sin(x), tf.cos(x)
        return tf.add_n([a, b, tf.exp(x)]), tf.sqrt(a)

    assert found_in(function) == []
