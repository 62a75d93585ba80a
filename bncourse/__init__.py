"""Companion package of the course *Batch Normalization in Convolutional Networks*.

One slug names a chapter, its module, its tests and its exercises: `06_backward.ipynb`, `bncourse.backward`,
`tests/test_backward.py`, `bncourse.exercises.backward`. What comes first and what after is the book's affair: the
package knows no numbers.
"""

__version__ = "0.1.0"
