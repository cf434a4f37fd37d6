"""Metrics, and the names of feature extractors, which command lines list without TensorFlow."""

INCEPTION_2015 = "inception_2015"
KERAS_INCEPTION_V3 = "keras_inception_v3"
RANDOM_CONV64 = "random_conv64"
EFFICIENTNET_LITE0 = "efficientnet_lite0"
EFFICIENTNET_LITE2 = "efficientnet_lite2"
EFFICIENTNETS = (EFFICIENTNET_LITE0, EFFICIENTNET_LITE2)
EXTRACTOR_NAMES = (INCEPTION_2015, KERAS_INCEPTION_V3, RANDOM_CONV64, *EFFICIENTNETS)
