"""The pair of .tflite files that translates on a phone or in a browser."""
