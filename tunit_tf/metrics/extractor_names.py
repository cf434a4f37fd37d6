"""Names of the feature extractors, apart from them, so that a command line loads no TensorFlow."""

INCEPTION_2015 = "inception_2015"
KERAS_INCEPTION_V3 = "keras_inception_v3"
RANDOM_CONV64 = "random_conv64"
EXTRACTOR_NAMES = (INCEPTION_2015, KERAS_INCEPTION_V3, RANDOM_CONV64)
