"""Losses of TUNIT as pure functions of tensors; the weights are in the config.

Each returns a scalar, the mean over the given examples, unless it says otherwise. Equation
numbers refer to the TUNIT paper (arXiv 2006.06500).
"""

from collections.abc import Sequence

import tensorflow as tf

PROBABILITY_FLOOR = 1e-10


def joint_distribution(p: tf.Tensor, p_aug: tf.Tensor) -> tf.Tensor:
    """Sum over the examples of the outer products p p_aug^T (Ji et al., ICCV 2019, eq. 2).

    Not yet normalized, so that the parts of several replicas may be added.

    Args:
      p: Domain probabilities `(B, K)`.
      p_aug: Those of augmented views of the same images, `(B, K)`.

    Returns:
      `(K, K)`.
    """
    return tf.matmul(p, p_aug, transpose_a=True)


def mutual_information(joint: tf.Tensor, entropy_weight: float = 1.0) -> tf.Tensor:
    """Mutual information I(P) in nats, from 0 to ln K, to be maximized (eq. 1).

    Args:
      joint: Non-negative `(K, K)`; symmetrized and normalized here, entries floored at 1e-10.
      entropy_weight: Factor on the entropies of the two marginals. Above 1 an empty or merged
        domain costs more (IIC's segmentation code calls it lambda); 1 is mutual information.
    """
    joint = (joint + tf.transpose(joint)) / 2
    joint = tf.maximum(joint / tf.reduce_sum(joint), PROBABILITY_FLOOR)
    row = tf.reduce_sum(joint, axis=1, keepdims=True)  # (K, 1)
    column = tf.reduce_sum(joint, axis=0, keepdims=True)  # (1, K)
    marginals = tf.math.log(row) + tf.math.log(column)
    return tf.reduce_sum(joint * (tf.math.log(joint) - entropy_weight * marginals))


def contrastive(
    query: tf.Tensor, key: tf.Tensor, negatives: tf.Tensor, temperature: float
) -> tf.Tensor:
    """InfoNCE against a queue (He et al., CVPR 2020, eq. 1; TUNIT eq. 2 and 4).

    Args:
      query: `(B, D)`.
      key: Positive keys `(B, D)`.
      negatives: `(Q, D)`, shared by all queries.
      temperature: Divides the dot products.
    """
    positive = tf.reduce_sum(query * key, axis=1, keepdims=True)  # (B, 1)
    negative = tf.matmul(query, negatives, transpose_b=True)  # (B, Q)
    logits = tf.concat([positive, negative], axis=1) / temperature
    return -tf.reduce_mean(tf.nn.log_softmax(logits)[:, 0])


def classification(domain_logits: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
    """Cross-entropy of logits `(B, K)` against labels `(B,)` in 0..K-1."""
    return tf.reduce_mean(
        tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=domain_logits)
    )


def logit_of(logits: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
    """The logits of domains y `(B,)`: `(B,)` of `(B, K)`, `(B, P)` of P patches `(B, P, K)`."""
    return tf.gather(logits, y, axis=-1, batch_dims=1)


def hinge_real(logit: tf.Tensor) -> tf.Tensor:
    """Discriminator's hinge loss on real images' logits `(B,)` or `(B, P)` (eq. 3)."""
    return tf.reduce_mean(tf.nn.relu(1.0 - logit))


def hinge_fake(logit: tf.Tensor) -> tf.Tensor:
    """Discriminator's hinge loss on fake images' logits `(B,)` or `(B, P)` (eq. 3)."""
    return tf.reduce_mean(tf.nn.relu(1.0 + logit))


def adversarial(logit: tf.Tensor) -> tf.Tensor:
    """Generator's side of the hinge loss, on fake images' logits `(B,)` or `(B, P)` (eq. 3)."""
    return -tf.reduce_mean(logit)


def gradient_penalty(gradient: tf.Tensor) -> tf.Tensor:
    """R1: squared norm of D's image gradients `(B, H, W, 3)`, mean over B (Mescheder et al. 2018).

    Without the paper's factor 1/2; the config's weight is what multiplies it.
    """
    return tf.reduce_mean(tf.reduce_sum(tf.square(gradient), axis=(1, 2, 3)))


def reconstruction(x: tf.Tensor, x_rec: tf.Tensor) -> tf.Tensor:
    """Mean absolute difference of images `(B, H, W, 3)` in [-1, 1] (eq. 5)."""
    return tf.reduce_mean(tf.abs(x - x_rec))


def perceptual(features: Sequence[tf.Tensor], features_rec: Sequence[tf.Tensor]) -> tf.Tensor:
    """Relative L1 distance of feature maps of images and their reconstructions, mean over maps.

    Not in the paper. 0 for equal maps, 1 where the reconstruction's are zero.

    Args:
      features: Maps `(B, h, w, c)` of the images, each of its own size.
      features_rec: The same of the reconstructions.
    """
    distances = [
        reconstruction(real, rec) / tf.reduce_mean(tf.abs(real))
        for real, rec in zip(features, features_rec, strict=True)
    ]
    return tf.add_n(distances) / len(distances)
