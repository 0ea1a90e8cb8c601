# SPDX-License-Identifier: LGPL-2.1-or-later
"""What can be wrong with an image: one sentence that names the file and the record."""


class ImageError(Exception):
    """A file is no image, or not a whole one; or JSON that does not describe one.

    The places that meet the fault know the text, those above know where it is:
    each adds its piece with at(), and str() joins them.
    """

    def __init__(self, text):
        super().__init__(text)
        self.text = text
        self.where = []

    def at(self, place):
        """Say where the fault is, from the inside out; returns the error to be raised again."""
        self.where.insert(0, str(place))
        return self

    def __str__(self):
        return ": ".join(self.where + [self.text])
